"""Search the best architecture of a space on a benchmark, and go on with a search that was stopped."""

from dataclasses import dataclass
from pathlib import Path

from itas.api.cluster.job import Job, models_of
from itas.api.cluster.joining import check_where, work_on
from itas.api.holding import hold
from itas.api.judging import judges_of
from itas.api.opening import Caps, SandboxChoice, open_sandbox
from itas.api.runs import create_run, find_run, note_sandbox, write_json, write_text
from itas.api.search_outcome import (
    CALLS,
    ESTIMATE,
    JOURNAL,
    KIND,
    OUTCOME,
    REPORT,
    STUDY,
    WINNER,
    Outcome,
    load_estimate,
    load_outcome,
    load_search,
)
from itas.api.search_spec import SearchSpec, find_beside
from itas.api.search_verdict import conclude
from itas.api.search_work import (
    SearchWatch,
    SearchWork,
    open_search_benchmark,
    open_search_models,
    place_of_store,
    with_lengths,
)
from itas.api.settings import IN_MEMORY, Settings
from itas.api.taking import COMPONENTS
from itas.api.tracing import check_traceable, find_trace
from itas.benchmarks.benchmark import Benchmark
from itas.engine.telemetry import opened_problem_traces
from itas.errors import DataError, SpecError
from itas.models.store.contract import LedgerTotals
from itas.models.store.place import recorded_place, resumed_place
from itas.plugins import record_plugins
from itas.search import (
    Amount,
    Budget,
    StudyEstimate,
    StudyResult,
)
from itas.specs import dump_architecture  # brings the component types

VERDICT_STANDS = (
    "this search has its verdict: held-out problems are asked once, so new caps change nothing here. To try more "
    "architectures, begin a new search; answers in the call store are not paid for again"
)


@dataclass(frozen=True, slots=True)
class Finished:
    """A search that has ended, and where it lies."""

    folder: Path
    outcome: Outcome
    report: Path | None


async def estimate_search(search: SearchSpec, *, settings: Settings) -> StudyEstimate:
    """What a search will take; asks nobody.

    Raises:
        SpecError: Something is wrong, or the budget does not reach a verdict.
    """
    benchmark = open_search_benchmark(search)
    search = await with_lengths(search, benchmark, settings)
    async with (
        open_sandbox() as runner,
        open_search_models(search, benchmark, settings, store=IN_MEMORY) as models,
    ):
        return _estimate(SearchWork(search, benchmark, models, settings, runner), search)


async def run_search(
    search: SearchSpec,
    *,
    settings: Settings,
    output: Path | None = None,
    sandbox: SandboxChoice = "auto",
    watch: SearchWatch,
    with_report: bool = True,
    where: str | None = None,
    trace: bool = False,
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
        trace: Write every call and event to a file in the run folder while it happens; a search that was begun with it
            goes on with it.

    Raises:
        SpecError: Something is wrong; nothing was paid for. Also if `watch` says no.
        BudgetExceeded: A cap was hit before there was anything to recommend.
        SandboxError: Code would have to be run, and cannot be run safely here; nothing was paid for.
    """
    check_traceable(where, is_wanted=trace)
    if where is not None:
        check_where(where, place_of_store(search, settings, CALLS))
    benchmark = open_search_benchmark(search)
    search = await with_lengths(search, benchmark, settings)
    async with (
        open_sandbox(sandbox) as runner,
        open_search_models(search, benchmark, settings, store=IN_MEMORY) as models,
    ):
        work = SearchWork(search, benchmark, models, settings, runner)
        work.check_models()
        estimate = _estimate(work, search)
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
    write_json(folder / ESTIMATE, estimate.model_dump(mode="json"))
    return await _go_on(
        folder,
        search,
        benchmark,
        settings=settings,
        sandbox=sandbox,
        watch=watch,
        with_report=with_report,
        where=where,
        trace=trace,
    )


def _estimate(work: SearchWork, search: SearchSpec) -> StudyEstimate:
    """The estimate, with what it is reckoned with."""
    basis = "" if search.lengths is None else search.lengths.basis
    return work.study(None, None).estimate().model_copy(update={"basis": basis})


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
    """Go on where a search was stopped; a finished one is only read again, whatever the caps.

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
    if (folder / OUTCOME).is_file():
        outcome = load_outcome(folder)
        if outcome.result.verdict.is_complete:
            if changed:
                watch.say(VERDICT_STANDS)
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
    found = tuple(on if Path(on).is_file() else find_beside(folder / STUDY, on) for on in search.benchmarks)
    on = found[0] if isinstance(search.on, str) else found
    return search.model_copy(update={"on": on, "recording": recording})


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
    trace: bool = False,
) -> Finished:
    settings = settings.model_copy(update={"store": place_of_store(search, settings, folder / CALLS)})
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
            opened_problem_traces(find_trace(folder, is_wanted=trace)) as traces,
        ):
            work = SearchWork(search, benchmark, models, settings, runner)
            work.traces = traces
            if cluster is not None:
                work.solve, work.room = cluster.solve, cluster.room
                work.paid_elsewhere = cluster.paid_elsewhere
            work.note_tier = lambda tier: note_sandbox(folder, tier)
            work.check_models()
            before = await models.store.totals(folder.name)
            paid = Amount(samples=before.samples, micro_usd=before.spent + before.uncertain)
            result = await work.study(folder / JOURNAL, watch, paid_before=paid).run()
            work.taking.write(folder / COMPONENTS, [entry.architecture for entry in result.contestants])
            result = _with_paid(result, await models.store.totals(folder.name))
            truth = await work.measure_truth(result, watch)
        outcome = conclude(search, benchmark, result, truth, load_estimate(folder))
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
