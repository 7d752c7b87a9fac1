"""Hedge: a second call beside one that takes unusually long; the first answer counts.

At most one extra call, only when the provider has a place free at once, and never after a piece of the answer was
heard. The loser is cancelled; it was sent, so it is booked as a call whose fate is unknown. Under a cap that
leaves nothing for it there is no second call.

Source: Dean and Barroso 2013, "The tail at scale", hedged requests.
"""

import asyncio
import time
from collections import deque
from dataclasses import dataclass

from itas.core.concurrency import stop
from itas.core.model import Listen, Model
from itas.core.request import Completion, Request
from itas.errors import BudgetExceeded, ModelError
from itas.models.limit import rough_tokens
from itas.models.throttle import Throttle

_FEWEST_SEEN = 20
_MOST_SEEN = 500


@dataclass(frozen=True, slots=True)
class HedgePolicy:
    """When an answer is late.

    Attributes:
        after_s: After so many seconds; None for `quantile`.
        quantile: When it takes longer than this share, in (0, 1), of the answers seen so far; then at most the
            rest of the calls get a second one.
    """

    after_s: float | None = None
    quantile: float | None = None


class Hedged:
    """Asks the inner model once more when its answer is late.

    Args:
        inner: Who answers; each call of it is a purchase of its own.
        throttle: Where the second call needs a place too. The first one has its own already.
        policy: When an answer is late.
    """

    def __init__(self, inner: Model, throttle: Throttle, policy: HedgePolicy) -> None:
        self._inner = inner
        self._throttle = throttle
        self._policy = policy
        self._seen: deque[float] = deque(maxlen=_MOST_SEEN)
        self._calls = 0
        self._extra = 0

    async def sample(
        self, request: Request, *, n: int = 1, first: int = 0, listen: Listen | None = None
    ) -> tuple[Completion, ...]:
        """See `core.model.Model.sample`."""
        self._calls += 1
        started = time.monotonic()
        race = _Race(listen)
        ask = self._inner.sample
        legs = [asyncio.create_task(ask(request, n=n, first=first, listen=race.voice(0)))]
        race.legs = legs
        try:
            late_s = self._find_late_s()
            if late_s is not None:
                await asyncio.wait(legs, timeout=late_s)
                if not legs[0].done() and race.speaker is None and self._may_hedge(request, n):
                    self._extra += 1
                    legs.append(asyncio.create_task(ask(request, n=n, first=first, listen=race.voice(1))))
                    legs[1].add_done_callback(lambda _: self._throttle.leave())
            completions = await race.finish()
        finally:
            await stop(legs)
        self._seen.append(time.monotonic() - started)
        return completions

    def _find_late_s(self) -> float | None:
        quantile = self._policy.quantile
        if self._policy.after_s is not None or quantile is None:
            return self._policy.after_s
        if len(self._seen) < _FEWEST_SEEN or self._extra >= (1 - quantile) * self._calls:
            return None
        ordered = sorted(self._seen)
        return ordered[min(len(ordered) - 1, int(len(ordered) * quantile))]

    def _may_hedge(self, request: Request, n: int) -> bool:
        return self._throttle.try_enter(rough_tokens(request, n))


class _Race:
    """Two calls, of which the first to answer, or to be heard, counts."""

    def __init__(self, listen: Listen | None) -> None:
        self._listen = listen
        self.legs: list[asyncio.Task[tuple[Completion, ...]]] = []
        self.speaker: int | None = None

    def voice(self, leg: int) -> Listen | None:
        """What one of them is listened to with: whoever says the first piece goes on alone."""
        listen = self._listen
        if listen is None:
            return None

        def hear(piece: str) -> None:
            if self.speaker is None:
                self.speaker = leg
                for other, task in enumerate(self.legs):
                    if other != leg:
                        task.cancel()
            if self.speaker == leg:
                listen(piece)

        return hear

    async def finish(self) -> tuple[Completion, ...]:
        """The first answer; the failure of the first call if there is none."""
        running = set(self.legs)
        while running:
            done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for leg in done:
                if not leg.cancelled() and leg.exception() is None and self._counts(leg):
                    return leg.result()
        failures = [leg.exception() for leg in self.legs if not leg.cancelled()]
        spoken = None if self.speaker is None else self.legs[self.speaker].exception()
        found = spoken or next(
            (each for each in failures if not isinstance(each, ModelError | BudgetExceeded)), failures[0]
        )
        assert found is not None
        raise found

    def _counts(self, leg: asyncio.Task[tuple[Completion, ...]]) -> bool:
        return self.speaker is None or self.legs[self.speaker] is leg
