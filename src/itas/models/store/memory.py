"""A call store that lives as long as the process."""

import itertools
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

from itas.core.request import Completion, Request
from itas.errors import StoreError
from itas.models.store.contract import Booking, Intent, LedgerTotals, Recorded, Settlement, StoreStats


@dataclass(slots=True)
class _Entry:
    intent: Intent
    booking: Booking | None = None
    micro_usd: int | None = None
    samples: int = 0


class MemoryStore:
    """See `CallStore`. Not durable."""

    def __init__(self) -> None:
        self._requests: dict[str, Request] = {}
        self._draws: dict[str, dict[int, Completion]] = {}
        self._ledger: dict[int, _Entry] = {}
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

    async def open_intent(self, intent: Intent) -> None:
        """See `CallStore.open_intent`."""
        self._check_open()
        self._ledger[intent.id] = _Entry(intent)

    def close_intent(self, settlement: Settlement) -> None:
        """See `CallStore.close_intent`."""
        self._check_open()
        entry = self._ledger[settlement.intent]
        entry.booking = settlement.booking
        entry.micro_usd = settlement.micro_usd
        entry.samples = settlement.samples

    async def totals(self, run: str | None = None) -> LedgerTotals:
        """See `CallStore.totals`."""
        self._check_open()
        entries = [entry for entry in self._ledger.values() if run is None or entry.intent.run == run]
        spent = [entry for entry in entries if entry.booking == "spent"]
        uncertain = [entry for entry in entries if entry.booking == "uncertain"]
        still_open = [entry for entry in entries if entry.booking is None]
        return LedgerTotals(
            spent=sum(entry.micro_usd or 0 for entry in spent),
            uncertain=sum(entry.micro_usd or 0 for entry in uncertain),
            reserved=sum(entry.intent.reserved_micro_usd or 0 for entry in still_open),
            samples=sum(entry.samples for entry in spent + uncertain),
            unpriced=sum(entry.micro_usd is None for entry in spent + uncertain),
        )

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
