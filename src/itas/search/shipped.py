"""The spaces that come with the package. A user's own file is read by `itas.specs`, which trusts nobody."""

from importlib.resources import files
from typing import cast

import yaml

from itas.core.spec import suggest
from itas.errors import SpecError
from itas.search.space import Space


def shipped_spaces() -> tuple[str, ...]:
    """Names of the spaces that come with the package."""
    folder = files("itas.search") / "spaces"
    return tuple(
        sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml"))
    )


def load_space(name: str) -> Space:
    """A shipped space by its name.

    Raises:
        SpecError: There is none of that name.
    """
    shipped = shipped_spaces()
    if name not in shipped:
        raise SpecError(f"no space is named '{name}'. {suggest(name, list(shipped))} Or give a .yaml file.")
    return Space.parse(cast("object", yaml.safe_load(read_shipped_space(name))), where=name)


def read_shipped_space(name: str) -> str:
    """The file of a shipped space, to be copied and changed."""
    return (files("itas.search") / "spaces" / f"{name}.yaml").read_text(encoding="utf-8")
