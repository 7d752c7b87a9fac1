"""The durable call store: one SQLite file, shared by any number of processes on one machine.

One thread writes, many draws in one transaction; another reads and never waits for it. A `put` that has
returned survives the end of the process (not a power cut in the same instant: commits are not forced to the
platter). A disk that refuses does not stop the run: what cannot be written stays in memory, is said in the
log and in `stats`, and is written as soon as the disk takes it, at the latest when the store is closed.

What several processes store is seen by all of them, and what one is buying is not bought by another: an open
purchase is the lease on its draws. It ends when it is settled, when its process ends (the kernel drops the lock
that says so), or when its process stands still and shows no beat for a while, counted by the waiting process's
own steady clock, so that no jump of a clock matters.
"""

import asyncio
import logging
import os
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

from itas.core.request import Completion
from itas.errors import SpecError, StoreError
from itas.models.store.buying import BuyingStore
from itas.models.store.contract import LedgerTotals, Recorded, StoreStats, Taken
from itas.models.store.file import Memory, StoreFile, beside
from itas.models.store.lock import is_alive
from itas.models.store.reading import Glance, Reader
from itas.models.store.schema import connect, connect_to_read
from itas.models.store.steps import Beat, Step, TakeOver
from itas.models.store.worker import NEVER_FITS, Result, Worker

_log = logging.getLogger(__name__)

_FEW_CALLS = 4
_LINGER_PER_CALL_S = 80e-6
_MAX_LINGER_S = 0.010
_PAGE = 200
_IDS_PER_OWNER = 2**40
_BEAT_S = 5.0
_STANDS_STILL_S = 60.0
_FIRST_LOOK_S = 0.01
_MAX_LOOK_S = 0.25


def open_store(path: Path | str) -> "SqliteStore":
    """Open the call store in a file, making it if need be.

    A file that can only be read is read, and new draws stay in memory, with a warning in the log.

    Raises:
        SpecError: The path names no file.
        StoreError: Not a store, one of a newer version, or its folder cannot be used.
    """
    if not Path(path).name:
        raise SpecError(
            f"the call store must be a file, found '{path}'. Name one, for instance calls.sqlite3"
        )
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)):
            return SqliteStore(path, is_read_only=True)
        return SqliteStore(path)
    except (sqlite3.Error, OSError, ValueError) as error:  # a ValueError for a NUL in the path
        raise StoreError(
            f"{path}: cannot be used as a call store ({error}). Choose another file, or move this one away"
        ) from None


class SqliteStore(BuyingStore):
    """See `CallStore`. Made by `open_store`."""

    def __init__(self, path: Path, *, is_read_only: bool = False) -> None:
        super().__init__(_IDS_PER_OWNER)
        self.path = path
        self._is_read_only = is_read_only
        self._next_beat: asyncio.TimerHandle | None = None
        if is_read_only:
            _log.warning("call store %s can only be read: new answers stay in memory", path)
            self._file = Memory(path)
            reading = connect_to_read(path)
        else:
            self._file = StoreFile(path)
            self._owner = self._file.owner
            reading = connect(path)
            reading.execute("PRAGMA query_only = ON")
            reading.execute("PRAGMA cache_size = -2048")  # the writer's is the large one
        self._reading = reading
        self._reader = Reader(reading)
        self._reads: Worker[Callable[[], Any]] = Worker("itas-store-reads", _call_each)
        self._writes: Worker[Step] = Worker(
            "itas-store-writes", self._file.write_all, linger_s=self._linger_s
        )
        self._glance = Glance(connect(path, how="mode=ro", timeout_s=0.0)) if not is_read_only else None

    async def find(self, key: str, numbers: Sequence[int]) -> dict[int, Completion]:
        """See `CallStore.find`."""
        unsaved = (
            self._file.unsaved
        )  # before reading: what is written meanwhile is in it or on the disk, or both
        self._reads.check_open()
        glimpsed = self._glance and self._glance.find(key, numbers)
        draws, damaged = glimpsed or await self._reads.ask(lambda: self._reader.find(key, numbers))
        if not self._is_read_only:
            for step in damaged:
                self._writes.tell(step)
        return unsaved.find(key, numbers) | draws if unsaved else draws

    async def wait_for(self, taken: Taken) -> None:
        """See `CallStore.wait_for`."""
        beats, since_s, pause_s = -1, time.monotonic(), _FIRST_LOOK_S
        while True:
            found, is_running = await self._reads.ask(lambda: self._look_at(taken))
            if found is None:
                return
            if found != beats:
                beats, since_s = found, time.monotonic()
            if not is_running or time.monotonic() - since_s > _STANDS_STILL_S:
                _log.warning("call store: a call of a process that ended or stands still is taken over")
                await self._writes.ask(TakeOver(taken.owner))
                return
            await asyncio.sleep(pause_s)
            pause_s = min(1.5 * pause_s, _MAX_LOOK_S)

    def _linger_s(self, waiting: int) -> float:
        """How long steps wait for others, so that they share a transaction: the longer, the more calls are on
        their way; not where most of these wait here already."""
        on_their_way = len(self._open)
        if on_their_way <= _FEW_CALLS or waiting > on_their_way // 4:
            return 0.0
        return min(_LINGER_PER_CALL_S * on_their_way, _MAX_LINGER_S)

    @property
    def _steps(self) -> Worker[Step]:
        self._writes.check_open()
        return self._writes

    def _start_beating(self) -> None:
        if self._next_beat is None:
            self._next_beat = asyncio.get_running_loop().call_later(_BEAT_S, self._beat)

    def _beat(self) -> None:
        self._next_beat = None
        if self._open and not self._writes.is_closed:
            self._writes.tell(Beat(self._owner))
            self._next_beat = asyncio.get_running_loop().call_later(_BEAT_S, self._beat)

    async def totals(self, run: str | None = None) -> LedgerTotals:
        """See `CallStore.totals`. What is in memory only counts too."""
        return await self._reads.ask(lambda: self._file.totals(self._reader, run))

    async def recorded(self) -> AsyncIterator[Recorded]:
        """See `CallStore.recorded`. Requests that are in memory only come last."""
        unsaved = self._file.unsaved.recorded()
        after: bytes | None = b""
        while after is not None:
            place = after
            page: tuple[list[Recorded], bytes | None]
            page = await self._reads.ask(lambda place=place: self._reader.page(place, _PAGE))
            found, after = page
            for each in found:
                kept = unsaved.pop(each.key, None)
                yield each if kept is None else _merge(each, kept)
        for each in unsaved.values():
            yield each

    async def stats(self) -> StoreStats:
        """See `CallStore.stats`."""
        requests, draws, size, quarantined = await self._reads.ask(self._reader.counts)
        return StoreStats(
            requests=requests,
            draws=draws,
            bytes=size,
            damaged=max(quarantined, self._reader.damaged + (self._glance.damaged if self._glance else 0)),
            unsaved=self._file.unsaved.draws,
            place=str(self.path),
        )

    async def close(self) -> None:
        """See `CallStore.close`."""
        if self._reads.is_closed:
            return
        if self._next_beat is not None:
            self._next_beat.cancel()
        await self._reads.close()
        await self._writes.close()
        await asyncio.to_thread(self._leave)

    def _leave(self) -> None:
        self._reading.close()
        if self._glance is not None:
            self._glance.close()
        self._file.leave()

    def _look_at(self, taken: Taken) -> tuple[int | None, bool]:
        """On the reader's thread."""
        beats = self._reader.beats(taken.intent)
        return beats, beats is not None and is_alive(beside(self.path, f"owner-{taken.owner}"))


def _call_each(calls: Sequence[Callable[[], Any]]) -> Sequence[Result]:
    results: list[Result] = []
    for call in calls:
        try:
            results.append((True, call()))
        except (sqlite3.Error, *NEVER_FITS) as error:
            results.append((False, StoreError(f"the call store cannot be read: {error}")))
    return results


def _merge(stored: Recorded, kept: Recorded) -> Recorded:
    """The draws of one list from the disk and from memory; where both have one, the disk's."""
    draws = {**kept.draws, **stored.draws}
    return Recorded(stored.key, stored.request, dict(sorted(draws.items())))
