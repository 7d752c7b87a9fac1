"""Deadlines of one request: to the first byte, between bytes, and for the whole.

The time to connect is limited by the HTTP library.
"""

import asyncio
import math
from types import TracebackType
from typing import Self

from itas.models.providers.known import Provider


class Alarm:
    """One timer for all open requests of a client: requests come and go a thousand times for each time that it rings.

    Belongs to one event loop.
    """

    def __init__(self) -> None:
        self._open: set[Deadlines] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._at = math.inf

    def add(self, request: "Deadlines") -> None:
        """Watch a request from now on."""
        self._open.add(request)
        self.expect(request.due)

    def remove(self, request: "Deadlines") -> None:
        """It is over."""
        self._open.discard(request)

    def expect(self, due: float) -> None:
        """Ring at that time of the loop's clock, if not before."""
        if due < self._at:
            self.cancel()
            self._at = due
            self._timer = asyncio.get_running_loop().call_at(due, self._ring)

    def cancel(self) -> None:
        """Ring no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._at = math.inf

    def _ring(self) -> None:
        # The loop rings as much too early as its clock can tell; so it is the time that was asked for that counts.
        at = max(self._at, asyncio.get_running_loop().time())
        self.cancel()
        for request in [each for each in self._open if each.due <= at]:
            self._open.discard(request)
            request.end()
        if self._open:
            self.expect(min(each.due for each in self._open))


class Deadlines:
    """Ends the work inside it with a TimeoutError when a part of the request takes too long.

    Like `asyncio.timeout`, without a timer of its own.

    Args:
        provider: Says how long each part may take.
        alarm: Of the client that makes the request.

    Attributes:
        due: When the next byte must have come, by the loop's clock.
    """

    __slots__ = (
        "_alarm",
        "_between_s",
        "_cancelling",
        "_end",
        "_first_byte_s",
        "_has_begun",
        "_is_late",
        "_loop",
        "_task",
        "_total_s",
        "due",
    )

    def __init__(self, provider: Provider, alarm: Alarm) -> None:
        self._alarm = alarm
        self._loop = asyncio.get_running_loop()
        now = self._loop.time()
        self._total_s = provider.timeout_s
        self._first_byte_s = min(provider.first_byte_timeout_s or self._total_s, self._total_s)
        self._between_s = provider.between_bytes_timeout_s
        self._end = now + self._total_s
        self._has_begun = self._is_late = False
        self.due = now + self._first_byte_s

    async def __aenter__(self) -> Self:
        task = asyncio.current_task()
        assert task is not None
        self._task = task
        self._cancelling = task.cancelling()
        self._alarm.add(self)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._alarm.remove(self)
        if self._is_late and self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def heard(self) -> None:
        """Bytes came: the next ones are waited for, but not beyond the end."""
        self._has_begun = True
        self.due = min(self._loop.time() + self._between_s, self._end)
        self._alarm.expect(self.due)

    def end(self) -> None:
        """It is late; for the alarm only."""
        self._is_late = True
        self._task.cancel()

    def describe(self) -> str:
        """What took too long."""
        if self._loop.time() >= self._end:
            return f"no complete answer within {self._total_s:g} s"
        if not self._has_begun:
            return f"nothing came within {self._first_byte_s:g} s"
        return f"the answer stopped for {self._between_s:g} s"
