"""Who works on a run: a lock in its folder, which falls with its process, and the proof of which process that is.

The lock is the operating system's, so a killed process leaves nothing to clean up; the file says who holds it, by
process id and by the moment at which that process was born. Somebody else may ask a run to stop as a first Ctrl-C
would. A signal is only ever sent to a process that holds the lock now, was born when the file says, and, on Linux,
has this very file open; between the check and the signal it cannot become another one (a pidfd).
"""

import fcntl
import json
import os
import signal
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from itas.errors import DataError

LOCK = "running.lock"
_TRIES = 6
_PAUSE_S = 0.05
_MOST_BYTES = 1000


@dataclass(frozen=True, slots=True)
class Holder:
    """Who works on a run.

    Attributes:
        pid: Of the process; 0 where the file does not say.
        born: When it was born, as the operating system counts; empty where the file does not say.
        since: When it began to work on the run, ISO 8601.
        is_proven: It is certain that this process holds the lock.
    """

    pid: int
    born: str
    since: str
    is_proven: bool


@contextmanager
def hold(folder: Path) -> Generator[None]:
    """Work on a run, as the only one.

    Raises:
        DataError: Another process works on it, or the lock file cannot be made.
    """
    path = folder / LOCK
    number = _acquire(path)
    try:
        about = {"pid": os.getpid(), "born": find_birth(os.getpid()) or "", "since": _now()}
        os.truncate(number, 0)
        os.write(number, json.dumps(about).encode("ascii") + b"\n")
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(number)


def find_holder(folder: Path) -> Holder | None:
    """Who works on a run now; None if nobody does."""
    try:
        number = os.open(folder / LOCK, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        if _lock(number, fcntl.LOCK_SH):
            return None
        said = _read(number)
        return Holder(**said, is_proven=_is_proven(os.fstat(number), said["pid"], said["born"]))
    finally:
        os.close(number)


def ask_to_stop(folder: Path) -> Holder | None:
    """Ask who works on a run to stop, as a first Ctrl-C does: no new call, those on their way are waited for.

    Returns:
        Who was asked; None where nobody works on it.

    Raises:
        DataError: Somebody does, but which process that is cannot be proven; nobody was asked.
    """
    found = find_holder(folder)
    if found is None:
        return None
    try:
        if not hasattr(os, "pidfd_open"):
            _check(folder, found)
            os.kill(found.pid, signal.SIGINT)
            return found
        number = os.pidfd_open(found.pid)
    except OSError as error:
        raise DataError(f"{folder}: its process cannot be asked to stop ({error.strerror})") from None
    try:
        _check(folder, found)  # after opening: from here on the number means the process that is checked
        signal.pidfd_send_signal(number, signal.SIGINT)
    except OSError as error:
        raise DataError(f"{folder}: its process cannot be asked to stop ({error.strerror})") from None
    finally:
        os.close(number)
    return found


def find_birth(pid: int) -> str | None:
    """When a process was born, in the operating system's own words; None if there is no such process.

    Two processes of one number, one after the other, differ in it.
    """
    try:
        # Behind the name, which stands in brackets and may hold anything; the 20th is ticks since the start.
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        return f"{Path('/proc/sys/kernel/random/boot_id').read_text('ascii').strip()} {fields[19]}"
    except (OSError, IndexError):
        pass
    if Path("/proc/self/stat").exists():
        return None
    try:
        asked = subprocess.run(
            ["/bin/ps", "-o", "lstart=", "-p", str(pid)],
            capture_output=True,
            check=False,
            timeout=5,
            env={"LC_ALL": "C"},
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return asked.stdout.decode("ascii", "replace").strip() or None


def _check(folder: Path, expected: Holder) -> None:
    if not expected.is_proven or find_holder(folder) != expected:
        raise DataError(
            f"{folder}: somebody works on it, but which process that is cannot be proven, so none was asked. "
            "Press Ctrl-C where it was started"
        )


def _acquire(path: Path) -> int:
    """The open lock file. Tries for a moment, because whoever only looks holds it for an instant too."""
    for attempt in range(_TRIES):
        try:
            number = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644)
        except OSError as error:
            raise DataError(f"{path}: the lock file cannot be made: {error.strerror}") from None
        if _lock(number, fcntl.LOCK_EX):
            if _is_still(path, number):
                return number
        elif attempt == _TRIES - 1:
            said = _read(number)
            os.close(number)
            who = f"pid {said['pid']}, since {said['since']}" if said["pid"] else "unknown"
            raise DataError(
                f"{path.parent}: another process works on this run ({who}). Wait for it, or end it."
            )
        os.close(number)
        time.sleep(_PAUSE_S)
    raise DataError(f"{path}: the lock file is removed again and again; somebody else works on this run")


def _lock(number: int, how: int) -> bool:
    try:
        fcntl.flock(number, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_still(path: Path, number: int) -> bool:
    try:
        return path.stat().st_ino == os.fstat(number).st_ino
    except FileNotFoundError:
        return False


def _read(number: int) -> dict[str, Any]:
    """What a lock file says; the file may be foreign, empty or half written."""
    try:
        found: object = json.loads(os.pread(number, _MOST_BYTES, 0))
    except (OSError, ValueError, RecursionError):
        found = None
    said = cast("dict[str, object]", found) if isinstance(found, dict) else {}
    pid, born, since = said.get("pid"), said.get("born"), said.get("since")
    is_pid = isinstance(pid, int) and not isinstance(pid, bool) and 1 < pid < 2**31
    return {
        "pid": pid if is_pid else 0,
        "born": born[:200] if isinstance(born, str) else "",
        "since": since[:40] if isinstance(since, str) else "",
    }


def _is_proven(lock: os.stat_result, pid: int, born: str) -> bool:
    if not pid or not born or find_birth(pid) != born:
        return False
    open_files = Path(f"/proc/{pid}/fd")
    if not Path("/proc/self/fd").exists():
        return True
    try:
        return any(_is_same(each, lock) for each in open_files.iterdir())
    except OSError:
        return False


def _is_same(path: Path, lock: os.stat_result) -> bool:
    try:
        found = path.stat()
    except OSError:
        return False
    return (found.st_dev, found.st_ino) == (lock.st_dev, lock.st_ino)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
