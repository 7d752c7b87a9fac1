"""What a call store is: lists of draws by request, and a ledger of what was meant to be paid and was paid."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from itas.core.request import Completion, Request
from itas.core.spec import digest

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
    """

    spent: int = 0
    uncertain: int = 0
    reserved: int = 0
    samples: int = 0
    unpriced: int = 0


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
    return digest([request.key, edition]) if edition else request.key


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

    async def open_intent(self, intent: Intent) -> None:
        """Write down a purchase before it is made."""
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
