"""A call store that lives as long as the process."""

import itertools
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace

from itas.core.request import Completion, Request
from itas.errors import StoreError
from itas.models.store.accounts import Entry, Sums
from itas.models.store.contract import (
    Capped,
    Found,
    Intent,
    LedgerTotals,
    Opened,
    Opening,
    Recorded,
    Settlement,
    SharedCaps,
    Shortened,
    StoreStats,
    Taken,
)


class MemoryStore:
    """See `CallStore`. Not durable."""

    def __init__(self) -> None:
        self._requests: dict[str, Request] = {}
        self._draws: dict[str, dict[int, Completion]] = {}
        self._ledger: dict[int, tuple[Intent, Entry]] = {}
        self._sums = Sums()
        self._ids = itertools.count(1)
        self._is_closed = False

    async def find(self, key: str, numbers: Sequence[int]) -> dict[int, Completion]:
        """See `CallStore.find`."""
        self._check_open()
        known = self._draws.get(key, {})
        return {number: known[number] for number in numbers if number in known}

    async def put(
        self,
        request: Request,
        draws: Mapping[int, Completion],
        *,
        key: str | None = None,
        settles: Settlement | None = None,
    ) -> dict[int, Completion]:
        """See `CallStore.put`."""
        self._check_open()
        key = key or request.key
        self._requests.setdefault(key, request)
        known = self._draws.setdefault(key, {})
        for number, completion in draws.items():
            known.setdefault(number, completion.model_copy(update={"is_stored": True}))
        if settles is not None:
            self.close_intent(settles)
        return {number: known[number] for number in draws}

    def new_intent_id(self) -> int:
        """See `CallStore.new_intent_id`."""
        return next(self._ids)

    async def open_intent(self, intent: Intent, *, caps: SharedCaps | None = None) -> Opening:
        """See `CallStore.open_intent`. There are no other processes."""
        known = await self.find(intent.key, range(intent.first, intent.first + intent.n))
        if intent.first in known:
            end = next(number for number in itertools.count(intent.first) if number not in known)
            return Found({number: known[number] for number in range(intent.first, end)})
        if known:
            return Shortened(min(known) - intent.first)
        if caps is not None and not caps.allow(self._sums.totals(intent.run), intent):
            return Capped(self._sums.totals(intent.run))
        entry = Entry(None, intent.reserved_micro_usd, intent.n, None, 0)
        self._ledger[intent.id] = (intent, entry)
        self._sums.add(intent.run, entry)
        return Opened(self._sums.totals(intent.run))

    async def wait_for(self, taken: Taken) -> None:
        """See `CallStore.wait_for`."""

    def close_intent(self, settlement: Settlement) -> None:
        """See `CallStore.close_intent`."""
        self._check_open()
        found = self._ledger.get(settlement.intent)
        if found is None:  # was never opened
            return
        intent, entry = found
        closed = replace(
            entry, booking=settlement.booking, micro_usd=settlement.micro_usd, samples=settlement.samples
        )
        self._sums.remove(intent.run, entry)
        self._sums.add(intent.run, closed)
        self._ledger[intent.id] = (intent, closed)

    async def totals(self, run: str | None = None) -> LedgerTotals:
        """See `CallStore.totals`."""
        self._check_open()
        return self._sums.all_totals() if run is None else self._sums.totals(run)

    async def recorded(self) -> AsyncIterator[Recorded]:
        """See `CallStore.recorded`."""
        self._check_open()
        for key in sorted(self._requests):
            yield Recorded(key, self._requests[key], dict(sorted(self._draws[key].items())))

    async def stats(self) -> StoreStats:
        """See `CallStore.stats`."""
        self._check_open()
        lists = self._draws.values()
        return StoreStats(
            requests=len(self._requests),
            draws=sum(map(len, lists)),
            bytes=sum(len(completion.text) for draws in lists for completion in draws.values()),
            damaged=0,
            unsaved=0,
            place="memory",
        )

    async def close(self) -> None:
        """See `CallStore.close`."""
        self._is_closed = True

    def _check_open(self) -> None:
        if self._is_closed:
            raise StoreError("the call store is closed")
