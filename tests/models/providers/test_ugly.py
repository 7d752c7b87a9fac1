"""Whatever a server sends is an answer or an error of ours, within bounds of time and memory."""

import asyncio
import gzip
import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itas.core.messages import user
from itas.core.request import Completion, Request
from itas.errors import ModelError
from itas.models.pool import ModelPool
from itas.models.providers import anthropic, openai_reply
from itas.models.providers.anthropic_stream import MessageReader
from itas.models.providers.events import Event
from itas.models.providers.http import Reply, parse_object
from itas.models.providers.known import ProviderSettings
from itas.models.providers.openai_stream import ChunkReader
from itas.models.providers.refusal import read_refusal
from itas.models.providers.wire import share_bill
from itas.models.retry import RetryPolicy
from tests.models.fake_server import Answer, serving
from tests.models.providers.ugly import ANTHROPIC, OPENAI, Bad, Good

ENVIRON = {"OPENAI_API_KEY": "sk-canary-0123456789", "ANTHROPIC_API_KEY": "sk-ant-canary-0123456789"}
MODELS = {"openai": "openai/gpt-4o", "anthropic": "anthropic/claude-3-5-haiku-latest"}


async def ask(provider: str, answer: Answer, **fields: Any) -> Completion:
    async with serving(lambda _: answer) as server:
        chosen = {provider: ProviderSettings(base_url=server.url, **fields)}
        async with ModelPool(settings=chosen, environ=ENVIRON, retry=RetryPolicy(attempts=1)) as pool:
            request = Request(model=MODELS[provider], messages=user("2 + 2?"), max_tokens=100)
            (completion,) = await pool(request.model).sample(request)
            return completion


@pytest.mark.parametrize(
    "provider, raw, expected",
    [("openai", *case) for case in OPENAI] + [("anthropic", *case) for case in ANTHROPIC],
)
async def test_every_ugly_reply_is_read_or_refused(provider: str, raw: bytes, expected: Good | Bad):
    if isinstance(expected, Bad):
        with pytest.raises(ModelError, match=expected.words) as caught:
            await ask(provider, Answer(raw=raw))
        assert caught.value.can_retry is expected.can_retry
        return
    completion = await ask(provider, Answer(raw=raw))
    assert (completion.text, completion.finish_reason) == (expected.text, expected.reason)


NAMES = [
    "choices",
    "message",
    "content",
    "text",
    "finish_reason",
    "index",
    "usage",
    "cost",
    "delta",
    "error",
    "code",
    "refusal",
    "tool_calls",
    "type",
    "stop_reason",
    "prompt_tokens",
    "completion_tokens",
    "total_tokens",
    "prompt_tokens_details",
    "cached_tokens",
    "input_tokens",
    "output_tokens",
    "content_block",
    "x_groq",
    "details",
]
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=9),
    lambda each: (
        st.lists(each, max_size=4)
        | st.dictionaries(
            st.sampled_from(NAMES),
            each,
            max_size=5,
        )
    ),
    max_leaves=12,
)
OBJECTS = st.dictionaries(
    st.sampled_from(["choices", "content", "usage", "error", "type", "delta", "message"]), JSON
)


@settings(max_examples=80, deadline=None)
@given(OBJECTS, st.integers(1, 3))
def test_any_json_object_is_an_answer_or_an_error_of_ours(data: dict[str, Any], n: int):
    reply = Reply(data, {}, None, 0.1)
    for read in (
        lambda: openai_reply.parse_reply(reply, n, provider="p"),
        lambda: anthropic.parse_reply(reply, provider="p"),
    ):
        try:
            answer = read()
        except ModelError:
            continue
        bill = share_bill(answer, None)
        assert 1 <= len(bill) <= n or n == 1 == len(bill)
        if answer.usage is not None:
            assert sum(each.usage.tokens_in for each in bill) == answer.usage.tokens_in
            assert sum(each.usage.tokens_out for each in bill) == answer.usage.tokens_out


@settings(max_examples=80, deadline=None)
@given(st.lists(OBJECTS, max_size=6))
def test_any_stream_of_json_objects_is_an_answer_heard_as_it_is_or_an_error_of_ours(
    events: list[dict[str, Any]],
):
    empty = Reply({}, {}, None, 0.1, is_stream=True)
    for kind in (ChunkReader, MessageReader):
        heard: list[str] = []
        reader = kind("p", heard.append)
        try:
            for each in events:
                reader(Event("", json.dumps(each)))
            reply = reader.finish(empty)
        except ModelError:
            continue
        if kind is ChunkReader:
            text = openai_reply.parse_reply(reply, 1, provider="p").samples[0].text
        else:
            text = anthropic.parse_reply(reply, provider="p").samples[0].text
        assert "".join(heard) in ("", text)


@given(st.binary(max_size=200))
def test_any_bytes_are_an_object_or_none(raw: bytes):
    assert parse_object(raw) is None or isinstance(parse_object(raw), dict)


@pytest.mark.parametrize("depth", [10, 900, 1_000, 1_020, 5_000])
def test_a_refusal_of_any_depth_is_an_error_of_ours(depth: int):
    for opening, closing in (("[", "]"), ('{"error":', "}"), ('{"error":{"message":', "}}")):
        raw = (opening * depth + "1" + closing * depth).encode()
        assert read_refusal("p", 429, {}, raw).can_retry


@settings(deadline=None)
@given(st.integers(300, 599), st.binary(max_size=100) | OBJECTS.map(lambda data: json.dumps(data).encode()))
def test_any_refusal_is_an_error_of_ours_on_one_line(status: int, raw: bytes):
    text = str(read_refusal("p", status, {}, raw))
    assert "\n" not in text
    assert len(text) < 600


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
async def test_a_gzip_bomb_ends_at_the_limit_and_not_in_memory(provider: str):
    bomb = gzip.compress(b'{"a":"' + b"0" * 100_000_000, 9)
    assert len(bomb) < 200_000
    tracemalloc.start()
    try:
        with pytest.raises(ModelError, match="longer than 2000000 bytes"):
            await ask(
                provider, Answer(raw=bomb, headers={"content-encoding": "gzip"}), max_reply_bytes=2_000_000
            )
        assert tracemalloc.get_traced_memory()[1] < 40_000_000
    finally:
        tracemalloc.stop()


async def test_a_body_that_says_it_is_compressed_and_is_not_is_an_error_of_ours():
    with pytest.raises(ModelError, match="the connection broke"):
        await ask("openai", Answer(raw=b"not gzip", headers={"content-encoding": "gzip"}))


async def test_a_body_that_is_cut_is_an_error_that_may_be_billed():
    parts = [b'{"choices":[{"message":{"content":"4']
    with pytest.raises(ModelError, match="the connection broke") as caught:
        await ask("openai", Answer(parts=parts, is_cut=True))
    assert caught.value.may_be_billed
    assert caught.value.can_retry


@pytest.mark.parametrize(
    "parts, fields, words",
    [
        ([b"{", 30.0], {"between_bytes_timeout_s": 0.1}, "the answer stopped for 0.1 s"),
        (
            [b" ", 0.05] * 200,
            {"between_bytes_timeout_s": 5, "timeout_s": 0.3},
            "no complete answer within 0.3 s",
        ),
    ],
)
async def test_slow_bytes_end_at_their_deadline(
    parts: list[bytes | float], fields: dict[str, float], words: str
):
    async with asyncio.timeout(5):
        with pytest.raises(ModelError, match=words):
            await ask("openai", Answer(parts=parts), **fields)


async def test_a_server_that_says_nothing_ends_at_the_deadline_of_the_first_byte():
    async def silence(sent: Any) -> Answer:
        await asyncio.sleep(30)
        return Answer()

    async with serving(silence) as server:
        chosen = {"openai": ProviderSettings(base_url=server.url, first_byte_timeout_s=0.1)}
        async with ModelPool(settings=chosen, environ=ENVIRON, retry=RetryPolicy(attempts=1)) as pool:
            with pytest.raises(ModelError, match="nothing came within"):
                await pool("openai/gpt-4o").sample(Request(model="openai/gpt-4o", messages=user("x")))


@pytest.mark.slow
async def test_fifty_megabytes_of_text_arrive_as_they_are():
    text = ("NUL \x00 bidi \u202e 🙂 " * 2_700_000)[:50_000_000]
    raw = json.dumps(
        {"choices": [{"message": {"content": text}, "finish_reason": "stop"}]}, ensure_ascii=False
    )
    completion = await ask("openai", Answer(raw=raw.encode()), max_reply_bytes=300_000_000)
    assert completion.text == text
