"""File locks: one process writes at a time, and a living process can be told from a dead one.

The kernel drops a lock when its process ends, however it ends; unlike a process number it is never reused,
and it means the same in two containers that share a folder. Network file systems may not keep these locks.
"""

import fcntl
import os
import time
from pathlib import Path

from itas.errors import StoreError

_FIRST_WAIT_S = 0.0005
_MAX_WAIT_S = 0.02


class FileLock:
    """An exclusive lock on a file of its own, created if need be.

    Args:
        path: Of the lock file; nothing is written into it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def acquire(self, timeout_s: float) -> None:
        """Wait for the lock.

        Raises:
            StoreError: Somebody else held it all the time, or the file system has no locks.
        """
        end_s = time.monotonic() + timeout_s
        wait_s = _FIRST_WAIT_S
        while not self.try_acquire():
            if time.monotonic() > end_s:
                raise StoreError(f"{self._path}: another process has held the lock for {timeout_s:.0f} s")
            time.sleep(wait_s)
            wait_s = min(2 * wait_s, _MAX_WAIT_S)

    def try_acquire(self) -> bool:
        """Take the lock if it is free.

        Raises:
            StoreError: The file system has no locks.
        """
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            raise StoreError(
                f"{self._path}: this file system keeps no locks ({error.strerror}). Use a local disk"
            ) from None
        return True

    def release(self) -> None:
        """Let others in."""
        fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        """Release it for good."""
        os.close(self._file)


def is_alive(path: Path) -> bool:
    """Whether the process that holds this lock file still runs; removes the file if not."""
    if not path.exists():
        return False
    lock = FileLock(path)
    try:
        if not lock.try_acquire():
            return True
        path.unlink(missing_ok=True)
        return False
    finally:
        lock.close()
