"""Plugin files: Python files of the user that register components, models, benchmarks and searchers.

A file runs with all rights of the program, as every import does; only files that the user names are run. What
was loaded is recorded with a run (name and SHA-256), so that a resumed run cannot go on with something else.
Installed packages need no file: see `core/extension.py`.
"""

import hashlib
import sys
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from itas.core.extension import Blaming, Package, registries
from itas.errors import DataError, SpecError


@dataclass(frozen=True, slots=True)
class Plugin:
    """A file that was loaded.

    Attributes:
        path: Absolute.
        sha256: Of its bytes when it was loaded, 64 hexadecimal digits.
        defines: What it registered, as kind and name.
    """

    path: Path
    sha256: str
    defines: tuple[tuple[str, str], ...]


_loaded: dict[Path, Plugin] = {}


def load_plugins(paths: Iterable[Path | str]) -> None:
    """Load each file; one that was loaded before is not run again."""
    for path in paths:
        load_plugin(path)


def load_plugin(path: Path | str) -> Plugin:
    """Run a plugin file, once per process.

    Raises:
        SpecError: No such file, it fails, it registers nothing, a name is taken, or it has changed since it
            was loaded. The message names file and line.
    """
    file = Path(path).absolute()
    try:
        data = file.read_bytes()
    except OSError as error:
        raise SpecError(f"the plugin cannot be read: {error.strerror}", path=str(path)) from None
    sha256 = hashlib.sha256(data).hexdigest()
    known = _loaded.get(file)
    if known is not None:
        if known.sha256 != sha256:
            raise SpecError("the plugin has changed since it was loaded. Start anew", path=str(path))
        return known
    if file.suffix != ".py":
        raise SpecError("a plugin is a Python file (.py)", path=str(path))
    _import_ours()
    restores = [registry.snapshot() for registry in registries()]
    before = _names()
    try:
        _run(file, sha256)
        defines = tuple(sorted(_names() - before))
        if not defines:
            raise SpecError(
                "the plugin registers nothing: no component, model, benchmark or searcher", path=str(path)
            )
    except SpecError:
        sys.modules.pop(_module_name(file, sha256), None)
        for restore in restores:
            restore()
        raise
    _loaded[file] = plugin = Plugin(file, sha256, defines)
    return plugin


def loaded_plugins() -> tuple[Plugin, ...]:
    """Every file that was loaded, in order."""
    return tuple(_loaded.values())


def loaded_packages() -> tuple[Package, ...]:
    """Every installed package that something was loaded from, by name."""
    found = {package for registry in registries() for package in registry.packages.values()}
    return tuple(sorted(found, key=lambda package: package.name))


def record_plugins() -> list[dict[str, str]]:
    """What was plugged in so far, to be written down with a run."""
    return [
        *({"file": str(plugin.path), "sha256": plugin.sha256} for plugin in loaded_plugins()),
        *({"package": package.name, "version": package.version} for package in loaded_packages()),
    ]


def check_plugins(recorded: Iterable[Mapping[str, str]], *, where: str, only_read: bool = False) -> None:
    """Refuse to go on with a run unless what it was begun with is plugged in, unchanged.

    Nothing is loaded: a run folder may come from somebody else, and must not be able to have a file run.

    Args:
        recorded: From `record_plugins`.
        where: The run, for messages.
        only_read: The run is only looked at: a changed plugin will do.

    Raises:
        SpecError: A plugin is not loaded, or a package not installed.
        DataError: It has changed.
    """
    for entry in recorded:
        if "package" in entry:
            _check_package(entry, where)
            continue
        file, sha256 = Path(entry["file"]), entry["sha256"]
        if any(plugin.sha256 == sha256 for plugin in loaded_plugins()):
            continue
        changed = [plugin for plugin in loaded_plugins() if plugin.path.name == file.name]
        if not changed:
            raise SpecError(f"it was begun with a plugin. Name it: --plugin {file}", path=where)
        if not only_read:
            raise DataError(
                f"{where}: the plugin {changed[0].path} has changed since it was begun (SHA-256 "
                f"{changed[0].sha256[:12]}, was {sha256[:12]}). Bring it back as it was, or begin a new run"
            )


@contextmanager
def plugins_forgotten() -> Generator[None]:
    """What is plugged in inside of the block is forgotten at its end. For tests."""
    files = dict(_loaded)
    restores: list[Callable[[], None]] = [registry.snapshot() for registry in registries()]
    try:
        yield
    finally:
        for plugin in _loaded.values():
            if plugin.path not in files:
                sys.modules.pop(_module_name(plugin.path, plugin.sha256), None)
        _loaded.clear()
        _loaded.update(files)
        for restore in restores:
            restore()


def _run(file: Path, sha256: str) -> None:
    name = _module_name(file, sha256)
    spec = spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module: Any = module_from_spec(spec)
    sys.modules[name] = module  # pydantic looks types up there
    with Blaming(str(file), file=str(file)):
        spec.loader.exec_module(module)


def _module_name(file: Path, sha256: str) -> str:
    return f"itas_plugin_{file.stem}_{sha256[:8]}"


def _import_ours() -> None:
    """What comes with the program is registered first, so that it is the plugin that clashes."""
    for module in ("benchmarks.registry", "components", "models.plugged", "search.searchers"):
        import_module(f"itas.{module}")


def _names() -> set[tuple[str, str]]:
    return {(registry.kind, name) for registry in registries() for name in registry.known()}


def _check_package(entry: Mapping[str, str], where: str) -> None:
    from importlib.metadata import PackageNotFoundError, version

    try:
        found = version(entry["package"])
    except PackageNotFoundError:
        found = "none"
    if found != entry["version"]:
        raise DataError(
            f"{where}: it was begun with {entry['package']} {entry['version']}, found {found}. "
            "Install that version, or begin a new run"
        )
