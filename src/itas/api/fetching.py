"""Fetch the public data of a benchmark; the only place where data sets are downloaded, and only when asked to."""

from pathlib import Path

from itas.benchmarks.fetch import Fetched, Progress, RemoteFile, fetch
from itas.benchmarks.judged import JUDGED
from itas.benchmarks.known import KNOWN
from itas.core.spec import suggest
from itas.errors import SpecError


def fetch_benchmark(
    name: str, *, folder: Path | None = None, progress: Progress | None = None
) -> tuple[Fetched, ...]:
    """Fetch the files of a public benchmark into the user's cache folder, unless they are there.

    Args:
        name: As `itas benchmarks` lists it, with or without ``:PATH``.
        folder: Of all fetched data; the user's cache folder if None.
        progress: Told how far it is.

    Raises:
        SpecError: Unknown, or its data cannot be fetched freely.
        DataError: The server did not answer, or the content is not what it should be; what came before is kept.
    """
    name = name.partition(":")[0].partition("/")[0]
    if name not in KNOWN and name not in JUDGED:
        raise SpecError(f"no benchmark '{name}' has data to fetch. {suggest(name, [*KNOWN, *JUDGED])}")
    return tuple(fetch(name, file, folder=folder, progress=progress) for file in _files(name))


def _files(name: str) -> tuple[RemoteFile, ...]:
    if name in JUDGED:
        return JUDGED[name].files
    known = KNOWN[name]
    if known.file is None:
        raise SpecError(
            f"the data of '{name}' is not fetched; bring your own copy from {known.link}: {name}:PATH"
        )
    return (known.file,)
