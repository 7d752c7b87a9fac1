"""`itas lab`."""

from pathlib import Path
from typing import Annotated

import typer

from itas.cli.options import AsJson, Quiet, Seed


def lab(
    searchers: Annotated[
        list[str] | None, typer.Argument(help="Names of searchers; 'racing' and 'random' by default.")
    ] = None,
    *,
    landscape: Annotated[
        list[str] | None,
        typer.Option("--landscape", help="Name; several times for several. All smooth ones."),
    ] = None,
    space: Annotated[str, typer.Option("--space", help="Name from 'itas spaces'.")] = "paper-3192",
    runs: Annotated[
        int, typer.Option("--runs", min=1, help="Runs of each searcher, over all landscapes.")
    ] = 16,
    problems: Annotated[int, typer.Option("--problems", min=8, help="Development problems of a run.")] = 100,
    evaluations: Annotated[
        float, typer.Option("--evaluations", min=1, help="Whole evaluations in a run.")
    ] = 80,
    workers: Annotated[int, typer.Option("--workers", min=1, help="Processes.")] = 2,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File for every run, as JSON lines.")
    ] = None,
    list_: Annotated[bool, typer.Option("--list", help="List the landscapes and leave.")] = False,
    seed: Seed = 0,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Compare searchers on simulated landscapes with known truth: no model, no money, minutes."""
    from dataclasses import asdict

    from itas.api.lab import list_landscapes, run_lab
    from itas.cli.tables import print_json, print_table
    from itas.cli.terminal import progress
    from itas.lab import Course

    if list_:
        rows = [[each.name, each.scoring, each.description] for each in list_landscapes()]
        print_table(["landscape", "scores", "about"], rows, wide=(2,), title="simulated landscapes")
        return

    def tell(course: Course) -> None:
        if not quiet:
            end = course.checkpoints[-1]
            progress().print(
                f"{course.searcher} on {course.landscape}, seed {course.seed}: {end.evaluations:.0f} evaluations, "
                f"{end.paid:,} samples, {100 * end.regret:.1f} points below the best"
            )

    result = run_lab(
        searchers or ["racing", "random"],
        landscapes=landscape or (),
        space=space,
        runs=runs,
        seed=seed,
        problems=problems,
        max_evaluations=evaluations,
        workers=workers,
        output=output,
        done=tell,
    )
    if as_json:
        print_json({"is_simulated": True, "searchers": [asdict(each) for each in result.summaries]})
        return
    counts = sorted({count for each in result.summaries for count in each.regret_at})
    print_table(
        [
            "searcher",
            *[f"regret at {count}" for count in counts],
            "within 1",
            "paid",
            "store saves",
            "belief off by",
        ],
        [
            [
                each.searcher,
                *[
                    f"{each.regret_at[count].mean:.2f} ± {each.regret_at[count].se:.2f}"
                    if count in each.regret_at
                    else ""
                    for count in counts
                ],
                f"{100 * each.within_one:.0f} %",
                f"{each.paid:,.0f}",
                f"{each.saved:.1f} x",
                f"{each.optimism.mean:+.1f}",
            ]
            for each in result.summaries
        ],
        numbers=tuple(range(1, len(counts) + 5)),
        title=f"simulated: points below the true best of {space}, mean of {runs} runs ± standard error, "
        "after whole evaluations",
    )
