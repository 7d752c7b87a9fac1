"""A worker's places at a provider: leased from the actor that all workers share, used again, given back."""

import asyncio
import time
from collections import deque
from typing import Any

from itas.api.cluster.permits import News, Reply
from itas.errors import ModelError
from itas.models.providers.known import Provider
from itas.models.throttle import Counted, Throttle, left_alone

_KEPT_S = 0.05
"""A place that nobody here used for so long goes back."""
_BEAT_S = 0.25
"""So often a worker that holds places tells how calls went, and hears whether others wait."""
_MOST_AT_ONCE = 256


class SharedThrottle(Throttle):
    """A throttle whose places are given out by the actor `permits.Permits`.

    A place that was given out is used for one call after the other, so that a call seldom has to ask. Where the
    provider counts calls or tokens by the minute, or has asked for a pause, each call is asked for, those that wait at
    the same moment together. Second calls for slow ones (hedges) are not made: they may begin only where a place is
    free at once, which nobody here can know.

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
        self._each_asks = bool(provider.requests_per_minute or provider.tokens_per_minute)
        self._waiting: deque[tuple[asyncio.Future[None], int]] = deque()
        self._free = self._least_free = self._owed = self._left = 0
        self._good = 0
        self._failures: list[tuple[int | None, float | None, bool, float]] = []
        self._told_limits: dict[Counted, tuple[Counted, float, float, float]] = {}
        self._asking: asyncio.Task[None] | None = None
        self._telling: asyncio.Task[None] | None = None
        self._looking: asyncio.TimerHandle | None = None
        self._asked_s = self._told_s = self._gap_s = 0.0

    async def enter(self, tokens: int) -> None:
        """See `Throttle.enter`."""
        if self._free and not self._waiting and not self._each_asks:
            self._take()
            return
        granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((granted, tokens))
        if self._asking is None:
            self._begin_asking()
        try:
            await granted
        except asyncio.CancelledError:
            if granted.done() and not granted.cancelled() and granted.exception() is None:
                self.leave()  # let in, and cancelled before this task could run
            raise

    def try_enter(self, tokens: int) -> bool:
        """See `Throttle.try_enter`."""
        return False

    def leave(self) -> None:
        """See `Throttle.leave`."""
        self.open -= 1
        self._free += 1
        self._settle()

    def note_answer(self) -> None:
        """See `Throttle.note_answer`."""
        self._good += 1

    def note_failure(self, error: ModelError, started: float) -> None:
        """See `Throttle.note_failure`."""
        self.rejections += error.status == 429
        self._failures.append(
            (error.status, error.retry_after_s, error.can_retry, time.monotonic() - started)
        )

    def note_limit(self, counted: Counted, *, limit: float, remaining: float, reset_s: float) -> None:
        """See `Throttle.note_limit`."""
        self._told_limits[counted] = (counted, limit, remaining, reset_s)

    def _take(self) -> None:
        self._free -= 1
        self._least_free = min(self._least_free, self._free)
        self.open += 1

    def _begin_asking(self) -> None:
        self._asking = asyncio.create_task(self._ask())
        self._asking.add_done_callback(self._asked)

    async def _ask(self) -> None:
        """Ask for what waits, until nothing does."""
        await asyncio.sleep(self._asked_s + self._gap_s - time.monotonic())
        while tokens := [each for granted, each in self._waiting if not granted.done()]:
            self._asked_s = time.monotonic()
            reply: Reply = await self._permits.enter.remote(
                self._limits, self._holder, tokens[:_MOST_AT_ONCE]
            )
            self._free += reply.given
            self._heed(reply)
            if reply.wait_s:
                self._fail(left_alone(self._provider, reply.wait_s))
            self._hand_out()
            self._settle()
            await asyncio.sleep(self._asked_s + self._gap_s - time.monotonic())

    def _asked(self, task: asyncio.Task[None]) -> None:
        """Who waits hears what went wrong, if something did; who came in the last moment is asked for."""
        self._asking = None
        if not task.cancelled() and (error := task.exception()) is not None:
            self._fail(error)
        elif any(not granted.done() for granted, _ in self._waiting):
            self._begin_asking()

    def _hand_out(self) -> None:
        while self._free and self._waiting:
            granted, _ = self._waiting.popleft()
            if not granted.done():
                self._take()
                granted.set_result(None)

    def _fail(self, error: BaseException) -> None:
        while self._waiting:
            granted, _ = self._waiting.popleft()
            if not granted.done():
                granted.set_exception(error)

    def _heed(self, reply: Reply) -> None:
        self._owed, self._each_asks, self._gap_s = reply.owed, reply.is_strict, reply.gap_s

    def _settle(self) -> None:
        """What is free is used by whoever waits here, kept for the next call, or given back."""
        is_bad = bool(self._failures or self._told_limits)
        if not self._each_asks and not is_bad:
            back = min(self._free, self._owed)
            self._owed -= back
            self._free -= back
            self._left += back
            self._hand_out()
        else:
            self._left += self._free
            self._free = 0
        if self._left or is_bad:
            self._tell()
        if self._looking is None and (self._free or self.open):
            self._least_free = self._free
            self._looking = asyncio.get_running_loop().call_later(_KEPT_S, self._look)

    def _look(self) -> None:
        """Give back what was not used since the last look; tell now and then how it goes."""
        self._looking = None
        idle = min(self._least_free, self._free)
        self._free -= idle
        self._left += idle
        if idle or time.monotonic() - self._told_s > _BEAT_S:
            self._tell()
        self._settle()

    def _tell(self) -> None:
        """In one message whatever there is to tell; what comes meanwhile goes with the next."""
        if self._telling is None:
            self._telling = asyncio.create_task(self._tell_all())
            self._telling.add_done_callback(self._told)

    async def _tell_all(self) -> None:
        is_first = True
        while is_first or self._left or self._failures:
            is_first = False
            await asyncio.sleep(self._told_s + self._gap_s - time.monotonic())
            left, self._left = self._left, 0
            news = News(self._good, tuple(self._failures), tuple(self._told_limits.values()))
            self._good = 0
            self._failures.clear()
            self._told_limits.clear()
            self._told_s = time.monotonic()
            self._heed(await self._permits.tell.remote(self._provider, self._holder, left, news))

    def _told(self, task: asyncio.Task[None]) -> None:
        self._telling = None
        if not task.cancelled() and task.exception() is None:  # else the next that asks hears of it
            self._settle()
