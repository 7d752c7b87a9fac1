"""One request and its answer as it goes out: head and first bytes in one write."""

import asyncio
from collections.abc import MutableMapping, Sequence
from http import HTTPStatus
from typing import Any, Protocol

from itas.serve.refusal import Refusal

_STATUS = {each.value: f"HTTP/1.1 {each.value} {each.phrase}\r\n".encode("ascii") for each in HTTPStatus}

Scope = MutableMapping[str, Any]
Headers = Sequence[tuple[bytes, bytes]]


class Line(Protocol):
    """The connection, as an exchange sees it."""

    def write(self, data: bytes) -> None: ...
    def writable(self) -> "asyncio.Future[None] | None": ...
    def is_last(self, exchange: "Exchange") -> bool: ...
    def date(self) -> bytes: ...
    def finish(self, exchange: "Exchange") -> None: ...


class Exchange:
    """Takes what the application sends.

    Args:
        line: Where it goes.
        scope: The head of the request.
        keeps_alive: Whether the connection may stay open afterwards.
        is_old: HTTP/1.0, which knows no chunks: the answer ends with the connection.
    """

    __slots__ = (
        "_head", "_is_chunked", "_line", "body", "has_begun", "has_ended", "is_old", "keeps_alive", "lingers",
        "refusal", "scope", "task",
    )  # fmt: skip

    def __init__(self, line: Line, scope: Scope, *, keeps_alive: bool, is_old: bool) -> None:
        self._line = line
        self._head = b""
        self._is_chunked = False
        self.scope = scope
        self.keeps_alive = keeps_alive
        self.is_old = is_old
        self.body = b""
        self.refusal: Refusal | None = None
        self.lingers = False
        """Not all of the request was read: what still comes is thrown away before the connection is closed."""
        self.has_begun = False
        self.has_ended = False
        self.task: asyncio.Task[None] | None = None

    async def send(self, message: MutableMapping[str, Any]) -> None:
        """See ASGI. Waits while the client does not read."""
        if (writable := self._line.writable()) is not None:
            await writable
        if self.has_ended:
            return
        if message["type"] == "http.response.start":
            self.begin(message["status"], message.get("headers", ()))
        else:
            self.put(message.get("body", b""), more=message.get("more_body", False))

    def refuse(self, refusal: Refusal) -> None:
        """Send a refusal, whole."""
        body = refusal.body()
        self.begin(refusal.status, refusal.raw_headers(len(body)))
        self.put(body, more=False)

    def begin(self, status: int, headers: Headers) -> None:
        """The head; it goes out with the first bytes of the body."""
        lines = [_STATUS[status], self._line.date()]
        has_length = False
        for name, value in headers:
            if name == b"connection":
                self.keeps_alive = self.keeps_alive and value != b"close"
                continue
            has_length = has_length or name == b"content-length"
            lines += (name, b": ", value, b"\r\n")
        if not has_length:
            if self.is_old:
                self.keeps_alive = False
            else:
                self._is_chunked = True
                lines.append(b"transfer-encoding: chunked\r\n")
        if not self.keeps_alive or self._line.is_last(self):
            self.keeps_alive = False
            lines.append(b"connection: close\r\n")
        lines.append(b"\r\n")
        self._head = b"".join(lines)
        # Each header is one line: what would end one early is a fault of ours, never sent.
        if self._head.count(b"\n") != self._head.count(b"\r\n") or self._head.find(b"\r\n\r\n") != len(
            self._head
        ) - len(b"\r\n\r\n"):
            raise ValueError("a header holds a line break")

    def put(self, body: bytes, *, more: bool) -> None:
        """Bytes of the body."""
        head, self._head = self._head, b""
        if self.scope["method"] == "HEAD":
            body = b""
        elif self._is_chunked:
            chunk = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
            body = chunk if more else chunk + b"0\r\n\r\n"
        if head or body:
            self.has_begun = True
            self._line.write(head + body)
        if not more:
            self.has_ended = True
            self._line.finish(self)
