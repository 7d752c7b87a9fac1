"""Search the best architecture of a space on a benchmark, resume a search, read what came of it."""

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

from pydantic import Field, JsonValue, NonNegativeInt, PositiveFloat, PositiveInt

from itas.api.answering import SIMULATED
from itas.api.cluster.job import Job, models_of
from itas.api.cluster.joining import check_where, work_on
from itas.api.evaluating import judges_of, plan_judging
from itas.api.holding import hold
from itas.api.opening import Caps, SandboxChoice, open_models, open_raters, open_sandbox, tightness
from itas.api.runs import create_run, find_run, note_sandbox, write_json, write_text
from itas.api.settings import IN_MEMORY, Settings
from itas.api.taking import COMPONENTS, Taking
from itas.benchmarks.benchmark import Benchmark
from itas.benchmarks.mixture import part_of
from itas.benchmarks.registry import WORD_PROBLEMS, find_judges, open_benchmark, open_benchmarks
from itas.core.architecture import Architecture
from itas.core.model import is_simulated
from itas.core.observation import Observation
from itas.core.problem import Problem, Unscored
from itas.core.rating import RaterSource
from itas.core.spec import Spec, digest
from itas.errors import DataError, ModelError, SpecError
from itas.evaluation.comparison import Comparison, compare, correct_for_many, mean_scores
from itas.evaluation.estimate import estimate_cost, estimate_judging
from itas.evaluation.evaluate import Solve, evaluate
from itas.evaluation.latency import estimate_seconds
from itas.evaluation.records import Evaluation, to_observations
from itas.evaluation.statistics import MeanEstimate, estimate_mean
from itas.models.pool import ModelPool
from itas.models.store.contract import LedgerTotals
from itas.models.store.place import recorded_place, resumed_place
from itas.plugins import check_plugins, record_plugins
from itas.report.verdict import name_contestant
from itas.sandbox import Sandbox
from itas.search import (
    Amount,
    Budget,
    Contestant,
    Margin,
    PartialEvaluation,
    Progress,
    Rankings,
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
        on: Benchmark; several for a mixture of them.
        scorer: For the user's own data.
        limit: Size of a random subset, of each benchmark.
        recording: For ``replay`` models.
        budget: Caps on the whole search.
        truth_problems: For simulated models on generated problems: on how many others the truth is measured.
    """

    study: StudySpec
    on: str | tuple[str, ...]
    scorer: str | None = None
    limit: PositiveInt | None = None
    recording: Path | None = None
    budget: Budget = Budget()
    truth_problems: NonNegativeInt = TRUTH_PROBLEMS

    @property
    def benchmarks(self) -> tuple[str, ...]:
        """Every benchmark."""
        return (self.on,) if isinstance(self.on, str) else self.on

    @property
    def is_simulated(self) -> bool:
        """Some model is simulated."""
        return any(is_simulated(model) for model in (*self.study.models, *self.study.all_fusers))

    @property
    def is_all_simulated(self) -> bool:
        """Every model is simulated, the judge too where there is one, so nothing costs anything."""
        judges = (judge for on in self.benchmarks for judge in find_judges(on, scorer=self.scorer))
        models = (*self.study.models, *self.study.all_fusers, *judges)
        return all(model.startswith(SIMULATED) for model in models)


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
        parts: Of several benchmarks: for each, the held-out mean of every contestant, by fingerprint.
        truth: For simulated models on generated problems.
    """

    search: SearchSpec
    result: StudyResult
    benchmark: str
    benchmark_fingerprint: str
    benchmark_problems: PositiveInt
    quality: dict[str, MeanEstimate] = Field(default_factory=dict[str, MeanEstimate])
    comparisons: tuple[Comparison, ...] = ()
    parts: dict[str, dict[str, MeanEstimate]] = Field(default_factory=dict[str, dict[str, MeanEstimate]])
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
        name: _all_beside(path, value) if name in ("space", "on", "recording") else value
        for name, value in fields.items()
    }


def _all_beside(file: Path, value: Any) -> Any:
    if isinstance(value, str):
        return _beside(file, value)
    if isinstance(value, list):
        return [_all_beside(file, each) for each in cast("list[Any]", value)]
    return value


def _beside(file: Path, value: str) -> str:
    """A path that a study file gives, which is relative to that file; anything else as it is."""
    name, colon, rest = value.partition(":")
    start, path = (f"{name}:", rest) if colon and rest else ("", value)
    found = file.parent / path
    return f"{start}{found}" if not Path(path).is_absolute() and found.is_file() else value


class StudyFile(Spec):
    """What may stand in a study file; arguments of the command line win over it."""

    space: str | dict[str, JsonValue]
    on: str | tuple[str, ...] = Field(min_length=1)
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
    within: float | None = None
    cost: str | None = None
    under: PositiveFloat | None = None
    aggregate: str | None = None
    seed: int = 0
    max_trials: PositiveInt | None = None
    max_samples: PositiveInt | None = None
    max_cost_usd: float | None = None
    max_seconds: PositiveFloat | None = None
    truth_problems: NonNegativeInt = TRUTH_PROBLEMS


def make_search(data: Mapping[str, Any], *, where: str = "") -> SearchSpec:
    """Put a search together from what a study file and the arguments say (see `StudyFile`).

    Raises:
        SpecError: What is missing or wrong, with its place.
    """
    given = StudyFile.parse(dict(data), where=where)
    space = find_space(given.space)
    if given.under is not None:
        limit = min(given.under, space.max_cost_usd or given.under)
        space = Space.parse({**space.model_dump(mode="json"), "max_cost_usd": limit})
    on = given.on if isinstance(given.on, str) else given.on[0] if len(given.on) == 1 else given.on
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
    goal = {"within": given.within, "cost": given.cost}
    if goal := {name: value for name, value in goal.items() if value is not None}:
        study["goal"] = goal
    if isinstance(on, tuple):
        study["aggregate"] = given.aggregate or "standardised"
    elif given.aggregate is not None:
        raise SpecError("'aggregate' is for several benchmarks, and there is one", path="aggregate")
    budget = {
        "max_trials": given.max_trials,
        "max_samples": given.max_samples,
        "max_cost_usd": given.max_cost_usd,
        "max_seconds": given.max_seconds,
    }
    return SearchSpec(
        study=StudySpec.parse(study, where=where),
        on=on,
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
    benchmark = open_search_benchmark(search)
    async with (
        open_sandbox() as runner,
        open_search_models(search, benchmark, settings, store=IN_MEMORY) as models,
    ):
        return SearchWork(search, benchmark, models, settings, runner).study(None, None).estimate()


async def run_search(
    search: SearchSpec,
    *,
    settings: Settings,
    output: Path | None = None,
    sandbox: SandboxChoice = "auto",
    watch: SearchWatch,
    with_report: bool = True,
    where: str | None = None,
) -> Finished:
    """Search from the start.

    Args:
        search: What to search.
        settings: How to run.
        output: Folder of run folders.
        sandbox: Where code of candidates is run, if the space has a component that runs any.
        watch: Asked before anything is paid for, told about every step.
        with_report: Write the report page at the end; it takes seconds.
        where: Cluster whose nodes answer and score, see `api.cluster`; this process if None.

    Raises:
        SpecError: Something is wrong; nothing was paid for. Also if `watch` says no.
        BudgetExceeded: A cap was hit before there was anything to recommend.
        SandboxError: Code would have to be run, and cannot be run safely here; nothing was paid for.
    """
    if where is not None and not search.is_all_simulated:
        check_where(where, settings.store)
    benchmark = open_search_benchmark(search)
    async with (
        open_sandbox(sandbox) as runner,
        open_search_models(search, benchmark, settings, store=IN_MEMORY) as models,
    ):
        work = SearchWork(search, benchmark, models, settings, runner)
        work.check_models()
        estimate = work.study(None, None).estimate()
        work.load_raters()
        if work.runs_code:
            await runner.choose_tier()
        involved = (*work.all_models, *judges_of(benchmark))
        unpriced = [model for model in involved if models.find_price(model) is None]
    if not watch.confirm(estimate, search, unpriced=unpriced):
        raise SpecError("not confirmed, so nothing was asked and nothing was paid")
    about = {
        "benchmark": benchmark.name,
        "benchmark_fingerprint": benchmark.fingerprint,
        "seed": search.study.seed,
        "is_simulated": search.is_simulated,
        "plugins": record_plugins(),
        **_whereabouts(settings),
    }
    folder = create_run(output or settings.runs, KIND, search.study.name, about)
    write_json(folder / STUDY, search.model_dump(mode="json"))
    return await _go_on(
        folder,
        search,
        benchmark,
        settings=settings,
        sandbox=sandbox,
        watch=watch,
        with_report=with_report,
        where=where,
    )


def _whereabouts(settings: Settings) -> dict[str, str]:
    """Where the call store and the data are found from, for a resume in another folder."""
    return {"store": recorded_place(settings.store), "folder": str(Path.cwd())}


async def resume_search(
    run: Path,
    *,
    settings: Settings,
    budget: Budget | None = None,
    sandbox: SandboxChoice = "auto",
    watch: SearchWatch,
    where: str | None = None,
) -> Finished:
    """Go on where a search was stopped; a finished one is only read again.

    Args:
        run: Its folder.
        settings: How to run.
        budget: New caps; the old ones where it says nothing.
        sandbox: Where code is run; not taken from the run, so that no file can switch the walls off.
        watch: Told about every step.
        where: Cluster whose nodes answer and score; this process if None.

    Raises:
        SpecError: Not the folder of a search.
        DataError: The data has changed since, or the folder is damaged.
    """
    folder, manifest = find_run(run, kind=KIND)
    search = _found_from(load_search(folder), Path(str(manifest.get("folder", "."))))
    settings = settings.model_copy(update={"store": resumed_place(manifest.get("store"), settings.store)})
    changed = {} if budget is None else budget.model_dump(exclude_none=True)
    if not changed and (folder / OUTCOME).is_file():
        outcome = load_outcome(folder)
        if outcome.result.verdict.is_complete:
            report = folder / REPORT
            return Finished(folder, outcome, report if report.is_file() else _write_report(folder, watch))
    if changed:
        search = search.model_copy(update={"budget": search.budget.model_copy(update=changed)})
        write_json(folder / STUDY, search.model_dump(mode="json"))
    benchmark = open_search_benchmark(search)
    if benchmark.fingerprint != manifest.get("benchmark_fingerprint"):
        raise DataError(
            f"{', '.join(search.benchmarks)}: the problems or the scorer have changed since the search began. "
            "Bring back the old data, or begin a new search"
        )
    return await _go_on(
        folder, search, benchmark, settings=settings, sandbox=sandbox, watch=watch, where=where
    )


def _found_from(search: SearchSpec, folder: Path) -> SearchSpec:
    """The same search with its data found from the folder in which it was begun."""
    recording = search.recording
    if recording is not None and not recording.is_file():
        recording = folder / recording
    found = tuple(on if Path(on).is_file() else _beside(folder / STUDY, on) for on in search.benchmarks)
    on = found[0] if isinstance(search.on, str) else found
    return search.model_copy(update={"on": on, "recording": recording})


def load_search(folder: Path) -> SearchSpec:
    """What a run folder searches.

    Raises:
        SpecError: It was begun with a plugin that is not loaded.
        DataError: The file is missing or damaged, or a plugin has changed.
    """
    _, manifest = find_run(folder)
    check_plugins(manifest.get("plugins", []), where=str(folder))
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
    _, manifest = find_run(folder)
    check_plugins(manifest.get("plugins", []), where=str(folder), only_read=True)
    try:
        return Outcome.model_validate_json(path.read_bytes())
    except ValueError as error:
        raise DataError(f"{path}: damaged: {error}") from None


def find_front_point(outcome: Outcome, point: int) -> Architecture:
    """The architecture of a point of the front, named after the study.

    Raises:
        SpecError: No such point on the front.
    """
    front = outcome.result.front
    found = next((each.architecture for each in front if each.point == point), None)
    if found is None:
        known = ", ".join(str(each.point) for each in front if each.architecture is not None)
        raise SpecError(f"no point {point} is on the front. Known: {known or 'none'}", path="point")
    return found.model_copy(update={"name": f"{outcome.search.study.name}-point-{point}"})


async def _go_on(
    folder: Path,
    search: SearchSpec,
    benchmark: Benchmark,
    *,
    settings: Settings,
    sandbox: SandboxChoice,
    watch: SearchWatch,
    with_report: bool = True,
    where: str | None = None,
) -> Finished:
    settings = settings.model_copy(update={"store": _store_of(search, settings, folder / CALLS)})
    if where is not None:
        check_where(where, settings.store)
    job = Job(
        benchmark,
        models_of((), (*search.study.models, *search.study.all_fusers, *judges_of(benchmark))),
        settings,
        search.recording,
        Caps(max_usd=search.budget.max_cost_usd, max_samples=search.budget.max_samples),
        folder.name,
        search.study.seed,
        sandbox,
        benchmark.runs_code,
    )
    with hold(folder):
        watch.begin(folder)
        async with (
            open_sandbox(sandbox) as runner,
            open_search_models(search, benchmark, settings, store=folder / CALLS, run=folder.name) as models,
            work_on(where, job, models) as cluster,
        ):
            work = SearchWork(search, benchmark, models, settings, runner)
            work.solve = None if cluster is None else cluster.solve
            work.note_tier = lambda tier: note_sandbox(folder, tier)
            work.check_models()
            before = await models.store.totals(folder.name)
            paid = Amount(samples=before.samples, micro_usd=before.spent + before.uncertain)
            result = await work.study(folder / JOURNAL, watch, paid_before=paid).run()
            work.taking.write(folder / COMPONENTS, [entry.architecture for entry in result.contestants])
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
        parts=_parts(result),
        truth=truth,
    )


def _parts(result: StudyResult) -> dict[str, dict[str, MeanEstimate]]:
    """Held-out means by benchmark, where there are several."""
    found: dict[str, dict[str, MeanEstimate]] = {}
    for entry in result.contestants:
        scores: dict[str, list[float]] = {}
        for problem, score in mean_scores(entry.observations).items():
            if (part := part_of(problem)) is not None:
                scores.setdefault(part, []).append(score)
        for part, values in scores.items():
            found.setdefault(part, {})[entry.architecture.fingerprint] = estimate_mean(values)
    return found


def open_search_benchmark(search: SearchSpec) -> Benchmark:
    return open_benchmarks(
        search.benchmarks, scorer=search.scorer, seed=search.study.seed, limit=search.limit
    )


def open_search_models(
    search: SearchSpec, benchmark: Benchmark, settings: Settings, *, store: Path | str, run: str = ""
) -> AbstractAsyncContextManager[ModelPool]:
    """Models of a search. Simulated ones keep their draws beside the study: they belong to its problems."""
    place = _store_of(search, settings, store)
    caps = Caps(max_usd=search.budget.max_cost_usd, max_samples=search.budget.max_samples)
    return open_models(
        settings.model_copy(update={"store": place}),
        problems=benchmark.problems,
        recording=search.recording,
        seed=search.study.seed,
        caps=caps,
        run=run,
    )


def _store_of(search: SearchSpec, settings: Settings, beside: Path | str) -> str:
    return str(beside) if search.is_all_simulated or beside == IN_MEMORY else settings.store


class SearchWork:
    """What a study is handed: evaluation, prices, comparison."""

    def __init__(
        self,
        search: SearchSpec,
        benchmark: Benchmark,
        models: ModelPool,
        settings: Settings,
        sandbox: Sandbox,
    ) -> None:
        self.runs_code = benchmark.runs_code
        self.note_tier: Callable[[str], None] = lambda tier: None
        """Told behind which walls code is run, before it is."""
        self._sandbox = sandbox
        self.solve: Solve | None = None
        """Answers and scores a problem elsewhere; here, if None."""
        self._raters: RaterSource | None = None
        self._rated: dict[str, Architecture] = {}
        self._search = search
        self._benchmark = benchmark
        self._models = models
        self._settings = settings
        self._by_id = {problem.id: problem for problem in benchmark.problems}
        self._estimates: dict[str, tuple[int | None, float]] = {}
        self.taking = Taking()

    @property
    def all_models(self) -> tuple[str, ...]:
        """Generators and fusers, each once."""
        return tuple(dict.fromkeys((*self._search.study.models, *self._search.study.all_fusers)))

    def check_models(self) -> None:
        """Find an unknown provider or a missing key before anything is paid for."""
        for model in (*self.all_models, *judges_of(self._benchmark)):
            self._models(model)

    def load_raters(self) -> None:
        """Load the local reward models of every architecture that was priced, before anything is paid for."""
        if self.solve is None:
            self._raters = open_raters(self._rated.values(), self._raters)

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
            judging=self.judging(),
            measures={"tokens": self.tokens, "seconds": self.seconds},
            compare=compare_margins,
            paid_before=paid_before,
            groups={problem.id: _question_of(problem) for problem in self._benchmark.problems},
            parts=_parts_of(self._benchmark.problems),
            progress=None if watch is None else watch.progress,
            versions=_versions(),
        )

    async def evaluate(self, architecture: Architecture, problems: Sequence[str]) -> tuple[Observation, ...]:
        """Run an architecture on problems; see `search.Evaluate`."""
        if architecture.runs_code or self._benchmark.runs_code:
            self.note_tier(await self._sandbox.choose_tier())  # or raise, before anything is paid for
        if self.solve is None:
            self._raters = open_raters([architecture], self._raters)
        found = await evaluate(
            architecture,
            self._benchmark,
            models=self._models,
            raters=self._raters,
            runner=self._sandbox,
            problems=[self._by_id[id] for id in problems],
            seed=self._search.study.seed,
            concurrency=self._settings.concurrency,
            is_tight=self._tightness(architecture),
            solve=self.solve,
        )
        self.taking.note(found)
        observations = to_observations(found)
        if found.stopped_by == "failures":
            raise ModelError(_last_failure(found), provider=", ".join(architecture.models))
        if not found.is_complete:
            raise PartialEvaluation("a cap was reached in the middle of an evaluation", observations)
        return observations

    def _tightness(self, architecture: Architecture) -> Callable[[int], bool]:
        some = self._benchmark.problems[:_PRICED_PROBLEMS]
        plan = plan_judging(self._benchmark, some)
        found = estimate_cost(architecture, some, price=self._models.find_price, judge=plan)
        return tightness(
            self._models,
            samples=-(-found.planned_samples // len(some)),
            micro_usd=-(-(found.planned_micro_usd or 0) // len(some)),
        )

    def price(self, architecture: Architecture) -> int | None:
        """Estimated price of one query in millionths of a dollar, from the first problems; None if unpriced."""
        self.runs_code |= architecture.runs_code
        if architecture.raters:
            self._rated[architecture.fingerprint] = architecture
        return self._estimate(architecture)[0]

    def judging(self) -> Amount | None:
        """What the judge takes for one answered question, from the first problems; None without a judge."""
        some = self._benchmark.problems[:_PRICED_PROBLEMS]
        plan = plan_judging(self._benchmark, some)
        if plan is None or not plan.judges:
            return None
        found = estimate_judging(some, plan, price=self._models.find_price)
        cost = math.inf if found.planned_micro_usd is None else found.planned_micro_usd / len(some)
        return Amount(found.planned_samples / len(some), cost)

    def tokens(self, architecture: Architecture, rankings: Rankings) -> float:
        """Estimated tokens of one query, read and written, from the first problems; see `search.Measure`."""
        return self._estimate(architecture)[1]

    def seconds(self, architecture: Architecture, rankings: Rankings) -> float:
        """Estimated critical path of one query, from how fast the models were in the ranking; see `search.Measure`."""
        return estimate_seconds(architecture, measured=rankings.seconds())

    def _estimate(self, architecture: Architecture) -> tuple[int | None, float]:
        """Micro-dollars and tokens of one query."""
        if architecture.fingerprint not in self._estimates:
            some = self._benchmark.problems[:_PRICED_PROBLEMS]
            found = estimate_cost(architecture, some, price=self._models.find_price)
            total, usage = found.planned_micro_usd, found.planned_usage
            self._estimates[architecture.fingerprint] = (
                None if total is None else -(-total // len(some)),
                (usage.tokens_in + usage.tokens_out) / len(some),
            )
        return self._estimates[architecture.fingerprint]

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
                found = await evaluate(
                    entry.architecture,
                    others,
                    models=models,
                    raters=self._raters,
                    runner=self._sandbox,
                    problems=fresh,
                )
                if found.score is not None:
                    quality[entry.architecture.fingerprint] = found.score
        return Truth(problems=len(fresh), quality=quality)


def _parts_of(problems: Sequence[Problem]) -> dict[str, str] | None:
    """Problem id -> its benchmark; None where there is only one."""
    return {problem.id: part for problem in problems if (part := part_of(problem.id)) is not None} or None


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


def compare_margins(
    winner: Sequence[Observation], others: Sequence[Sequence[Observation]]
) -> tuple[Margin, ...]:
    """`search.Compare` by `evaluation.comparison`."""
    found = [compare(winner, other) for other in others]
    return tuple(
        Margin(difference=each.difference, low=each.low, high=each.high, n=each.n, verdict=each.verdict)
        for each in (correct_for_many(found) if len(found) > 1 else found)
    )


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    return {package: version(package) for package in ("itas", "numpy", "pydantic")}
