"""Deadlines of one request: to the first byte, between bytes, and for the whole.

One timer serves all of them. The time to connect is limited by the HTTP library.
"""

import asyncio

from itas.models.providers.known import Provider


class Deadlines:
    """The timer of one request, set anew as it goes on. Enter `timer` around the request.

    Args:
        provider: Says how long each part may take.
    """

    __slots__ = ("_between_s", "_end", "_first_byte_s", "_has_begun", "_loop", "_total_s", "timer")

    def __init__(self, provider: Provider) -> None:
        self._loop = asyncio.get_running_loop()
        now = self._loop.time()
        self._total_s = provider.timeout_s
        self._first_byte_s = min(provider.first_byte_timeout_s or self._total_s, self._total_s)
        self._between_s = provider.between_bytes_timeout_s
        self._end = now + self._total_s
        self._has_begun = False
        self.timer = asyncio.timeout_at(now + self._first_byte_s)

    def heard(self) -> None:
        """Bytes came: the next ones are waited for, but not beyond the end."""
        self._has_begun = True
        self.timer.reschedule(min(self._loop.time() + self._between_s, self._end))

    def describe(self) -> str:
        """What took too long."""
        if self._loop.time() >= self._end:
            return f"no complete answer within {self._total_s:g} s"
        if not self._has_begun:
            return f"nothing came within {self._first_byte_s:g} s"
        return f"the answer stopped for {self._between_s:g} s"
