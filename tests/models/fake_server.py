"""A provider on loopback that does what a test tells it and remembers what it was sent."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
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
    """What to send back: JSON, or raw bytes."""

    data: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    raw: bytes | None = None


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
        finally:
            self._now -= 1
        body = json.dumps(answer.data).encode() if answer.raw is None else answer.raw
        return web.Response(body=body, status=answer.status, headers=answer.headers)


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
