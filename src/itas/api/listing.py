"""What there is by name: components, searchers and presets, those from outside marked as such."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from itas.core.component import Annotator, Component, Preparer, Producer, Selector, component_registry
from itas.core.extension import Registry, is_plugged, place_of
from itas.search.searchers import searcher_registry
from itas.specs import list_presets  # brings the component types

C = TypeVar("C")

_FAMILIES = ((Preparer, "preparer"), (Producer, "producer"), (Selector, "selector"), (Annotator, "annotator"))


@dataclass(frozen=True, slots=True)
class NamedLine:
    """One thing that can be named in a description.

    Attributes:
        name: As it is written.
        kind: The family of a component, the roles of a preset; empty for searchers.
        plugged: File and line where it comes from outside; empty for what comes with the program.
        about: One sentence.
    """

    name: str
    kind: str
    plugged: str
    about: str


def list_components() -> tuple[NamedLine, ...]:
    """Every component type; imports the installed packages that announce some."""
    return _lines(component_registry, family_of)


def list_searchers() -> tuple[NamedLine, ...]:
    """Every searcher; imports the installed packages that announce some."""
    return _lines(searcher_registry, lambda cls: "")


def list_named_presets() -> tuple[NamedLine, ...]:
    """Every preset with its roles."""
    return tuple(
        NamedLine(preset.name, ", ".join(preset.roles), "", preset.description) for preset in list_presets()
    )


def family_of(cls: type[Component]) -> str:
    """What kind of thing a component returns."""
    return next((name for family, name in _FAMILIES if issubclass(cls, family)), "none")


def _lines(registry: Registry[type[C]], kind_of: Callable[[type[C]], str]) -> tuple[NamedLine, ...]:
    registry.load_all()
    return tuple(
        NamedLine(
            name=name,
            kind=kind_of(cls),
            plugged=place_of(cls) if is_plugged(cls) else "",
            about=(inspect.getdoc(cls) or "").partition("\n")[0],
        )
        for name, cls in registry.known().items()
    )
