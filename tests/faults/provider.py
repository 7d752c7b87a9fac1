"""A provider on loopback that fails in every way known, and keeps the truth of what it accepted and billed.

    python -m tests.faults.provider LOG [--seed 0] [--rate 0.1] [--kinds 500,reset-before] [--life 300]

It prints its address, answers chat completions (also streamed), and stops by itself: after `--life` seconds, or
when its standard input ends. Which fault a request meets is a function of the seed, the prompt and how often that
prompt came before; a prompt that holds ``[[fault: KIND]]`` meets that one each time, ``[[fault once: KIND]]`` the
first time.

The log is the truth: one JSON object a line, written before the answer leaves, by one `write` each, never changed.
``accepted`` when a request is read, ``billed`` (with the money) when the answer is made, whatever happens to it
afterwards, ``answered`` when its last byte was handed over.
"""

import argparse
import asyncio
import gzip
import hashlib
import json
import os
import re
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from aiohttp import web

USD_IN, USD_OUT = 1, 2
"""Dollars per million tokens, for the buyers' settings: so micro-dollars per token."""
MODEL = "mine/m"

_TOLD = re.compile(r"\[\[fault( once)?: ([a-z0-9-]+)\]\]")
_BOMB_BYTES = 256 * 1024 * 1024

REFUSALS = (400, 401, 403, 404, 408, 409, 413, 422, 429, 500, 502, 503, 504, 529)
RETRY_AFTER: Mapping[str, Mapping[str, str]] = {
    "": {},
    "-s": {"retry-after": "0"},
    "-float": {"retry-after": "0.01"},
    "-ms": {"retry-after-ms": "10"},
    "-past": {"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"},
    "-negative": {"retry-after": "-5"},
    "-garbage": {"retry-after": "soon"},
    "-never": {"retry-after": "1000000000"},
}

Message = dict[str, Any]

# What a choice may hold instead of a text, with the reason the provider gives for ending.
ENDINGS: Mapping[str, tuple[object, Message]] = {
    f"{reason}-{name}": (ends, content)
    for reason, ends in (
        ("stop", "stop"),
        ("length", "length"),
        ("filter", "content_filter"),
        ("tools", "tool_calls"),
        ("null", None),
        ("new", "a_reason_of_2030"),
        ("safety", "SAFETY"),
        ("number", 7),
    )
    for name, content in (
        ("text", {"content": "a text"}),
        ("empty", {"content": ""}),
        ("none", {"content": None}),
        ("missing", {}),
        ("refusal", {"content": None, "refusal": "I cannot help with that."}),
    )
}


@dataclass(slots=True)
class Served:
    """One request on its way through the provider."""

    id: int
    prompt: str
    n: int
    max_tokens: int
    is_streamed: bool
    rng: Random
    request: web.Request


@dataclass(slots=True)
class Provider:
    """The running provider.

    Attributes:
        log: File of the truth.
        seed: Of the faults, latencies and lengths.
        rate: Share of the requests that meet a fault.
        kinds: Which faults these are.
        latency_s: Longest time to make an answer; the shortest is a third of it.
    """

    log: Path
    seed: int = 0
    rate: float = 0.0
    kinds: tuple[str, ...] = ()
    latency_s: float = 0.02
    _ids: int = 0
    _seen: Counter[str] = field(default_factory=Counter[str])
    _file: int = -1

    def open(self) -> web.Application:
        self._file = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        app = web.Application(client_max_size=2**27)
        app.router.add_post("/v1/chat/completions", self._handle)
        return app

    def close(self) -> None:
        os.close(self._file)

    def note(self, event: str, served: Served, **more: object) -> None:
        data = {"event": event, "id": served.id, "prompt": served.prompt, "at": time.time(), **more}
        os.write(self._file, json.dumps(data).encode() + b"\n")

    def bill(self, served: Served, kind: str) -> Message:
        """Make the answer; from here on it is paid for."""
        tokens_in = max(1, len(served.prompt.encode("utf-8", "replace")) // 4)
        tokens_out = sum(served.rng.randint(1, served.max_tokens) for _ in range(served.n))
        money = tokens_in * USD_IN + tokens_out * USD_OUT
        self.note("billed", served, micro_usd=money, n=served.n, kind=kind)
        return {"prompt_tokens": tokens_in, "completion_tokens": tokens_out}

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        body = json.loads(await request.read())
        self._ids += 1
        prompt = body["messages"][-1]["content"]
        times = self._seen[prompt]
        self._seen[prompt] += 1
        digest = hashlib.sha256(f"{self.seed}:{times}:{prompt}".encode("utf-8", "replace")).digest()
        served = Served(
            self._ids,
            prompt,
            int(body.get("n", 1)),
            int(body.get("max_tokens") or 100),
            bool(body.get("stream")),
            Random(digest),
            request,
        )
        kind = self._choose(served, times)
        self.note("accepted", served, kind=kind)
        await asyncio.sleep(self.latency_s * (1 + 2 * served.rng.random()) / 3)
        try:
            return await find_fault(kind)(self, served, kind)
        except ConnectionResetError:  # who asked has gone, for instance killed
            return _hang_up(served)

    def _choose(self, served: Served, times: int) -> str:
        told = _TOLD.search(served.prompt)
        if told and (not told[1] or not times):
            return told[2]
        if self.kinds and served.rng.random() < self.rate:
            return served.rng.choice(self.kinds)
        return "good"


Fault = Callable[[Provider, Served, str], Awaitable[web.StreamResponse]]


def find_fault(kind: str) -> Fault:
    """The behaviour of that name.

    Raises:
        KeyError: There is none.
    """
    if re.fullmatch(r"[0-9]{3}(-[a-z]+)?", kind):
        return _refuse
    return _ending if kind in ENDINGS else FAULTS[kind]


def choices(served: Served) -> list[Message]:
    return [
        {
            "index": i,
            "message": {"role": "assistant", "content": f"answer {served.id}.{i}"},
            "finish_reason": "stop",
        }
        for i in range(served.n)
    ]


async def _good(provider: Provider, served: Served, kind: str) -> web.StreamResponse:
    usage = provider.bill(served, kind)
    if served.is_streamed:
        return await _stream(provider, served, kind, usage)
    return await _say(provider, served, json.dumps({"choices": choices(served), "usage": usage}).encode())


async def _say(
    provider: Provider, served: Served, raw: bytes, *, headers: Mapping[str, str] | None = None
) -> web.StreamResponse:
    response = web.Response(body=raw, headers={"content-type": "application/json", **(headers or {})})
    await response.prepare(served.request)
    await response.write_eof()
    provider.note("answered", served)
    return response


async def _refuse(provider: Provider, served: Served, kind: str) -> web.StreamResponse:
    status, _, form = kind.partition("-")
    headers = RETRY_AFTER[f"-{form}" if form else ""]
    provider.note("refused", served, status=int(status))
    return web.json_response(
        {"error": {"message": f"refused with {status}"}}, status=int(status), headers=headers
    )


async def _ending(provider: Provider, served: Served, kind: str) -> web.StreamResponse:
    """One of the odd ways to end, each billed."""
    usage = provider.bill(served, kind)
    reason, content = ENDINGS[kind]
    found = [
        {"index": i, "message": {"role": "assistant", **content}, "finish_reason": reason}
        for i in range(served.n)
    ]
    return await _say(provider, served, json.dumps({"choices": found, "usage": usage}).encode())


def _hang_up(served: Served) -> web.StreamResponse:
    transport = served.request.transport
    if transport is not None:
        transport.abort()
    return web.Response()


async def _reset_before(provider: Provider, served: Served, kind: str) -> web.StreamResponse:
    provider.bill(served, kind)
    return _hang_up(served)


async def _reset_unbilled(provider: Provider, served: Served, kind: str) -> web.StreamResponse:
    return _hang_up(served)


async def _cut(provider: Provider, served: Served, kind: str) -> web.StreamResponse:
    """Half of the body, then the connection ends."""
    usage = provider.bill(served, kind)
    raw = json.dumps({"choices": choices(served), "usage": usage}).encode()
    response = web.StreamResponse(
        headers={"content-type": "application/json", "content-length": str(len(raw))}
    )
    await response.prepare(served.request)
    await response.write(raw[: len(raw) // 2])
    await asyncio.sleep(0.01)
    return _hang_up(served)


async def _slow_bytes(provider: Provider, served: Served, kind: str) -> web.StreamResponse:
    usage = provider.bill(served, kind)
    raw = json.dumps({"choices": choices(served), "usage": usage}).encode()
    response = web.StreamResponse(headers={"content-type": "application/json"})
    await response.prepare(served.request)
    for at in range(0, len(raw), 16):
        await response.write(raw[at : at + 16])
        await asyncio.sleep(0.02)
    await response.write_eof()
    provider.note("answered", served)
    return response


async def _drip(provider: Provider, served: Served, kind: str) -> web.StreamResponse:
    """A byte now and then, for ever."""
    provider.bill(served, kind)
    response = web.StreamResponse(headers={"content-type": "application/json"})
    await response.prepare(served.request)
    for _ in range(3600):
        await response.write(b" ")
        await asyncio.sleep(0.2)
    return response


async def _silent(provider: Provider, served: Served, kind: str) -> web.StreamResponse:
    provider.bill(served, kind)
    await asyncio.sleep(3600)
    return web.Response()


def _body(raw: bytes, headers: Mapping[str, str] | None = None) -> Fault:
    """A body that is no answer; billed."""

    async def fault(provider: Provider, served: Served, kind: str) -> web.StreamResponse:
        provider.bill(served, kind)
        return await _say(provider, served, raw, headers=headers)

    return fault


async def _error_under_200(provider: Provider, served: Served, kind: str) -> web.StreamResponse:
    return web.json_response({"error": {"message": "overloaded", "code": 503}})


async def _fewer(provider: Provider, served: Served, kind: str) -> web.StreamResponse:
    """Ignores how many samples were asked for."""
    served.n = 1
    return await _good(provider, served, kind)


async def _bomb(provider: Provider, served: Served, kind: str) -> web.StreamResponse:
    provider.bill(served, kind)
    raw = gzip.compress(b" " * _BOMB_BYTES, compresslevel=1)
    return await _say(provider, served, raw, headers={"content-encoding": "gzip"})


async def _no_usage(provider: Provider, served: Served, kind: str) -> web.StreamResponse:
    provider.bill(served, kind)
    return await _say(provider, served, json.dumps({"choices": choices(served)}).encode())


async def _stream(provider: Provider, served: Served, kind: str, usage: Message) -> web.StreamResponse:
    """Server-sent events, with the fault that a kind names."""
    response = web.StreamResponse(headers={"content-type": "text/event-stream"})
    await response.prepare(served.request)
    text = f"answer {served.id}.0 \u00fc\U0001f642"
    pieces = [text[at : at + 4] for at in range(0, len(text), 4)]
    for number, piece in enumerate(pieces):
        if number == 2 and kind == "stream-reset":
            return _hang_up(served)
        if number == 2 and kind == "stream-error":
            await _event(response, {"error": {"message": "overloaded", "code": 503}})
            return response
        if kind == "stream-comments":
            await response.write(b": keep-alive\n\n")
        chunk = {"choices": [{"index": 0, "delta": {"content": piece}, "finish_reason": None}]}
        await _event(response, chunk, is_split=kind == "stream-split")
    if kind != "stream-no-reason":
        await _event(response, {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    if kind != "stream-no-usage":
        await _event(response, {"choices": [], "usage": usage})
    if kind == "stream-bad-json":
        await response.write(b"data: {not json\n\n")
    if kind != "stream-no-end":
        await response.write(b"data: [DONE]\n\n")
    await response.write_eof()
    provider.note("answered", served)
    return response


async def _event(response: web.StreamResponse, data: Message, *, is_split: bool = False) -> None:
    raw = b"data: " + json.dumps(data, ensure_ascii=False).encode() + b"\r\n\r\n"
    step = 3 if is_split else len(raw)  # also in the middle of a character
    for at in range(0, len(raw), step):
        await response.write(raw[at : at + step])
        await asyncio.sleep(0)


FAULTS: Mapping[str, Fault] = {
    "good": _good,
    "reset-before": _reset_before,
    "reset-unbilled": _reset_unbilled,
    "cut": _cut,
    "slow-bytes": _slow_bytes,
    "drip": _drip,
    "silent": _silent,
    "bad-json": _body(b'{"choices": [{"mess'),
    "html": _body(b"<html>Bad gateway</html>"),
    "nothing": _body(b""),
    "a-list": _body(b"[1, 2]"),
    "deep": _body(b"[" * 200_000),
    "no-choices": _body(b'{"choices": []}'),
    "odd-choices": _body(b'{"choices": ["a", null, 3]}'),
    "not-gzip": _body(b"plain", {"content-encoding": "gzip"}),
    "no-utf8": _body(b'{"choices": [{"message": {"content": "\xff\xfe"}}]}'),
    "gzip-bomb": _bomb,
    "error-under-200": _error_under_200,
    "fewer": _fewer,
    "no-usage": _no_usage,
    **{
        f"stream-{name}": _good
        for name in (
            "reset", "error", "comments", "split", "no-reason", "no-usage", "bad-json", "no-end",
        )
    },
}  # fmt: skip


async def serve(provider: Provider, life_s: float) -> None:
    """Answer until the life is over or nobody holds the other end of standard input."""
    app = provider.open()
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    sys.stdout.write(f"http://{host}:{port}/v1\n")
    sys.stdout.flush()
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    try:
        async with asyncio.timeout(life_s):
            await reader.read()
    except TimeoutError:
        pass
    finally:
        await runner.cleanup()
        provider.close()


def _main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("log", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rate", type=float, default=0.0)
    parser.add_argument("--kinds", default="")
    parser.add_argument("--latency", type=float, default=0.02)
    parser.add_argument("--life", type=float, default=300.0)
    given = parser.parse_args()
    kinds = tuple(kind for kind in given.kinds.split(",") if kind)
    for kind in kinds:
        find_fault(kind)
    provider = Provider(given.log, given.seed, given.rate, kinds, given.latency)
    asyncio.run(serve(provider, given.life))


if __name__ == "__main__":
    _main()
