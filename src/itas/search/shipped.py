"""Spaces in files: the ones that come with the package, and a user's own."""

from importlib.resources import files
from pathlib import Path
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


def load_space(name: str | Path) -> Space:
    """A shipped space by its name, or one from a YAML or JSON file.

    Raises:
        SpecError: No such space, or what is wrong in it, with its place.
    """
    shipped = shipped_spaces()
    if isinstance(name, str) and name in shipped:
        return parse_space(read_shipped_space(name), where=name)
    path = Path(name)
    if path.suffix not in (".yaml", ".yml", ".json"):
        raise SpecError(
            f"no space is named '{name}'. {suggest(str(name), list(shipped))} Or give a .yaml file."
        )
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SpecError(
            "no such file. Give the name of a shipped space or of a file.", path=str(path)
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"cannot be read as text: {error}", path=str(path)) from None
    return parse_space(text, where=str(path))


def read_shipped_space(name: str) -> str:
    """The file of a shipped space, to be copied and changed."""
    return (files("itas.search") / "spaces" / f"{name}.yaml").read_text(encoding="utf-8")


def parse_space(text: str, *, where: str = "") -> Space:
    """Read a space from YAML text.

    Raises:
        SpecError: Not YAML, or what is wrong in it, with its place.
    """
    try:
        data = cast("object", yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise SpecError(f"not YAML: {error}", path=where) from None
    if isinstance(data, dict):
        # Names that start with x- are for anchors and notes.
        fields = cast("dict[object, object]", data)
        data = {key: value for key, value in fields.items() if not str(key).startswith("x-")}
    return Space.parse(data, where=where)
