"""The gate before every route: keys, limits on what comes in, and a client that leaves stops its work.

What is asked most is answered right here; the rest goes to the routes behind. Our own connections hand in requests
whole and end the task of a client that leaves. Under any other ASGI server the gate reads and watches itself.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from itas.core.concurrency import stop
from itas.serve.refusal import Refusal, body_too_late, body_too_long, head_too_long, no_key
from itas.serve.service import Service, Visit

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Route = Callable[[Scope, Send], Awaitable[None]]
"""Answers a request whose body stands in the scope."""

OPEN_PATHS = frozenset({"/health"})
"""Need no key: who keeps the server running asks there, and learns only that it runs and which worker answers."""


class Gate:
    """An ASGI application around another.

    Args:
        app: What stands behind the gate.
        service: Whose keys and limits hold.
        posts: Answers by path, for POST, before anything behind.
    """

    def __init__(self, app: App, service: Service, posts: Mapping[str, Route]) -> None:
        self._app = app
        self._service = service
        self._posts = posts

    def enter(self, scope: Scope) -> None:
        """Look at the head of a request, and give it a name.

        Raises:
            Refusal: No key, too long, or a body that is too long.
        """
        limits = self._service.limits
        headers: list[tuple[bytes, bytes]] = scope["headers"]
        visit = Visit(self._service.new_request_id(), "", time.monotonic())
        scope["itas.visit"] = visit
        access = self._service.access
        if not access.is_open:
            caller = access.find_caller(headers)
            if caller is not None:
                visit.caller = caller
            elif scope["path"] not in OPEN_PATHS:
                raise no_key()
        size = 0
        for name, value in headers:
            size += len(name) + len(value)
            if name == b"content-length" and _is_above(value, limits.body_bytes):
                raise body_too_long(limits.body_bytes)
        if size > limits.header_bytes:
            raise head_too_long()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if "itas.body" in scope:
            await self._answer(scope, receive, send)
        elif scope["type"] != "http":
            await self._app(scope, receive, send)
        else:
            await self._take(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        route = self._posts.get(scope["path"]) if scope["method"] == "POST" else None
        if route is not None:
            await route(scope, send)
        else:
            await self._app(scope, receive, _signing(send, scope["itas.visit"]))

    async def _take(self, scope: Scope, receive: Receive, send: Send) -> None:
        """What our own connections do: read all, then answer until the client leaves."""
        try:
            self.enter(scope)
            body = await self._read(receive)
        except _Left:
            return
        except Refusal as refusal:
            await send_refusal(send, refusal, scope["itas.visit"])
            return
        scope["itas.body"] = body
        work = asyncio.ensure_future(self._answer(scope, _nothing, send))
        left = asyncio.ensure_future(_wait_until_left(receive))
        try:
            await asyncio.wait((work, left), return_when=asyncio.FIRST_COMPLETED)
        finally:
            await stop([left, work])
        if not work.cancelled():
            work.result()

    async def _read(self, receive: Receive) -> bytes:
        limits = self._service.limits
        parts: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(limits.body_timeout_s):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise _Left
                    part = message.get("body", b"")
                    size += len(part)
                    if size > limits.body_bytes:
                        raise body_too_long(limits.body_bytes)
                    parts.append(part)
                    if not message.get("more_body"):
                        return b"".join(parts)
        except TimeoutError:
            raise body_too_late() from None


class _Left(Exception):
    """The client went away before its request had come."""


async def send_refusal(send: Send, refusal: Refusal, visit: Visit) -> None:
    """An error in OpenAI's shape."""
    body = refusal.body()
    headers = [*refusal.raw_headers(len(body)), *visit.headers()]
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _signing(send: Send, visit: Visit) -> Send:
    """Put the id of the request on a reply."""

    async def signed(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), *visit.headers()]
        await send(message)

    return signed


async def _nothing() -> Message:
    """The body stands in the scope, and the task is cancelled when the client leaves."""
    return await asyncio.get_running_loop().create_future()


async def _wait_until_left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _is_above(length: bytes, most: int) -> bool:
    return length.isdigit() and (len(length) > 15 or int(length) > most)
