"""Fetch the public files of benchmarks, once, into a folder of the user's; only when asked to.

A file is written beside its place and moved there in one step, so a half file is never taken for a whole one;
what a broken connection left is continued where the server can. A known SHA-256 must match, or the file is
refused and deleted. Where none is known it is recorded at the first fetch (in ``fetched.json`` beside the
files), said to be so, and must match from then on.
"""

import hashlib
import json
import os
import tarfile
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from itas.errors import DataError, SpecError

RECORD = "fetched.json"
_PIECE = 1 << 18
_TIMEOUT_S = 60.0
_TRIES = 3

Progress = Callable[[str, int, int | None], None]
"""Told the name of the file, bytes so far, and bytes in all where known."""


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A public file.

    Attributes:
        name: Below the benchmark's folder, perhaps in a folder of its own there.
        url: Where it is.
        sha256: 64 hexadecimal digits; None where it could not be verified beforehand.
        unpack: For a tar file, the folder in it that is the data; empty if the file itself is.
    """

    name: str
    url: str
    sha256: str | None = None
    unpack: str = ""

    @property
    def data(self) -> str:
        """Name of the file or folder that is read."""
        return self.unpack.rpartition("/")[2] or self.name


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file that is here.

    Attributes:
        path: Where.
        sha256: Of its content.
        is_first: The hash was not known before: it was recorded now and is trusted from now on.
        was_here: Nothing was fetched.
    """

    path: Path
    sha256: str
    is_first: bool
    was_here: bool


def data_folder(environ: Mapping[str, str] | None = None) -> Path:
    """Where fetched data lies: ``$XDG_CACHE_HOME/itas`` or ``~/.cache/itas``."""
    environ = os.environ if environ is None else environ
    base = environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "itas"


def find_fetched(benchmark: str, file: RemoteFile, *, folder: Path | None = None) -> Path | None:
    """The file if it was fetched whole; nothing is sent."""
    path = (folder or data_folder()) / benchmark / file.data
    return path if path.exists() else None


def fetch(
    benchmark: str, file: RemoteFile, *, folder: Path | None = None, progress: Progress | None = None
) -> Fetched:
    """Fetch a file unless it is here.

    Args:
        benchmark: Names the folder below `folder`.
        file: What.
        folder: Of all fetched data; `data_folder` if None.
        progress: Told how far it is.

    Raises:
        DataError: The server did not answer, or the content is not what it should be.
        SpecError: Not an address of http or https.
    """
    if not file.url.startswith(("https://", "http://")):
        raise SpecError(f"only http and https are fetched, found {file.url!r}")
    place = (folder or data_folder()) / benchmark
    path = place / file.name
    known = file.sha256 or _recorded(place).get(file.name)
    if path.is_file():
        found = _hash(path)
        _check(path, found, known, cure=f"Delete {path} to fetch it again.")
        return Fetched(_unpacked(path, file), found, is_first=False, was_here=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    _download(file, part, progress)
    found = _hash(part)
    try:
        _check(path, found, known, cure=f"It came from {file.url}; nothing was kept.")
    except DataError:
        part.unlink()
        raise
    part.replace(path)
    if known is None:
        _record(place, file.name, found)
    return Fetched(_unpacked(path, file), found, is_first=known is None, was_here=False)


def _unpacked(path: Path, file: RemoteFile) -> Path:
    """The data itself: unpacked beside its place and moved there in one step; links and odd paths are refused."""
    if not file.unpack:
        return path
    target = path.with_name(file.data)
    if target.is_dir():
        return target
    with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
        try:
            with tarfile.open(path) as archive:
                inside = [each for each in archive.getmembers() if each.name.startswith(f"{file.unpack}/")]
                archive.extractall(scratch, members=inside, filter="data")
        except (tarfile.TarError, EOFError) as error:
            raise DataError(f"{path}: cannot be unpacked: {error}") from None
        if not inside:
            raise DataError(f"{path}: has no folder {file.unpack}")
        (Path(scratch) / file.unpack).replace(target)
    return target


def _download(file: RemoteFile, part: Path, progress: Progress | None) -> None:
    for attempt in range(1, _TRIES + 1):
        try:
            _download_once(file, part, progress)
            return
        except urllib.error.HTTPError as error:
            with error:
                if error.code == 416 and part.is_file():  # what is there is no beginning of the file
                    part.unlink()
                    continue
                raise DataError(f"{file.url}: the server said {error.code} {error.reason}") from None
        except (OSError, urllib.error.URLError) as error:
            if attempt == _TRIES:
                reason = getattr(error, "reason", error)
                raise DataError(
                    f"{file.url}: cannot be fetched: {reason}. What came is kept; the next try continues there."
                ) from None
    raise DataError(f"{file.url}: the server refuses to continue the file")


def _download_once(file: RemoteFile, part: Path, progress: Progress | None) -> None:
    have = part.stat().st_size if part.is_file() else 0
    request = urllib.request.Request(file.url, headers={"User-Agent": "itas"})
    if have:
        request.add_header("Range", f"bytes={have}-")
    with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as response:
        if response.status != 206:
            have = 0
        length = response.headers.get("Content-Length")
        total = have + int(length) if length and length.isdigit() else None
        with part.open("ab" if have else "wb") as out:
            done = _copy(response, out, have, lambda done: progress and progress(file.name, done, total))
    if total is not None and done < total:
        raise OSError(f"the connection ended after {done:,} of {total:,} bytes")


def _copy(source: IO[bytes], out: IO[bytes], done: int, tell: Callable[[int], object]) -> int:
    while piece := source.read(_PIECE):
        out.write(piece)
        done += len(piece)
        tell(done)
    out.flush()
    os.fsync(out.fileno())
    return done


def _check(path: Path, found: str, known: str | None, *, cure: str) -> None:
    if known is not None and found != known:
        raise DataError(f"{path}: the content must have SHA-256 {known}, found {found}. {cure}")


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _recorded(place: Path) -> dict[str, str]:
    path = place / RECORD
    if not path.is_file():
        return {}
    try:
        data: Any = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        raise DataError(f"{path}: not JSON; delete it, and what was fetched is trusted anew") from None
    return {str(name): str(value) for name, value in cast("dict[Any, Any]", data).items()}


def _record(place: Path, name: str, sha256: str) -> None:
    beside = place / f"{RECORD}.new"
    beside.write_text(json.dumps({**_recorded(place), name: sha256}, indent=2) + "\n", encoding="utf-8")
    beside.replace(place / RECORD)
