"""Stopping in good order: no new calls begin, those on their way are waited for.

Whoever may be interrupted opens a `Stop` for its task. The calls of that task and of all that it starts pass
through it: once it is asked for, a call that has not begun waits for ever, and is cancelled with its task when
the last one on its way has come back and is booked.
"""

import asyncio
from contextvars import ContextVar

_current: ContextVar["Stop | None"] = ContextVar("stop", default=None)


class Stop:
    """Counts the calls on their way. Belongs to one event loop."""

    def __init__(self) -> None:
        self.is_requested = False
        self.in_flight = 0
        self._idle = asyncio.Event()
        self._idle.set()

    def install(self) -> None:
        """Make it that of this task and of those that it starts."""
        _current.set(self)

    def request(self) -> None:
        """From now on no call begins."""
        self.is_requested = True

    async def wait_idle(self) -> None:
        """Until no call is on its way."""
        await self._idle.wait()

    def enter(self) -> None:
        """A call begins."""
        self.in_flight += 1
        self._idle.clear()

    def leave(self) -> None:
        """A call has ended, and is booked."""
        self.in_flight -= 1
        if not self.in_flight:
            self._idle.set()


async def begin_call() -> Stop | None:
    """Begin one call; `leave` what is given when it has ended and is booked. Nothing where nobody may stop it.

    Does not return once a stop is asked for.
    """
    stop = _current.get()
    if stop is None:
        return None
    if stop.is_requested:
        await asyncio.Event().wait()  # until cancelled
    stop.enter()
    return stop
