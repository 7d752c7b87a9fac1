"""The slow path: math-verify in processes of their own, which are killed when they take too long.

A worker holds no secret and may write nothing (see `worker.py`). `Checker.check` blocks its thread; call it
from a thread of its own. What was not decided in time is None: unscored, never wrong.
"""

import atexit
import contextlib
import functools
import importlib.util
import json
import os
import queue
import select
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from itas.errors import SpecError

TIMEOUT_S = 5.0
_START_S = 60.0
_WORKER = Path(__file__).with_name("worker.py")


class Checker:
    """A few worker processes, started when needed. Usable from any thread; `close` ends the processes.

    Args:
        workers: Processes at the same time; the number of processors if None.
        timeout_s: Wall time of one comparison, after which its process is killed.
    """

    def __init__(self, *, workers: int | None = None, timeout_s: float = TIMEOUT_S) -> None:
        self._timeout_s = timeout_s
        self._places: queue.LifoQueue[_Worker | None] = queue.LifoQueue()
        self._count = (
            workers or len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else workers or 2
        )
        for _ in range(self._count):
            self._places.put(None)

    def check(self, gold: str, given: str) -> bool | None:
        """Whether the answers are the same, by math-verify; None if it found no end in time.

        Raises:
            SpecError: math-verify is not installed.
        """
        worker = self._places.get()
        try:
            worker = worker or _Worker()
            verdict = worker.ask(gold, given, self._timeout_s)
        except _NoReply:
            if worker is not None:
                worker.kill()
            worker, verdict = None, None
        finally:
            self._places.put(worker)
        return verdict

    def close(self) -> None:
        """End the processes; the checker may be used again afterwards."""
        workers = [self._places.get() for _ in range(self._count)]
        for worker in workers:
            if worker is not None:
                worker.kill()
            self._places.put(None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@functools.cache
def shared_checker() -> Checker:
    """The one checker of this process; its workers end with it."""
    checker = Checker()
    atexit.register(checker.close)
    return checker


def is_installed() -> bool:
    """Whether the extra ``math`` is there."""
    return importlib.util.find_spec("math_verify") is not None


class _NoReply(Exception):
    pass


class _Worker:
    """One process; asks and answers are one line of JSON each."""

    def __init__(self) -> None:
        if not is_installed():
            raise SpecError("comparing formulas needs math-verify: pip install 'itas[math]'")
        self._process = subprocess.Popen(
            [sys.executable, "-I", str(_WORKER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
            cwd="/",
            close_fds=True,
        )
        if self._read_line(_START_S) != b"ready":
            raise _NoReply

    def ask(self, gold: str, given: str, timeout_s: float) -> bool:
        """The verdict, False where the formulas cannot be read; raises `_NoReply` where none comes in time."""
        stdin = self._process.stdin
        assert stdin is not None
        try:
            stdin.write(json.dumps([gold, given]).encode("ascii") + b"\n")
            stdin.flush()
        except OSError:
            raise _NoReply from None
        return self._read_line(timeout_s) == b"true"

    def _read_line(self, timeout_s: float) -> bytes:
        stdout = self._process.stdout
        assert stdout is not None
        end, data = time.monotonic() + timeout_s, b""
        while not data.endswith(b"\n"):
            left = end - time.monotonic()
            if left <= 0 or not select.select([stdout], [], [], left)[0]:
                self.kill()
                raise _NoReply
            piece = os.read(stdout.fileno(), 4096)
            if not piece:
                self.kill()
                raise _NoReply
            data += piece
        return data.strip()

    def kill(self) -> None:
        """End the process, whatever it does, and wait for it."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None and not stream.closed:
                with contextlib.suppress(OSError):  # what was not yet written has nobody to read it
                    stream.close()
