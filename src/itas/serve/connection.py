"""One connection: HTTP/1.1 (and 1.0) in bounded time and memory, one task for each request.

A request is handed on when all of it is there, and refused by its head alone where that is enough: no key, a body that
is too long. What is ambiguous (two lengths, a length beside chunks) is refused by the parser. Trailers are
dropped: whatever stands behind the body is no header. Requests that come one behind the other are answered in order.

A client that shuts down its side has left: there is no telling it from one that closed, and its work costs money.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol
from urllib.parse import unquote_to_bytes

from itas.errors import Error
from itas.serve.exchange import Exchange, Headers, Scope
from itas.serve.limits import Limits
from itas.serve.refusal import (
    Refusal,
    body_too_late,
    body_too_long,
    closing,
    head_too_long,
    refuse,
    too_many_connections,
    wrong,
)

_log = logging.getLogger(__name__)
_LINGER_S = 2.0
"""So long what comes after a refusal is thrown away, so that the client can read why."""
_MOST_QUEUED = 16
_MOST_OVERHEAD = 8
"""Bytes on the wire for each byte of a body that comes in chunks."""
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Door(Protocol):
    """The application: looks at the head of a request first, then takes it whole, as ``itas.body`` of the scope."""

    def enter(self, scope: Scope) -> None:
        """Raise `Refusal` if the head alone is enough to refuse."""
        ...

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None: ...


class ServerState(Protocol):
    """What uvicorn keeps of all connections."""

    connections: set[Any]
    tasks: "set[asyncio.Task[None]]"
    default_headers: list[tuple[bytes, bytes]]


class Connection(asyncio.Protocol):
    """Speaks HTTP on one connection.

    Args:
        door: Who answers.
        limits: What may come in, and how fast.
        state: Shared by all connections of a server.
    """

    def __init__(self, door: Door, limits: Limits, state: ServerState) -> None:
        import httptools  # part of the extra

        self._http = httptools
        self._door = door
        self._limits = limits
        self._state = state
        self._loop = asyncio.get_running_loop()
        self._parser: Any = httptools.HttpRequestParser(self)
        self._transport: Any = None
        self._ends: tuple[Any, Any] = (None, None)
        self._timer: asyncio.TimerHandle | None = None
        self._stalled: asyncio.Future[None] | None = None
        self._takes_more = True
        """Whether what comes is read, and not thrown away."""
        self._queue: deque[Exchange] = deque()
        self._current: Exchange | None = None
        self._coming: Exchange | None = None
        """Its head is there and its body is not."""
        self._raw = 0
        """Bytes that came since the last head or body was complete."""
        self._url = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._parts: list[bytes] = []
        self._size = 0

    # --- what the transport calls ---

    def connection_made(self, transport: Any) -> None:
        """See `asyncio.Protocol`."""
        self._transport = transport
        self._ends = (transport.get_extra_info("sockname"), transport.get_extra_info("peername"))
        self._state.connections.add(self)
        if len(self._state.connections) > self._limits.connections:
            self._take_no_more(too_many_connections())
        else:
            self._wait(self._limits.header_timeout_s, transport.abort)

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        if not self._takes_more:
            return
        is_first = self._raw == 0
        self._raw += len(data)
        had_head = self._coming is not None
        try:
            self._parser.feed_data(data)
        except self._http.HttpParserUpgrade:  # nothing else is spoken here: answered, then closed
            self._takes_more = False
        except self._http.HttpParserError:
            self._take_no_more(wrong("This is not a request in HTTP/1.1.", code="bad_http"))
        if self._takes_more:
            self._check_progress(is_first=is_first, had_head=had_head)

    def eof_received(self) -> bool:
        """See `asyncio.Protocol`."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`. Nobody reads any more: the work ends."""
        self._state.connections.discard(self)
        self._takes_more = False
        self._queue.clear()
        self._stop_waiting()
        exchange, self._current = self._current, None
        if exchange is not None:
            exchange.has_ended = True
            if exchange.task is not None:
                exchange.task.cancel()
        if self._stalled is not None and not self._stalled.done():
            self._stalled.set_result(None)
        self._stalled = self._parser = None

    def pause_writing(self) -> None:
        """See `asyncio.Protocol`. Who does not read for long is not written to."""
        self._stalled = self._loop.create_future()
        self._wait(self._limits.stall_timeout_s, self._transport.abort)

    def resume_writing(self) -> None:
        """See `asyncio.Protocol`."""
        stalled, self._stalled = self._stalled, None
        if stalled is not None and not stalled.done():
            stalled.set_result(None)
        if self._current is None and not self._transport.is_closing():
            self._rest()
        else:
            self._stop_waiting()

    # --- what the server calls ---

    def shutdown(self) -> None:
        """The server is closing: what has come is answered, and nothing after it."""
        self._takes_more = False
        self._coming = None
        if self._current is None:
            self._transport.close()

    # --- what the parser calls ---

    def on_message_begin(self) -> None:
        """See `httptools.HttpRequestParser`."""
        if len(self._queue) >= _MOST_QUEUED:
            raise ValueError("too many requests one behind the other")
        self._coming = None
        self._url = b""
        self._headers = []
        self._parts = []
        self._size = sum(len(each.body) for each in self._queue)

    def on_url(self, url: bytes) -> None:
        """See `httptools.HttpRequestParser`."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """See `httptools.HttpRequestParser`."""
        if self._coming is None:  # later ones are trailers
            self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """See `httptools.HttpRequestParser`."""
        if not self._takes_more:
            return
        parser = self._parser
        url = self._http.parse_url(self._url)
        path: bytes = url.path
        version: str = parser.get_http_version()
        scope: Scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": version,
            "method": parser.get_method().decode("ascii"),
            "scheme": "http",
            "path": (unquote_to_bytes(path) if b"%" in path else path).decode("utf-8", "replace"),
            "raw_path": path,
            "query_string": url.query or b"",
            "root_path": "",
            "headers": self._headers,
            "server": self._ends[0],
            "client": self._ends[1],
        }
        keeps_alive = version == "1.1" and parser.should_keep_alive() and not parser.should_upgrade()
        exchange = Exchange(self, scope, keeps_alive=keeps_alive, is_old=version != "1.1")
        self._coming = exchange
        self._raw = 0
        try:
            self._door.enter(scope)
        except Refusal as refusal:
            exchange.refusal = refusal
            if _has_body(self._headers):  # which is not waited for
                self._take_no_more(refusal)
            return
        if _expects(self._headers) and self._current is None:
            self.write(_CONTINUE)

    def on_body(self, body: bytes) -> None:
        """See `httptools.HttpRequestParser`."""
        if not self._takes_more:
            return
        self._size += len(body)
        if self._size > self._limits.body_bytes:
            self._take_no_more(body_too_long(self._limits.body_bytes))
            return
        self._parts.append(body)

    def on_message_complete(self) -> None:
        """See `httptools.HttpRequestParser`."""
        exchange, self._coming = self._coming, None
        self._raw = 0
        if exchange is None or not self._takes_more:
            return
        exchange.body = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        self._parts = []
        self._takes_more = exchange.keeps_alive
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
        return not self._takes_more and not self._queue

    def date(self) -> bytes:
        """See `Line`."""
        return b"".join(b"%b: %b\r\n" % header for header in self._state.default_headers)

    def finish(self, exchange: Exchange) -> None:
        """See `Line`: the answer is out."""
        self._current = None
        if exchange.lingers:
            self._linger()
        elif exchange.keeps_alive and self._queue:
            self._begin_next()
        elif exchange.keeps_alive and self._takes_more:
            self._rest()
        else:
            self._transport.close()
            if self._stalled is not None:  # or what is left to be written would keep it open for ever
                self._wait(self._limits.stall_timeout_s, self._transport.abort)

    # --- inside ---

    def _rest(self) -> None:
        """Nothing is being answered: how long to wait for what comes next."""
        if self._stalled is not None:
            self._wait(self._limits.stall_timeout_s, self._transport.abort)
        elif self._coming is not None:
            self._wait(self._limits.body_timeout_s, self._give_up_body)
        elif self._raw:
            self._wait(self._limits.header_timeout_s, self._transport.abort)
        else:
            self._wait(self._limits.idle_s, self._transport.close)

    def _begin_next(self) -> None:
        if self._current is not None or not self._queue:
            return
        self._stop_waiting()
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

    def _check_progress(self, *, is_first: bool, had_head: bool) -> None:
        """How far a request that is not all there has come, and how long it may take from now on."""
        if self._coming is None:
            if self._raw > self._limits.header_bytes:
                self._take_no_more(head_too_long())
            elif self._raw and is_first and self._current is None:
                self._wait(self._limits.header_timeout_s, self._transport.abort)
        elif self._raw > _MOST_OVERHEAD * self._limits.body_bytes + self._limits.header_bytes:
            self._take_no_more(body_too_long(self._limits.body_bytes))
        elif not had_head and self._current is None:
            self._wait(self._limits.body_timeout_s, self._give_up_body)

    def _take_no_more(self, refusal: Refusal) -> None:
        """What comes from now on is thrown away; what came before is answered first."""
        if not self._takes_more:
            return
        self._takes_more = False
        exchange = self._coming or Exchange(self, {"method": ""}, keeps_alive=False, is_old=False)
        exchange.keeps_alive, exchange.lingers, exchange.refusal = False, True, refusal
        self._coming = None
        self._parts = []
        self._queue.append(exchange)
        self._begin_next()

    def _give_up_body(self) -> None:
        self._timer = None
        self._take_no_more(body_too_late())

    def _linger(self) -> None:
        if self._transport.is_closing():
            return
        if self._transport.can_write_eof():
            self._transport.write_eof()
        self._wait(_LINGER_S, self._transport.abort)

    def _wait(self, seconds: float, then: Callable[[], None]) -> None:
        self._stop_waiting()
        self._timer = self._loop.call_later(seconds, then)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


async def _receive_nothing() -> dict[str, Any]:
    """The body stands in the scope, and the task is cancelled when the client leaves."""
    return await asyncio.get_running_loop().create_future()


def _has_body(headers: Headers) -> bool:
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value.strip() != b"0")
        for name, value in headers
    )


def _expects(headers: Headers) -> bool:
    return any(name == b"expect" and value.lower() == b"100-continue" for name, value in headers)
