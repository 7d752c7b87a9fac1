"""One connection: HTTP/1.1 (and 1.0) in bounded time and memory, one task for each request.

Requests that come one behind the other are answered in order. How bytes become requests stands in `intake.py`, how an
answer becomes bytes in `exchange.py`.

A client that shuts down its side has left: there is no telling it from one that closed, and its work costs money.
"""

import asyncio
import logging
from collections import deque
from typing import Any, Protocol

from itas.errors import Error
from itas.serve.exchange import Exchange
from itas.serve.intake import Door, Intake
from itas.serve.limits import Limits
from itas.serve.patience import Patience
from itas.serve.refusal import Refusal, body_too_late, closing, refuse, too_many_connections

_log = logging.getLogger(__name__)
_LINGER_S = 2.0
"""So long what comes after a refusal is thrown away, so that the client can read why."""
_MOST_QUEUED = 16


class ServerState(Protocol):
    """What uvicorn keeps of all connections."""

    connections: set[Any]
    tasks: "set[asyncio.Task[None]]"
    default_headers: list[tuple[bytes, bytes]]


class Connection(asyncio.Protocol):
    """Speaks HTTP on one connection. An `exchange.Line` and an `intake.Desk`.

    Args:
        door: Who answers.
        limits: What may come in, and how fast.
        state: Shared by all connections of a server.
    """

    def __init__(self, door: Door, limits: Limits, state: ServerState) -> None:
        self._door = door
        self._limits = limits
        self._state = state
        self._loop = asyncio.get_running_loop()
        self._patience = Patience(self._loop)
        self._transport: Any = None
        self._intake = Intake(self, door, limits)
        self._stalled: asyncio.Future[None] | None = None
        self._queue: deque[Exchange] = deque()
        self._current: Exchange | None = None
        self.takes_more = True

    # --- what the transport calls ---

    def connection_made(self, transport: Any) -> None:
        """See `asyncio.Protocol`."""
        self._transport = transport
        self._intake.ends = (transport.get_extra_info("sockname"), transport.get_extra_info("peername"))
        self._state.connections.add(self)
        if len(self._state.connections) > self._limits.connections:
            self.take_no_more(too_many_connections())
        else:
            self._patience.wait(self._limits.header_timeout_s, transport.abort)

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        if not self.takes_more:
            return
        intake = self._intake
        is_first = intake.raw == 0
        had_head = intake.coming is not None
        intake.feed(data)
        if self.takes_more and intake.raw:
            intake.check_size()
        if not self.takes_more or self._current is not None:
            return
        # Nothing is being answered, so what comes is waited for: how long, is counted from its first byte.
        if intake.coming is not None:
            if not had_head:
                self._patience.wait(self._limits.body_timeout_s, self._give_up_body)
        elif intake.raw and is_first:
            self._patience.wait(self._limits.header_timeout_s, self._transport.abort)

    def eof_received(self) -> bool:
        """See `asyncio.Protocol`."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`. Nobody reads any more: the work ends."""
        self._state.connections.discard(self)
        self.takes_more = False
        self._queue.clear()
        self._patience.end()
        exchange, self._current = self._current, None
        if exchange is not None:
            exchange.has_ended = True
            if exchange.task is not None:
                exchange.task.cancel()
        if self._stalled is not None and not self._stalled.done():
            self._stalled.set_result(None)
        self._stalled = None
        self._intake.end()

    def pause_writing(self) -> None:
        """See `asyncio.Protocol`. Who does not read for long is not written to."""
        self._stalled = self._loop.create_future()
        self._patience.wait(self._limits.stall_timeout_s, self._transport.abort)

    def resume_writing(self) -> None:
        """See `asyncio.Protocol`."""
        stalled, self._stalled = self._stalled, None
        if stalled is not None and not stalled.done():
            stalled.set_result(None)
        if self._current is None and not self._transport.is_closing():
            self._rest()
        else:
            self._patience.stop()

    # --- what the server calls ---

    def shutdown(self) -> None:
        """The server is closing: what has come is answered, and nothing after it."""
        self.takes_more = False
        self._intake.drop()
        if self._current is None:
            self._transport.close()

    # --- what the intake calls ---

    @property
    def is_idle(self) -> bool:
        """See `Desk`."""
        return self._current is None

    def check_queue(self) -> int:
        """See `Desk`."""
        if len(self._queue) >= _MOST_QUEUED:
            raise ValueError("too many requests one behind the other")
        return sum([len(each.body) for each in self._queue])

    def take(self, exchange: Exchange) -> None:
        """See `Desk`."""
        self.takes_more = exchange.keeps_alive
        self._queue.append(exchange)
        self._begin_next()

    def take_no_more(self, refusal: Refusal) -> None:
        """See `Desk`. What came before is answered first."""
        if not self.takes_more:
            return
        self.takes_more = False
        exchange = self._intake.drop() or Exchange(self, {"method": ""}, keeps_alive=False, is_old=False)
        exchange.keeps_alive, exchange.lingers, exchange.refusal = False, True, refusal
        self._queue.append(exchange)
        self._begin_next()

    # --- what an exchange calls ---

    def write(self, data: bytes) -> None:
        """See `Line`."""
        self._transport.write(data)

    def writable(self) -> "asyncio.Future[None] | None":
        """See `Line`: done when the client reads again; None if it does."""
        return self._stalled

    def is_last(self, exchange: Exchange) -> bool:
        """See `Line`."""
        return not self.takes_more and not self._queue

    def date(self) -> bytes:
        """See `Line`."""
        return b"".join([b"%b: %b\r\n" % header for header in self._state.default_headers])

    def finish(self, exchange: Exchange) -> None:
        """See `Line`: the answer is out."""
        self._current = None
        if exchange.lingers:
            self._linger()
        elif exchange.keeps_alive and self._queue:
            self._begin_next()
        elif exchange.keeps_alive and self.takes_more:
            self._rest()
        else:
            self._transport.close()
            if self._stalled is not None:  # or what is left to be written would keep it open for ever
                self._patience.wait(self._limits.stall_timeout_s, self._transport.abort)

    # --- inside ---

    def _rest(self) -> None:
        """Nothing is being answered: how long to wait for what comes next."""
        limits, patience = self._limits, self._patience
        if self._stalled is not None:
            patience.wait(limits.stall_timeout_s, self._transport.abort)
        elif self._intake.coming is not None:
            patience.wait(limits.body_timeout_s, self._give_up_body)
        elif self._intake.raw:
            patience.wait(limits.header_timeout_s, self._transport.abort)
        else:
            patience.wait(limits.idle_s, self._transport.close)

    def _begin_next(self) -> None:
        if self._current is not None or not self._queue:
            return
        self._patience.stop()
        exchange = self._current = self._queue.popleft()
        if exchange.refusal is not None:
            exchange.refuse(exchange.refusal)
            return
        exchange.scope["itas.body"] = exchange.body
        task = self._loop.create_task(self._door(exchange.scope, _receive_nothing, exchange.send))
        exchange.task = task
        self._state.tasks.add(task)
        task.add_done_callback(self._end_task)

    def _end_task(self, task: "asyncio.Task[None]") -> None:
        self._state.tasks.discard(task)
        failure = None if task.cancelled() else task.exception()
        if failure is not None:
            _log.error("a request failed in a way that was not foreseen", exc_info=failure)
        exchange = self._current
        if exchange is None or exchange.task is not task:
            return
        exchange.keeps_alive = False
        if exchange.has_begun or self._transport.is_closing():
            self._transport.abort()  # half an answer is not to look like a whole one
        else:
            exchange.refuse(refuse(Error()) if failure is not None else closing())

    def _give_up_body(self) -> None:
        self.take_no_more(body_too_late())

    def _linger(self) -> None:
        if self._transport.is_closing():
            return
        if self._transport.can_write_eof():
            self._transport.write_eof()
        self._patience.wait(_LINGER_S, self._transport.abort)


async def _receive_nothing() -> dict[str, Any]:
    """The body stands in the scope, and the task is cancelled when the client leaves."""
    return await asyncio.get_running_loop().create_future()
