"""Streams, to the byte: what comes first, what comes while nothing comes, how they end."""

import json
import time
from typing import Any

import pytest

from itas.errors import ModelError
from itas.models.fakes import FunctionModel
from itas.serve.limits import Limits
from tests.serve.running import QUESTION, Running, Writer, running


async def read_times(server: Running, model: str, **fields: Any) -> list[tuple[float, bytes]]:
    """Every event with the seconds after which it came."""
    body = {"model": model, "messages": QUESTION, "stream": True, **fields}
    found: list[tuple[float, bytes]] = []
    started = time.monotonic()
    async with server.session.post(server.url + "/v1/chat/completions", json=body) as reply:
        assert reply.headers["content-type"].startswith("text/event-stream")
        rest = b""
        async for chunk in reply.content.iter_any():
            rest += chunk
            *whole, rest = rest.split(b"\n\n")
            found += [(time.monotonic() - started, event) for event in whole]
        assert rest == b""
    return found


async def test_a_stream_is_what_clients_expect_to_the_byte():
    async with running(Writer("a b", word_s=0.01)) as server:
        got = await server.chat(stream=True, stream_options={"include_usage": True})
    events = got.events
    head = {
        "id": events[0]["id"],
        "object": "chat.completion.chunk",
        "created": events[0]["created"],
        "model": "one",
        "system_fingerprint": events[0]["system_fingerprint"],
    }

    def chunk(choices: Any, **more: Any) -> bytes:
        data = {**head, "choices": choices, "usage": None, **more}
        return b"data: " + json.dumps(data, separators=(",", ":")).encode() + b"\n\n"

    def choice(delta: Any, finish: str | None = None) -> list[Any]:
        return [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]

    expected = (
        chunk(choice({"role": "assistant", "content": "", "refusal": None}))
        + chunk(choice({"content": "a "}))
        + chunk(choice({"content": "b"}))
        + chunk(choice({}, "stop"))
        + chunk([], usage=events[-1]["usage"], itas=events[-1]["itas"])
        + b"data: [DONE]\n\n"
    )
    assert got.body == expected
    assert events[-1]["usage"]["total_tokens"] == 15


async def test_without_include_usage_no_chunk_speaks_of_it_and_the_last_one_holds_the_price():
    async with running(Writer("a b")) as server:
        events = (await server.chat(stream=True)).events
    assert all("usage" not in event for event in events)
    assert events[-1]["choices"][0]["finish_reason"] == "stop"
    assert events[-1]["itas"]["cost_usd"] == pytest.approx(0.0001)


async def test_the_tokens_of_the_last_writer_come_as_they_are_written():
    models = {
        "test/a": Writer("x"),
        "test/b": Writer("y"),
        "test/c": Writer("one two three four", word_s=0.1),
    }
    async with running(models) as server:
        times = await read_times(server, "fused")
    seconds = [at for at, event in times if b'"content":"' in event and b'"role"' not in event]
    assert len(seconds) == 4
    assert seconds[-1] - seconds[0] > 0.2


async def test_the_first_byte_comes_at_once_and_comments_while_nothing_comes():
    async with running(Writer(first_s=0.5), limits=Limits(keepalive_s=0.1)) as server:
        times = await read_times(server, "vote")
    assert times[0][0] < 0.1
    assert b'"role":"assistant"' in times[0][1]
    assert [event for _, event in times].count(b": keepalive") >= 3


async def test_who_asks_for_progress_gets_a_chunk_without_choices_for_every_component():
    async with running() as server:
        asked = (await server.chat("fused", stream=True, itas={"progress": True})).events
        by_header = await server.post(
            "/v1/chat/completions",
            {"model": "fused", "messages": QUESTION, "stream": True},
            **{"x-itas-progress": "true"},
        )
        silent = (await server.chat("fused", stream=True)).events
    told = [event["itas"]["progress"]["type"] for event in asked if not event["choices"]]
    assert told == ["generator", "generator", "fuser"]
    assert sum(not event["choices"] for event in by_header.events) == 3
    assert all(event["choices"] for event in silent)


async def test_n_choices_are_streamed_side_by_side_with_their_index():
    async with running(Writer("a b")) as server:
        got = await server.chat(n=2, stream=True)
    for index in (0, 1):
        mine = [c for event in got.events for c in event["choices"] if c["index"] == index]
        assert mine[0]["delta"]["role"] == "assistant"
        assert "".join(c["delta"].get("content") or "" for c in mine) == "a b"
        assert mine[-1]["finish_reason"] == "stop"
    assert len({event["id"] for event in got.events}) == 1


async def test_a_stop_text_that_comes_in_pieces_is_never_shown():
    async with running(Writer("keep EN D and EN D more")) as server:
        got = await server.chat(stream=True, stop="EN D m")
    assert got.streamed == "keep EN D and "
    assert got.events[-1]["choices"][0]["finish_reason"] == "stop"


async def test_a_failure_after_the_stream_began_is_an_error_event_and_the_end():
    def fail(request: Any, draw: int) -> Exception:
        return ModelError("it is down", provider="test", status=503)

    async with running(FunctionModel(fail)) as server:
        got = await server.chat(stream=True)
        whole = await server.chat()
    assert got.status == 200
    assert got.events[-1]["error"]["code"] == "provider_error"
    assert got.body.endswith(b"data: [DONE]\n\n")
    assert (whole.status, whole.error["code"]) == (502, "provider_error")


async def test_a_stream_of_a_model_that_is_not_there_is_refused_with_its_status():
    async with running() as server:
        assert (await server.chat("nobody", stream=True)).status == 404
