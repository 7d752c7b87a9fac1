"""What a provider stands holds over all nodes together: one throttle for each provider, in an actor of its own."""

import asyncio
import time
from collections import deque
from typing import Any

from itas.errors import ModelError
from itas.models.providers.known import Provider
from itas.models.throttle import Throttle


class Permits:
    """Lets calls of all workers in; runs as an actor. A provider is made known by the first that asks for it."""

    def __init__(self) -> None:
        self._throttles: dict[str, Throttle] = {}
        self._held: dict[tuple[str, str], int] = {}
        self._lost: set[str] = set()
        self.most_open: dict[str, int] = {}

    async def enter(self, limits: dict[str, Any], holder: str, tokens: int) -> float:
        """Wait for a place; 0, or the seconds for which the provider has asked to be left alone."""
        name = str(limits["provider"])
        throttle = self._throttles.get(name)
        if throttle is None:
            throttle = self._throttles[name] = Throttle(**limits)
        try:
            await throttle.enter(tokens)
        except ModelError as error:
            return error.retry_after_s or 1.0
        if holder in self._lost:
            throttle.leave()
            return 1.0
        self._held[holder, name] = self._held.get((holder, name), 0) + 1
        self.most_open[name] = max(self.most_open.get(name, 0), throttle.open)
        return 0.0

    async def leave(
        self,
        name: str,
        holder: str,
        answers: int,
        failures: list[tuple[int | None, float | None, bool, float]],
    ) -> None:
        """Give a place back and say how it went."""
        throttle = self._throttles[name]
        for _ in range(answers):
            throttle.note_answer()
        for status, retry_after_s, can_retry, took_s in failures:
            error = ModelError(
                "", provider=name, status=status, can_retry=can_retry, retry_after_s=retry_after_s
            )
            throttle.note_failure(error, time.monotonic() - took_s)
        if self._held.get((holder, name), 0):
            self._held[holder, name] -= 1
            throttle.leave()

    async def forget(self, holder: str) -> None:
        """A worker is lost: its places are free."""
        self._lost.add(holder)
        for (who, name), count in self._held.items():
            if who == holder:
                self._held[who, name] = 0
                for _ in range(count):
                    self._throttles[name].leave()

    async def figures(self) -> dict[str, int]:
        """Most calls that were open at once, by provider."""
        return dict(self.most_open)


_KEPT_S = 0.05
"""So long a place that is free is kept for the next call of the same worker."""
_LONGEST_S = 1.0
"""So long after it was given out a place must go back, so that other workers get theirs."""


class SharedThrottle(Throttle):
    """A throttle whose places are given out by the actor. Second calls for slow ones (hedges) are not made: they
    may begin only where a place is free at once, which nobody here can know.

    A place is kept for a moment for this worker's next call, unless the provider counts calls or tokens by the minute:
    asking for each call costs more than the call does here.

    Args:
        provider: Whose.
        permits: Handle of the actor.
        holder: Which worker this is.
    """

    def __init__(self, provider: Provider, permits: Any, holder: str) -> None:
        super().__init__(provider.name, most=provider.concurrency)
        self._limits = {
            "provider": provider.name,
            "most": provider.concurrency,
            "start": provider.concurrency if provider.is_local or provider.starts_full else None,
            "requests_per_minute": provider.requests_per_minute,
            "tokens_per_minute": provider.tokens_per_minute,
        }
        self._permits = permits
        self._holder = holder
        self._is_counted = bool(provider.requests_per_minute or provider.tokens_per_minute)
        self._since: deque[float] = deque()  # when the places of the open calls were given out
        self._kept: deque[float] = deque()
        self._good = 0
        self._bad: list[tuple[int | None, float | None, bool, float]] = []

    async def enter(self, tokens: int) -> None:
        """See `Throttle.enter`."""
        now = time.monotonic()
        if self._kept:
            self._since.append(self._kept.pop())
            self.open += 1
            return
        asked = asyncio.ensure_future(
            _awaited(self._permits.enter.remote(self._limits, self._holder, tokens))
        )
        try:
            wait_s = await asyncio.shield(asked)
        except asyncio.CancelledError:
            asked.add_done_callback(self._give_back)  # it is let in all the same
            raise
        if wait_s:
            raise ModelError(
                f"has asked to be left alone for {wait_s:.0f} s more; nothing was sent",
                provider=self._provider,
                status=429,
                can_retry=True,
                retry_after_s=wait_s,
            )
        self.open += 1
        self._since.append(now)

    def try_enter(self, tokens: int) -> bool:
        """See `Throttle.try_enter`."""
        return False

    def leave(self) -> None:
        """See `Throttle.leave`."""
        self.open -= 1
        since = self._since.popleft()
        if self._is_counted or self._bad or time.monotonic() - since > _LONGEST_S:
            self._tell_left()
            return
        self._kept.append(since)
        asyncio.get_running_loop().call_later(_KEPT_S, self._let_go)

    def _let_go(self) -> None:
        """One for each place that was kept, so none is kept for ever."""
        if self._kept:
            self._kept.popleft()
            self._tell_left()

    def note_answer(self) -> None:
        """See `Throttle.note_answer`."""
        self._good += 1

    def note_failure(self, error: ModelError, started: float) -> None:
        """See `Throttle.note_failure`."""
        self.rejections += error.status == 429
        self._bad.append((error.status, error.retry_after_s, error.can_retry, time.monotonic() - started))

    def _give_back(self, asked: "asyncio.Future[float]") -> None:
        if not asked.cancelled() and asked.exception() is None and asked.result() == 0.0:
            self._tell_left()

    def _tell_left(self) -> None:
        good, self._good = self._good, 0
        bad, self._bad = self._bad, []
        self._permits.leave.remote(self._provider, self._holder, good, bad)


async def _awaited(reference: Any) -> float:
    return await reference
