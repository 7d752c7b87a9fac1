"""How long a connection waits for what is to come next, and what it does then."""

import asyncio
from collections.abc import Callable

_EARLY_S = 0.002
"""Timers of event loops may fire so much too early."""


class Patience:
    """One deadline at a time.

    It is set anew several times for every request, nearly always for later. So the timer of the event loop is not
    cancelled and made again each time: it stays, and looks at the deadline when it fires.

    Args:
        loop: Of the connection.
    """

    __slots__ = ("_ends_at", "_loop", "_then", "_timer")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._ends_at = 0.0
        self._then: Callable[[], None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def wait(self, seconds: float, then: Callable[[], None]) -> None:
        """Do `then` in so many seconds, instead of what was to be done before."""
        self._then = then
        self._ends_at = ends_at = self._loop.time() + seconds
        if self._timer is None or self._timer.when() > ends_at:
            self._start(ends_at)

    def stop(self) -> None:
        """Wait for nothing."""
        self._then = None

    def end(self) -> None:
        """Wait for nothing, and never again."""
        self._then = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _start(self, at: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(at, self._fire)

    def _fire(self) -> None:
        self._timer = None
        if self._then is None:
            return
        if self._loop.time() < self._ends_at - _EARLY_S:
            self._start(self._ends_at)
            return
        then, self._then = self._then, None
        then()
