"""Search the best architecture of a space on a benchmark, resume a search, read what came of it."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

from pydantic import Field, JsonValue, NonNegativeInt, PositiveInt

from itas.api.answering import SIMULATED
from itas.api.opening import Caps, open_models, tightness
from itas.api.runs import create_run, find_run, write_json, write_text
from itas.api.settings import IN_MEMORY, Settings
from itas.benchmarks.benchmark import Benchmark
from itas.benchmarks.registry import WORD_PROBLEMS, open_benchmark
from itas.core.architecture import Architecture
from itas.core.model import is_simulated
from itas.core.observation import Observation
from itas.core.problem import Problem, Unscored
from itas.core.spec import Spec, digest
from itas.errors import DataError, ModelError, SpecError
from itas.evaluation.comparison import Comparison, compare, correct_for_many, mean_scores
from itas.evaluation.estimate import estimate_cost
from itas.evaluation.evaluate import evaluate
from itas.evaluation.records import Evaluation, to_observations
from itas.evaluation.statistics import MeanEstimate, estimate_mean
from itas.models.pool import ModelPool
from itas.models.store.contract import LedgerTotals
from itas.report.verdict import name_contestant
from itas.search import (
    Amount,
    Budget,
    Contestant,
    Margin,
    PartialEvaluation,
    Progress,
    Space,
    Study,
    StudyEstimate,
    StudyResult,
    StudySpec,
    load_space,
    read_journal,
    shipped_spaces,
)
from itas.specs import dump_architecture, load_data  # brings the component types

KIND = "search"
JOURNAL = "journal.jsonl"
STUDY = "study.json"
OUTCOME = "outcome.json"
WINNER = "winner.yaml"
REPORT = "report.html"
CALLS = "calls.sqlite3"
TRUTH_PROBLEMS = 1000
_TRUTH_SEED = 7_919
_PRICED_PROBLEMS = 50


class SearchSpec(Spec):
    """A search from outside: what stands in a study file, and what the arguments say.

    Attributes:
        study: Space, models, searcher, split, baselines, seed.
        on: Benchmark.
        scorer: For the user's own data.
        limit: Size of a random subset.
        recording: For ``replay`` models.
        budget: Caps on the whole search.
        truth_problems: For simulated models on generated problems: on how many others the truth is measured.
    """

    study: StudySpec
    on: str
    scorer: str | None = None
    limit: PositiveInt | None = None
    recording: Path | None = None
    budget: Budget = Budget()
    truth_problems: NonNegativeInt = TRUTH_PROBLEMS

    @property
    def is_simulated(self) -> bool:
        """Some model is simulated."""
        return any(is_simulated(model) for model in (*self.study.models, *self.study.all_fusers))

    @property
    def is_all_simulated(self) -> bool:
        """Every model is simulated, so nothing costs anything."""
        return all(model.startswith(SIMULATED) for model in (*self.study.models, *self.study.all_fusers))


class Truth(Spec):
    """Simulated truth: what an architecture scores on many other problems of the same generator.

    Attributes:
        problems: How many; none of them was in the search.
        quality: Mean score with its interval, by fingerprint of the architecture.
    """

    problems: PositiveInt
    quality: dict[str, MeanEstimate]


class Outcome(Spec):
    """A finished search with everything a reader wants to know.

    Attributes:
        search: What was asked.
        result: What was found.
        benchmark: Name of the benchmark.
        benchmark_fingerprint: Of its problems, targets and scorer.
        benchmark_problems: How many it has.
        quality: Held-out mean of every contestant with its interval, by fingerprint of its architecture.
        comparisons: The winner against one call, the winner against the baselines, the baselines against one
            call; the last two families each corrected for their number.
        truth: For simulated models on generated problems.
    """

    search: SearchSpec
    result: StudyResult
    benchmark: str
    benchmark_fingerprint: str
    benchmark_problems: PositiveInt
    quality: dict[str, MeanEstimate] = Field(default_factory=dict[str, MeanEstimate])
    comparisons: tuple[Comparison, ...] = ()
    truth: Truth | None = None


@dataclass(frozen=True, slots=True)
class Finished:
    """A search that has ended, and where it lies."""

    folder: Path
    outcome: Outcome
    report: Path | None


class SearchWatch(Protocol):
    """Who is told how a search goes."""

    def confirm(self, estimate: StudyEstimate, search: SearchSpec, *, unpriced: Sequence[str]) -> bool:
        """Whether to go on, asked before anything is paid for."""
        ...

    def begin(self, folder: Path) -> None:
        """The run folder is there; from now on the search can be resumed."""
        ...

    def progress(self, progress: Progress) -> None:
        """A step was made."""
        ...

    def say(self, text: str) -> None:
        """Something else worth knowing."""
        ...


def find_space(name: str | Mapping[str, Any]) -> Space:
    """A shipped space by its name, one from a file, or one given as data.

    Raises:
        SpecError: No such space, or what is wrong in it, with its place.
    """
    if not isinstance(name, str):
        return Space.parse(dict(name), where="space")
    if name in shipped_spaces() or Path(name).suffix not in (".yaml", ".yml", ".json"):
        return load_space(name)
    return Space.parse(load_data(name), where=name)


def describe_shipped() -> tuple[Space, ...]:
    """The spaces that come with the program."""
    return tuple(load_space(name) for name in shipped_spaces())


def load_study_file(path: Path) -> dict[str, Any]:
    """A study file as data: ``space``, ``on``, ``models`` and whatever else `make_search` takes.

    Paths in it are relative to the file.

    Raises:
        SpecError: Not a mapping.
    """
    data = load_data(path)
    if not isinstance(data, dict):
        raise SpecError("a study file is a mapping", path=str(path))
    fields = cast("dict[str, Any]", data)
    return {
        name: _beside(path, value)
        if name in ("space", "on", "recording") and isinstance(value, str)
        else value
        for name, value in fields.items()
    }


def _beside(file: Path, value: str) -> str:
    """A path that a study file gives, which is relative to that file; anything else as it is."""
    name, colon, rest = value.partition(":")
    start, path = (f"{name}:", rest) if colon and rest else ("", value)
    found = file.parent / path
    return f"{start}{found}" if not Path(path).is_absolute() and found.is_file() else value


class StudyFile(Spec):
    """What may stand in a study file; arguments of the command line win over it."""

    space: str | dict[str, JsonValue]
    on: str
    models: tuple[str, ...] = Field(min_length=1)
    fusers: tuple[str, ...] | None = None
    name: str | None = None
    scorer: str | None = None
    limit: PositiveInt | None = None
    recording: Path | None = None
    searcher: str | dict[str, JsonValue] | None = None
    dev: PositiveInt | None = None
    held_out: PositiveInt | None = None
    finalists: PositiveInt | None = None
    batch: PositiveInt | None = None
    stop_gap: float | None = None
    min_evaluations: float | None = None
    baselines: tuple[str, ...] | None = None
    seed: int = 0
    max_trials: PositiveInt | None = None
    max_samples: PositiveInt | None = None
    max_cost_usd: float | None = None
    truth_problems: NonNegativeInt = TRUTH_PROBLEMS


def make_search(data: Mapping[str, Any], *, where: str = "") -> SearchSpec:
    """Put a search together from what a study file and the arguments say (see `StudyFile`).

    Raises:
        SpecError: What is missing or wrong, with its place.
    """
    given = StudyFile.parse(dict(data), where=where)
    space = find_space(given.space)
    study: dict[str, Any] = {
        "name": given.name or space.name,
        "space": space,
        "models": given.models,
        "fusers": given.fusers,
        "seed": given.seed,
    }
    for name in (
        "searcher",
        "dev",
        "held_out",
        "finalists",
        "batch",
        "stop_gap",
        "min_evaluations",
        "baselines",
    ):
        if (value := getattr(given, name)) is not None:
            study[name] = value
    budget = {
        "max_trials": given.max_trials,
        "max_samples": given.max_samples,
        "max_cost_usd": given.max_cost_usd,
    }
    return SearchSpec(
        study=StudySpec.parse(study, where=where),
        on=given.on,
        scorer=given.scorer,
        limit=given.limit,
        recording=given.recording,
        budget=Budget.parse(budget, where=where),
        truth_problems=given.truth_problems,
    )


async def estimate_search(search: SearchSpec, *, settings: Settings) -> StudyEstimate:
    """What a search will take; asks nobody.

    Raises:
        SpecError: Something is wrong, or the budget does not reach a verdict.
    """
    benchmark = _open(search)
    async with _models(search, benchmark, settings, store=IN_MEMORY) as models:
        return _Work(search, benchmark, models, settings).study(None, None).estimate()


async def run_search(
    search: SearchSpec,
    *,
    settings: Settings,
    output: Path | None = None,
    watch: SearchWatch,
    with_report: bool = True,
) -> Finished:
    """Search from the start.

    Args:
        search: What to search.
        settings: How to run.
        output: Folder of run folders.
        watch: Asked before anything is paid for, told about every step.
        with_report: Write the report page at the end; it takes seconds.

    Raises:
        SpecError: Something is wrong; nothing was paid for. Also if `watch` says no.
        BudgetExceeded: A cap was hit before there was anything to recommend.
    """
    benchmark = _open(search)
    async with _models(search, benchmark, settings, store=IN_MEMORY) as models:
        work = _Work(search, benchmark, models, settings)
        work.check_models()
        estimate = work.study(None, None).estimate()
        unpriced = [model for model in work.all_models if models.find_price(model) is None]
    if not watch.confirm(estimate, search, unpriced=unpriced):
        raise SpecError("not confirmed, so nothing was asked and nothing was paid")
    about = {
        "benchmark": benchmark.name,
        "benchmark_fingerprint": benchmark.fingerprint,
        "seed": search.study.seed,
        "is_simulated": search.is_simulated,
        **_whereabouts(settings),
    }
    folder = create_run(output or settings.runs, KIND, search.study.name, about)
    write_json(folder / STUDY, search.model_dump(mode="json"))
    return await _go_on(folder, search, benchmark, settings=settings, watch=watch, with_report=with_report)


def _whereabouts(settings: Settings) -> dict[str, str]:
    """Where the call store and the data are found from, for a resume in another folder."""
    store = settings.store if settings.store == IN_MEMORY else str(Path(settings.store).resolve())
    return {"store": store, "folder": str(Path.cwd())}


async def resume_search(
    run: Path, *, settings: Settings, budget: Budget | None = None, watch: SearchWatch
) -> Finished:
    """Go on where a search was stopped; a finished one is only read again.

    Args:
        run: Its folder.
        settings: How to run.
        budget: New caps; the old ones where it says nothing.
        watch: Told about every step.

    Raises:
        SpecError: Not the folder of a search.
        DataError: The data has changed since, or the folder is damaged.
    """
    folder, manifest = find_run(run, kind=KIND)
    search = _found_from(load_search(folder), Path(str(manifest.get("folder", "."))))
    settings = settings.model_copy(update={"store": manifest.get("store", settings.store)})
    changed = {} if budget is None else budget.model_dump(exclude_none=True)
    if not changed and (folder / OUTCOME).is_file():
        outcome = load_outcome(folder)
        if outcome.result.verdict.is_complete:
            report = folder / REPORT
            return Finished(folder, outcome, report if report.is_file() else _write_report(folder, watch))
    if changed:
        search = search.model_copy(update={"budget": search.budget.model_copy(update=changed)})
        write_json(folder / STUDY, search.model_dump(mode="json"))
    benchmark = _open(search)
    if benchmark.fingerprint != manifest.get("benchmark_fingerprint"):
        raise DataError(
            f"{search.on}: the problems or the scorer have changed since the search began. "
            "Bring back the old data, or begin a new search"
        )
    return await _go_on(folder, search, benchmark, settings=settings, watch=watch)


def _found_from(search: SearchSpec, folder: Path) -> SearchSpec:
    """The same search with its data found from the folder in which it was begun."""
    recording = search.recording
    if recording is not None and not recording.is_file():
        recording = folder / recording
    on = search.on if Path(search.on).is_file() else _beside(folder / STUDY, search.on)
    return search.model_copy(update={"on": on, "recording": recording})


def load_search(folder: Path) -> SearchSpec:
    """What a run folder searches.

    Raises:
        DataError: The file is missing or damaged.
    """
    try:
        return SearchSpec.parse(load_data(folder / STUDY), where=str(folder / STUDY))
    except SpecError as error:
        raise DataError(str(error)) from None


def load_outcome(folder: Path) -> Outcome:
    """What a finished search found.

    Raises:
        SpecError: The search has not finished; the message says how to go on.
        DataError: The file is damaged.
    """

    path = folder / OUTCOME
    if not path.is_file():
        events = len(read_journal(folder / JOURNAL)) if (folder / JOURNAL).is_file() else 0
        raise SpecError(
            f"{folder}: the search has not finished ({events} events). Go on with: itas resume {folder}"
        )
    try:
        return Outcome.model_validate_json(path.read_bytes())
    except ValueError as error:
        raise DataError(f"{path}: damaged: {error}") from None


async def _go_on(
    folder: Path,
    search: SearchSpec,
    benchmark: Benchmark,
    *,
    settings: Settings,
    watch: SearchWatch,
    with_report: bool = True,
) -> Finished:
    watch.begin(folder)
    async with _models(search, benchmark, settings, store=folder / CALLS, run=folder.name) as models:
        work = _Work(search, benchmark, models, settings)
        work.check_models()
        before = await models.store.totals(folder.name)
        paid = Amount(samples=before.samples, micro_usd=before.spent + before.uncertain)
        result = await work.study(folder / JOURNAL, watch, paid_before=paid).run()
        result = _with_paid(result, await models.store.totals(folder.name))
        truth = await work.measure_truth(result, watch)
    outcome = _conclude(search, benchmark, result, truth)
    write_json(folder / OUTCOME, outcome.model_dump(mode="json"))
    _write_winner(folder, outcome)
    return Finished(folder, outcome, _write_report(folder, watch) if with_report else None)


def _with_paid(result: StudyResult, ledger: LedgerTotals) -> StudyResult:
    """The result with what the ledger says was paid: after a kill it knows of calls that the journal does not.
    Models that cost nothing are in the journal only."""
    return result.model_copy(
        update={
            "paid_samples": max(result.paid_samples, ledger.samples),
            "paid_micro_usd": max(result.paid_micro_usd, ledger.spent + ledger.uncertain),
        }
    )


def _write_winner(folder: Path, outcome: Outcome) -> None:
    result = outcome.result
    name = f"{outcome.search.study.name}-{result.verdict.recommended.replace(' ', '-')}"
    write_text(folder / WINNER, dump_architecture(result.recommended.model_copy(update={"name": name})))


def _write_report(folder: Path, watch: SearchWatch) -> Path | None:
    from importlib.util import find_spec

    from itas.api.reporting import write_report

    if any(find_spec(package) is None for package in ("altair", "jinja2", "vl_convert")):
        watch.say(
            "no report page: it needs the extra 'report' (pip install 'itas[report]'), then: itas report"
        )
        return None
    return write_report(folder)


def _conclude(search: SearchSpec, benchmark: Benchmark, result: StudyResult, truth: Truth | None) -> Outcome:
    comparisons = _comparisons(result)
    quality: dict[str, MeanEstimate] = {
        entry.architecture.fingerprint: estimate_mean(list(scores.values()))
        for entry in result.contestants
        if (scores := mean_scores(entry.observations))
    }
    return Outcome(
        search=search,
        result=result,
        benchmark=benchmark.name,
        benchmark_fingerprint=benchmark.fingerprint,
        benchmark_problems=len(benchmark.problems),
        quality=quality,
        comparisons=comparisons,
        truth=truth,
    )


def _open(search: SearchSpec) -> Benchmark:
    return open_benchmark(search.on, scorer=search.scorer, seed=search.study.seed, limit=search.limit)


def _models(
    search: SearchSpec, benchmark: Benchmark, settings: Settings, *, store: Path | str, run: str = ""
) -> AbstractAsyncContextManager[ModelPool]:
    """Models of a search. Simulated ones keep their draws beside the study: they belong to its problems."""
    place = str(store) if search.is_all_simulated or store == IN_MEMORY else settings.store
    caps = Caps(max_usd=search.budget.max_cost_usd, max_samples=search.budget.max_samples)
    return open_models(
        settings.model_copy(update={"store": place}),
        problems=benchmark.problems,
        recording=search.recording,
        seed=search.study.seed,
        caps=caps,
        run=run,
    )


class _Work:
    """What a study is handed: evaluation, prices, comparison."""

    def __init__(
        self, search: SearchSpec, benchmark: Benchmark, models: ModelPool, settings: Settings
    ) -> None:
        self._search = search
        self._benchmark = benchmark
        self._models = models
        self._settings = settings
        self._by_id = {problem.id: problem for problem in benchmark.problems}
        self._prices: dict[str, int | None] = {}

    @property
    def all_models(self) -> tuple[str, ...]:
        """Generators and fusers, each once."""
        return tuple(dict.fromkeys((*self._search.study.models, *self._search.study.all_fusers)))

    def check_models(self) -> None:
        """Find an unknown provider or a missing key before anything is paid for."""
        for model in self.all_models:
            self._models(model)

    def study(
        self, journal: Path | None, watch: SearchWatch | None, *, paid_before: Amount | None = None
    ) -> Study:
        """The study over all problems of the benchmark."""
        return Study(
            spec=self._search.study,
            problems=tuple(self._by_id),
            evaluate=self.evaluate,
            budget=self._search.budget,
            journal=journal,
            price=self.price,
            compare=_margins,
            paid_before=paid_before,
            groups={problem.id: _question_of(problem) for problem in self._benchmark.problems},
            progress=None if watch is None else watch.progress,
            versions=_versions(),
        )

    async def evaluate(self, architecture: Architecture, problems: Sequence[str]) -> tuple[Observation, ...]:
        """Run an architecture on problems; see `search.Evaluate`."""
        found = await evaluate(
            architecture,
            self._benchmark,
            models=self._models,
            problems=[self._by_id[id] for id in problems],
            seed=self._search.study.seed,
            concurrency=self._settings.concurrency,
            is_tight=self._tightness(architecture),
        )
        observations = to_observations(found)
        if found.stopped_by == "failures":
            raise ModelError(_last_failure(found), provider=", ".join(architecture.models))
        if not found.is_complete:
            raise PartialEvaluation("a cap was reached in the middle of an evaluation", observations)
        return observations

    def _tightness(self, architecture: Architecture) -> Callable[[int], bool]:
        samples, micro_usd = architecture.planned_samples(), self.price(architecture) or 0
        return tightness(self._models, samples=samples, micro_usd=micro_usd)

    def price(self, architecture: Architecture) -> int | None:
        """Estimated price of one query in millionths of a dollar, from the first problems; None if unpriced."""
        if architecture.fingerprint not in self._prices:
            some = self._benchmark.problems[:_PRICED_PROBLEMS]
            total = estimate_cost(architecture, some, price=self._models.find_price).planned_micro_usd
            self._prices[architecture.fingerprint] = None if total is None else -(-total // len(some))
        return self._prices[architecture.fingerprint]

    async def measure_truth(self, result: StudyResult, watch: SearchWatch) -> Truth | None:
        """For simulated models on generated problems: every contestant on many problems of another seed."""
        count = self._search.truth_problems
        if not count or not self._search.is_all_simulated or self._search.on != WORD_PROBLEMS:
            return None
        watch.say(f"simulated truth: every contestant on {count:,} other problems")
        seen = {problem.conversation for problem in self._benchmark.problems}
        others = open_benchmark(WORD_PROBLEMS, seed=self._search.study.seed + _TRUTH_SEED, limit=count)
        fresh = tuple(problem for problem in others.problems if problem.conversation not in seen)
        quality: dict[str, MeanEstimate] = {}
        async with open_models(
            self._settings.model_copy(update={"store": IN_MEMORY}),
            problems=fresh,
            seed=self._search.study.seed,
        ) as models:
            for entry in result.contestants:
                found = await evaluate(entry.architecture, others, models=models, problems=fresh)
                if found.score is not None:
                    quality[entry.architecture.fingerprint] = found.score
        return Truth(problems=len(fresh), quality=quality)


def _question_of(problem: Problem) -> str:
    """The same for problems that ask the same, so that they are not split between search and verdict."""
    return digest([" ".join(message.content.split()) for message in problem.conversation])


def _last_failure(found: Evaluation) -> str:
    outcome = found.results[-1].outcome
    return outcome.detail if isinstance(outcome, Unscored) else "nothing but failures came"


def _comparisons(result: StudyResult) -> tuple[Comparison, ...]:
    """The winner against one call of each single model, the question of the study; the winner against the
    baselines, and the baselines against each single model, each family corrected for its number."""
    winner, *others = result.contestants
    singles = [other for other in others if other.is_single]
    baselines = [other for other in others if not other.is_single]
    found = [_compare(winner, other) for other in singles if _share_scores(winner, other)]
    found += correct_for_many(
        [_compare(winner, other) for other in baselines if _share_scores(winner, other)]
    )
    for single in singles:
        family = [_compare(other, single) for other in baselines if _share_scores(other, single)]
        found += correct_for_many(family)
    return tuple(found)


def _compare(a: Contestant, b: Contestant) -> Comparison:
    return compare(a.observations, b.observations, name_a=name_contestant(a), name_b=name_contestant(b))


def _share_scores(a: Contestant, b: Contestant) -> bool:
    return bool(mean_scores(a.observations).keys() & mean_scores(b.observations).keys())


def _margins(winner: Sequence[Observation], others: Sequence[Sequence[Observation]]) -> tuple[Margin, ...]:
    """`search.Compare` by `evaluation.comparison`."""
    found = [compare(winner, other) for other in others]
    return tuple(
        Margin(difference=each.difference, low=each.low, high=each.high, n=each.n, verdict=each.verdict)
        for each in (correct_for_many(found) if len(found) > 1 else found)
    )


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    return {package: version(package) for package in ("itas", "numpy", "pydantic")}
