"""One POST over a connection of aiohttp's pool: its connections and its parser, without a new request object.

`ClientSession.post` builds for every call what is the same for all calls to one provider: the address, the default
headers, a payload, a task that writes it, the cookies. That is two thirds of what a call costs in processor time.
Here the head is put together as bytes and goes out with the body in one piece. Everything that can go wrong on the
way is still found by aiohttp's `ResponseHandler`, with its errors.

Not for proxies, which need another kind of head; see `http.py`.
"""

import asyncio
from collections import deque
from collections.abc import Mapping
from types import TracebackType

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError
from yarl import URL

_INTERIM = frozenset(range(100, 200)) - {101}
_IDLE_S = 15.0


class Line:
    """The way to one address over a session's connections.

    Connections that are free for a moment wait here for the next request; the session's pool does more for each
    than is needed where all go to one place.

    Args:
        session: Whose connections are used. Belongs to the running event loop.
        url: Any address at the provider: scheme, host and port count.
        timeout: How long a connection may take to come about.
    """

    def __init__(self, session: aiohttp.ClientSession, url: URL, timeout: aiohttp.ClientTimeout) -> None:
        connector = session.connector
        assert connector is not None
        self.connector = connector
        self.timeout = timeout
        self.opening = aiohttp.ClientRequest("POST", url, loop=asyncio.get_running_loop(), session=session)
        """Only says whereto a connection is to be opened."""
        self.host = url.host_port_subcomponent or ""
        self._loop = asyncio.get_running_loop()
        self._idle: deque[tuple[aiohttp.connector.Connection, float]] = deque()
        self._sweep: asyncio.TimerHandle | None = None

    async def connect(self) -> aiohttp.connector.Connection:
        """An open connection: the one that was used last, or a new one."""
        while self._idle:
            connection, since = self._idle.pop()
            if not connection.closed and self._loop.time() - since < _IDLE_S:
                return connection
            connection.close()
        return await self.connector.connect(self.opening, traces=[], timeout=self.timeout)

    def release(self, connection: aiohttp.connector.Connection) -> None:
        """Keep a connection for the next request, unless one side wants it closed."""
        protocol = connection.protocol
        if protocol is None or protocol.should_close or self.connector.closed:
            connection.close()
            return
        self._idle.append((connection, self._loop.time()))
        if self._sweep is None:
            self._sweep = self._loop.call_later(_IDLE_S, self._close_old)

    def close(self) -> None:
        """Close what is idle."""
        if self._sweep is not None:
            self._sweep.cancel()
        while self._idle:
            self._idle.pop()[0].close()

    def _close_old(self) -> None:
        before = self._loop.time() - _IDLE_S
        while self._idle and (self._idle[0][1] <= before or self._idle[0][0].closed):
            self._idle.popleft()[0].close()
        self._sweep = self._loop.call_later(_IDLE_S, self._close_old) if self._idle else None


class Exchange:
    """Sends one request when it is entered, and gives the connection back when it is left.

    Args:
        line: Where to.
        path: With its query, as it stands in the first line.
        headers: All but the host and the length.
        body: In full.

    Attributes:
        status: Of the answer, once entered.
        headers: Of the answer.
        content: Of the answer; to be read before it is left.
    """

    __slots__ = ("_connection", "_data", "_line", "content", "headers", "status")

    def __init__(self, line: Line, path: str, headers: Mapping[str, str], body: bytes) -> None:
        lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
        head = f"POST {path} HTTP/1.1\r\nhost: {line.host}\r\n{lines}content-length: {len(body)}\r\n\r\n"
        if head.count("\n") != len(headers) + 4 or head.count("\r") != len(headers) + 4 or "\0" in head:
            raise ValueError("a header holds a line break")
        self._line = line
        self._data = head.encode() + body
        self._connection: aiohttp.connector.Connection | None = None
        self.status = 0
        self.headers: Mapping[str, str] = {}
        self.content: aiohttp.StreamReader = aiohttp.EMPTY_PAYLOAD

    async def __aenter__(self) -> "Exchange":
        line = self._line
        try:
            connection = await line.connect()
        except TimeoutError as error:
            raise aiohttp.ConnectionTimeoutError("no connection") from error
        self._connection = connection
        is_answered = False
        try:
            await self._ask(connection)
            is_answered = True
        finally:
            if not is_answered:
                connection.close()
        return self

    async def _ask(self, connection: aiohttp.connector.Connection) -> None:
        protocol = connection.protocol
        transport = connection.transport
        if protocol is None or transport is None:
            raise aiohttp.ServerDisconnectedError
        protocol.set_response_params(read_until_eof=True)
        transport.write(self._data)
        self._data = b""
        try:
            message, content = await protocol.read()
            while message.code in _INTERIM:
                message, content = await protocol.read()
        except HttpProcessingError as error:
            raise aiohttp.ClientPayloadError(error.message) from error
        self.status, self.headers, self.content = message.code, message.headers, content

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        connection = self._connection
        if connection is None:
            return
        if kind is None and self.content.is_eof():
            self._line.release(connection)
        else:
            connection.close()

    def close(self) -> None:
        """Read no further."""
        if self._connection is not None:
            self._connection.close()
