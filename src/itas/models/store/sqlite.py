"""The durable call store: one SQLite file, shared by any number of processes on one machine.

One thread writes, many draws in one transaction; another reads and never waits for it. A `put` that has
returned survives the end of the process (not a power cut in the same instant: commits are not forced to the
platter). A disk that refuses does not stop the run: what cannot be written stays in memory, is said in the
log and in `stats`, and is written as soon as the disk takes it, at the latest when the store is closed.

What several processes store is seen by all of them, but two that ask the same at the same moment both buy:
a call on its way is known only to its own process.
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
from itas.models.store.contract import Intent, LedgerTotals, Recorded, Settlement, StoreStats
from itas.models.store.lock import FileLock, is_alive
from itas.models.store.reading import Reader
from itas.models.store.schema import BUSY_TIMEOUT_S, connect, connect_to_read, create, prepare
from itas.models.store.unsaved import Unsaved
from itas.models.store.worker import Result, Worker
from itas.models.store.writing import Close, Open, Put, Step, Writer, now

_log = logging.getLogger(__name__)

_CHECKPOINT_BYTES = 16 * 1024 * 1024
_TRY_AGAIN_S = 1.0
_PAGE = 200
_IDS_PER_OWNER = 2**40
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
                self._writer = Writer(self._connection)
                self._enter(undo)
                undo.pop_all()
            reading = connect(path)
            reading.execute("PRAGMA query_only = ON")
        self._reading = reading
        self._reader = Reader(reading)
        self._reads: Worker[Callable[[], Any]] = Worker("itas-store-reads", _call_each)
        self._writes: Worker[Step] = Worker("itas-store-writes", self._write_all)

    async def find(self, key: str, numbers: Sequence[int]) -> dict[int, Completion]:
        """See `CallStore.find`."""
        unsaved = self._unsaved  # before reading: what is written meanwhile is in it or on the disk, or both
        draws, damaged = await self._reads.ask(lambda: self._reader.find(key, numbers))
        for step in damaged:
            if not self._is_read_only:
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
        stored: dict[int, Completion] = await self._writes.ask(
            Put(key or request.key, request, draws, settles)
        )
        return {number: _as_stored(draw) for number, draw in stored.items()}

    def new_intent_id(self) -> int:
        """See `CallStore.new_intent_id`."""
        return self._owner * _IDS_PER_OWNER + next(self._counter)

    async def open_intent(self, intent: Intent) -> None:
        """See `CallStore.open_intent`."""
        await self._writes.ask(Open(intent, self._owner))

    def close_intent(self, settlement: Settlement) -> None:
        """See `CallStore.close_intent`."""
        self._writes.tell(Close(settlement))

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
            damaged=max(quarantined, self._reader.damaged),
            unsaved=self._unsaved.draws,
            place=str(self.path),
        )

    async def close(self) -> None:
        """See `CallStore.close`."""
        if self._reads.is_closed:
            return
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
        """Purchases of a process that is gone may have been billed: uncertain, at their full price."""
        prefix = self._owner_file(0).name[:-1]
        for file in self.path.parent.glob(f"{glob.escape(prefix)}*"):
            is_alive(file)  # removes what a dead process left
        owners = self._connection.execute(
            "SELECT DISTINCT owner FROM ledger WHERE booking IS NULL"
        ).fetchall()
        for (owner,) in owners:
            if owner == self._owner or is_alive(self._owner_file(owner)):
                continue
            done = self._connection.execute(
                "UPDATE ledger SET booking = 'uncertain', micro_usd = reserved_micro_usd, samples = n "
                "WHERE owner = ? AND booking IS NULL",
                (owner,),
            )
            _log.warning(
                "call store: %d calls of a process that ended are booked as uncertain", done.rowcount
            )

    def _leave(self) -> None:
        self._reading.close()
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

    def _transaction(self, steps: Sequence[Step]) -> list[dict[int, Completion] | None]:
        with self._locked(), self._in_transaction():
            return [self._writer.write(step) for step in steps]

    @contextlib.contextmanager
    def _in_transaction(self) -> Generator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        is_done = False
        try:
            yield
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
        try:
            if _beside(self.path, "wal").stat().st_size < _CHECKPOINT_BYTES:
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
