"""`itas search`, `itas resume`, `itas demo`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from itas.cli.options import (
    AsJson,
    Limit,
    MaxCost,
    MaxSamples,
    Output,
    Quiet,
    Recording,
    SandboxTier,
    Scorer,
    SettingsFile,
    Traced,
    Where,
    Yes,
)
from itas.cli.running import Interrupted, run_async

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from itas.api.searching import Finished
    from itas.cli.searches import SearchProgress

MaxTrials = Annotated[int | None, typer.Option("--max-trials", min=1, help="Cap on trials.")]
MaxSeconds = Annotated[
    float | None,
    typer.Option(
        "--max-seconds",
        min=1,
        help="Begin no trials that would end after so many seconds of this run; the verdict is still made.",
    ),
]

DEMO: dict[str, Any] = {
    "name": "demo",
    "space": "small",
    "on": "itas/word-problems",
    "models": (
        "simulated/atlas-large",
        "simulated/euler-large",
        "simulated/atlas-small",
        "simulated/euler-small",
    ),
    "max_trials": 40,
}


def search(
    what: Annotated[
        str,
        typer.Argument(
            help="Study file (space, on, models, ...), or a space: a shipped one's name or a file."
        ),
    ],
    *,
    on: Annotated[
        list[str] | None,
        typer.Option(
            "--on",
            help="Benchmark: a name from 'itas benchmarks', NAME:FILE, or a JSONL or CSV file of yours; several times "
            "for one architecture that is good on all of them.",
        ),
    ] = None,
    models: Annotated[
        list[str] | None,
        typer.Option("--model", "-m", help="A model to generate with; give it several times."),
    ] = None,
    fusers: Annotated[
        list[str] | None,
        typer.Option("--fuser", help="A model to fuse and judge with; the generators if none is given."),
    ] = None,
    searcher: Annotated[
        str | None,
        typer.Option(
            "--searcher", help="racing (default), front, bayesian or another from 'itas searchers'."
        ),
    ] = None,
    within: Annotated[
        float | None,
        typer.Option(
            "--within",
            min=0,
            max=0.99,
            help="Name the cheapest that is believed to be at most so far below the best: 0.01 is one point.",
        ),
    ] = None,
    cost: Annotated[
        str | None,
        typer.Option("--cost", help="What is cheap for --within: samples (default), usd, tokens or seconds."),
    ] = None,
    under: Annotated[
        float | None,
        typer.Option(
            "--under", min=0, help="Only architectures that take at most so many dollars a question."
        ),
    ] = None,
    aggregate: Annotated[
        str | None,
        typer.Option(
            "--aggregate",
            help="What counts on several benchmarks: standardised (default), mean or worst.",
        ),
    ] = None,
    scorer: Scorer = None,
    limit: Limit = None,
    dev: Annotated[
        int | None, typer.Option("--dev", min=5, help="Problems for development; the others are held out.")
    ] = None,
    held_out: Annotated[
        int | None, typer.Option("--held-out", min=5, help="Most held-out problems for the verdict.")
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Decides every random choice of ours.")] = None,
    max_trials: MaxTrials = None,
    max_samples: MaxSamples = None,
    max_cost: MaxCost = None,
    max_seconds: MaxSeconds = None,
    describe: Annotated[
        bool, typer.Option("--describe", help="Say how large the space is and what it costs, and leave.")
    ] = False,
    output: Output = None,
    settings: SettingsFile = None,
    recording: Recording = None,
    sandbox: SandboxTier = "auto",
    where: Where = None,
    trace: Traced = False,
    yes: Yes = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> int:
    """Search the best architecture for a benchmark and a budget, and prove it on held-out problems."""
    from itas.api.search_spec import make_search
    from itas.api.searching import run_search
    from itas.api.settings import load_settings
    from itas.cli.searches import SearchProgress

    given = {
        "on": tuple(on) if on else None,
        "models": models or None,
        "fusers": fusers or None,
        "searcher": searcher,
        "within": within,
        "cost": cost,
        "under": under,
        "aggregate": aggregate,
        "scorer": scorer,
        "limit": limit,
        "dev": dev,
        "held_out": held_out,
        "seed": seed,
        "max_trials": max_trials,
        "max_samples": max_samples,
        "max_cost_usd": max_cost,
        "max_seconds": max_seconds,
        "recording": recording,
    }
    spec = make_search(_study_data(what, {name: value for name, value in given.items() if value is not None}))
    if describe:
        return _describe(spec, settings, as_json=as_json)
    watch = SearchProgress(spec, quiet=quiet or as_json, ask=not yes)
    work = run_search(
        spec,
        settings=load_settings(settings),
        output=output,
        sandbox=sandbox,
        where=where,
        trace=trace,
        watch=watch,
    )
    return _finish(work, watch, as_json=as_json)


def resume(
    run: Annotated[Path, typer.Argument(help="Run folder of a search or an evaluation.")] = Path(
        "runs/latest"
    ),
    *,
    max_trials: MaxTrials = None,
    max_samples: MaxSamples = None,
    max_cost: MaxCost = None,
    max_seconds: MaxSeconds = None,
    settings: SettingsFile = None,
    sandbox: SandboxTier = "auto",
    where: Where = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> int:
    """Go on with a search or an evaluation that was stopped; nothing that was paid for is paid again."""
    from itas.api.runs import find_run
    from itas.api.search_outcome import KIND, load_search
    from itas.api.searching import resume_search
    from itas.api.settings import load_settings
    from itas.cli.searches import SearchProgress
    from itas.search import Budget

    folder, manifest = find_run(run)
    if manifest.get("kind") == "evaluation":
        return _resume_evaluation(
            folder,
            max_samples,
            max_cost,
            settings=settings,
            sandbox=sandbox,
            where=where,
            as_json=as_json,
            quiet=quiet,
        )
    folder, _ = find_run(run, kind=KIND)
    budget = Budget(
        max_trials=max_trials, max_samples=max_samples, max_cost_usd=max_cost, max_seconds=max_seconds
    )
    search = load_search(folder)
    merged = search.budget.model_copy(update=budget.model_dump(exclude_none=True))
    watch = SearchProgress(search.model_copy(update={"budget": merged}), quiet=quiet or as_json, ask=False)
    work = resume_search(
        folder, settings=load_settings(settings), budget=budget, sandbox=sandbox, where=where, watch=watch
    )
    return _finish(work, watch, as_json=as_json)


def _resume_evaluation(
    folder: Path,
    max_samples: int | None,
    max_cost: float | None,
    *,
    settings: Path | None,
    sandbox: SandboxTier,
    where: str | None,
    as_json: bool,
    quiet: bool,
) -> int:
    from itas.api.opening import Caps
    from itas.api.resuming import resume_evaluation
    from itas.api.settings import load_settings
    from itas.cli.evaluations import EvaluationProgress, print_evaluations

    watch = EvaluationProgress(quiet=quiet or as_json, max_samples=max_samples, max_cost=max_cost, ask=False)
    work = resume_evaluation(
        folder,
        settings=load_settings(settings),
        caps=Caps(max_usd=max_cost, max_samples=max_samples),
        sandbox=sandbox,
        where=where,
        watch=watch,
    )
    return print_evaluations(run_async(work), as_json=as_json)


def demo(*, output: Output = None, quiet: Quiet = False) -> int:
    """The whole way on simulated models: search, verdict, table, report. No key, no network."""
    from itas.api.search_spec import make_search
    from itas.api.searching import run_search
    from itas.api.settings import load_settings
    from itas.cli.searches import SearchProgress

    spec = make_search(DEMO)
    watch = SearchProgress(spec, quiet=quiet, ask=False)
    watch.say("simulated models on generated word problems: no key, no network, nothing is paid")
    return _finish(
        run_search(spec, settings=load_settings(), output=output, watch=watch), watch, as_json=False
    )


def _study_data(what: str, given: dict[str, Any]) -> dict[str, Any]:
    """What the file says, overruled by the arguments; a file with ``layers`` is a space."""
    from itas.api.search_spec import load_study_file
    from itas.errors import SpecError

    data: dict[str, Any] = {"space": what}
    if Path(what).is_file():
        file = load_study_file(Path(what))
        data = {"space": what} if "layers" in file else dict(file)
    data.update(given)
    for name, option in (("on", "--on"), ("models", "--model")):
        if name not in data:
            raise SpecError(f"'{name}' is missing. Give {option}, or a study file that says it", path=what)
    return data


def _describe(spec: Any, settings: Path | None, *, as_json: bool) -> int:
    from itas.api.searching import estimate_search
    from itas.api.settings import load_settings
    from itas.cli.searches import estimate_lines
    from itas.cli.tables import print_json
    from itas.cli.terminal import clean, out

    estimate = run_async(estimate_search(spec, settings=load_settings(settings)))
    if as_json:
        print_json(estimate.model_dump(mode="json"))
    else:
        for line in estimate_lines(estimate, spec, unpriced=()):
            out().print(clean(line))
    return 0


def _finish(work: "Coroutine[Any, Any, Finished]", watch: "SearchProgress", *, as_json: bool) -> int:
    from itas.cli.searches import print_finished
    from itas.cli.tables import print_json
    from itas.cli.terminal import clean, progress
    from itas.errors import BudgetExceeded

    try:
        finished = run_async(work)
    except (Interrupted, BudgetExceeded) as stop:
        if watch.folder is None:
            raise
        again = f"itas resume {watch.folder}"
        said = (
            f"interrupted; nothing that was paid for is lost\ngo on with: {again}"
            if isinstance(stop, Interrupted)
            else "a cap was reached; nothing that was paid for is lost\n"
            f"go on with a higher cap: {again} --max-samples MORE (or --max-cost MORE)"
        )
        progress().print(clean(said), style="yellow")
        return stop.exit_code
    if as_json:
        print_json({"folder": str(finished.folder), **finished.outcome.model_dump(mode="json")})
    else:
        print_finished(finished)
    is_cut = finished.outcome.result.ended == "budget" or not finished.outcome.result.verdict.is_complete
    return BudgetExceeded.exit_code if is_cut else 0
