"""Tables and JSON on stdout."""

import json
from collections.abc import Sequence

from itas.cli.terminal import clean, out


def print_json(data: object) -> None:
    """One JSON value, without colour."""
    console = out()
    console.file.write(json.dumps(data, indent=2, ensure_ascii=True, allow_nan=False) + "\n")


def print_table(
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    numbers: Sequence[int] = (),
    title: str | None = None,
    wide: Sequence[int] = (0,),
) -> None:
    """A table for people.

    Args:
        heads: Names of the columns; foreign text is cleaned here, as in rows and title.
        rows: One text per column; foreign text is cleaned here.
        numbers: Columns that are set flush right.
        title: Above the table.
        wide: Columns whose text may be broken over lines; the others stay whole.
    """
    from rich.table import Table
    from rich.text import Text

    table = Table(
        title=None if title is None else Text(clean(title)),
        title_justify="left",
        title_style="bold",
        box=None,
        pad_edge=False,
        padding=(0, 2, 0, 0),
    )
    for index, head in enumerate(heads):
        table.add_column(
            Text(clean(head)),
            justify="right" if index in numbers else "left",
            no_wrap=index not in wide,
            overflow="fold",
            header_style="dim",
        )
    for row in rows:
        table.add_row(*(Text(clean(cell)) for cell in row))
    out().print(table)
