"""The call store that machines share: a PostgreSQL database, two connections for each process.

One connection writes and one reads; what the tasks of a process have to write at a moment goes over in one
transaction (see `postgres_schema.py`). A `put` that has returned survives a crash of the server as well as one of
the process.

An open purchase is the lease on its draws, as in a file. Whose it is shows beats while it has purchases open, and
holds a lock that the server drops when its connection ends. Without that lock it is given up when its last beat
is a while ago by the server's clock, counted from the server's start at the earliest, so that a restart takes
nobody for dead; with the lock, when no beat comes for a longer while by the clock of whoever waits. Its
purchases are then booked as uncertain.

A server that does not answer is waited for, and nothing is bought meanwhile, because nobody could know what
others buy and what the caps allow. What had come back stays in memory until it is written.
"""

import asyncio
import contextlib
import itertools
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

from itas.core.request import Completion
from itas.errors import StoreError
from itas.models.store.buying import BuyingStore
from itas.models.store.contract import (
    Found,
    Intent,
    LedgerTotals,
    Opened,
    Opening,
    Recorded,
    SharedCaps,
    StoreStats,
    Taken,
)
from itas.models.store.lane import Lane
from itas.models.store.postgres_link import Link, NeverFits
from itas.models.store.postgres_reading import Reader
from itas.models.store.postgres_schema import OWNER_CLASS
from itas.models.store.postgres_steps import Step, read_results, take_batch
from itas.models.store.postgres_tables import prepare
from itas.models.store.steps import Beat, Close, Open, Put
from itas.models.store.unsaved import Unsaved
from itas.models.store.worker import Result

_log = logging.getLogger(__name__)

_FIRST_PATIENCE_S = 10.0
_LAST_PATIENCE_S = 5.0
_IDS_PER_OWNER = 2**31
_BEAT_S = 5.0
_GONE_S = 20.0
_STANDS_STILL_S = 60.0
_FIRST_LOOK_S = 0.01
_MAX_LOOK_S = 0.25
_WATCH_S = 2.0
_PAGE = 200

_WRITE = f"SELECT * FROM itas_write({', '.join(f'${number}' for number in range(1, 23))})"


async def open_postgres(address: str) -> "PostgresStore":
    """Open the call store in a database, making its tables if need be.

    Args:
        address: ``postgresql://user:password@host:port/database``; the password may stand in PGPASSWORD or in
            ``~/.pgpass`` instead, and ``?search_path=NAME`` chooses a schema.

    Raises:
        SpecError: The address cannot be read, or the extra ``postgres`` is missing.
        StoreError: The server does not answer or refuses, or the store there is newer than this program.
    """
    store = PostgresStore(address)
    async with contextlib.AsyncExitStack() as undo:
        undo.push_async_callback(store.close)
        await store.enter()
        undo.pop_all()
    return store


class PostgresStore(BuyingStore):
    """See `CallStore`. Made by `open_postgres`; belongs to the event loop in which it was opened."""

    def __init__(self, address: str) -> None:
        super().__init__(_IDS_PER_OWNER)
        self._kept = Unsaved()
        self._writing = Link(address, prepare=self._show_that_we_live)
        self._reading = Link(address)
        self.place = self._writing.place
        self._reader = Reader()
        self._writes: Lane[Step] = Lane(self._write_some)
        self._reads: Lane[Callable[[Any], Awaitable[Any]] | tuple[str, Sequence[int]]] = Lane(self._read_some)
        self._beating: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None
        self._is_closed = False

    async def enter(self) -> None:
        """Make or check the tables, become an owner, and look for purchases of processes that are gone."""

        async def become(connection: Any) -> int:
            await prepare(connection, self.place)
            return await connection.fetchval("INSERT INTO itas_owners DEFAULT VALUES RETURNING id")

        self._owner = await self._reading.do(become, patience_s=_FIRST_PATIENCE_S)
        await self._writing.do(_nothing, patience_s=_FIRST_PATIENCE_S)
        await self._look_for_the_gone({})

    async def find(self, key: str, numbers: Sequence[int]) -> dict[int, Completion]:
        """See `CallStore.find`."""
        self._check_open()
        draws: dict[int, Completion] = await self._reads.ask((key, tuple(numbers))) if numbers else {}
        return self._kept.find(key, numbers) | draws if self._kept else draws

    async def open_intent(self, intent: Intent, *, caps: SharedCaps | None = None) -> Opening:
        """See `CallStore.open_intent`.

        Raises:
            StoreError: The server does not answer; nothing may be bought.
        """
        opening = await super().open_intent(intent, caps=caps)
        if isinstance(opening, Found):
            numbers = range(intent.first, intent.first + intent.n)
            found = await self.find(intent.key, numbers)
            run = itertools.takewhile(found.__contains__, numbers)
            return Found({number: found[number] for number in run})
        if not isinstance(opening, Opened):
            self._watch()
        return opening

    async def wait_for(self, taken: Taken) -> None:
        """See `CallStore.wait_for`. Taking over is done by the watch over all others."""
        pause_s = _FIRST_LOOK_S
        while await self._reads.ask(lambda connection: self._reader.is_open(connection, taken.intent)):
            self._watch()
            await asyncio.sleep(pause_s)
            pause_s = min(1.5 * pause_s, _MAX_LOOK_S)

    async def totals(self, run: str | None = None) -> LedgerTotals:
        """See `CallStore.totals`. What is in memory only counts too."""
        self._check_open()
        stored: LedgerTotals = await self._reads.ask(lambda connection: self._reader.totals(connection, run))
        return self._kept.add_totals(stored, run) if self._kept else stored

    async def recorded(self) -> AsyncIterator[Recorded]:
        """See `CallStore.recorded`."""
        self._check_open()
        after: bytes | None = b""
        while after is not None:
            place = after
            found, after = await self._reads.ask(
                lambda connection, place=place: self._reader.page(connection, place, _PAGE)
            )
            for each in found:
                yield each

    async def stats(self) -> StoreStats:
        """See `CallStore.stats`."""
        self._check_open()
        requests, draws, size, quarantined = await self._reads.ask(self._reader.counts)
        return StoreStats(
            requests=requests,
            draws=draws,
            bytes=size,
            damaged=max(quarantined, self._reader.damaged),
            unsaved=self._kept.draws,
            place=self.place,
        )

    async def close(self) -> None:
        """See `CallStore.close`."""
        if self._is_closed:
            return
        self._is_closed = True
        for task in (self._beating, self._watching):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
        await self._reads.close()
        await self._writes.close()
        if self._kept:
            await self._save_kept(patience_s=_LAST_PATIENCE_S)
        if self._kept.draws:
            _log.warning("call store %s: %d answers were never written", self.place, self._kept.draws)
        await self._reading.close()
        await self._writing.close()

    @property
    def _steps(self) -> Lane[Step]:
        self._check_open()
        return self._writes

    def _start_beating(self) -> None:
        if self._beating is None:
            self._beating = asyncio.create_task(self._beat())

    def _check_open(self) -> None:
        if self._is_closed:
            raise StoreError("the call store is closed")

    # Writing and reading ----------------------------------------------------------------------------------

    async def _write_some(self, steps: Sequence[Step]) -> Sequence[Result]:
        if self._kept and not await self._save_kept():
            return [
                self._keep(step, StoreError(f"{self.place}: the server does not answer")) for step in steps
            ]
        return await self._send(steps)

    async def _send(self, steps: Sequence[Step], *, patience_s: float | None = None) -> list[Result]:
        """Write the first of some steps; a batch that the database refuses is tried one by one."""
        batch = None
        try:
            batch = take_batch(steps)
            rows = await self._writing.do(
                lambda connection: connection.fetch(_WRITE, self._owner, *batch.arguments),
                patience_s=patience_s,
            )
            return read_results(batch, rows)
        except (NeverFits, ValueError, OverflowError) as error:
            if len(steps) == 1:
                return [(False, StoreError(f"{self.place}: this cannot be stored: {error}"))]
        except StoreError as error:
            count = 1 if batch is None else len(batch.steps)
            return [self._keep(step, error) for step in steps[:count]]
        return await self._send(steps[:1], patience_s=patience_s)

    def _keep(self, step: Step, error: StoreError) -> Result:
        """What was paid for stays in memory; what was not is not bought."""
        if isinstance(step, Open):
            return False, error
        if not self._kept:
            _log.warning("call store %s: cannot write; keeping what was paid for in memory", self.place)
        return True, self._kept.add(step)

    async def _save_kept(self, *, patience_s: float | None = None) -> bool:
        kept, self._kept = self._kept, Unsaved()
        steps: Sequence[Step] = [step for step in kept.steps if isinstance(step, Put | Close)]
        while steps and not self._kept:
            done = await self._send(steps, patience_s=patience_s)
            steps = steps[len(done) :]
        for step in steps:
            self._kept.add(step)
        return not self._kept

    async def _read_some(
        self, asked: Sequence[Callable[[Any], Awaitable[Any]] | tuple[str, Sequence[int]]]
    ) -> Sequence[Result]:
        """The lists of draws that are asked for first in one question, or one thing of another kind."""
        first = asked[0]
        finds: list[Any] = list(itertools.takewhile(lambda each: isinstance(each, tuple), asked))
        try:
            if callable(first):
                return [(True, await self._reading.do(first))]
            found = await self._reading.do(lambda connection: self._reader.find(connection, finds))
            return [(True, each) for each in found]
        except NeverFits as error:
            count = max(1, len(finds))
            return [(False, StoreError(f"{self.place}: this cannot be asked for: {error}"))] * count
        except StoreError as error:
            return [(False, error)] * max(1, len(finds))

    # Leases -----------------------------------------------------------------------------------------------

    async def _show_that_we_live(self, connection: Any) -> None:
        # Shared, so that a connection of ours that the server has not yet noticed to be broken is no hindrance.
        await connection.execute(f"SELECT pg_advisory_lock_shared({OWNER_CLASS}, $1)", self._owner)

    async def _beat(self) -> None:
        """Beats go over the connection that holds the lock: it is made again here if it breaks."""
        while self._open:
            await asyncio.sleep(_BEAT_S)
            self._writes.tell(Beat(self._owner))
        self._beating = None

    def _watch(self) -> None:
        if self._watching is None and not self._is_closed:
            self._watching = asyncio.create_task(self._watch_others())

    async def _watch_others(self) -> None:
        seen: dict[int, tuple[int, float]] = {}
        try:
            while await self._look_for_the_gone(seen):  # noqa: ASYNC110 - a look now and then
                await asyncio.sleep(_WATCH_S)
        except StoreError as error:  # who waits hears of it too
            _log.warning("call store: cannot look after other processes: %s", error)
        finally:
            self._watching = None

    async def _look_for_the_gone(self, seen: dict[int, tuple[int, float]]) -> bool:
        """Take over what processes that are gone had open; True if others have something open still.

        Args:
            seen: Beats of each process, and when they were first seen; is brought up to date.
        """
        others = await self._reads.ask(
            lambda connection: self._reader.others(connection, self._owner, _GONE_S)
        )
        for owner, beats, has_lock, is_late in others:
            now_s = time.monotonic()
            if seen.get(owner, (-1, 0.0))[0] != beats:
                seen[owner] = (beats, now_s)
            stands_still = now_s - seen[owner][1] > _STANDS_STILL_S
            if (is_late and not has_lock) or stands_still:
                count = await self._reads.ask(
                    lambda connection, owner=owner: connection.fetchval("SELECT itas_take_over($1)", owner)
                )
                _log.warning("call store: %d calls of a process that is gone are booked as uncertain", count)
        return bool(others)


async def _nothing(connection: Any) -> None:
    """The connection is made, and no more."""
