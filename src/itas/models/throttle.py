"""Throttle: what one provider stands at the moment, shared by all of its models.

Open calls: halved when the provider says that it is too much, raised slowly while it goes well (as TCP does).
Requests and tokens per minute: from the settings, and from what the provider tells with each answer. A refusal
for too many requests also sets a pace, a little below what went well in the last second. A provider that names a
time to wait is left alone by everybody until then.
"""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from typing import Literal

from itas.errors import ModelError
from itas.models.bucket import Bucket

OVERLOADED = frozenset({429, 503, 529})
_START = 25
_FIRST_GROWTH = 0.2
"""Added to the open calls for each answer before the first refusal; afterwards one for each round of answers."""
_BURST_S = 5.0
"""A limit per minute may be used up for as many seconds at once."""
_PACE_SHARE = 0.9
_PACE_CUT = 0.8
_PACE_GROWTH_PER_S = 0.03
_PACE_FIRST_GROWTH_PER_S = 0.15
"""Until the pace itself is refused, which tells where the limit is."""
_PACE_BURST_S = 0.05
_SLOWEST_PER_S = 1 / 60
_WINDOW_S = 1.0
_LONGEST_PAUSE_S = 60.0
_LONGEST_CLOSED_S = 600.0

Counted = Literal["requests", "tokens"]


class Throttle:
    """Lets calls of one provider in, first come first served. Belongs to one event loop.

    Args:
        provider: For messages.
        most: Never more open calls than that.
        start: Open calls to begin with.
        requests_per_minute: None for no limit of ours.
        tokens_per_minute: Input and output together.

    Attributes:
        allowed: Open calls allowed now, >= 1.
        open: Calls that are open.
    """

    def __init__(
        self,
        provider: str,
        *,
        most: int,
        start: int | None = None,
        requests_per_minute: float | None = None,
        tokens_per_minute: float | None = None,
    ) -> None:
        self._provider = provider
        self._most = most
        self.allowed = float(min(most, start or _START))
        self.open = 0
        self.rejections = 0
        self._queue: deque[tuple[asyncio.Future[None], int]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._ours: list[tuple[Counted, Bucket]] = []
        if requests_per_minute is not None:
            self._ours.append(("requests", _per_minute(requests_per_minute)))
        if tokens_per_minute is not None:
            self._ours.append(("tokens", _per_minute(tokens_per_minute)))
        self._theirs: dict[Counted, Bucket] = {}
        self._pace: Bucket | None = None
        self._is_pace_known = False
        self._paused_until = 0.0
        self._closed_until = 0.0
        self._cut_at = -1.0
        self._answers: deque[float] = deque(maxlen=5_000)

    @property
    def pace_per_s(self) -> float | None:
        """Requests per second that refusals have led to; None before the first."""
        return None if self._pace is None else self._pace.rate_per_s

    @property
    def is_strict(self) -> bool:
        """Whether more than a free place is needed to begin: starts are counted, or the provider wants a rest."""
        return bool(self._buckets()) or time.monotonic() < max(self._paused_until, self._closed_until)

    async def enter(self, tokens: int) -> None:
        """Wait for a place; give it back with `leave`.

        Args:
            tokens: What the call may take, roughly.

        Raises:
            ModelError: The provider has asked for a wait that is too long to be waited. Nothing was sent.
        """
        now = time.monotonic()
        self._check_closed(now)
        if not self._queue and self.open < int(self.allowed) and self._delay_s(tokens, now) <= 0:
            self._let_in(tokens, now)
            return
        granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append((granted, tokens))
        self._serve_queue()
        try:
            await granted
        except asyncio.CancelledError:
            if granted.done() and not granted.cancelled() and granted.exception() is None:
                self.leave()  # let in, and cancelled before this task could run
            self._serve_queue()
            raise

    def try_enter(self, tokens: int) -> bool:
        """Take a place if one is free at once and nobody waits."""
        now = time.monotonic()
        if self._queue or self.open >= int(self.allowed) or now < self._closed_until:
            return False
        if self._delay_s(tokens, now) > 0:
            return False
        self._let_in(tokens, now)
        return True

    def leave(self) -> None:
        """The call is over."""
        self.open -= 1
        self._serve_queue()

    def note_answer(self) -> None:
        """An open call brought an answer."""
        now = time.monotonic()
        self._answers.append(now)
        if self.allowed < self._most and (self._queue or self.open >= int(self.allowed)):
            step = _FIRST_GROWTH if self._cut_at < 0 else 1 / self.allowed
            self.allowed = min(float(self._most), self.allowed + step)
        if self._pace is not None:
            before = self._pace.rate_per_s
            self._pace.refill(now)
            share = 1 / max(before, 1.0)  # of a second, which is what one answer stands for
            growth = _PACE_GROWTH_PER_S if self._is_pace_known else _PACE_FIRST_GROWTH_PER_S
            self._set_pace(before * (1 + growth * share))

    def note_failure(self, error: ModelError, started: float) -> None:
        """An open call failed.

        Args:
            error: How.
            started: When it was let in, by the monotonic clock: calls sent before the last cut say nothing new.
        """
        self.rejections += error.status == 429
        if error.status not in OVERLOADED or not error.can_retry:
            return
        now = time.monotonic()
        if error.retry_after_s is not None:
            self._pause(error.retry_after_s, now)
        if started <= self._cut_at:
            return
        self._cut_at = now
        self.allowed = max(1.0, min(self.allowed, max(self.open, 2)) / 2)
        if error.status == 429:
            if self._pace is None:
                recent = sum(at >= now - _WINDOW_S for at in self._answers)
                self._pace = Bucket(max(self.allowed, recent) * _PACE_SHARE, 1.0, now)
                self._pace.level = 0.0
                self._set_pace(self._pace.rate_per_s)
            else:
                self._is_pace_known = True
                self._set_pace(max(_SLOWEST_PER_S, self._pace.rate_per_s * _PACE_CUT))
        self._serve_queue()

    def note_limit(self, counted: Counted, *, limit: float, remaining: float, reset_s: float) -> None:
        """What the provider says about one of its limits; see `providers/rate_limits.py`."""
        if not 0 <= remaining < limit or not 0 < reset_s < 86_400 * 32:
            return
        now = time.monotonic()
        bucket = self._theirs.get(counted)
        rate = (limit - remaining) / reset_s
        if bucket is None:
            bucket = self._theirs[counted] = Bucket(rate, limit, now)
        bucket.refill(now)
        bucket.rate_per_s, bucket.capacity = rate, limit
        bucket.level = min(bucket.level, remaining)

    def _delay_s(self, tokens: int, now: float) -> float:
        wait_s = self._paused_until - now
        for counted, bucket in self._buckets():
            wait_s = max(wait_s, bucket.delay_s(tokens if counted == "tokens" else 1, now))
        return wait_s

    def _let_in(self, tokens: int, now: float) -> None:
        self.open += 1
        for counted, bucket in self._buckets():
            bucket.take(tokens if counted == "tokens" else 1, now)

    def _buckets(self) -> Sequence[tuple[Counted, Bucket]]:
        if not self._theirs and self._pace is None:
            return self._ours
        paced: list[tuple[Counted, Bucket]] = [] if self._pace is None else [("requests", self._pace)]
        return [*self._ours, *self._theirs.items(), *paced]

    def _serve_queue(self) -> None:
        now = time.monotonic()
        while self._queue:
            granted, tokens = self._queue[0]
            if granted.done():
                self._queue.popleft()
                continue
            if now < self._closed_until:
                self._queue.popleft()
                granted.set_exception(self._closed(now))
                continue
            if self.open >= int(self.allowed):
                return
            wait_s = self._delay_s(tokens, now)
            if wait_s > 0:
                self._wake_in(wait_s)
                return
            self._queue.popleft()
            self._let_in(tokens, now)
            granted.set_result(None)

    def _wake_in(self, wait_s: float) -> None:
        loop = asyncio.get_running_loop()
        at = loop.time() + wait_s
        if self._timer is not None and not self._timer.cancelled() and loop.time() < self._timer.when() <= at:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer = loop.call_at(at, self._serve_queue)

    def _pause(self, wait_s: float, now: float) -> None:
        if wait_s > _LONGEST_PAUSE_S:
            self._closed_until = now + min(wait_s, _LONGEST_CLOSED_S)
        else:
            self._paused_until = max(self._paused_until, now + wait_s)

    def _check_closed(self, now: float) -> None:
        if now < self._closed_until:
            raise self._closed(now)

    def _closed(self, now: float) -> ModelError:
        return left_alone(self._provider, self._closed_until - now)

    def _set_pace(self, rate_per_s: float) -> None:
        assert self._pace is not None
        self._pace.rate_per_s = rate_per_s
        self._pace.capacity = max(1.0, rate_per_s * _PACE_BURST_S)


def left_alone(provider: str, wait_s: float) -> ModelError:
    """Why nothing is sent to a provider that has asked for a long wait."""
    return ModelError(
        f"has asked to be left alone for {wait_s:.0f} s more; nothing was sent",
        provider=provider,
        status=429,
        can_retry=True,
        retry_after_s=wait_s,
    )


def _per_minute(amount: float) -> Bucket:
    return Bucket(amount / 60, max(1.0, amount / 60 * _BURST_S))
