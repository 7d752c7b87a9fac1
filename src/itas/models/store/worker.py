"""A thread that works off jobs in batches and hands the results back to the event loops they came from."""

import asyncio
import contextlib
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from itas.errors import StoreError

J = TypeVar("J")

_MAX_BATCH = 1000
NEVER_FITS = (sqlite3.DataError, OverflowError, ValueError)
"""No database takes this; of these, `sqlite3.DataError` is the more special one of both kinds."""


@dataclass(slots=True)
class Job(Generic[J]):
    """Something to do, and where its result is awaited; nowhere, if nobody waits."""

    work: J
    loop: asyncio.AbstractEventLoop | None = None
    future: "asyncio.Future[Any] | None" = None


Result = tuple[bool, Any]
"""Whether it succeeded, and the value or the exception."""


class Worker(Generic[J]):
    """Runs batches of jobs on a thread of its own, in the order they were given.

    Args:
        name: Of the thread.
        do: Does a whole batch and gives one result for each job; must not raise.
        linger_s: How long so many jobs may wait for company; not at all by default.
    """

    def __init__(
        self,
        name: str,
        do: Callable[[Sequence[J]], Sequence[Result]],
        *,
        linger_s: Callable[[int], float] | None = None,
    ) -> None:
        self._do = do
        self._linger_s = linger_s
        self._timer: asyncio.TimerHandle | None = None
        self._queue: queue.SimpleQueue[list[Job[J]] | None] = queue.SimpleQueue()
        self._collected: list[Job[J]] = []
        self.is_closed = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def ask(self, work: J) -> "asyncio.Future[Any]":
        """Queue a job; its result is awaited where this is called."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        self._collect(Job(work, loop, future), loop)
        return future

    def tell(self, work: J) -> None:
        """Queue a job whose result nobody awaits."""
        self._collect(Job(work), asyncio.get_running_loop())

    async def close(self) -> None:
        """Finish what is queued and end the thread."""
        if not self.is_closed:
            self._hand_over()
            self.is_closed = True
            self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _collect(self, job: Job[J], loop: asyncio.AbstractEventLoop) -> None:
        """Everything that the tasks of one turn of the loop ask for goes over in one piece: waking the thread
        for each job would make both sides wait for the interpreter lock at every step."""
        self.check_open()
        if not self._collected:
            loop.call_soon(self._end_turn, loop)
        self._collected.append(job)

    def _end_turn(self, loop: asyncio.AbstractEventLoop) -> None:
        linger_s = self._linger_s(len(self._collected)) if self._linger_s is not None else 0.0
        if linger_s > 0:
            self._timer = loop.call_later(linger_s, self._hand_over)
        else:
            self._hand_over()

    def _hand_over(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._collected:
            self._queue.put(self._collected)
            self._collected = []

    def check_open(self) -> None:
        """Raise StoreError if it was closed."""
        if self.is_closed:
            raise StoreError("the call store is closed")

    def _run(self) -> None:
        batch: list[Job[J]] = []
        try:
            while self._take(batch):
                if batch:
                    _deliver(batch, self._do([job.work for job in batch]))
                batch.clear()
        finally:
            self.is_closed = True
            self._fail_rest(batch)

    def _take(self, batch: list[Job[J]]) -> bool:
        """Wait for jobs, and take along what else is there; False when closed and nothing is left."""
        jobs = self._queue.get()
        while jobs is not None:
            batch += jobs
            if len(batch) >= _MAX_BATCH or self._queue.empty():
                return True
            jobs = self._queue.get()
        if batch:
            self._queue.put(None)  # for the next round
        return bool(batch)

    def _fail_rest(self, batch: list[Job[J]]) -> None:
        """After a bug in `do` nobody may wait for ever."""
        with contextlib.suppress(queue.Empty):
            while True:
                batch += self._queue.get_nowait() or []
        _deliver(batch, [(False, StoreError("the call store's thread has ended"))] * len(batch))


def _deliver(batch: Sequence[Job[Any]], results: Sequence[Result]) -> None:
    """One wake-up per event loop for the whole batch."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Any], Result]]] = {}
    for job, result in zip(batch, results, strict=True):
        if job.loop is not None and job.future is not None:
            by_loop.setdefault(job.loop, []).append((job.future, result))
    for loop, done in by_loop.items():
        try:
            loop.call_soon_threadsafe(_resolve, done)
        except RuntimeError:  # that loop has ended; nobody waits there any more
            continue


def _resolve(done: Sequence[tuple["asyncio.Future[Any]", Result]]) -> None:
    for future, (is_good, value) in done:
        if future.done():
            continue
        if is_good:
            future.set_result(value)
        else:
            future.set_exception(value)
