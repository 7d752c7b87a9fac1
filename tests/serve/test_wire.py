"""HTTP to the byte, as clients of every age and of ill will speak it."""

import asyncio
import json
from collections.abc import MutableMapping
from typing import Any

import pytest

from itas.serve.access import Access, read_access
from itas.serve.limits import Limits
from tests.serve.running import QUESTION, Writer, running
from tests.serve.test_leaving import PATH, connected, raw

KEY = "the-right-key-1234"
ASK = {"model": "one", "messages": QUESTION}
WHOLE = json.dumps(ASK).encode()


async def read_reply(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes]:
    """One reply with a length, or in chunks."""
    head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)).decode()
    first, *lines = head.rstrip().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    assert len(headers) == len(lines)
    body = b""
    if "transfer-encoding" in headers:
        while size := int(await reader.readline(), 16):
            body += await reader.readexactly(size)
            await reader.readexactly(2)
        await reader.readexactly(2)
    else:
        body = await reader.readexactly(int(headers["content-length"]))
    return int(first.split()[1]), headers, body


def post(body: bytes, *headers: str, version: str = "1.1", path: str = PATH) -> bytes:
    lines = [f"POST {path} HTTP/{version}", "host: x", *headers]
    return "\r\n".join([*lines, f"content-length: {len(body)}", "", ""]).encode() + body


SMUGGLED = {
    "length and chunks": b"content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n",
    "two lengths": b"content-length: 0\r\ncontent-length: 40\r\n\r\nGET /health HTTP/1.1\r\nhost: x\r\n\r\n",
    "a signed length": b"content-length: +4\r\n\r\nabcd",
    "chunks that are not last": b"transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "a space before the colon": b"content-length : 4\r\n\r\nabcd",
    "a folded line": b"content-length: 4\r\n 0\r\n\r\nabcd",
    "a line feed alone": b"a: b\ncontent-length: 4\n\nabcd",
    "a NUL": b"a: \0\r\n\r\n",
    "a number of a chunk that is none": b"transfer-encoding: chunked\r\n\r\n0x4\r\nabcd\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("rest", SMUGGLED.values(), ids=SMUGGLED)
async def test_a_request_that_two_parsers_may_read_differently_is_refused_and_nothing_after_it_is_read(
    rest: bytes,
):
    model = Writer()
    async with running(model) as server, connected(server) as (reader, writer):
        writer.write(f"POST {PATH} HTTP/1.1\r\nhost: x\r\n".encode() + rest)
        got = await asyncio.wait_for(reader.read(), 5)
    assert got.startswith(b"HTTP/1.1 400")
    assert got.count(b"HTTP/1.1 ") == 1
    assert not model.asked


async def test_a_key_in_the_trailers_opens_nothing():
    model = Writer()
    access = read_access({"ITAS_SERVE_KEY": KEY})
    chunked = b"%x\r\n%b\r\n0\r\nauthorization: Bearer %b\r\n\r\n" % (len(WHOLE), WHOLE, KEY.encode())
    async with running(model, access=access) as server, connected(server) as (reader, writer):
        writer.write(
            f"POST {PATH} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n".encode() + chunked
        )
        assert (await read_reply(reader))[0] == 401
    assert not model.asked


async def test_trailers_change_nothing():
    trailers = b"x-itas-progress: true\r\nexpect: 100-continue\r\n"
    chunked = b"%x\r\n%b\r\n0\r\n%b\r\n" % (len(WHOLE), WHOLE, trailers)
    async with running() as server, connected(server) as (reader, writer):
        writer.write(
            f"POST {PATH} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n".encode() + chunked
        )
        assert (await read_reply(reader))[0] == 200


async def test_requests_one_behind_the_other_are_answered_in_order():
    texts = ["slow", "quick", "last"]

    def say(request: object) -> str:
        return texts.pop(0)

    async with running(Writer(say, first_s=0.1)) as server, connected(server) as (reader, writer):
        bad = post(b"{", "a: b")
        writer.write(post(WHOLE) + bad + post(WHOLE) + b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n")
        got = [await read_reply(reader) for _ in range(4)]
    assert [status for status, _, _ in got] == [200, 400, 200, 200]
    assert json.loads(got[0][2])["choices"][0]["message"]["content"] == "slow"
    assert json.loads(got[2][2])["choices"][0]["message"]["content"] == "quick"


async def test_too_many_one_behind_the_other_are_not_kept():
    async with running(Writer(first_s=0.1)) as server, connected(server) as (reader, writer):
        writer.write(post(WHOLE) * 200)
        got = await asyncio.wait_for(reader.read(), 20)
    assert 1 <= got.count(b"HTTP/1.1 200") <= 20
    assert got.count(b"HTTP/1.1 400") == 1


async def test_the_body_of_a_request_without_a_key_is_not_waited_for_and_its_refusal_can_be_read():
    access = read_access({"ITAS_SERVE_KEY": KEY})
    async with running(access=access) as server, connected(server) as (reader, writer):
        writer.write(f"POST {PATH} HTTP/1.1\r\nhost: x\r\ncontent-length: 9000000\r\n\r\n".encode())
        status, headers, _ = await read_reply(reader)
        for _ in range(20):
            writer.write(b"x" * 65536)
            await writer.drain()
        assert await asyncio.wait_for(reader.read(), 5) == b""
    assert (status, headers["connection"]) == (401, "close")


async def test_an_old_client_gets_its_stream_without_chunks():
    async with running(Writer("a b", word_s=0.01)) as server, connected(server) as (reader, writer):
        writer.write(post(json.dumps({**ASK, "stream": True}).encode(), version="1.0"))
        got = await asyncio.wait_for(reader.read(), 5)
    head, _, body = got.partition(b"\r\n\r\n")
    assert b"transfer-encoding" not in head
    assert body.startswith(b"data: {")
    assert body.endswith(b"data: [DONE]\n\n")


async def test_a_client_that_waits_for_leave_to_send_its_body_gets_it():
    async with running() as server, connected(server) as (reader, writer):
        head, _, body = post(WHOLE, "expect: 100-continue").partition(b"\r\n\r\n")
        writer.write(head + b"\r\n\r\n")
        assert await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5) == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(body)
        assert (await read_reply(reader))[0] == 200


async def test_a_request_may_come_byte_by_byte():
    async with running() as server, connected(server) as (reader, writer):
        for byte in post(WHOLE):
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0)
        assert (await read_reply(reader))[0] == 200


PATHS = {
    b"http://other.example/v1/models": 200,
    b"/v1/models/%2e%2e/%2e%2e/etc/passwd": 404,
    b"/v1/models/..%2f..%2fetc%2fpasswd": 404,
    b"//v1/models": 404,
    b"/v1/models/%00%0d%0aset-cookie:x": 404,
    b"/v1/models/%ff%fe": 404,
    b"/v1/models/%e2%80%ae": 404,
    b"/v1/traces/../../etc/passwd": 404,
    b"/v1/models?" + b"x" * 3000: 200,
    b"*": 404,
    b"/v1/models\xc3\xa9": 400,
}


@pytest.mark.parametrize("path,status", PATHS.items())
async def test_a_path_leads_to_what_is_there_or_nowhere(path: bytes, status: int):
    async with running() as server, connected(server) as (reader, writer):
        writer.write(b"GET " + path + b" HTTP/1.1\r\nhost: x\r\n\r\n")
        got, headers, body = await read_reply(reader)
    assert got == status
    assert "set-cookie" not in headers
    assert status == 200 or "error" in json.loads(body)


async def test_nobody_gets_a_tunnel():
    async with running() as server, connected(server) as (reader, writer):
        writer.write(b"CONNECT other.example:443 HTTP/1.1\r\nhost: x\r\n\r\nGET /health HTTP/1.1\r\n\r\n")
        got = await asyncio.wait_for(reader.read(), 5)
    assert got.startswith(b"HTTP/1.1 4")
    assert got.count(b"HTTP/1.1 ") == 1


async def test_a_client_that_shuts_down_its_side_has_left():
    model = Writer(first_s=5)
    async with running(model) as server, connected(server) as (_, writer):
        writer.write(raw(ASK))
        while not model.asked:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        writer.write_eof()
        await asyncio.sleep(0.3)
        assert server.service.turns.in_work == 0


async def test_who_does_not_read_a_stream_is_not_written_to_for_ever():
    limits = Limits(stall_timeout_s=0.3)
    async with (
        running(Writer("x" * 30_000_000), limits=limits) as server,
        connected(server) as (reader, writer),
    ):
        writer.write(raw({**ASK, "stream": True}))
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(2)
        writer.write(b"x")
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await asyncio.wait_for(reader.readexactly(60_000_000), 10)


async def test_beyond_the_limit_of_connections_new_ones_are_told_and_open_ones_go_on():
    async with running(limits=Limits(connections=1)) as server, connected(server) as (reader, writer):
        writer.write(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n")
        assert (await read_reply(reader))[0] == 200
        async with connected(server) as (other, _):
            status, headers, body = await read_reply(other)
        writer.write(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n")
        assert (await read_reply(reader))[0] == 200
    assert (status, headers["retry-after"]) == (503, "2")
    assert json.loads(body)["error"]["code"] == "too_many_connections"


async def test_an_open_connection_is_kept_longer_than_a_head_may_take():
    limits = Limits(header_timeout_s=0.2, idle_s=5)
    async with running(limits=limits) as server, connected(server) as (reader, writer):
        for _ in range(3):
            writer.write(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n")
            assert (await read_reply(reader))[0] == 200
            await asyncio.sleep(0.4)


async def test_pieces_that_come_in_one_turn_of_the_loop_go_out_as_one():
    async with running(Writer("a b c d")) as server:
        got = await server.chat(stream=True)
    assert got.streamed == "a b c d"
    assert sum(bool(each["choices"][0]["delta"].get("content")) for each in got.events) == 1


async def test_any_asgi_server_can_run_the_application():
    """Schemathesis, test clients and others call it without our connections."""
    async with running(access=Access()) as server:
        gate = server.gate
        sent: list[dict] = []
        parts = iter([WHOLE[:10], WHOLE[10:]])

        async def receive() -> dict:
            part = next(parts, None)
            if part is None:
                return await asyncio.get_running_loop().create_future()
            return {"type": "http.request", "body": part, "more_body": part == WHOLE[:10]}

        async def send(message: MutableMapping[str, Any]) -> None:
            sent.append(dict(message))

        scope = {
            "type": "http",
            "method": "POST",
            "path": PATH,
            "headers": [],
            "query_string": b"",
            "root_path": "",
        }
        await gate(scope, receive, send)
    assert sent[0]["status"] == 200
    assert json.loads(sent[1]["body"])["object"] == "chat.completion"
