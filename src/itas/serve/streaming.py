"""A stream: its first bytes at once, pieces as they are written, comments while nothing comes, and its end."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from itas.core.concurrency import stop
from itas.engine import ComponentRecord
from itas.errors import Error
from itas.serve.ask import Ask
from itas.serve.outcome import Outcome, progress_data
from itas.serve.refusal import Refusal, refuse
from itas.serve.service import Service, Visit
from itas.serve.stopping import Stopper
from itas.serve.wire import KEEPALIVE

_log = logging.getLogger(__name__)

Write = Callable[[bytes], Awaitable[None]]


class Events(Protocol):
    """How a stream looks in one API."""

    def begin(self) -> bytes: ...
    def piece(self, index: int, text: str) -> bytes: ...
    def progress(self, data: dict[str, Any]) -> bytes: ...
    def end(self, outcome: Outcome) -> bytes: ...
    def fail(self, refusal: Refusal) -> bytes: ...


class _Waiting:
    """What is to go out. Pieces of one choice that come in the same turn of the loop go out as one."""

    def __init__(self, events: Events) -> None:
        self._events = events
        self._parts: list[bytes] = []
        self._pieces: list[str] = []
        self._index = 0
        self._woken: asyncio.Future[None] | None = None

    def say(self, index: int, text: str) -> None:
        """More text of one choice."""
        if index != self._index:
            self._close_pieces()
            self._index = index
        self._pieces.append(text)
        self.wake()

    def put(self, part: bytes) -> None:
        """Something else."""
        self._close_pieces()
        self._parts.append(part)
        self.wake()

    def wake(self, *_: object) -> None:
        """There is something to do for who waits."""
        if self._woken is not None and not self._woken.done():
            self._woken.set_result(None)

    async def next(self, until: "asyncio.Future[Any]", silence_s: float) -> bytes:
        """Everything that waits; a comment after so much silence; nothing once `until` is done."""
        if not self._pieces and not self._parts and not until.done():
            loop = asyncio.get_running_loop()
            self._woken = loop.create_future()
            silence = loop.call_later(silence_s, self.put, KEEPALIVE)
            try:
                await self._woken
            finally:
                silence.cancel()
        return self.take()

    def take(self) -> bytes:
        """Everything that waits."""
        self._close_pieces()
        parts, self._parts = self._parts, []
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _close_pieces(self) -> None:
        if self._pieces:
            self._parts.append(self._events.piece(self._index, "".join(self._pieces)))
            self._pieces = []


async def stream(service: Service, ask: Ask, visit: Visit, events: Events, write: Write) -> None:
    """Write one stream. Whoever stops reading stops the work."""
    waiting = _Waiting(events)
    stoppers = [Stopper(ask.stop) for _ in range(ask.n)]

    def hear_until_stop(index: int, piece: str) -> None:
        if text := stoppers[index].feed(piece):
            waiting.say(index, text)

    def watch(record: ComponentRecord) -> None:
        waiting.put(events.progress(progress_data(record)))

    hear = hear_until_stop if ask.stop else waiting.say  # said for every piece: no step too many
    work = asyncio.ensure_future(
        service.answer(ask, visit, hear=hear, watch=watch if ask.options.progress else None)
    )
    work.add_done_callback(waiting.wake)
    status = 499
    try:
        await write(events.begin())
        while data := await waiting.next(work, service.limits.keepalive_s):
            await write(data)
        failure = work.exception()
        if failure is not None:
            refusal = explain(failure)
            status = refusal.status
            await write(events.fail(refusal))
            return
        outcome = work.result()
        rests = [(index, stopper.rest()) for index, stopper in enumerate(stoppers)]
        if ask.is_held_back:
            rests = [(choice.index, choice.text) for choice in outcome.choices if choice.refusal is None]
        last = b"".join(events.piece(index, text) for index, text in rests if text)
        status = 200
        await write(last + events.end(outcome))
    finally:
        await stop([work])
        service.count(ask, visit, status)


def explain(failure: BaseException) -> Refusal:
    """Any failure of the work as a refusal; one that nobody expected is logged."""
    if isinstance(failure, Refusal):
        return failure
    if not isinstance(failure, Error):
        _log.error("a request failed in a way that was not foreseen", exc_info=failure)
        return refuse(Error())
    return refuse(failure)
