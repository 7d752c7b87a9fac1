"""What a call store is: lists of draws by request, and a ledger of what was meant to be paid and was paid."""

import hashlib
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, Protocol

from itas.core.request import Completion, Request

Booking = Literal["spent", "void", "uncertain"]


@dataclass(frozen=True, slots=True)
class Intent:
    """A purchase about to be made; written down before anything is sent.

    Attributes:
        id: Given by the store's `new_intent_id`.
        run: Which run pays, for totals; may be empty.
        model: ``provider/model``.
        key: The request's key.
        first: Number of the first draw.
        n: Number of draws.
        reserved_micro_usd: The most it can cost; None when the price is unknown.
    """

    id: int
    run: str
    model: str
    key: str
    first: int
    n: int
    reserved_micro_usd: int | None


@dataclass(frozen=True, slots=True)
class Settlement:
    """How a purchase ended.

    Attributes:
        intent: Id of the intent.
        booking: ``spent``: an answer came; ``void``: certainly nothing was billed; ``uncertain``: it was
            sent and nobody knows, counted as spent.
        micro_usd: What it cost, or for an uncertain one may have; None when the price is unknown.
        samples: Draws it brought, or may have.
    """

    intent: int
    booking: Booking
    micro_usd: int | None
    samples: int = 0


@dataclass(frozen=True, slots=True)
class LedgerTotals:
    """The ledger in sums; money in micro-dollars.

    Attributes:
        spent: Of settled purchases.
        uncertain: Of purchases that may have been billed without an answer.
        reserved: Of purchases still open in a living process.
        samples: Draws in the settled and uncertain purchases.
        unpriced: Settled or uncertain purchases without a known price.
        reserved_samples: Draws in the purchases that are still open.
    """

    spent: int = 0
    uncertain: int = 0
    reserved: int = 0
    samples: int = 0
    unpriced: int = 0
    reserved_samples: int = 0


@dataclass(frozen=True, slots=True)
class SharedCaps:
    """What all processes of one run may spend together; None for no cap.

    Attributes:
        micro_usd: In millionths of a dollar.
        samples: Draws.
    """

    micro_usd: int | None = None
    samples: int | None = None

    def allow(self, totals: LedgerTotals, intent: Intent) -> bool:
        """Whether a purchase fits beside everything that is settled, uncertain and on its way."""
        money = totals.spent + totals.uncertain + totals.reserved + (intent.reserved_micro_usd or 0)
        samples = totals.samples + totals.reserved_samples + intent.n
        return (self.micro_usd is None or money <= self.micro_usd) and (
            self.samples is None or samples <= self.samples
        )


@dataclass(frozen=True, slots=True)
class Opened:
    """The purchase is written down and may be made.

    Attributes:
        totals: Of its run, this purchase included.
    """

    totals: LedgerTotals


@dataclass(frozen=True, slots=True)
class Found:
    """Nothing to buy: the first draw is stored already.

    Attributes:
        draws: The stored ones by number, from the first on without a gap.
    """

    draws: Mapping[int, Completion]


@dataclass(frozen=True, slots=True)
class Shortened:
    """Too many: what follows is stored, or on its way for another process.

    Attributes:
        n: Draws, from the first on, that may be bought.
    """

    n: int


@dataclass(frozen=True, slots=True)
class Taken:
    """The first draw is on its way for another process; see `CallStore.wait_for`.

    Attributes:
        intent: Id of its purchase.
        owner: The other process, as the store counts them.
    """

    intent: int
    owner: int


@dataclass(frozen=True, slots=True)
class Capped:
    """It does not fit under the caps of its run now.

    Attributes:
        totals: Of the run.
    """

    totals: LedgerTotals


Opening = Opened | Found | Shortened | Taken | Capped
"""How an attempt to write down a purchase ended; only after `Opened` may it be made."""


@dataclass(frozen=True, slots=True)
class StoreStats:
    """What is in a store and how it fared.

    Attributes:
        requests: Different requests.
        draws: Draws of all of them.
        bytes: Size on disk, or of the texts in memory.
        damaged: Rows that did not fit their checksum, found so far; they count as not stored.
        unsaved: Draws that are only in memory because the disk refused them.
        place: Where it is.
    """

    requests: int
    draws: int
    bytes: int
    damaged: int
    unsaved: int
    place: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """One request with its draws by number; what an export is made of.

    Attributes:
        key: Under which the draws are found.
        request: What was asked.
        draws: By number.
    """

    key: str
    request: Request
    draws: Mapping[int, Completion]

    @property
    def is_edition(self) -> bool:
        """The draws are those of one edition of the model; see `store_key`."""
        return self.key != self.request.key


def store_key(request: Request, edition: str) -> str:
    """The key of a list of draws: of the request alone, unless the model has an edition.

    Args:
        request: What is asked.
        edition: Tells apart models that answer the same request differently under the same name, for
            instance simulated ones with another seed; empty for real ones.
    """
    return _edition_key(request.key, edition) if edition else request.key


@lru_cache(maxsize=4096)  # asked for several times per call
def _edition_key(key: str, edition: str) -> str:
    text = f'["{key}",{json.dumps(edition, ensure_ascii=False)}]'  # `digest([key, edition])`, written by hand
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class CallStore(Protocol):
    """Remembers draws. No method blocks the event loop; a finished `put` survives the end of the process
    where the store is durable."""

    async def find(self, key: str, numbers: Sequence[int]) -> dict[int, Completion]:
        """The stored ones of these draws, each marked ``is_stored``. A damaged row is not stored."""
        ...

    async def put(
        self,
        request: Request,
        draws: Mapping[int, Completion],
        *,
        key: str | None = None,
        settles: Settlement | None = None,
    ) -> dict[int, Completion]:
        """Store draws, and settle the purchase they came from, in one transaction.

        The first writer of a number wins: the same number is the same draw for everybody.

        Args:
            request: What was asked.
            draws: By number.
            key: Under which they are found, 64 hexadecimal digits; the request's own by default.
            settles: The purchase.

        Returns:
            What is stored now under these numbers.
        """
        ...

    def new_intent_id(self) -> int:
        """An id that no other purchase of this store has."""
        ...

    async def open_intent(self, intent: Intent, *, caps: SharedCaps | None = None) -> Opening:
        """Write down a purchase before it is made, if nothing stands against it.

        Looked at in the same transaction, so that it holds among all processes: what is stored by now, what
        another process is buying, and the caps.

        Args:
            intent: The purchase.
            caps: Of the intent's run; none by default.
        """
        ...

    async def wait_for(self, taken: Taken) -> None:
        """Wait until another process's purchase has ended, well or not. One whose process died or stands
        still is taken over: booked as uncertain, so that the draw may be bought here."""
        ...

    def close_intent(self, settlement: Settlement) -> None:
        """Settle a purchase that brought nothing. Returns at once and is written soon; if it is lost, the
        purchase becomes uncertain, which is the safe side."""
        ...

    async def totals(self, run: str | None = None) -> LedgerTotals:
        """Sums of the ledger, of one run or of all."""
        ...

    def recorded(self) -> AsyncIterator[Recorded]:
        """Every list of draws once, with its request, in a fixed order."""
        ...

    async def stats(self) -> StoreStats:
        """Counts and sizes."""
        ...

    async def close(self) -> None:
        """Finish writing and let go. Closing twice is fine; using it afterwards raises StoreError."""
        ...
