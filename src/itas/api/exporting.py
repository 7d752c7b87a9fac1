"""What a run found as a flat table, in a file for spreadsheets or for data tools."""

from collections.abc import Callable
from pathlib import Path

from itas.api import evaluation_folder
from itas.api.evaluated import load_evaluated
from itas.api.runs import find_run, write_text
from itas.api.search_outcome import load_outcome
from itas.errors import SpecError
from itas.report.export import (
    Table,
    tabulate_components,
    tabulate_contestants,
    tabulate_problems,
    tabulate_trials,
    to_csv,
    write_parquet,
)


def export_run(
    run: Path,
    *,
    csv: Path | None = None,
    parquet: Path | None = None,
    table: str | None = None,
    stdout: Callable[[str], object] = lambda text: None,
) -> tuple[Path, ...]:
    """Write the table of a run, and give the paths.

    Args:
        run: Folder of a search or an evaluation.
        csv: A file; ``-`` hands the text to `stdout`.
        parquet: A file.
        table: ``problems`` (default) or ``components`` of an evaluation, ``contestants`` (default) or ``trials`` of
            a search.
        stdout: Gets the text where `csv` is ``-``.

    Raises:
        SpecError: Not a run, no such table, or no file is named.
        DataError: A file of the run is damaged, or one cannot be written.
        Error: The package of the extra ``parquet`` is missing.
    """
    if csv is None and parquet is None:
        raise SpecError("name a file: --csv FILE, --parquet FILE, or both")
    found = load_table(run, table)
    written: list[Path] = []
    if csv is not None and str(csv) == "-":
        stdout(to_csv(found).rstrip("\n"))
    elif csv is not None:
        write_text(csv, to_csv(found))
        written.append(csv)
    if parquet is not None:
        write_parquet(found, parquet)
        written.append(parquet)
    return tuple(written)


def load_table(run: Path, table: str | None = None) -> Table:
    """A table of a run; see `export_run`.

    Raises:
        SpecError, DataError: See `export_run`.
    """
    folder, manifest = find_run(run)
    if manifest.get("kind") == evaluation_folder.KIND:
        contestants = load_evaluated(folder).contestants
        made = {
            "problems": lambda: tabulate_problems(contestants),
            "components": lambda: tabulate_components(contestants),
        }
    else:
        result = load_outcome(folder).result
        made = {
            "contestants": lambda: tabulate_contestants(result),
            "trials": lambda: tabulate_trials(result),
        }
    name = table or next(iter(made))
    if name not in made:
        raise SpecError(f"unknown table '{name}'. Known here: {', '.join(made)}", path="--table")
    return made[name]()
