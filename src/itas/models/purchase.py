"""Purchase: one request to a provider, with its money and its record.

Reserves the most it can cost, writes the intent into the ledger, asks, and stores the answer together with
the settlement in one transaction, before anybody sees it. Every attempt of a retry is a purchase of its own,
so one whose fate is unknown stays in the books beside the one that succeeded.

Between the look into the store (see `cache.py`) and the call may lie a long wait: for a slot, for money, for
the next attempt. So before a network provider is asked, the store is looked into once more, and what another
process has bought meanwhile is given out instead of bought again. That a call on its way is made once for all
who ask holds within one process only: two processes that send the same request at the same time both pay.
"""

import itertools
from collections.abc import Mapping

from itas.core.model import Model
from itas.core.request import Completion, Request
from itas.errors import Error, ModelError
from itas.models.budget import Budget, Reservation
from itas.models.prices import Price
from itas.models.store.contract import CallStore, Intent, Settlement, store_key


class Purchased:
    """Buys from the inner model and keeps the books. Stands directly around a provider.

    A draw that comes marked as stored (a recording) is neither booked nor stored again.

    Args:
        inner: The provider; may give fewer draws than asked for (see `Spread`).
        store: Where draws and intents go.
        budget: Whose caps hold.
        price: Of the model; None if unknown.
        edition: Of the model; see `store_key`.
        run: Which run pays, for the ledger.
        is_remote: A network provider. Its calls stand in the ledger even if they are free, so that a cap on
            samples holds when the run is resumed; and the store is looked into again before each, so that
            fewer draws than asked for may come, but at least one (see `Spread`).
    """

    def __init__(
        self,
        inner: Model,
        *,
        store: CallStore,
        budget: Budget,
        price: Price | None,
        edition: str = "",
        run: str = "",
        is_remote: bool = False,
    ) -> None:
        self._inner = inner
        self._store = store
        self._budget = budget
        self._price = price
        self._edition = edition
        self._run = run
        self._is_remote = is_remote

    async def sample(self, request: Request, *, n: int = 1, first: int = 0) -> tuple[Completion, ...]:
        """See `core.model.Model.sample`."""
        bound = self._bound(request, n)
        reservation = await self._budget.reserve(request.model, micro_usd=bound, samples=n)
        intent = None
        was_sent = False
        try:
            if self._is_remote:
                stored = await self._store.find(store_key(request, self._edition), range(first, first + n))
                if first in stored:
                    return _leading(stored, first)
                if stored:  # up to there; the rest is asked for again
                    n = min(stored) - first
                    reservation.shrink(micro_usd=self._bound(request, n), samples=n)
            intent = self._new_intent(request, first, reservation)
            if intent is not None:
                await self._store.open_intent(intent)
            was_sent = True
            completions = await self._inner.sample(request, n=n, first=first)
        except Error as error:
            was_sent = isinstance(error, ModelError) and error.may_be_billed
            raise
        else:
            return await self._book(request, first, completions, reservation, intent)
        finally:
            if reservation.is_open:  # a failure, or cancelled on the way
                self._write_off(reservation, intent, is_certain=not was_sent)

    def _bound(self, request: Request, n: int) -> int | None:
        return None if self._price is None else self._price.bound(request, n)

    def _new_intent(self, request: Request, first: int, reservation: Reservation) -> Intent | None:
        """What is written down before the call; nothing for a free model on this machine, which may be
        asked many thousand times a second."""
        reserved = None if self._price is None else reservation.micro_usd
        if reserved == 0 and not self._is_remote:
            return None
        key = store_key(request, self._edition)
        intent_id = self._store.new_intent_id()
        return Intent(intent_id, self._run, request.model, key, first, reservation.samples, reserved)

    async def _book(
        self,
        request: Request,
        first: int,
        completions: tuple[Completion, ...],
        reservation: Reservation,
        intent: Intent | None,
    ) -> tuple[Completion, ...]:
        new = {first + i: each for i, each in enumerate(completions) if not each.is_stored}
        costs = [each.cost_micro_usd for each in new.values()]
        known = sum(cost for cost in costs if cost is not None)
        # Billed, but the provider did not say how much: the bound is booked, never less than the truth.
        spent = reservation.micro_usd if None in costs else known
        reservation.settle(micro_usd=spent, samples=len(new))
        if not new:
            if intent is not None:
                self._store.close_intent(Settlement(intent.id, "void", 0))
            return completions
        settles = None
        if intent is not None:
            is_unpriced = None in costs and intent.reserved_micro_usd is None
            settles = Settlement(intent.id, "spent", None if is_unpriced else spent, len(new))
        key = store_key(request, self._edition)
        stored = await self._store.put(request, new, key=key, settles=settles)
        # What another process stored first is the draw of that number; paid for it was here all the same.
        return tuple(
            stored[first + i].model_copy(update={"is_stored": False}) if first + i in new else each
            for i, each in enumerate(completions)
        )

    def _write_off(self, reservation: Reservation, intent: Intent | None, *, is_certain: bool) -> None:
        if is_certain:
            reservation.release()
        else:
            reservation.doubt()
        if intent is not None:
            booking = "void" if is_certain else "uncertain"
            amount = 0 if is_certain else intent.reserved_micro_usd
            samples = 0 if is_certain else intent.n
            self._store.close_intent(Settlement(intent.id, booking, amount, samples))


def _leading(stored: Mapping[int, Completion], first: int) -> tuple[Completion, ...]:
    """The draws from `first` up to the next that is missing."""
    return tuple(
        stored[number] for number in itertools.takewhile(stored.__contains__, itertools.count(first))
    )
