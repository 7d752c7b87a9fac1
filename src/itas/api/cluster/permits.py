"""What a provider stands holds over all nodes together: one throttle for each provider, in an actor of its own.

Places are leased to workers, see `leases.py`: a worker asks for as many as its waiting calls need, uses them again for
its next calls, and gives back what it has no use for or what others wait for. So most calls ask nobody.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from itas.errors import ModelError
from itas.models.throttle import Counted, Throttle

_MOST_PER_S = 250
"""Of each kind of message, from all workers at one provider: a message costs the actor about a millisecond."""


@dataclass(frozen=True, slots=True)
class News:
    """What a worker has heard from a provider since it last told.

    Attributes:
        answers: Calls that went well.
        failures: Of the others: status, seconds to wait, whether to ask again, seconds since it was let in.
        limits: What the provider says about its limits: which, limit, remaining, seconds until it is reset.
    """

    answers: int = 0
    failures: tuple[tuple[int | None, float | None, bool, float], ...] = ()
    limits: tuple[tuple[Counted, float, float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """What the actor says.

    Attributes:
        given: Places given out.
        owed: Places to give back as soon as calls end, because others wait for them.
        is_strict: No place may be used twice: each call has to be asked for.
        wait_s: The provider has asked to be left alone so long; 0 if it has not.
        gap_s: Least time between two messages of one kind; what comes meanwhile goes with the next.
    """

    given: int = 0
    owed: int = 0
    is_strict: bool = False
    wait_s: float = 0.0
    gap_s: float = 0.0


class Permits:
    """Lets calls of all workers in; runs as an actor. A provider is made known by the first that asks for it."""

    def __init__(self) -> None:
        self._throttles: dict[str, Throttle] = {}
        self._held: dict[str, Counter[str]] = defaultdict(Counter)
        self._asking: dict[str, Counter[str]] = defaultdict(Counter)
        self._lost: set[str] = set()
        self.most_open: dict[str, int] = {}
        self.asked = 0

    async def enter(self, limits: dict[str, Any], holder: str, tokens: Sequence[int]) -> Reply:
        """Wait for a place, and take as many more as are free then and wanted.

        Args:
            limits: Arguments of the provider's throttle.
            holder: Which worker asks.
            tokens: What each of its waiting calls may take, in their order.
        """
        self.asked += 1
        name = str(limits["provider"])
        throttle = self._throttles.get(name)
        if throttle is None:
            throttle = self._throttles[name] = Throttle(**limits)
        self._asking[name][holder] += 1
        try:
            await throttle.enter(tokens[0])
        except ModelError as error:
            return Reply(is_strict=True, wait_s=error.retry_after_s or 1.0)
        finally:
            self._asking[name][holder] -= 1
        if holder in self._lost:
            throttle.leave()
            return Reply(is_strict=True, wait_s=1.0)
        given = 1
        for more in tokens[1:]:
            if not throttle.try_enter(more):
                break
            given += 1
        self._held[name][holder] += given
        self.most_open[name] = max(self.most_open.get(name, 0), throttle.open)
        return self._reply(name, holder, given)

    async def tell(self, name: str, holder: str, left: int, news: News) -> Reply:
        """Give places back, and say how calls went."""
        self.asked += 1
        throttle = self._throttles[name]
        for _ in range(news.answers):
            throttle.note_answer()
        for counted, limit, remaining, reset_s in news.limits:
            throttle.note_limit(counted, limit=limit, remaining=remaining, reset_s=reset_s)
        for status, retry_after_s, can_retry, took_s in news.failures:
            error = ModelError(
                "", provider=name, status=status, can_retry=can_retry, retry_after_s=retry_after_s
            )
            throttle.note_failure(error, time.monotonic() - took_s)
        held = self._held[name]
        for _ in range(min(left, held[holder])):
            held[holder] -= 1
            throttle.leave()
        return self._reply(name, holder)

    async def forget(self, holder: str) -> None:
        """A worker is lost: its places are free."""
        self._lost.add(holder)
        for name, held in self._held.items():
            for _ in range(held.pop(holder, 0)):
                self._throttles[name].leave()

    async def figures(self) -> dict[str, int]:
        """Most places that were given out at once, by provider."""
        return dict(self.most_open)

    async def times_asked(self) -> int:
        """How often workers asked or told so far."""
        return self.asked

    def _reply(self, name: str, holder: str, given: int = 0) -> Reply:
        throttle = self._throttles[name]
        too_many = throttle.open > int(throttle.allowed)
        gap_s = len(self._held[name]) / _MOST_PER_S
        return Reply(given, self._owed(name, holder), throttle.is_strict or too_many, gap_s=gap_s)

    def _owed(self, name: str, holder: str) -> int:
        """What a worker has above its share, where others wait."""
        asking = {who for who, count in self._asking[name].items() if count}
        if not asking - {holder}:
            return 0
        sharers = asking | {who for who, count in self._held[name].items() if count}
        share = max(1, int(self._throttles[name].allowed) // len(sharers))
        return max(0, self._held[name][holder] - share)
