"""The two routes that answer, straight on ASGI: read, answer, send."""

import time
from collections.abc import Callable
from typing import Any

from itas.errors import Error
from itas.serve.ask import Ask
from itas.serve.chat import ChatChunks, render_chat
from itas.serve.chat_request import read_chat
from itas.serve.gate import Route, Scope, Send, send_refusal
from itas.serve.outcome import Outcome
from itas.serve.refusal import Refusal
from itas.serve.responses import ResponseEvents, render_response
from itas.serve.responses_request import read_responses
from itas.serve.service import Service, Visit
from itas.serve.streaming import Events, explain, stream

_JSON = (b"content-type", b"application/json")


class Answering:
    """Answers asks of both APIs.

    Args:
        service: Who makes the answers.
    """

    def __init__(self, service: Service) -> None:
        self._service = service

    def routes(self) -> dict[str, Route]:
        """By path."""
        return {"/v1/chat/completions": self.chat, "/v1/responses": self.respond}

    async def chat(self, scope: Scope, send: Send) -> None:
        """The next message of a conversation."""
        service = self._service
        try:
            ask = _with_header(scope, read_chat(scope["itas.body"], service.limits))
            served = service.admit(ask, scope["itas.visit"])
        except (Refusal, Error) as error:
            await send_refusal(send, explain(error), scope["itas.visit"])
            return
        id, created = f"chatcmpl-{service.new_token()}", int(time.time())
        if ask.stream:
            chunks = ChatChunks(
                id=id,
                created=created,
                model=served.id,
                fingerprint=served.architecture.fingerprint,
                n=ask.n,
                include_usage=ask.include_usage,
            )
            await self._stream(scope, send, ask, chunks)
        else:
            await self._whole(scope, send, ask, lambda found: render_chat(id, created, found))

    async def respond(self, scope: Scope, send: Send) -> None:
        """A response to a text or a conversation."""
        service = self._service
        try:
            ask, echo = read_responses(scope["itas.body"], service.limits)
            ask = _with_header(scope, ask)
            served = service.admit(ask, scope["itas.visit"])
        except (Refusal, Error) as error:
            await send_refusal(send, explain(error), scope["itas.visit"])
            return
        id, created = f"resp_{service.new_token()}", int(time.time())
        if ask.stream:
            await self._stream(
                scope, send, ask, ResponseEvents(id=id, created=created, model=served.id, echo=echo)
            )
        else:
            await self._whole(scope, send, ask, lambda found: render_response(id, created, found, echo))

    async def _whole(self, scope: Scope, send: Send, ask: Ask, render: Callable[[Outcome], bytes]) -> None:
        visit: Visit = scope["itas.visit"]
        status = 499
        try:
            outcome = await self._service.answer(ask, visit)
            status = 200
        except (Refusal, Error) as error:
            refusal = explain(error)
            status = refusal.status
            await send_refusal(send, refusal, visit)
            return
        finally:
            self._service.count(ask, visit, status)
        body = render(outcome)
        took_ms = (time.monotonic() - visit.started) * 1000
        headers: list[tuple[bytes, bytes]] = [
            _JSON,
            (b"content-length", b"%d" % len(body)),
            *outcome.headers(),
            (b"openai-processing-ms", b"%.0f" % took_ms),
            *visit.headers(),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _stream(self, scope: Scope, send: Send, ask: Ask, events: Events) -> None:
        visit: Visit = scope["itas.visit"]
        headers: list[tuple[bytes, bytes]] = [
            (b"content-type", b"text/event-stream; charset=utf-8"),
            (b"cache-control", b"no-cache"),
            (b"x-accel-buffering", b"no"),
            *visit.headers(),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})

        async def write(data: bytes) -> None:
            await send({"type": "http.response.body", "body": data, "more_body": True})

        await stream(self._service, ask, visit, events, write)
        await send({"type": "http.response.body", "body": b""})


def _with_header(scope: Scope, ask: Ask) -> Ask:
    """``x-itas-progress: true`` asks for progress where a client cannot add fields."""
    headers: list[tuple[bytes, Any]] = scope["headers"]
    for name, value in headers:
        if name == b"x-itas-progress" and value.strip().lower() in (b"true", b"1"):
            return ask._replace(options=ask.options.model_copy(update={"progress": True}))
    return ask
