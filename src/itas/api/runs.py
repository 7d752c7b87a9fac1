"""Run folders: one per command that produces something, never overwritten, readable by people.

``runs/20261124-091500-name-3f9a/`` holds ``manifest.json`` (what ran, with which versions and seeds) and
the files of the command. ``runs/latest`` points to the newest one.
"""

import json
import os
import platform
import re
import secrets
import sys
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from itas.errors import DataError, SpecError
from itas.models.keys import redact

MANIFEST = "manifest.json"
_PACKAGES = ("itas", "aiohttp", "genai-prices", "numpy", "pydantic")


def create_run(parent: Path, kind: str, name: str, about: Mapping[str, Any]) -> Path:
    """Make a new run folder with its manifest and point ``latest`` to it.

    Args:
        parent: Folder of all runs; made if it is missing.
        kind: Which command: ``search``, ``evaluation``.
        name: For people; anything outside letters, digits, ``.``, ``_``, ``-`` becomes ``-``.
        about: What the manifest also says: specs, seeds, arguments.

    Raises:
        DataError: The folder cannot be written.
    """
    now = datetime.now(UTC)
    label = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[:40] or kind
    folder = parent / f"{now:%Y%m%d-%H%M%S}-{label}-{secrets.token_hex(2)}"
    try:
        folder.mkdir(parents=True)
        write_json(folder / MANIFEST, {"kind": kind, "name": name, **about, **_environment(now)})
    except OSError as error:
        raise DataError(f"{folder}: a run folder cannot be written ({error.strerror})") from None
    _point_latest(parent, folder)
    return folder


def find_run(path: Path, *, kind: str | None = None) -> tuple[Path, dict[str, Any]]:
    """A run folder and its manifest. `path` may be the folder or any file in it.

    Raises:
        SpecError: There is no run, or it is of another kind.
    """
    folder = path if path.is_dir() else path.parent
    manifest = folder / MANIFEST
    if not manifest.is_file():
        raise SpecError(
            f"{path}: not a run folder (no {MANIFEST} in it). Runs are in 'runs/', newest 'runs/latest'"
        )
    try:
        found = json.loads(manifest.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{manifest}: unreadable ({error})") from None
    if not isinstance(found, dict):
        raise DataError(f"{manifest}: expected an object")
    data: dict[str, Any] = {str(key): value for key, value in found.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if kind is not None and data.get("kind") != kind:
        raise SpecError(f"{path}: expected a run of kind '{kind}', found '{data.get('kind')}'")
    return folder.resolve(), data


def note_sandbox(folder: Path, tier: str) -> None:
    """Write into the manifest behind which walls code of candidates is run. Of several sittings of one run ``none``
    stays: some of its results came from code that ran without walls.

    Raises:
        DataError: It cannot be read or written.
    """
    _, manifest = find_run(folder)
    if manifest.get("sandbox") not in (tier, "none"):
        write_json(folder / MANIFEST, {**manifest, "sandbox": tier})


def write_json(path: Path, data: object) -> None:
    """Write a file so that it is either the old one or the new one, whatever happens in between.

    Raises:
        DataError: It cannot be written.
    """
    write_text(path, json_text(data, indent=2) + "\n")


def json_text(data: object, *, indent: int | None = None) -> str:
    """JSON that is always valid UTF-8: text with lone surrogates is written in escapes."""
    text = json.dumps(data, indent=indent, ensure_ascii=False, allow_nan=False)
    if _is_utf8(text):
        return text
    return json.dumps(data, indent=indent, ensure_ascii=True, allow_nan=False)


def write_text(path: Path, text: str) -> None:
    """Like `write_json`, for text."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("w", encoding="utf-8", errors="backslashreplace") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except OSError as error:
        raise DataError(f"{path}: cannot be written ({error.strerror})") from None


def check_writable(path: Path) -> None:
    """Find out before anything is paid for that a file cannot be written.

    Raises:
        SpecError: Its folder is missing or refuses, or it is a folder itself.
    """
    folder = path.parent
    if path.is_dir() or not folder.is_dir() or not os.access(folder, os.W_OK):
        raise SpecError("a file cannot be written there; make the folder first", path=str(path))


def _is_utf8(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _environment(now: datetime) -> dict[str, Any]:
    return {
        "created": now.isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "versions": {package: _version(package) for package in _PACKAGES},
        "command": [Path(sys.argv[0]).name, *(redact(argument) for argument in sys.argv[1:])],
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"


def _point_latest(parent: Path, folder: Path) -> None:
    link = parent / "latest"
    temporary = parent / f".latest-{os.getpid()}"
    with suppress(OSError):  # a convenience: file systems without links do without
        temporary.symlink_to(folder.name)
        temporary.replace(link)
