"""The official figures of a judged benchmark, and how its judge behaved, in the terminal."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pydantic import JsonValue

from itas.cli.tables import print_table
from itas.cli.terminal import clean, out

if TYPE_CHECKING:
    from itas.evaluation.records import Summary


def print_figures(summaries: "Sequence[Summary]") -> None:
    """A column per architecture; nothing where the benchmark has no figures of its own."""
    names = list(dict.fromkeys(name for each in summaries for name in each.figures))
    shown = [(name, [_words(each.figures.get(name)) for each in summaries]) for name in names]
    rows = [[name.replace("_", " "), *words] for name, words in shown if any(words)]
    if not rows:
        return
    out().print()
    print_table(["official figures", *(each.architecture for each in summaries)], rows)
    for each in summaries:
        related = each.figures.get("family_overlap")
        if isinstance(related, list) and related:
            names_of = ", ".join(map(str, related))
            out().print(
                clean(f"{each.architecture}: the judge is a relative of {names_of} and may favour it")
            )


def _words(value: JsonValue) -> str:
    """One value in a cell; groups have a table of their own in summary.json."""
    if isinstance(value, bool | str):
        return str(value)
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.3f}"
    if isinstance(value, list) and len(value) == 2 and all(isinstance(each, float) for each in value):
        return " to ".join(f"{each:.3f}" for each in value if isinstance(each, float))
    return ""
