"""A client that leaves stops the work; what is limited is refused at once."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from urllib.parse import urlsplit

import pytest

from itas.models.pool import ModelPool
from itas.models.prices import Price, Rates
from itas.serve.limits import Limits
from tests.serve.running import QUESTION, Running, Writer, running

PATH = "/v1/chat/completions"


@asynccontextmanager
async def connected(server: Running) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    url = urlsplit(server.url)
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    try:
        yield reader, writer
    finally:
        await leave(writer)


async def leave(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()
    with suppress(ConnectionError):
        await writer.wait_closed()


def raw(body: dict, *, path: str = PATH) -> bytes:
    data = json.dumps(body).encode()
    return f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {len(data)}\r\n\r\n".encode() + data


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
async def test_after_two_hundred_clients_have_left_no_call_is_begun_and_none_is_seen_through(stream: bool):
    """Each would ask three models one after the other."""
    model = Writer(first_s=20)
    async with running(model, limits=Limits(concurrency=200)) as server:
        body = {"model": "fused", "messages": QUESTION, "stream": stream}
        async with AsyncExitStack() as clients:
            for _ in range(200):
                _, writer = await clients.enter_async_context(connected(server))
                writer.write(raw(body))
            while len(model.asked) < 400:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        model.first_s = 0.0
        left = asyncio.get_running_loop().time()
        await asyncio.sleep(0.9)
        assert server.service.turns.in_work == 0
    assert [at for at in model.started if at > left + 0.5] == []
    assert model.finished == 0


async def test_the_money_of_a_client_that_left_is_booked_and_nothing_stays_reserved():
    model = Writer(first_s=0.4, price=Price(Rates(1_000_000, 1_000_000, 1_000_000)))
    async with ModelPool(plugged={"test": lambda name: model}) as pool, running(pool) as server:
        async with connected(server) as (_, writer):
            writer.write(raw({"model": "fused", "messages": QUESTION}))
            while len(model.asked) < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            assert pool.budget.reserved_micro_usd > 0
        await asyncio.sleep(0.3)
        assert pool.budget.reserved_micro_usd == 0
        assert pool.budget.uncertain_samples == 2
        assert server.service.turns.in_work == 0


async def test_who_waits_and_leaves_frees_the_place():
    model = Writer(first_s=0.3)
    async with running(model, limits=Limits(concurrency=1)) as server:
        first = asyncio.ensure_future(server.chat())
        await asyncio.sleep(0.05)
        async with connected(server) as (_, writer):
            writer.write(raw({"model": "one", "messages": QUESTION}))
            await asyncio.sleep(0.05)
            assert server.service.turns.waiting == 1
        await asyncio.sleep(0.05)
        assert server.service.turns.waiting == 0
        assert (await first).status == 200
        assert (await server.chat()).status == 200
    assert len(model.asked) == 2


async def test_beyond_the_queue_requests_are_told_to_come_back():
    async with running(Writer(first_s=0.3), limits=Limits(concurrency=1, queue=1)) as server:
        got = await asyncio.gather(*(server.chat() for _ in range(6)))
    assert sorted(each.status for each in got) == [200, 200, 429, 429, 429, 429]
    refused = next(each for each in got if each.status == 429)
    assert int(refused.headers["retry-after"]) >= 1
    assert refused.error["code"] == "queue_full"


async def test_a_body_that_is_too_long_is_refused_before_it_is_read():
    async with running(limits=Limits(body_bytes=1000)) as server:
        async with connected(server) as (reader, writer):
            writer.write(f"POST {PATH} HTTP/1.1\r\nhost: x\r\ncontent-length: 300000000\r\n\r\n".encode())
            answer = await asyncio.wait_for(reader.read(), 2)
            assert b" 413 " in answer
            assert b'"code":"request_too_large"' in answer
        async with connected(server) as (reader, writer):
            chunk = b"3e8\r\n" + b"x" * 1000 + b"\r\n"
            head = f"POST {PATH} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n".encode()
            writer.write(head + chunk * 3)
            assert b" 413 " in await asyncio.wait_for(reader.readline(), 2)


async def test_a_head_that_does_not_come_is_not_waited_for():
    async with running(limits=Limits(header_timeout_s=0.3)) as server, connected(server) as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nhost:")
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await drip(reader, writer)


async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A byte now and then, for a second."""
    for _ in range(10):
        writer.write(b"x")
        with suppress(TimeoutError):
            await asyncio.wait_for(reader.readexactly(1), 0.1)


async def test_nor_the_second_head_on_an_open_connection():
    async with running(limits=Limits(header_timeout_s=1.0)) as server, connected(server) as (reader, writer):
        writer.write(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n")
        await reader.readuntil(b"}")
        writer.write(b"GET /hea")
        with suppress(ConnectionError):
            assert await asyncio.wait_for(reader.read(), 5) == b""


async def test_a_body_that_does_not_come_is_not_waited_for():
    async with running(limits=Limits(body_timeout_s=0.3)) as server, connected(server) as (reader, writer):
        writer.write(f"POST {PATH} HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nabc".encode())
        assert b" 408 " in await asyncio.wait_for(reader.readline(), 2)


HEADS = [
    (b"hello\r\n\r\n", b"HTTP/1.1 400"),
    (b"GET / HTTP/1.1\r\nhost: x\r\na: " + b"x" * 100_000, b"HTTP/1.1 431"),
    (b"GET / HTTP/1.1\r\nhost: x\r\na: " + b"x" * 100_000 + b"\r\n\r\n", b"HTTP/1.1 4"),
    (b"BREW /v1/models HTTP/1.1\r\nhost: x\r\n\r\n", b"HTTP/1.1 400"),
    (b"PUT /v1/models HTTP/1.1\r\nhost: x\r\n\r\n", b"HTTP/1.1 405"),
    (
        b"GET /v1/models HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n",
        b"HTTP/1.1 200",
    ),
]


@pytest.mark.parametrize("head,status", HEADS)
async def test_what_is_no_http_or_too_long_is_refused_in_our_form(head: bytes, status: bytes):
    async with running() as server, connected(server) as (reader, writer):
        writer.write(head)
        assert (await asyncio.wait_for(reader.readline(), 2)).startswith(status)
        rest = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 2)
        length = int(rest.lower().partition(b"content-length: ")[2].split()[0])
        assert b"200" in status or "error" in json.loads(await reader.readexactly(length))
