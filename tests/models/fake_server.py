"""A provider on loopback that does what a test tells it and remembers what it was sent."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass(frozen=True, slots=True)
class Sent:
    """One request as it arrived."""

    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """What to send back: JSON, or raw bytes, or a stream of bytes with pauses between them.

    Attributes:
        parts: Bytes are sent, numbers are seconds of silence, an event is waited for.
        is_cut: The connection breaks after the last part.
    """

    data: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    raw: bytes | None = None
    parts: Sequence[bytes | float | asyncio.Event] | None = None
    is_cut: bool = False


Behaviour = Callable[[Sent], Answer | Awaitable[Answer]]


@dataclass(slots=True)
class FakeServer:
    """The running server."""

    url: str
    behave: Behaviour
    sent: list[Sent] = field(default_factory=list[Sent])
    most_at_once: int = 0
    _now: int = 0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        sent = Sent(request.path, dict(request.headers), json.loads(await request.read()))
        self.sent.append(sent)
        self._now += 1
        self.most_at_once = max(self.most_at_once, self._now)
        try:
            answer = self.behave(sent)
            if isinstance(answer, Awaitable):
                answer = await answer
            if answer.parts is not None:
                return await stream(request, answer)
        finally:
            self._now -= 1
        body = json.dumps(answer.data).encode() if answer.raw is None else answer.raw
        return web.Response(body=body, status=answer.status, headers=answer.headers)


async def stream(request: web.Request, answer: Answer) -> web.StreamResponse:
    """Send the parts of an answer one by one."""
    response = web.StreamResponse(status=answer.status, headers=answer.headers)
    await response.prepare(request)
    for part in answer.parts or ():
        if isinstance(part, bytes):
            await response.write(part)
        elif isinstance(part, asyncio.Event):
            await part.wait()
        else:
            await asyncio.sleep(part)
    if answer.is_cut and request.transport is not None:
        request.transport.abort()
    return response


@asynccontextmanager
async def serving(behave: Behaviour) -> AsyncIterator[FakeServer]:
    """Run a server while the block runs."""
    server = FakeServer("", behave)
    app = web.Application(client_max_size=2**26)
    app.router.add_post("/{path:.*}", server.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    server.url = f"http://{host}:{port}"
    try:
        yield server
    finally:
        await runner.cleanup()


def chat(*texts: str, tokens_in: int = 10, tokens_out: int = 5, **usage: Any) -> Answer:
    """A good answer in the form of chat completions."""
    choices = [
        {"index": i, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        for i, text in enumerate(texts)
    ]
    counts = {"prompt_tokens": tokens_in, "completion_tokens": tokens_out, **usage}
    return Answer({"choices": choices, "usage": counts}, headers={"x-request-id": "req-1"})


def messages(text: str, **usage: int) -> Answer:
    """A good answer in the form of messages."""
    return Answer(
        {
            "content": [{"type": "text", "text": text}],
            "stop_reason": "end_turn",
            "usage": {"input_tokens": 10, "output_tokens": 5, **usage},
        },
        headers={"request-id": "req-2"},
    )


EVENT_STREAM = {"content-type": "text/event-stream; charset=utf-8", "x-request-id": "req-3"}


def event(data: Any, name: str = "") -> bytes:
    """One server-sent event."""
    text = data if isinstance(data, str) else json.dumps(data)
    return (f"event: {name}\n" if name else "").encode() + f"data: {text}\n\n".encode()


def chunk(text: str | None = None, *, reason: str | None = None, **fields: Any) -> bytes:
    """One piece of a streamed chat completion."""
    delta = {} if text is None else {"content": text}
    return event({"choices": [{"index": 0, "delta": delta, "finish_reason": reason}], **fields})


def streamed_chat(*pieces: str, reason: str = "stop", tokens_in: int = 10, tokens_out: int = 5) -> Answer:
    """A good answer in pieces, as chat completions give it with ``include_usage``."""
    usage = {"prompt_tokens": tokens_in, "completion_tokens": tokens_out}
    parts = [chunk(""), *(chunk(piece) for piece in pieces), chunk(reason=reason)]
    end = [event({"choices": [], "usage": usage}), event("[DONE]")]
    return Answer(headers=EVENT_STREAM, parts=[*parts, *end])


def streamed_messages(*pieces: str, reason: str = "end_turn", **usage: int) -> Answer:
    """A good answer in pieces, in the form of messages."""
    start = {"type": "message_start", "message": {"usage": {"input_tokens": 10, "output_tokens": 1, **usage}}}
    block = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
    deltas = [
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": piece}}
        for piece in pieces
    ]
    end = {"type": "message_delta", "delta": {"stop_reason": reason}, "usage": {"output_tokens": 5}}
    events = [start, block, {"type": "ping"}, *deltas, {"type": "content_block_stop", "index": 0}, end]
    parts = [event(each, each["type"]) for each in [*events, {"type": "message_stop"}]]
    return Answer(headers=EVENT_STREAM, parts=parts)


def numbered(sent: Sent) -> Answer:
    """As many different answers as asked for."""
    return chat(*(f"answer {i}" for i in range(sent.body.get("n", 1))))


def refusal(status: int, message: str, **fields: Any) -> Answer:
    """An error in the usual form."""
    headers = fields.pop("headers", {})
    return Answer({"error": {"message": message, **fields}}, status=status, headers=headers)


async def silence(sent: Sent) -> Answer:
    """Accepts and never answers."""
    await asyncio.sleep(3600)
    return Answer()
