"""Benchmarks by name."""

from pathlib import Path

from itas.benchmarks import gsm8k, multiple_choice
from itas.benchmarks.benchmark import Benchmark
from itas.benchmarks.gsm8k import load_gsm8k
from itas.benchmarks.multiple_choice import load_multiple_choice
from itas.benchmarks.own_data import SUFFIXES, load_own_data
from itas.benchmarks.scorers import NumberOrChoice, Rule
from itas.benchmarks.word_problems import word_problems
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
        description="Generated arithmetic and logic problems with exact answers; for trying things out.",
        size=WORD_PROBLEM_COUNT,
        metric="accuracy",
        licence="as itas",
        link="",
        is_here=True,
    ),
    BenchmarkInfo(
        name="gsm8k:PATH",
        description="Word problems of primary school with a number as answer; PATH is the public test.jsonl.",
        size=gsm8k.SIZE,
        metric="accuracy",
        licence=gsm8k.LICENCE,
        link=gsm8k.LINK,
        is_here=False,
    ),
    BenchmarkInfo(
        name="mmlu:PATH",
        description="Multiple choice in 57 subjects; PATH is the public test folder or one file of it.",
        size=multiple_choice.SIZE,
        metric="accuracy",
        licence=multiple_choice.LICENCE,
        link=multiple_choice.LINK,
        is_here=False,
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
    """Every benchmark that can be opened."""
    return _INFOS


def open_benchmark(
    name_or_path: str, *, scorer: str | Rule | None = None, seed: int = 0, limit: int | None = None
) -> Benchmark:
    """Open a benchmark.

    Args:
        name_or_path: ``itas/word-problems``, ``gsm8k:PATH``, ``mmlu:PATH``, or a ``.jsonl`` or ``.csv`` file.
        scorer: For own data; other benchmarks bring theirs.
        seed: Decides the generated problems, or which ones a limit keeps.
        limit: How many problems, drawn at random, never the first rows; None for all.

    Raises:
        SpecError: Unknown name, or a scorer where none can be chosen, or a limit below 1.
        DataError: The data is missing or wrong.
    """
    if limit is not None and limit < 1:
        raise SpecError(f"must be at least 1, found {limit}", path="limit")
    name, colon, path = name_or_path.partition(":")
    is_own = Path(name_or_path).suffix in SUFFIXES and name not in ("gsm8k", "mmlu")
    if is_own:
        own = load_own_data(Path(name_or_path), scorer=scorer)
        return own if limit is None else own.subset(limit, seed=seed)
    loaders = {"gsm8k": load_gsm8k, "mmlu": load_multiple_choice}
    if name_or_path != WORD_PROBLEMS and name not in loaders:
        raise SpecError(_unknown(name_or_path))
    if scorer is not None:
        raise SpecError(
            f"'{name_or_path}' brings its own scorer; a scorer is chosen for own data only", path="scorer"
        )
    if name_or_path == WORD_PROBLEMS:
        problems = word_problems(seed, limit or WORD_PROBLEM_COUNT)
        return Benchmark(WORD_PROBLEMS, problems, NumberOrChoice(), licence="as itas", total=len(problems))
    if not colon or not path:
        link = gsm8k.LINK if name == "gsm8k" else multiple_choice.LINK
        raise SpecError(f"'{name}' needs the path of its data: {name}:PATH. The data is at {link}")
    opened = loaders[name](Path(path), name=name)
    return opened if limit is None else opened.subset(limit, seed=seed)


def _unknown(name: str) -> str:
    if Path(name).exists():
        cure = f"Rename it, or write gsm8k:{name} or mmlu:{name}."
        return f"{name}: a data file ends in {', '.join(SUFFIXES)}. {cure}"
    known = [info.name for info in _INFOS]
    cure = suggest(name, [WORD_PROBLEMS, "gsm8k", "mmlu"])
    cure = cure if cure.startswith("Did") else f"Known: {', '.join(known)}."
    return f"unknown benchmark '{name}'. {cure}"
