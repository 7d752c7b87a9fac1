"""`itas ablate`."""

from pathlib import Path
from typing import Annotated

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
    Seed,
    SettingsFile,
    Yes,
)
from itas.cli.running import run_async


def ablate(
    what: Annotated[
        str,
        typer.Argument(help="Run folder of a search, whose winner is taken apart; or an architecture file."),
    ],
    *,
    on: Annotated[
        str | None, typer.Option("--on", help="Benchmark for an architecture; a search has its own.")
    ] = None,
    scorer: Scorer = None,
    limit: Limit = None,
    seed: Seed = 0,
    max_cost: MaxCost = None,
    max_samples: MaxSamples = None,
    output: Output = None,
    recording: Recording = None,
    sandbox: SandboxTier = "auto",
    settings: SettingsFile = None,
    yes: Yes = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> int:
    """Leave out each part of an architecture in turn: what it adds, and for which share of the price."""
    from itas.api.ablating import ablate_architecture, ablate_winner
    from itas.api.answering import find_architecture
    from itas.api.opening import Caps
    from itas.api.settings import load_settings
    from itas.cli.ablations import print_ablation
    from itas.cli.evaluations import EvaluationProgress
    from itas.cli.tables import print_json
    from itas.cli.terminal import clean, out
    from itas.errors import SpecError

    watch = EvaluationProgress(
        quiet=quiet or as_json, max_samples=max_samples, max_cost=max_cost, ask=not yes
    )
    caps = Caps(max_usd=max_cost, max_samples=max_samples)
    loaded = load_settings(settings)
    if Path(what).is_dir():
        if on is not None or limit is not None:
            raise SpecError("a search is ablated on its own held-out problems, without --on and --limit")
        work = ablate_winner(Path(what), settings=loaded, caps=caps, sandbox=sandbox, watch=watch)
    elif on is None:
        raise SpecError("'on' is missing. Give --on, or the run folder of a search", path=what)
    else:
        work = ablate_architecture(
            find_architecture(what),
            on=on,
            scorer=scorer,
            limit=limit,
            seed=seed,
            output=output,
            settings=loaded,
            recording=recording,
            caps=caps,
            sandbox=sandbox,
            watch=watch,
        )
    done = run_async(work)
    if as_json:
        print_json({"folder": str(done.folder), **done.report.model_dump(mode="json")})
    else:
        print_ablation(done.report)
        out().print(f"in {clean(str(done.folder))}")
    return 0 if done.report.is_complete else 3
