"""The journal of a study: one event per line, only ever added to, readable by people and programs.

Every line is a JSON object with ``event`` (what happened) and ``at`` (when, UTC). A line is on the disk
before the study goes on. A line that was cut off by a kill at the very end is ignored when reading and
removed when the study continues; a damaged line anywhere else is an error.

One writer at a time: the lock is held by the operating system and falls with its process, however that
ends, so there is nothing to clean up; the lock file says who holds it, for people.
"""

import fcntl
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self, cast

from itas.errors import DataError

Event = Mapping[str, Any]


class Journal:
    """Writes a journal; a context manager that holds the lock.

    Args:
        path: A ``.jsonl`` file, made if it is not there; its folder must exist. None keeps events in memory.

    Raises:
        DataError: Another process writes it, or it is damaged.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.events: list[Event] = []
        self._file: BinaryIO | None = None
        self._lock: _Lock | None = None

    def __enter__(self) -> Self:
        if self.path is not None:
            self._lock = _Lock(self.path.with_name(f"{self.path.name}.lock"))
            with ExitStack() as on_failure:
                on_failure.callback(self._lock.release)
                self.events = list(read_journal(self.path)) if self.path.exists() else []
                self._file = _open_healed(self.path)
                on_failure.pop_all()  # all went well: the lock stays
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def write(self, event: str, **fields: Any) -> Event:
        """Add an event; it is on the disk when this returns.

        Raises:
            DataError: The disk refuses.
        """
        entry: dict[str, Any] = {
            "event": event,
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            **fields,
        }
        line = json.dumps(entry, ensure_ascii=False, allow_nan=False)
        # What is read back after a kill must be what this process goes on with.
        entry = json.loads(line)
        if self._file is not None:
            try:
                self._file.write(f"{line}\n".encode("utf-8", "backslashreplace"))
                self._file.flush()
                os.fsync(self._file.fileno())
            except OSError as failure:
                raise DataError(
                    f"{self.path}: the journal cannot be written: {failure.strerror}"
                ) from failure
        self.events.append(entry)
        return entry

    def find(self, event: str, **fields: object) -> Event | None:
        """The last event of that name with these fields."""
        for entry in reversed(self.events):
            if entry["event"] == event and all(entry.get(key) == value for key, value in fields.items()):
                return entry
        return None

    def all(self, event: str) -> list[Event]:
        """Every event of that name, in order."""
        return [entry for entry in self.events if entry["event"] == event]


def read_journal(path: Path) -> Sequence[Event]:
    """The events of a journal, whoever is writing it; a line cut off at the end is left out.

    Raises:
        DataError: No such file, or a damaged line that is not the last.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: the journal cannot be read: {error.strerror}") from None
    lines = data.split(b"\n")
    events: list[Event] = []
    for number, line in enumerate(lines[:-1], 1):
        event = _parse(line)
        if event is None:
            # A machine that lost power may leave a damaged last line that has an end.
            if number == len(lines) - 1 and not lines[-1]:
                break
            raise DataError(f"{path}, line {number}: a JSON object with an 'event', found {line[:60]!r}")
        events.append(event)
    return events


def _parse(line: bytes) -> Event | None:
    try:
        event: object = json.loads(line.decode("utf-8"))
    except ValueError:
        return None
    if not isinstance(event, dict):
        return None
    fields = cast("dict[str, Any]", event)
    return fields if isinstance(fields.get("event"), str) else None


def _open_healed(path: Path) -> BinaryIO:
    """Open for adding, without the cut-off last line."""
    file = path.open("ab+")
    file.seek(0)
    data = file.read()
    end = data.rfind(b"\n") + 1
    if end and _parse(data[data.rfind(b"\n", 0, end - 1) + 1 : end - 1]) is None:
        end = data.rfind(b"\n", 0, end - 1) + 1
    if end < len(data):
        file.truncate(end)
        file.flush()
        os.fsync(file.fileno())
    file.seek(0, os.SEEK_END)
    if not data:
        _sync_folder(path.parent)
    return file


def _sync_folder(folder: Path) -> None:
    """Make a new file's name durable, not only its contents."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


class _Lock:
    def __init__(self, path: Path) -> None:
        self._path = path
        while True:
            try:
                number = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
            except OSError as error:
                raise DataError(f"{path}: the lock file cannot be made: {error.strerror}") from None
            if not _is_locked(number):
                holder = os.read(number, 200).decode("utf-8", "replace").strip() or "unknown"
                os.close(number)
                raise DataError(
                    f"{path}: another process writes this study ({holder}). Wait for it, or end it."
                )
            if _is_still(path, number):
                break
            os.close(number)  # the last holder removed the file between opening and locking
        self._number = number
        os.truncate(number, 0)
        started = datetime.now(UTC).isoformat(timespec="seconds")
        os.write(number, f"pid {os.getpid()}, since {started}\n".encode())

    def release(self) -> None:
        self._path.unlink(missing_ok=True)
        os.close(self._number)


def _is_locked(number: int) -> bool:
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_still(path: Path, number: int) -> bool:
    try:
        return path.stat().st_ino == os.fstat(number).st_ino
    except FileNotFoundError:
        return False
