"""`itas components`, `itas searchers`, `itas presets`: what can be named in a description."""

from typing import TYPE_CHECKING, Annotated

import typer

from itas.cli.options import AsJson, PresetModels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from itas.api.listing import NamedLine


def components(*, as_json: AsJson = False) -> None:
    """List the component types, yours included."""
    from itas.api.listing import list_components

    _print(list_components(), ["component", "family"], as_json=as_json)


def searchers(*, as_json: AsJson = False) -> None:
    """List the searchers, yours included."""
    from itas.api.listing import list_searchers

    _print(list_searchers(), ["searcher"], as_json=as_json)


def presets(
    name: Annotated[
        str | None, typer.Argument(help="Print the file of this preset, to be read, or copied and changed.")
    ] = None,
    *,
    models: PresetModels = None,
    as_json: AsJson = False,
) -> None:
    """List the named architectures of the literature, or print one: with roles, or with your models in their place."""
    from itas.api.listing import list_named_presets
    from itas.specs import fill_preset, find_preset, read_preset

    if name is not None:
        find_preset(name)  # an unknown name is refused with the nearest
        typer.echo(fill_preset(name, models) if models else read_preset(name), nl=False)
        return
    _print(list_named_presets(), ["preset", "roles"], as_json=as_json)


def _print(lines: "Sequence[NamedLine]", titles: list[str], *, as_json: bool) -> None:
    from dataclasses import asdict

    from itas.cli.tables import print_json, print_table
    from itas.cli.terminal import clean

    if as_json:
        print_json([asdict(line) for line in lines])
        return
    rows = [
        [
            *[line.name, line.kind][: len(titles)],
            clean(f"plugged in: {line.plugged}. {line.about}" if line.plugged else line.about),
        ]
        for line in lines
    ]
    print_table([*titles, "about"], rows, wide=(len(titles),))
