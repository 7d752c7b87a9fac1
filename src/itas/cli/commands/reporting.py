"""`itas report`, `itas export`."""

from pathlib import Path
from typing import Annotated

import typer

TraceOrRun = Annotated[
    Path, typer.Argument(help="Run folder of a search or an evaluation, or the trace of an answer.")
]


def report(
    run: TraceOrRun = Path("runs/latest"),
    *,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="The page; by default report.html in the run, or beside the trace."
        ),
    ] = None,
    figures: Annotated[
        Path | None,
        typer.Option(
            "--figures", help="Write every chart as PNG and SVG into this folder instead of a page."
        ),
    ] = None,
    answer: Annotated[
        int | None, typer.Option("--answer", min=0, help="Number of the answer, in a trace of several.")
    ] = None,
    problem: Annotated[
        str | None,
        typer.Option(
            "--problem",
            help="Id of a problem: the page of how it was answered, of a run that was made with --trace.",
        ),
    ] = None,
    against: Annotated[
        list[Path] | None,
        typer.Option(
            "--against",
            help="Of a search on several benchmarks: shows the gap to this search on one of them; several times.",
        ),
    ] = None,
) -> None:
    """Write the page of a search, an evaluation or the trace of an answer; or its charts as figures."""
    from itas.api.reporting import write_report, write_run_figures
    from itas.cli.terminal import clean, out
    from itas.errors import SpecError

    if figures is None:
        path = write_report(run, output=output, answer=answer, problem=problem, against=against or ())
        out().print(clean(str(path)))
        return
    if problem is not None:
        raise SpecError("figures are of a run or a trace, not of one problem", path="--figures")
    if output is not None:
        raise SpecError("give --output for a page or --figures for a folder, not both", path="--figures")
    for path in write_run_figures(run, figures, answer=answer, against=against or ()):
        out().print(clean(str(path)))


def export(
    run: Annotated[Path, typer.Argument(help="Run folder of a search or an evaluation.")] = Path(
        "runs/latest"
    ),
    *,
    csv: Annotated[Path | None, typer.Option("--csv", help="Write a CSV file; '-' for stdout.")] = None,
    parquet: Annotated[
        Path | None, typer.Option("--parquet", help="Write a Parquet file (extra: itas[parquet]).")
    ] = None,
    table: Annotated[
        str | None,
        typer.Option(
            "--table",
            help="problems or components of an evaluation; contestants or trials of a search. The first if left out.",
        ),
    ] = None,
    optuna: Annotated[
        Path | None,
        typer.Option(
            "--optuna",
            help="Of a search instead its trials for optuna-dashboard: a new SQLite file, or Optuna's journal where it "
            "ends in .log (extra: itas[optuna]).",
        ),
    ] = None,
) -> None:
    """Write what a run found as a flat table: a row for every problem, component or trial."""
    from itas.cli.terminal import clean, out

    if optuna is not None:
        _export_optuna(run, optuna, others=(csv, parquet, table))
        return
    from itas.api.exporting import export_run

    for path in export_run(run, csv=csv, parquet=parquet, table=table, stdout=typer.echo):
        out().print(clean(str(path)))


def _export_optuna(run: Path, target: Path, *, others: tuple[object, ...]) -> None:
    from itas.api.dashboard import export_optuna
    from itas.cli.terminal import clean, out
    from itas.errors import SpecError

    if any(other is not None for other in others):
        raise SpecError("give --optuna alone, or a table", path="--optuna")
    count = export_optuna(run, target)
    out().print(clean(f"{count} trials in {target}. Look at them with: optuna-dashboard {target}"))
