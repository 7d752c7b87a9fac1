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
import contextlib
import glob
import itertools
import logging
import os
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Callable, Generator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from itas.core.request import Completion, Request
from itas.errors import SpecError, StoreError
from itas.models.store.contract import (
    Intent,
    LedgerTotals,
    Opened,
    Opening,
    Recorded,
    Settlement,
    SharedCaps,
    StoreStats,
    Taken,
)
from itas.models.store.lock import FileLock, is_alive
from itas.models.store.reading import Glance, Reader
from itas.models.store.schema import BUSY_TIMEOUT_S, connect, connect_to_read, create, prepare
from itas.models.store.unsaved import Unsaved
from itas.models.store.worker import Result, Worker
from itas.models.store.writing import Beat, Close, Open, Put, Step, TakeOver, Writer, Written, now

_log = logging.getLogger(__name__)

_CHECKPOINT_BYTES = 32 * 1024 * 1024
_LOOK_AT_LOG_EVERY = 16
_FEW_CALLS = 16
_LINGER_PER_CALL_S = 40e-6
_MAX_LINGER_S = 0.004
_TRY_AGAIN_S = 1.0
_PAGE = 200
_IDS_PER_OWNER = 2**40
_BEAT_S = 5.0
_STANDS_STILL_S = 60.0
_FIRST_LOOK_S = 0.01
_MAX_LOOK_S = 0.25
_REFUSED = (sqlite3.Error, StoreError, OSError)
"""The disk or another process refuses; it may take the same data later."""
_NEVER_FITS = (sqlite3.DataError, OverflowError, ValueError)
"""No database takes this; of these, `sqlite3.DataError` is the more special one of both kinds."""


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


class SqliteStore:
    """See `CallStore`. Made by `open_store`."""

    def __init__(self, path: Path, *, is_read_only: bool = False) -> None:
        self.path = path
        self._is_read_only = is_read_only
        self._unsaved = Unsaved()
        self._moving = threading.Lock()  # held while what is unsaved goes over to the disk
        self._next_try_s = 0.0
        self._counter = itertools.count(1)
        self._owner = 0
        self._open: set[int] = set()
        self._next_beat: asyncio.TimerHandle | None = None
        self._log_path = _beside(path, "wal")
        self._transactions = 0
        if is_read_only:
            _log.warning("call store %s can only be read: new answers stay in memory", path)
            reading = connect_to_read(path)
        else:
            with contextlib.ExitStack() as undo:
                self._lock = FileLock(_beside(path, "lock"))
                undo.callback(self._lock.close)
                create(path)
                self._connection = connect(path)
                undo.callback(self._connection.close)
                self._writer = Writer(
                    self._connection, lambda owner: owner == self._owner or is_alive(self._owner_file(owner))
                )
                self._enter(undo)
                undo.pop_all()
            reading = connect(path)
            reading.execute("PRAGMA query_only = ON")
            reading.execute("PRAGMA cache_size = -2048")  # the writer's is the large one
        self._reading = reading
        self._reader = Reader(reading)
        self._reads: Worker[Callable[[], Any]] = Worker("itas-store-reads", _call_each)
        self._writes: Worker[Step] = Worker("itas-store-writes", self._write_all, linger_s=self._linger_s)
        self._glance = Glance(connect(path, how="mode=ro", timeout_s=0.0)) if not is_read_only else None

    async def find(self, key: str, numbers: Sequence[int]) -> dict[int, Completion]:
        """See `CallStore.find`."""
        unsaved = self._unsaved  # before reading: what is written meanwhile is in it or on the disk, or both
        self._reads.check_open()
        glimpsed = self._glance and self._glance.find(key, numbers)
        draws, damaged = glimpsed or await self._reads.ask(lambda: self._reader.find(key, numbers))
        if not self._is_read_only:
            for step in damaged:
                self._writes.tell(step)
        return unsaved.find(key, numbers) | draws if unsaved else draws

    async def put(
        self,
        request: Request,
        draws: Mapping[int, Completion],
        *,
        key: str | None = None,
        settles: Settlement | None = None,
    ) -> dict[int, Completion]:
        """See `CallStore.put`."""
        if settles is not None:
            self._open.discard(settles.intent)
        stored: dict[int, Completion] = await self._writes.ask(
            Put(key or request.key, request, draws, settles)
        )
        return {number: _as_stored(draw) for number, draw in stored.items()}

    def new_intent_id(self) -> int:
        """See `CallStore.new_intent_id`."""
        return self._owner * _IDS_PER_OWNER + next(self._counter)

    async def open_intent(self, intent: Intent, *, caps: SharedCaps | None = None) -> Opening:
        """See `CallStore.open_intent`. While the disk refuses, nobody knows what other processes do."""
        self._open.add(intent.id)
        if self._next_beat is None:
            self._next_beat = asyncio.get_running_loop().call_later(_BEAT_S, self._beat)
        opening: Opening = await self._writes.ask(Open(intent, self._owner, caps))
        if not isinstance(opening, Opened):
            self._open.discard(intent.id)
        return opening

    def close_intent(self, settlement: Settlement) -> None:
        """See `CallStore.close_intent`."""
        self._open.discard(settlement.intent)
        self._writes.tell(Close(settlement))

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

    def _beat(self) -> None:
        self._next_beat = None
        if self._open and not self._writes.is_closed:
            self._writes.tell(Beat(self._owner))
            self._next_beat = asyncio.get_running_loop().call_later(_BEAT_S, self._beat)

    async def totals(self, run: str | None = None) -> LedgerTotals:
        """See `CallStore.totals`. What is in memory only counts too."""
        return await self._reads.ask(lambda: self._read_totals(run))

    async def recorded(self) -> AsyncIterator[Recorded]:
        """See `CallStore.recorded`. Requests that are in memory only come last."""
        unsaved = self._unsaved.recorded()
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
            unsaved=self._unsaved.draws,
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

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    # Opening and closing ---------------------------------------------------------------------------------

    def _enter(self, undo: contextlib.ExitStack) -> None:
        """Prepare the file, become an owner, and close the books of owners that died."""
        with self._locked():
            prepare(self._connection, self.path)
            with self._in_transaction():
                done = self._connection.execute("INSERT INTO owners (opened_at) VALUES (?)", (now(),))
                assert done.lastrowid is not None
                self._owner = done.lastrowid
                self._alive = FileLock(self._owner_file(self._owner))
                undo.callback(self._alive.close)
                if not self._alive.try_acquire():
                    raise StoreError(f"{self.path}: the place of owner {self._owner} is taken")
                self._settle_dead()

    def _settle_dead(self) -> None:
        """Take over the purchases of processes that are gone."""
        prefix = self._owner_file(0).name[:-1]
        for file in self.path.parent.glob(f"{glob.escape(prefix)}*"):
            is_alive(file)  # removes what a dead process left
        owners = self._connection.execute(
            "SELECT DISTINCT owner FROM ledger WHERE booking IS NULL"
        ).fetchall()
        for (owner,) in owners:
            if owner == self._owner or is_alive(self._owner_file(owner)):
                continue
            count = self._writer.take_over(owner)
            _log.warning("call store: %d calls of a process that ended are booked as uncertain", count)

    def _leave(self) -> None:
        self._reading.close()
        if self._glance is not None:
            self._glance.close()
        if self._is_read_only:
            self._say_what_is_lost()
            return
        if self._unsaved:
            self._next_try_s = 0.0
            self._save_unsaved()
        try:
            with self._locked():
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                # The last connection to close makes a checkpoint too; that also belongs under the lock.
                self._connection.close()
        except (sqlite3.Error, StoreError) as error:
            _log.warning("call store %s: closed without tidying up: %s", self.path, error)
            self._connection.close()
        self._say_what_is_lost()
        with contextlib.suppress(OSError):
            self._owner_file(self._owner).unlink(missing_ok=True)
        self._alive.close()
        self._lock.close()

    def _say_what_is_lost(self) -> None:
        if self._unsaved.draws:
            _log.warning("call store %s: %d answers were never written", self.path, self._unsaved.draws)

    def _owner_file(self, owner: int) -> Path:
        return _beside(self.path, f"owner-{owner}")

    # On the reader's thread -------------------------------------------------------------------------------

    def _look_at(self, taken: Taken) -> tuple[int | None, bool]:
        beats = self._reader.beats(taken.intent)
        return beats, beats is not None and is_alive(self._owner_file(taken.owner))

    def _read_totals(self, run: str | None) -> LedgerTotals:
        """Each purchase once: what is in memory only must not go over to the disk between the two sums."""
        with self._moving:
            stored = self._reader.totals(run)
            return self._unsaved.add_totals(stored, run) if self._unsaved else stored

    # On the writer's thread -------------------------------------------------------------------------------

    def _write_all(self, steps: Sequence[Step]) -> Sequence[Result]:
        if self._is_read_only or (self._unsaved and not self._save_unsaved()):
            return [(True, self._unsaved.add(step)) for step in steps]
        try:
            results = self._transaction(steps)
        except (*_REFUSED, *_NEVER_FITS) as error:
            if len(steps) == 1:
                return [self._keep(steps[0], error)]
            return [self._write_one(step) for step in steps]
        self._maybe_checkpoint()
        return [(True, result) for result in results]

    def _write_one(self, step: Step) -> Result:
        """One step of a batch that failed: perhaps only another one is to blame."""
        if self._unsaved:
            return True, self._unsaved.add(step)
        try:
            return True, self._transaction([step])[0]
        except (*_REFUSED, *_NEVER_FITS) as error:
            return self._keep(step, error)

    def _keep(self, step: Step, error: Exception) -> Result:
        if isinstance(error, _NEVER_FITS):
            return False, StoreError(f"{self.path}: this cannot be stored: {error}")
        _log.warning("call store %s: cannot write (%s); going on in memory", self.path, error)
        self._next_try_s = time.monotonic() + _TRY_AGAIN_S
        return True, self._unsaved.add(step)

    def _save_unsaved(self) -> bool:
        """Try, not too often, to write what is in memory only; True if nothing is left there."""
        if time.monotonic() < self._next_try_s:
            return False
        with self._moving:
            left = self._save(self._unsaved.steps)
            self._unsaved = Unsaved(left)
        if left:
            self._next_try_s = time.monotonic() + _TRY_AGAIN_S
            return False
        _log.warning("call store %s: takes data again; what was in memory is written", self.path)
        return True

    def _save(self, steps: Sequence[Step]) -> Sequence[Step]:
        """Write steps, and give those that the disk still refuses.

        One that no database takes must not keep the others out: it is searched for by halves, and given up.
        """
        try:
            self._transaction(steps)
        except _NEVER_FITS as error:
            if len(steps) == 1:
                _log.warning("call store %s: given up what cannot be stored: %s", self.path, error)
                return ()
            middle = len(steps) // 2
            left = self._save(steps[:middle])
            return (*left, *(steps[middle:] if left else self._save(steps[middle:])))
        except _REFUSED:
            return steps
        return ()

    def _transaction(self, steps: Sequence[Step]) -> list[Written]:
        with self._locked(), self._in_transaction():
            return [self._writer.write(step) for step in steps]

    @contextlib.contextmanager
    def _in_transaction(self) -> Generator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        is_done = False
        try:
            self._writer.begin()
            yield
            self._writer.finish()
            self._connection.execute("COMMIT")
            is_done = True
        finally:
            if not is_done:
                self._writer.forget()
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    @contextlib.contextmanager
    def _locked(self) -> Generator[None]:
        """Alone among all processes that have this store open."""
        self._lock.acquire(BUSY_TIMEOUT_S)
        try:
            yield
        finally:
            self._lock.release()

    def _maybe_checkpoint(self) -> None:
        """Keep the log of writes small. Under the lock, so that no commit of any process runs meanwhile."""
        self._transactions += 1
        if self._transactions % _LOOK_AT_LOG_EVERY:
            return
        try:
            if self._log_path.stat().st_size < _CHECKPOINT_BYTES:
                return
            with self._locked():
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except _REFUSED as error:
            _log.warning("call store %s: no checkpoint (%s)", self.path, error)


def _call_each(calls: Sequence[Callable[[], Any]]) -> Sequence[Result]:
    results: list[Result] = []
    for call in calls:
        try:
            results.append((True, call()))
        except (sqlite3.Error, *_NEVER_FITS) as error:
            results.append((False, StoreError(f"the call store cannot be read: {error}")))
    return results


def _beside(path: Path, what: str) -> Path:
    return path.with_name(f"{path.name}-{what}")


def _merge(stored: Recorded, kept: Recorded) -> Recorded:
    """The draws of one list from the disk and from memory; where both have one, the disk's."""
    draws = {**kept.draws, **stored.draws}
    return Recorded(stored.key, stored.request, dict(sorted(draws.items())))


def _as_stored(draw: Completion) -> Completion:
    return draw if draw.is_stored else draw.model_copy(update={"is_stored": True})
