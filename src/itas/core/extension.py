"""What comes from outside of the package: registries by name, which know the entry points of installed packages.

A plugin registers what it defines when it is imported. A package is imported only when somebody uses a name that
nobody here knows and that the package announces under the same name in the group of entry points, or when
everything is listed. So nothing of a stranger runs for those who do not ask for it.
"""

import inspect
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from itas.errors import SpecError

T = TypeVar("T")

_OURS = str(Path(__file__).parents[1])
_registries: list["Registry[Any]"] = []


@dataclass(frozen=True, slots=True)
class Package:
    """An installed package from which something was loaded."""

    name: str
    version: str


class Registry(Generic[T]):
    """Classes or functions by name.

    Args:
        kind: What they are, in one word for messages.
        group: The group of entry points, whose names are the names here.
    """

    def __init__(self, kind: str, group: str) -> None:
        self.kind = kind
        self.group = group
        self._things: dict[str, T] = {}
        self._packages: dict[str, Package] = {}
        _registries.append(self)

    def add(self, name: str, thing: T) -> None:
        """Register something; the same definition may come again (a module that is loaded anew).

        Raises:
            SpecError: Something else has this name; both places are named.
        """
        known = self._things.get(name)
        if known is not None and _identity(known) != _identity(thing):
            raise SpecError(
                f"{self.kind} '{name}' is defined twice: {place_of(thing)} and {place_of(known)}. "
                "Give the new one another name"
            )
        self._things[name] = thing

    def find(self, name: str) -> T | None:
        """What has this name; an installed package that announces it is imported.

        Raises:
            SpecError: The package announces it and does not define it, or it cannot be imported.
        """
        if name not in self._things:
            for entry in entry_points(group=self.group, name=name):
                self._load(entry)
        return self._things.get(name)

    def load_all(self) -> None:
        """Import every installed package that announces something, for a listing.

        Raises:
            SpecError: As `find`.
        """
        for entry in entry_points(group=self.group):
            if entry.name not in self._packages:
                self._load(entry)

    def known(self) -> dict[str, T]:
        """Everything that was registered, by name."""
        return dict(sorted(self._things.items()))

    def announced(self) -> tuple[str, ...]:
        """Names of what is registered and of what installed packages announce; imports nothing."""
        return tuple(sorted({*self._things, *(entry.name for entry in entry_points(group=self.group))}))

    def plugged(self) -> dict[str, T]:
        """Of what was registered, that which does not come with this package."""
        return {name: thing for name, thing in self.known().items() if is_plugged(thing)}

    @property
    def packages(self) -> dict[str, Package]:
        """Where the names come from that an installed package announced, as far as they were loaded."""
        return dict(self._packages)

    def snapshot(self) -> Callable[[], None]:
        """A function that forgets everything plugged in since. What comes with this package stays: its modules
        register when they are first imported, and only then."""
        things, packages = dict(self._things), dict(self._packages)

        def restore() -> None:
            ours = {name: thing for name, thing in self._things.items() if not is_plugged(thing)}
            self._things, self._packages = {**ours, **things}, packages

        return restore

    def _load(self, entry: EntryPoint) -> None:
        package = Package(*_distribution(entry))
        before = self._things.get(entry.name)
        with Blaming(f"package {package.name} {package.version}, entry point '{entry.name}'"):
            entry.load()
        found = self._things.get(entry.name)
        if found is None or found is before:
            raise SpecError(
                f"package {package.name} {package.version} announces {self.kind} '{entry.name}' ({entry.value}) and "
                + ("does not define it" if found is None else f"it is taken: {place_of(found)}")
            )
        self._packages[entry.name] = package


class Blaming:
    """Turns whatever goes wrong while a plugin is imported into a SpecError with its file and line.

    A plugin may fail in any way, so here, and only here, the kind of an error does not matter; it is never
    passed over: it is raised again with its cause.
    """

    def __init__(self, what: str, *, file: str = "") -> None:
        self._what = what
        self._file = file

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, Exception | SystemExit):
            said = str(error).partition("\n")[0].rstrip(".")
            name = "" if isinstance(error, SpecError) else f"{type(error).__name__}: "
            raise SpecError(f"cannot be loaded: {name}{said}", path=self._place(error)) from error

    def _place(self, error: BaseException) -> str:
        if isinstance(error, SyntaxError) and error.filename:
            return f"{error.filename}:{error.lineno}"
        frames = [
            frame
            for frame in traceback.extract_tb(error.__traceback__)
            if "importlib" not in frame.filename and not frame.filename.startswith(_OURS)
        ]
        file = self._file or (frames[0].filename if frames else "")
        lines = [frame.lineno for frame in frames if frame.filename == file]
        return f"{file}:{lines[-1]}" if lines else file or self._what


def registries() -> tuple[Registry[Any], ...]:
    """Every registry, so that all that was plugged in can be told."""
    return tuple(_registries)


def is_plugged(thing: object) -> bool:
    """Whether something is defined outside of this package."""
    module = str(getattr(thing, "__module__", ""))
    return module != "itas" and not module.startswith("itas.")


def place_of(thing: object) -> str:
    """File and line of a definition, as far as they can be found."""
    try:
        file = inspect.getsourcefile(thing)  # pyright: ignore[reportArgumentType]
        line = inspect.getsourcelines(thing)[1]  # pyright: ignore[reportArgumentType]
    except (OSError, TypeError):
        return str(getattr(thing, "__module__", "somewhere"))
    return f"{file}:{line}"


def _identity(thing: object) -> tuple[object, object]:
    return (getattr(thing, "__module__", None), getattr(thing, "__qualname__", id(thing)))


def _distribution(entry: EntryPoint) -> tuple[str, str]:
    found = entry.dist
    return ("unknown", "") if found is None else (found.name, found.version)
