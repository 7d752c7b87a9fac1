"""Budget: caps on dollars and samples that hold under concurrency.

What a call can cost is reserved before it is sent and settled afterwards. When a reservation does not fit
but others are outstanding, it waits: they usually cost less than they reserved. Checking first and recording
later would let every call through that starts before the first one ends.

This is the account of one process. Where several pay for the same run, the ledger of the call store is the
account of all; `purchase.py` looks at it in the transaction that opens a purchase.
"""

import asyncio
import logging
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from itas.core.money import format_usd
from itas.errors import BudgetExceeded, SpecError
from itas.models.prices import Price
from itas.models.store.contract import LedgerTotals, SharedCaps

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Account:
    write: Callable[[int], str]
    cap: int | None
    spent: int = 0
    uncertain: int = 0
    reserved: int = 0
    elsewhere: int = 0
    """What other processes have spent and reserved of the same cap, when it was last looked at."""

    def fits(self, amount: int) -> bool:
        return self.cap is None or self.total + amount <= self.cap

    @property
    def remaining(self) -> int | None:
        if self.cap is None:
            return None
        return max(0, self.cap - self.total - self.elsewhere)

    @property
    def total(self) -> int:
        return self.spent + self.uncertain + self.reserved

    def may_fit_later(self, amount: int) -> bool:
        return self.cap is None or self.spent + self.uncertain + amount <= self.cap

    def describe(self, amount: int) -> str:
        assert self.cap is not None
        doubt = f" and {self.write(self.uncertain)} uncertain" if self.uncertain else ""
        return (
            f"up to {self.write(amount)} for the next call, but the cap is {self.write(self.cap)}, "
            f"with {self.write(self.spent)} spent{doubt}"
        )


class Budget:
    """The account of one run. Belongs to one event loop.

    Args:
        max_micro_usd: Cap in millionths of a dollar; None for none.
        max_samples: Cap on paid samples; None for none.
        spent_micro_usd: Spent before, for instance by the run that is resumed.
        spent_samples: Bought before.
    """

    def __init__(
        self,
        *,
        max_micro_usd: int | None = None,
        max_samples: int | None = None,
        spent_micro_usd: int = 0,
        spent_samples: int = 0,
    ) -> None:
        self.overrun_micro_usd = 0
        """By how much calls cost more than they had reserved: a provider ignored a limit, or its price is
        higher than the one known here."""
        self._factors: dict[str, Fraction] = {}
        self._money = _Account(format_usd, max_micro_usd, spent=spent_micro_usd)
        self._samples = _Account(_count_samples, max_samples, spent=spent_samples)
        self._queue: deque[tuple[Reservation, asyncio.Future[None]]] = deque()
        self._outstanding = 0

    @property
    def spent_micro_usd(self) -> int:
        """Settled, in millionths of a dollar."""
        return self._money.spent

    @property
    def uncertain_micro_usd(self) -> int:
        """Perhaps billed without an answer; counts against the cap."""
        return self._money.uncertain

    @property
    def paid_micro_usd(self) -> int:
        """Spent, and perhaps spent: what counts against the cap."""
        return self._money.spent + self._money.uncertain

    @property
    def reserved_micro_usd(self) -> int:
        """Reserved by calls on their way."""
        return self._money.reserved

    @property
    def remaining_samples(self) -> int | None:
        """Left of the cap on samples, reservations taken off; None without a cap."""
        return self._samples.remaining

    @property
    def remaining_micro_usd(self) -> int | None:
        """Left of the cap in millionths of a dollar, reservations taken off; None without a cap."""
        return self._money.remaining

    @property
    def spent_samples(self) -> int:
        """Samples that came."""
        return self._samples.spent

    @property
    def uncertain_samples(self) -> int:
        """Samples that were perhaps billed and never came; they count against the cap."""
        return self._samples.uncertain

    @property
    def paid_samples(self) -> int:
        """Samples that came, and those that were perhaps billed: what counts against the cap."""
        return self._samples.spent + self._samples.uncertain

    def check_price(self, model: str, price: Price | None) -> None:
        """Refuse a model without a known price if there is a cap in dollars.

        Raises:
            SpecError: Naming the model and the cure.
        """
        if price is None and self._money.cap is not None:
            raise SpecError(
                f"no price is known for '{model}', so a cap in dollars cannot be kept. Give its price in the "
                "settings (prices), or set a cap in samples instead"
            )

    @property
    def shared_caps(self) -> SharedCaps | None:
        """The caps, for the ledger; None if there are none."""
        if self._money.cap is None and self._samples.cap is None:
            return None
        return SharedCaps(self._money.cap, self._samples.cap)

    def note_ledger(self, totals: LedgerTotals) -> None:
        """What the ledger says of the whole run, all its processes together."""
        self._money.elsewhere = max(0, totals.spent + totals.uncertain + totals.reserved - self._money.total)
        self._samples.elsewhere = max(0, totals.samples + totals.reserved_samples - self._samples.total)

    def check_shared(self, reservation: "Reservation", totals: LedgerTotals) -> None:
        """Refuse what does not fit under the caps beside what all processes of the run have spent, unless
        calls on their way may still turn out cheaper than they reserved.

        Raises:
            BudgetExceeded: It does not fit, and will not.
        """
        self.note_ledger(totals)
        money = _Account(format_usd, self._money.cap, totals.spent, totals.uncertain, totals.reserved)
        samples = _Account(
            _count_samples, self._samples.cap, spent=totals.samples, reserved=totals.reserved_samples
        )
        refusal = _find_refusal(reservation, money, samples, can_wait=totals.reserved_samples > 0)
        if refusal is not None:
            raise refusal

    async def reserve(self, model: str, *, micro_usd: int | None, samples: int) -> "Reservation":
        """Set aside what a call can cost at most, waiting for other calls where that helps.

        Args:
            model: For messages.
            micro_usd: Upper bound of the price; None if unknown. For a model that has cost more than its
                bound, as many times as much is set aside.
            samples: Draws.

        Raises:
            BudgetExceeded: It does not fit, and will not when everything outstanding is settled.
            SpecError: The price is unknown and there is a cap in dollars.
        """
        if micro_usd is None:
            self.check_price(model, None)
        wanted = Reservation(self, model, micro_usd, self._raised(model, micro_usd), samples)
        if not self._queue and self._grant(wanted):
            return wanted
        granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append((wanted, granted))
        self._serve_queue()
        try:
            await granted
        except asyncio.CancelledError:
            if wanted.is_open:  # granted, and cancelled before this task could run
                wanted.release()
            self._serve_queue()
            raise
        return wanted

    def _grant(self, wanted: "Reservation") -> bool:
        if not (self._money.fits(wanted.micro_usd) and self._samples.fits(wanted.samples)):
            return False
        self._money.reserved += wanted.micro_usd
        self._samples.reserved += wanted.samples
        self._outstanding += 1
        wanted.is_open = True
        return True

    def _serve_queue(self) -> None:
        """Grant or refuse the waiting, first come first served, so that a dear call cannot starve."""
        while self._queue:
            wanted, granted = self._queue[0]
            if granted.done():
                self._queue.popleft()
            elif self._grant(wanted):
                self._queue.popleft()
                granted.set_result(None)
            elif refusal := _find_refusal(wanted, self._money, self._samples, can_wait=self._outstanding > 0):
                self._queue.popleft()
                granted.set_exception(refusal)
            else:
                return

    def _raised(self, model: str, micro_usd: int | None) -> int:
        amount, factor = micro_usd or 0, self._factors.get(model)
        return amount if factor is None else math.ceil(amount * factor)

    def spend(self, reservation: "Reservation", *, micro_usd: int, samples: int) -> None:
        """End a reservation whose call brought an answer; for `Reservation` only."""
        if self._end(reservation):
            self._money.spent += micro_usd
            self._samples.spent += samples
            if micro_usd > reservation.micro_usd:
                self._overrun(reservation, micro_usd)
            self._serve_queue()

    def write_off(self, reservation: "Reservation", *, micro_usd: int, samples: int) -> None:
        """End a reservation whose call brought nothing, and was perhaps billed; for `Reservation` only."""
        if self._end(reservation):
            self._money.uncertain += micro_usd
            self._samples.uncertain += samples
            self._serve_queue()

    def shrink(self, reservation: "Reservation", *, micro_usd: int | None, samples: int) -> None:
        """Give back a part of an open reservation; for `Reservation` only."""
        amount = min(self._raised(reservation.model, micro_usd), reservation.micro_usd)
        reservation.bound_micro_usd = micro_usd
        self._money.reserved -= reservation.micro_usd - amount
        self._samples.reserved -= reservation.samples - samples
        reservation.micro_usd = amount
        reservation.samples = samples
        self._serve_queue()

    def _end(self, reservation: "Reservation") -> bool:
        if not reservation.is_open:
            return False
        reservation.is_open = False
        self._outstanding -= 1
        self._money.reserved -= reservation.micro_usd
        self._samples.reserved -= reservation.samples
        return True

    def _overrun(self, reservation: "Reservation", billed: int) -> None:
        """Count what a call cost beyond its bound, reserve more for this model from now on, and say so once.

        A model without a price reserves nothing, so it cannot exceed anything.
        """
        model, bound, reserved = reservation.model, reservation.bound_micro_usd, reservation.micro_usd
        if bound is None:
            return
        self.overrun_micro_usd += billed - reserved
        if model not in self._factors:
            _log.warning(
                "'%s': %s were reserved for a call, the most it can cost by its price, but %s were billed. "
                "More is reserved for this model from now on; is its price in the settings (prices) right?",
                model, format_usd(reserved), format_usd(billed),
            )  # fmt: skip
        self._factors[model] = Fraction(billed, bound) if bound else Fraction(1)


class Reservation:
    """Money and samples set aside for one call. Ends in exactly one way; a second one does nothing.

    Attributes:
        bound_micro_usd: Upper bound by the price; None if unknown.
        micro_usd: What is set aside: the bound, raised where the model has passed it; 0 if it is unknown.
        samples: Draws set aside.
        is_open: Granted, and not ended.
    """

    __slots__ = ("_budget", "bound_micro_usd", "is_open", "micro_usd", "model", "samples")

    def __init__(
        self, budget: Budget, model: str, bound_micro_usd: int | None, micro_usd: int, samples: int
    ) -> None:
        self._budget = budget
        self.is_open = False
        self.model = model
        self.bound_micro_usd = bound_micro_usd
        self.micro_usd = micro_usd
        self.samples = samples

    def shrink(self, *, micro_usd: int | None, samples: int) -> None:
        """Fewer draws are needed, at this bound: gives the rest back."""
        self._budget.shrink(self, micro_usd=micro_usd, samples=samples)

    def settle(self, *, micro_usd: int, samples: int) -> None:
        """The call brought an answer at this price."""
        self._budget.spend(self, micro_usd=micro_usd, samples=samples)

    def release(self) -> None:
        """Certainly nothing was billed."""
        self._budget.spend(self, micro_usd=0, samples=0)

    def doubt(self) -> None:
        """It was sent and nobody knows whether it was billed: counts in full."""
        self._budget.write_off(self, micro_usd=self.micro_usd, samples=self.samples)


def _find_refusal(
    wanted: Reservation, money: _Account, samples: _Account, *, can_wait: bool
) -> BudgetExceeded | None:
    for account, amount in ((money, wanted.micro_usd), (samples, wanted.samples)):
        if not account.may_fit_later(amount) or (not can_wait and not account.fits(amount)):
            return BudgetExceeded(
                f"'{wanted.model}' needs {account.describe(amount)}. Nothing was sent. "
                "Raise the cap (--max-cost or --max-samples)"
            )
    return None


def _count_samples(count: int) -> str:
    return f"{count:,} sample{'' if count == 1 else 's'}"
