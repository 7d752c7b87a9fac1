"""Traces of what was asked: of answers, and of requests that failed."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from itas.core.model import Listen
from itas.core.request import Completion, Request
from itas.errors import ModelError
from itas.report.trace_page import TraceAbout, render_trace_page
from itas.serve.limits import Limits
from tests.serve.running import QUESTION, Running, Writer, running
from tests.serve.test_leaving import connected, raw


class Broken:
    """A provider that is down."""

    async def sample(
        self, request: Request, *, n: int = 1, first: int = 0, listen: Listen | None = None
    ) -> tuple[Completion, ...]:
        raise ModelError("the provider is on fire", provider="test", status=500)


MODELS = {"test/a": Writer(), "test/b": Writer(), "test/c": Broken()}


async def lines_of(server: Running, id: str) -> list[dict[str, Any]]:
    got = await server.get(f"/v1/traces/{id}")
    assert got.status == 200
    return got.data["lines"]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
async def test_the_trace_of_a_request_that_failed_holds_the_calls_that_were_made_and_the_reason(stream: bool):
    async with running(MODELS) as server:
        got = await server.chat("fused", stream=stream)
        lines = await lines_of(server, got.headers["x-itas-trace-id"])
    assert got.status == (200 if stream else 502)
    calls = [line["request"]["model"] for line in lines if line["kind"] == "call"]
    assert sorted(calls) == ["test/a", "test/b"]
    assert [line["request"]["model"] for line in lines if line["kind"] == "failed_call"] == ["test/c"]
    assert (lines[-1]["kind"], "on fire" in lines[-1]["reason"]) == ("failed", True)


async def test_it_can_be_looked_at():
    def render(id: str, lines: list[dict[str, Any]]) -> str:
        return render_trace_page(lines, about=TraceAbout(title=id))

    async with running(MODELS, render_trace=render) as server:
        id = (await server.chat("fused")).headers["x-itas-trace-id"]
        page = await server.get(f"/v1/traces/{id}", accept="text/html")
    assert page.status == 200
    assert b"on fire" in page.body


async def test_several_answers_each_have_their_reason():
    async with running(MODELS) as server:
        got = await server.chat("fused", n=2)
        lines = await lines_of(server, got.headers["x-itas-trace-id"])
    failed = [line["answer_number"] for line in lines if line["kind"] == "failed"]
    assert sorted(failed) == [0, 1]


async def test_calls_of_tools_that_failed_are_traced_too():
    tools = [{"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}]
    async with running(Broken()) as server:
        got = await server.chat("one", tools=tools)
        lines = await lines_of(server, got.headers["x-itas-trace-id"])
    assert [line["kind"] for line in lines] == ["trace", "failed_call", "failed"]


async def test_who_waited_too_long_for_a_turn_has_a_trace_that_says_so():
    async with running(Writer(first_s=0.5), limits=Limits(concurrency=1)) as server:
        first = asyncio.ensure_future(server.chat())
        await asyncio.sleep(0.05)
        got = await server.chat(itas={"deadline_s": 0.1})
        lines = await lines_of(server, got.headers["x-itas-trace-id"])
        await first
    assert got.status == 408
    assert [line["kind"] for line in lines] == ["trace", "failed"]


async def test_what_was_refused_before_any_work_has_none():
    async with running() as server:
        got = await server.chat("nobody")
        bad = await server.chat(messages=[])
    assert "x-itas-trace-id" not in got.headers
    assert "x-itas-trace-id" not in bad.headers


async def test_a_caller_who_left_leaves_a_trace_of_what_was_done_until_then(tmp_path: Path):
    async with running(Writer(first_s=5)) as server:
        async with connected(server) as (reader, writer):
            writer.write(raw({"model": "one", "messages": QUESTION, "stream": True}))
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
        id = head.partition("x-itas-trace-id: ")[2].split()[0]
        await asyncio.sleep(0.1)
        lines = await lines_of(server, id)
    assert lines[-1]["kind"] == "failed"
