"""Turns: so many answers are worked on at the same time, so many wait, the next one is refused."""

import asyncio
from collections import deque

from itas.serve.refusal import too_many

_ASK_AGAIN_S = 2


class Turns:
    """First come, first served. Belongs to one event loop.

    Args:
        concurrency: Answers at the same time.
        queue: Requests that may wait.
    """

    def __init__(self, *, concurrency: int, queue: int) -> None:
        self._free = concurrency
        self._most = concurrency
        self._queue = queue
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @property
    def in_work(self) -> int:
        """Answers under way."""
        return self._most - self._free

    @property
    def waiting(self) -> int:
        """Requests that wait."""
        return len(self._waiting)

    def check(self) -> None:
        """Refuse at once what would have to wait in a full queue.

        Raises:
            Refusal: 429 with Retry-After.
        """
        if self._free <= 0 and len(self._waiting) >= self._queue:
            raise too_many(_ASK_AGAIN_S)

    def may_enter(self, answers: int) -> bool:
        """The turn of a request with so many answers, if it need not wait; `leave` ends it."""
        weight = min(answers, self._most)
        if self._waiting or self._free < weight:
            return False
        self._free -= weight
        return True

    async def enter(self, answers: int) -> None:
        """Wait for the turn of a request with so many answers; `leave` ends it."""
        if not self.may_enter(answers):
            await self._wait(min(answers, self._most))

    def leave(self, answers: int) -> None:
        """The turn of a request with so many answers is over."""
        self._free += min(answers, self._most)
        if self._waiting:
            self._serve()

    async def _wait(self, weight: int) -> None:
        granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((weight, granted))
        try:
            await granted
        except asyncio.CancelledError:
            if granted.done() and not granted.cancelled():  # granted, and left before it could run
                self._free += weight
            self._serve()
            raise

    def _serve(self) -> None:
        while self._waiting:
            weight, granted = self._waiting[0]
            if granted.done():
                self._waiting.popleft()
            elif self._free >= weight:
                self._waiting.popleft()
                self._free -= weight
                granted.set_result(None)
            else:
                return
