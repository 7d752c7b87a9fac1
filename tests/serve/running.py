"""A server on loopback inside the test's own event loop, with models made of functions."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp

import itas.specs  # noqa: F401  brings the component types
from itas.core.architecture import Architecture
from itas.core.model import Listen, Model, ModelSource
from itas.core.request import Completion, Request, Usage
from itas.models.prices import FREE, Price
from itas.serve.access import Access
from itas.serve.app import make_app
from itas.serve.gate import Gate
from itas.serve.limits import Limits
from itas.serve.process import address_of, bind, make_server
from itas.serve.served import Served, index
from itas.serve.service import Opened, Service
from itas.serve.traces import Traces

QUESTION = [{"role": "user", "content": "What is 6 x 7?"}]


def architecture(*layers: Any, name: str = "team") -> Architecture:
    return Architecture.parse({"name": name, "layers": list(layers)})


ONE = architecture({"type": "generator", "model": "test/a"}, name="one")
VOTE = architecture({"type": "generator", "model": "test/a", "samples": 3}, {"type": "vote"}, name="vote")
FUSED = architecture(
    {"type": "generator", "models": ["test/a", "test/b"]}, {"type": "fuser", "model": "test/c"}, name="fused"
)


@dataclass
class Writer:
    """A model that writes word by word, and remembers what it was asked and when.

    Attributes:
        text: What it writes; a function of the request for something better.
        first_s: Seconds before the first word.
        word_s: Seconds between words.
    """

    text: str | Callable[[Request], str] = "The answer is 42."
    first_s: float = 0.0
    word_s: float = 0.0
    finish_reason: Any = "stop"
    price: Price = FREE
    cost_micro_usd: int | None = 100
    asked: list[Request] = field(default_factory=list)
    firsts: list[int] = field(default_factory=list)
    started: list[float] = field(default_factory=list)
    finished: int = 0

    async def sample(
        self, request: Request, *, n: int = 1, first: int = 0, listen: Listen | None = None
    ) -> tuple[Completion, ...]:
        self.asked.append(request)
        self.firsts.append(first)
        self.started.append(asyncio.get_running_loop().time())
        text = self.text if isinstance(self.text, str) else self.text(request)
        await asyncio.sleep(self.first_s)
        words = text.split(" ")
        for number, word in enumerate(words):
            if listen is not None:
                listen(word if number == len(words) - 1 else f"{word} ")
            if self.word_s and number < len(words) - 1:
                await asyncio.sleep(self.word_s)
        self.finished += 1
        return tuple(
            Completion(
                text=text,
                usage=Usage(tokens_in=10, tokens_out=5),
                cost_micro_usd=self.cost_micro_usd,
                finish_reason=self.finish_reason,
            )
            for _ in range(n)
        )


@dataclass
class Running:
    """A running server and a client for it."""

    url: str
    service: Service
    session: aiohttp.ClientSession
    gate: Gate

    async def post(self, path: str, body: Any, **headers: str) -> "Got":
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        async with self.session.post(self.url + path, data=data, headers=headers) as reply:
            return Got(reply.status, {k.lower(): v for k, v in reply.headers.items()}, await reply.read())

    async def get(self, path: str, **headers: str) -> "Got":
        async with self.session.get(self.url + path, headers=headers) as reply:
            return Got(reply.status, {k.lower(): v for k, v in reply.headers.items()}, await reply.read())

    async def chat(self, model: str = "one", *, messages: Any = QUESTION, **fields: Any) -> "Got":
        return await self.post("/v1/chat/completions", {"model": model, "messages": messages, **fields})


@dataclass
class Got:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def data(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.data["choices"][0]["message"]["content"]

    @property
    def error(self) -> Any:
        error = self.data["error"]
        assert set(error) == {"message", "type", "param", "code"}
        return error

    @property
    def events(self) -> list[Any]:
        """Of a stream; ``[DONE]`` and comments left out."""
        lines = [line[6:] for line in self.body.decode().splitlines() if line.startswith("data: ")]
        return [json.loads(line) for line in lines if line != "[DONE]"]

    @property
    def streamed(self) -> str:
        return "".join(
            choice["delta"].get("content") or "" for event in self.events for choice in event["choices"]
        )


@asynccontextmanager
async def running(
    models: ModelSource | Mapping[str, Model] | Model | None = None,
    *,
    served: Sequence[Architecture] = (ONE, VOTE, FUSED),
    limits: Limits | None = None,
    access: Access | None = None,
    price: Price | None = FREE,
    render_trace: Callable[[str, list[dict[str, Any]]], str] | None = None,
) -> AsyncIterator[Running]:
    """Serve while the block runs."""
    source = models if models is not None else Writer()

    def find(id: str) -> Model:
        if callable(source):
            return source(id)
        return source[id] if isinstance(source, Mapping) else source

    @asynccontextmanager
    async def open() -> AsyncIterator[Opened]:
        yield Opened(find, lambda _: price, render_trace=render_trace)

    limits = limits or Limits()
    service = Service(
        index(Served(each.name, each, 0) for each in served),
        limits=limits,
        access=access or Access(),
        traces=Traces(),
    )
    gate = make_app(service, open)
    server = make_server(gate, limits, linger_s=0)
    listener = bind("127.0.0.1", 0)
    url = address_of(listener)
    work = asyncio.ensure_future(server.serve(sockets=[listener]))
    while not server.started:
        await asyncio.sleep(0.01)
        if work.done():
            work.result()
    try:
        async with aiohttp.ClientSession() as session:
            yield Running(url, service, session, gate)
    finally:
        server.should_exit = True
        await work
