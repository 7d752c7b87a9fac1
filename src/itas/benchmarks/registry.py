"""Benchmarks by name."""

from collections.abc import Sequence
from pathlib import Path

from itas.benchmarks.adapted import ADAPTED, AdaptedPackage, open_adapted
from itas.benchmarks.benchmark import Benchmark
from itas.benchmarks.judge import parse_judge_options
from itas.benchmarks.judged import JUDGED, is_judged, open_judged
from itas.benchmarks.known import KNOWN, is_known, open_known
from itas.benchmarks.mixture import mix
from itas.benchmarks.own_data import SUFFIXES, find_own_scorer, load_own_data
from itas.benchmarks.plugged import benchmark_registry, describe_plugged, open_plugged
from itas.benchmarks.published import PublishedBenchmark
from itas.benchmarks.scorers import NumberOrChoice, Rule
from itas.benchmarks.scorers.judge import Judge
from itas.benchmarks.word_problems import TOPICS, word_problems
from itas.core.spec import Spec, suggest
from itas.errors import SpecError

WORD_PROBLEMS = "itas/word-problems"
WORD_PROBLEM_COUNT = 500


class BenchmarkInfo(Spec):
    """What can be said about a benchmark without opening it.

    Attributes:
        name: As `open_benchmark` takes it; capitals stand for what the user fills in.
        description: One sentence.
        size: Problems; None where the file decides.
        metric: What the mean score is called.
        licence: Of the data.
        link: Where the data is.
        is_here: Nothing needs to be downloaded.
    """

    name: str
    description: str
    size: int | None
    metric: str
    licence: str
    link: str
    is_here: bool


_INFOS = (
    BenchmarkInfo(
        name=WORD_PROBLEMS,
        description="Generated arithmetic and logic problems with exact answers; for trying things out. Only one "
        "topic with ':mathematics' or ':logic'.",
        size=WORD_PROBLEM_COUNT,
        metric="accuracy",
        licence="as itas",
        link="",
        is_here=True,
    ),
    BenchmarkInfo(
        name="PATH.jsonl or PATH.csv",
        description="Your own questions with targets, and the scorer named beside them.",
        size=None,
        metric="accuracy",
        licence="yours",
        link="",
        is_here=True,
    ),
)


def list_benchmarks() -> tuple[BenchmarkInfo, ...]:
    """Every benchmark that can be opened; those of installed packages and plugin files last."""
    plugged = (
        BenchmarkInfo(
            name=name,
            description=f"Plugged in. {description}".strip(),
            size=None,
            metric="its own",
            licence="its own",
            link="",
            is_here=True,
        )
        for name, description in describe_plugged().items()
    )
    made, own = _INFOS
    return (
        made,
        *map(_info, KNOWN.values()),
        *map(_info, JUDGED.values()),
        own,
        *map(_adapted_info, ADAPTED.values()),
        *plugged,
    )


def _adapted_info(package: AdaptedPackage) -> BenchmarkInfo:
    return BenchmarkInfo(
        name=package.form,
        description=package.description,
        size=None,
        metric="of the task",
        licence="of the task",
        link=package.link,
        is_here=package.is_here,
    )


def _info(known: PublishedBenchmark) -> BenchmarkInfo:
    is_here = known.find_data() is not None
    return BenchmarkInfo(
        name=known.name if is_here else f"{known.name}:PATH",
        description=known.description,
        size=known.size,
        metric=known.metric,
        licence=known.licence,
        link=known.link,
        is_here=is_here,
    )


def open_benchmark(
    name_or_path: str, *, scorer: str | Rule | None = None, seed: int = 0, limit: int | None = None
) -> Benchmark:
    """Open a benchmark.

    Args:
        name_or_path: ``itas/word-problems``, of one topic ``itas/word-problems:logic``; a public one as ``gsm8k``
            (fetched), ``gsm8k:PATH`` or ``mmlu/stem:PATH``; ``inspect:PACKAGE/TASK`` or ``lm-eval:TASK``; or a
            ``.jsonl`` or ``.csv`` file.
        scorer: For own data; for judged benchmarks ``judge:provider/model`` (see `judge/options.py`); other
            benchmarks bring theirs.
        seed: Decides the generated problems, or which ones a limit keeps.
        limit: How many problems, drawn at random, never the first rows; None for all.

    Raises:
        SpecError: Unknown name, or a scorer where none can be chosen, or a limit below 1.
        DataError: The data is missing or wrong.
    """
    if limit is not None and limit < 1:
        raise SpecError(f"must be at least 1, found {limit}", path="limit")
    name = name_or_path.partition(":")[0]
    if is_judged(name_or_path):
        judged = open_judged(name_or_path, scorer=scorer)
        return judged if limit is None else judged.subset(limit, seed=seed)
    if name in ADAPTED and name_or_path != name:
        if scorer is not None:
            raise SpecError(f"'{name_or_path}' brings its own scorer", path="scorer")
        adapted = open_adapted(name_or_path)
        return adapted if limit is None else adapted.subset(limit, seed=seed)
    is_own = Path(name_or_path).suffix in SUFFIXES and not is_known(name_or_path)
    if is_own:
        own = load_own_data(Path(name_or_path), scorer=scorer)
        return own if limit is None else own.subset(limit, seed=seed)
    if name != WORD_PROBLEMS and not is_known(name_or_path):
        plugged = benchmark_registry.find(name)
        if plugged is not None:
            return open_plugged(plugged, name_or_path, scorer=scorer, seed=seed, limit=limit)
        raise SpecError(_unknown(name_or_path))
    if scorer is not None:
        raise SpecError(
            f"'{name_or_path}' brings its own scorer; a scorer is chosen for own data only", path="scorer"
        )
    if name == WORD_PROBLEMS:
        topic = name_or_path.partition(":")[2] or None
        if topic not in (None, *TOPICS):
            raise SpecError(f"no topic of {WORD_PROBLEMS} is named '{topic}'. {suggest(topic, list(TOPICS))}")
        problems = word_problems(seed, limit or WORD_PROBLEM_COUNT, topic=topic)
        return Benchmark(name_or_path, problems, NumberOrChoice(), licence="as itas", total=len(problems))
    opened = open_known(name_or_path)
    return opened if limit is None else opened.subset(limit, seed=seed)


def find_judges(name_or_path: str, *, scorer: str | Rule | None = None) -> tuple[str, ...]:
    """The models that the scorer of a benchmark would ask, found without reading its problems.

    Raises:
        SpecError: The scorer is wrong.
        DataError: Own data cannot be read.
    """
    if is_judged(name_or_path):
        return (parse_judge_options(scorer).judge,) if scorer is not None else ()
    if Path(name_or_path).suffix in SUFFIXES and not is_known(name_or_path):
        own = find_own_scorer(Path(name_or_path), scorer)
        return (own.judge,) if isinstance(own, Judge) else ()
    return ()


def open_benchmarks(
    names: Sequence[str], *, scorer: str | Rule | None = None, seed: int = 0, limit: int | None = None
) -> Benchmark:
    """Open one benchmark, or several as a mixture with as many problems of each.

    Args:
        names: See `open_benchmark`.
        scorer: Where there are several, a judge is for those that need one, if any does; else it is for own data.
        seed: See `open_benchmark`.
        limit: How many problems of each.

    Raises:
        SpecError: See `open_benchmark` and `mix`.
        DataError: The data is missing or wrong.
    """
    if len(names) == 1:
        return open_benchmark(names[0], scorer=scorer, seed=seed, limit=limit)
    is_for_judged = isinstance(scorer, str) and scorer.startswith("judge:") and any(map(is_judged, names))

    def takes(name: str) -> bool:
        return is_judged(name) if is_for_judged else Path(name).suffix in SUFFIXES and not is_known(name)

    return mix(
        [
            open_benchmark(name, scorer=scorer if takes(name) else None, seed=seed, limit=limit)
            for name in names
        ],
        seed=seed,
    )


def _unknown(name: str) -> str:
    if Path(name).exists():
        cure = f"Rename it, or write gsm8k:{name} or mmlu:{name}."
        return f"{name}: a data file ends in {', '.join(SUFFIXES)}. {cure}"
    known = [info.name for info in list_benchmarks()]
    cure = suggest(name, [WORD_PROBLEMS, *KNOWN, *JUDGED, *benchmark_registry.announced()])
    cure = cure if cure.startswith("Did") else f"Known: {', '.join(known)}."
    return f"unknown benchmark '{name}'. {cure}"
