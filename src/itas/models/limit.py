"""Limit: how many calls of one provider are open at the same time."""

import asyncio

from itas.core.model import Model
from itas.core.request import Completion, Request


class Limited:
    """Waits for a free slot before it asks the inner model.

    Args:
        inner: Who answers.
        slots: Shared by all models of one provider.
    """

    def __init__(self, inner: Model, slots: asyncio.Semaphore) -> None:
        self._inner = inner
        self._slots = slots

    async def sample(self, request: Request, *, n: int = 1, first: int = 0) -> tuple[Completion, ...]:
        """See `core.model.Model.sample`."""
        async with self._slots:
            return await self._inner.sample(request, n=n, first=first)
