"""What comes in on one connection: bytes become requests, within limits.

A request is handed on when all of it is there, and refused by its head alone where that is enough: no key, a body that
is too long. What is ambiguous (two lengths, a length beside chunks) is refused by the parser. Trailers are
dropped: whatever stands behind the body is no header.
"""

from typing import Any, Protocol
from urllib.parse import unquote_to_bytes

from itas.serve.exchange import Exchange, Headers, Line, Scope
from itas.serve.limits import Limits
from itas.serve.refusal import Refusal, body_too_long, head_too_long, wrong

_MOST_OVERHEAD = 8
"""Bytes on the wire for each byte of a body that comes in chunks."""
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Door(Protocol):
    """The application: looks at the head of a request first, then takes it whole, as ``itas.body`` of the scope."""

    def enter(self, scope: Scope) -> None:
        """Raise `Refusal` if the head alone is enough to refuse."""
        ...

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None: ...


class Desk(Line, Protocol):
    """The connection, as what comes in sees it."""

    takes_more: bool
    """Whether what comes is read, and not thrown away."""

    @property
    def is_idle(self) -> bool:
        """Nothing is being answered."""
        ...

    def check_queue(self) -> int:
        """How many bytes wait to be answered; raises if too many requests do."""
        ...

    def take(self, exchange: Exchange) -> None:
        """A request is there."""
        ...

    def take_no_more(self, refusal: Refusal) -> None:
        """What comes from now on is thrown away, for this reason."""
        ...


class Intake:
    """Reads requests; its methods ``on_...`` are what `httptools.HttpRequestParser` calls.

    Args:
        desk: Where requests are handed in.
        door: Looks at heads.
        limits: What may come in.

    Attributes:
        ends: Address of the server and of the client.
        coming: A request whose head is there and whose body is not.
        raw: Bytes that came since the last head or body was complete.
    """

    def __init__(self, desk: Desk, door: Door, limits: Limits) -> None:
        import httptools  # part of the extra

        self._http = httptools
        self._parser: Any = httptools.HttpRequestParser(self)
        self._desk = desk
        self._door = door
        self._limits = limits
        self.ends: tuple[Any, Any] = (None, None)
        self.coming: Exchange | None = None
        self.raw = 0
        self._url = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, data: bytes) -> None:
        """More bytes."""
        self.raw += len(data)
        try:
            self._parser.feed_data(data)
        except self._http.HttpParserUpgrade:  # nothing else is spoken here: answered, then closed
            self._desk.takes_more = False
        except self._http.HttpParserError:
            self._desk.take_no_more(wrong("This is not a request in HTTP/1.1.", code="bad_http"))

    def check_size(self) -> None:
        """Take no more of a request that is not all there and already too long."""
        limits = self._limits
        if self.coming is None:
            if self.raw > limits.header_bytes:
                self._desk.take_no_more(head_too_long())
        elif self.raw > _MOST_OVERHEAD * limits.body_bytes + limits.header_bytes:
            self._desk.take_no_more(body_too_long(limits.body_bytes))

    def drop(self) -> Exchange | None:
        """What has come of a request is thrown away; its head, if that was there."""
        exchange, self.coming = self.coming, None
        self._parts = []
        return exchange

    def end(self) -> None:
        """Nothing comes any more."""
        self.drop()
        self._parser = None

    def on_message_begin(self) -> None:
        """See `httptools.HttpRequestParser`."""
        self.coming = None
        self._url = b""
        self._headers = []
        self._parts = []
        self._size = self._desk.check_queue()

    def on_url(self, url: bytes) -> None:
        """See `httptools.HttpRequestParser`."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """See `httptools.HttpRequestParser`."""
        if self.coming is None:  # later ones are trailers
            self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """See `httptools.HttpRequestParser`."""
        desk, parser = self._desk, self._parser
        if not desk.takes_more:
            return
        version: str = parser.get_http_version()
        is_old = version != "1.1"
        keeps_alive = not is_old and parser.should_keep_alive() and not parser.should_upgrade()
        scope = self._scope(version)
        self.coming = exchange = Exchange(desk, scope, keeps_alive=keeps_alive, is_old=is_old)
        self.raw = 0
        try:
            self._door.enter(scope)
        except Refusal as refusal:
            exchange.refusal = refusal
            if _has_body(self._headers):  # which is not waited for
                desk.take_no_more(refusal)
            return
        if desk.is_idle and _expects(self._headers):
            desk.write(_CONTINUE)

    def on_body(self, body: bytes) -> None:
        """See `httptools.HttpRequestParser`."""
        if not self._desk.takes_more:
            return
        self._size += len(body)
        if self._size > self._limits.body_bytes:
            self._desk.take_no_more(body_too_long(self._limits.body_bytes))
            return
        self._parts.append(body)

    def on_message_complete(self) -> None:
        """See `httptools.HttpRequestParser`."""
        exchange, self.coming = self.coming, None
        self.raw = 0
        if exchange is None or not self._desk.takes_more:
            return
        parts, self._parts = self._parts, []
        exchange.body = parts[0] if len(parts) == 1 else b"".join(parts)
        self._desk.take(exchange)

    def _scope(self, version: str) -> Scope:
        url = self._http.parse_url(self._url)
        path: bytes = url.path
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": version,
            "method": self._parser.get_method().decode("ascii"),
            "scheme": "http",
            "path": (unquote_to_bytes(path) if b"%" in path else path).decode("utf-8", "replace"),
            "raw_path": path,
            "query_string": url.query or b"",
            "root_path": "",
            "headers": self._headers,
            "server": self.ends[0],
            "client": self.ends[1],
        }


def _has_body(headers: Headers) -> bool:
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value.strip() != b"0")
        for name, value in headers
    )


def _expects(headers: Headers) -> bool:
    for name, value in headers:
        if name == b"expect":
            return value.lower() == b"100-continue"
    return False
