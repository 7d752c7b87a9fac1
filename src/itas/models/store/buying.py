"""What every store that processes share does about a purchase: opening, storing and closing it are steps that go to
whoever writes, and while purchases are open the others are shown that this process works on them.
"""

import itertools
from abc import ABC, abstractmethod
from asyncio import Future
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Protocol, Self

from itas.core.request import Completion, Request
from itas.models.store.contract import Intent, Opened, Opening, Settlement, SharedCaps
from itas.models.store.steps import Close, Open, Put


class Writes(Protocol):
    """Takes steps in their order; see `worker.Worker` and `lane.Lane`."""

    def ask(self, work: Any) -> "Future[Any]":
        """Queue a step whose result is awaited."""
        ...

    def tell(self, work: Any) -> None:
        """Queue a step whose result nobody awaits."""
        ...


class BuyingStore(ABC):
    """The part of a `CallStore` that is about purchases.

    Args:
        ids_per_owner: Purchases have the numbers of their process's own range.
    """

    def __init__(self, ids_per_owner: int) -> None:
        self._owner = 0
        self._open: set[int] = set()
        self._ids_per_owner = ids_per_owner
        self._counter = itertools.count(1)

    @property
    @abstractmethod
    def _steps(self) -> Writes:
        """Where steps go.

        Raises:
            StoreError: The store is closed.
        """

    @abstractmethod
    def _start_beating(self) -> None:
        """Show beats from now on, as long as purchases are open."""

    async def put(
        self,
        request: Request,
        draws: Mapping[int, Completion],
        *,
        key: str | None = None,
        settles: Settlement | None = None,
    ) -> dict[int, Completion]:
        """See `CallStore.put`."""
        steps = self._steps
        if settles is not None:
            self._open.discard(settles.intent)
        stored: dict[int, Completion] = await steps.ask(Put(key or request.key, request, draws, settles))
        return {
            number: draw if draw.is_stored else draw.model_copy(update={"is_stored": True})
            for number, draw in stored.items()
        }

    def new_intent_id(self) -> int:
        """See `CallStore.new_intent_id`."""
        return self._owner * self._ids_per_owner + next(self._counter)

    async def open_intent(self, intent: Intent, *, caps: SharedCaps | None = None) -> Opening:
        """See `CallStore.open_intent`."""
        steps = self._steps
        self._open.add(intent.id)
        self._start_beating()
        is_open = False
        try:
            opening: Opening = await steps.ask(Open(intent, self._owner, caps))
            is_open = isinstance(opening, Opened)
            return opening
        finally:
            if not is_open:
                self._open.discard(intent.id)

    def close_intent(self, settlement: Settlement) -> None:
        """See `CallStore.close_intent`."""
        steps = self._steps
        self._open.discard(settlement.intent)
        steps.tell(Close(settlement))

    @abstractmethod
    async def close(self) -> None:
        """See `CallStore.close`."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
