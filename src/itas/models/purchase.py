"""Purchase: one request to a provider, with its money and its record.

Reserves the most it can cost, writes the intent into the ledger, asks, and stores the answer together with
the settlement in one transaction, before anybody sees it. Every attempt of a retry is a purchase of its own,
so one whose fate is unknown stays in the books beside the one that succeeded.

Between the look into the store (see `cache.py`) and the call may lie a long wait: for a slot, for money, for
the next attempt. So the same transaction that writes the intent looks once more, among all processes that share
the store: what is stored by now is given out instead of bought; what another process is buying is left to it
(see `elsewhere.py`); and what does not fit under the caps of the run waits, or is refused.
"""

import asyncio

from itas.core.model import Listen, Model
from itas.core.request import Completion, Request
from itas.core.stopping import begin_call
from itas.errors import Error, ModelError
from itas.models.budget import Budget, Reservation
from itas.models.elsewhere import BoughtElsewhere
from itas.models.listening import Ear
from itas.models.prices import Price
from itas.models.store.contract import (
    CallStore,
    Capped,
    Found,
    Intent,
    Opened,
    Opening,
    Settlement,
    Shortened,
    Taken,
    store_key,
)

_FIRST_WAIT_S = 0.02
_MAX_WAIT_S = 0.5


class Purchased:
    """Buys from the inner model and keeps the books. Stands directly around a provider.

    A draw that comes marked as stored (a recording) is neither booked nor stored again.

    Args:
        inner: The provider; may give fewer draws than asked for (see `Spread`).
        store: Where draws and intents go.
        budget: Whose caps hold.
        price: Of the model; None if unknown.
        edition: Of the model; see `store_key`.
        run: Which run pays. Its caps hold among all processes that pay for a run of this name through the
            same store; without a name they hold in this process.
        is_remote: A network provider. Its calls stand in the ledger even if they are free, so that a cap on
            samples holds when the run is resumed.

    Where something is paid for, fewer draws than asked for may come, but at least one (see `Spread`).
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
        self._caps = budget.shared_caps if run else None
        self._is_remote = is_remote

    async def sample(
        self, request: Request, *, n: int = 1, first: int = 0, listen: Listen | None = None
    ) -> tuple[Completion, ...]:
        """See `core.model.Model.sample`.

        Raises:
            BoughtElsewhere: Another process is buying the first of the draws.
        """
        bound = self._bound(request, n)
        reservation = await self._budget.reserve(request.model, micro_usd=bound, samples=n)
        intent = stop = None
        was_sent = False
        ear = Ear(listen)
        try:
            if self._is_written_down(reservation):
                opened = await self._open(request, first, reservation)
                if isinstance(opened, Found):
                    ear.finish(opened.draws[first].text)
                    return tuple(opened.draws.values())
                intent, n = opened, opened.n
            stop = await begin_call()
            was_sent = True
            completions = await self._inner.sample(request, n=n, first=first, listen=ear.listen)
        except Error as error:
            if ear.has_heard and isinstance(error, ModelError):
                error.is_cut, error.can_retry, error.may_be_billed = True, False, True
            was_sent = isinstance(error, ModelError) and error.may_be_billed
            raise
        else:
            drawn = await self._book(request, first, completions, reservation, intent)
            # What was heard is the answer, also where another process stored another draw of that number first.
            return completions if ear.has_heard else drawn
        finally:
            if reservation.is_open:  # a failure, or cancelled on the way
                self._write_off(reservation, intent, is_certain=not was_sent)
            if stop is not None:
                stop.leave()

    def _bound(self, request: Request, n: int) -> int | None:
        return None if self._price is None else self._price.bound(request, n)

    def _is_written_down(self, reservation: Reservation) -> bool:
        """Whether there is an intent: not for a free model on this machine, which may be asked many thousand
        times a second."""
        return self._is_remote or self._price is None or reservation.micro_usd > 0

    async def _open(self, request: Request, first: int, reservation: Reservation) -> Intent | Found:
        """Write down the purchase, of as many draws as are still to be bought; or what makes it needless."""
        wait_s = _FIRST_WAIT_S
        while True:
            intent = self._new_intent(request, first, reservation)
            match await self._write_down(intent):
                case Opened(totals):
                    if self._caps is not None:
                        self._budget.note_ledger(totals)
                    return intent
                case Found() as found:
                    return found
                case Shortened(n):
                    reservation.shrink(micro_usd=self._bound(request, n), samples=n)
                case Taken() as taken:
                    raise BoughtElsewhere(taken)
                case Capped(totals):
                    self._budget.check_shared(reservation, totals)
                    await asyncio.sleep(wait_s)
                    wait_s = min(2 * wait_s, _MAX_WAIT_S)

    async def _write_down(self, intent: Intent) -> Opening:
        is_written = False
        try:
            opening = await self._store.open_intent(intent, caps=self._caps)
            is_written = True
            return opening
        finally:
            if not is_written:  # cancelled on the way into the ledger: nothing was sent
                self._store.close_intent(Settlement(intent.id, "void", 0))

    def _new_intent(self, request: Request, first: int, reservation: Reservation) -> Intent:
        reserved = None if self._price is None else reservation.micro_usd
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
            each
            if first + i not in new or stored[first + i].text == each.text
            else stored[first + i].model_copy(update={"is_stored": False})
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
