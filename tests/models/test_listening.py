"""Listening: the text is heard while it is written, is exactly the completion, and costs what it costs unheard."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from itas.core.messages import user
from itas.core.request import Completion, Request, Usage
from itas.errors import ModelError
from itas.models.chain import build_chain
from itas.models.fakes import FunctionModel
from itas.models.listening import Ear, with_listening
from itas.models.pool import ModelPool
from itas.models.providers.known import ProviderSettings
from itas.models.recording import RecordedDraw, RecordedQuestion
from itas.models.replay import Recording
from itas.models.retry import RetryPolicy
from itas.models.simulated import SimulatedPool
from itas.models.store.memory import MemoryStore
from tests.models.fake_server import (
    EVENT_STREAM,
    Answer,
    Behaviour,
    FakeServer,
    Sent,
    chat,
    chunk,
    event,
    messages,
    refusal,
    serving,
    streamed_chat,
    streamed_messages,
)

OPENAI = Request(model="openai/gpt-4o", messages=user("2 + 2?"), max_tokens=100)
ANTHROPIC = Request(model="anthropic/claude-3-5-haiku-latest", messages=user("2 + 2?"), max_tokens=100)
ENVIRON = {"OPENAI_API_KEY": "sk-canary-0123456789abcdef", "ANTHROPIC_API_KEY": "sk-ant-canary-0123456789"}
QUICK = RetryPolicy(attempts=3, first_wait_s=0.001)


@asynccontextmanager
async def provider(behave: Behaviour, **settings: Any) -> AsyncIterator[tuple[FakeServer, ModelPool]]:
    async with serving(behave) as server:
        chosen = {
            "openai": ProviderSettings(base_url=f"{server.url}/v1", **settings),
            "anthropic": ProviderSettings(base_url=server.url, **settings),
        }
        async with ModelPool(settings=chosen, environ=ENVIRON, retry=QUICK) as pool:
            yield server, pool


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not is_so():  # noqa: ASYNC110 - what is waited for is in another's hands
            await asyncio.sleep(0.005)


async def listen_to(pool: ModelPool, request: Request = OPENAI) -> tuple[list[str], Completion]:
    heard: list[str] = []
    (completion,) = await pool(request.model).sample(request, listen=heard.append)
    return heard, completion


@pytest.mark.parametrize(
    "request_, answer, sent",
    [
        (OPENAI, streamed_chat("The ", "answer", ": 4"), {"stream_options": {"include_usage": True}}),
        (ANTHROPIC, streamed_messages("The ", "answer", ": 4"), {}),
    ],
)
async def test_pieces_are_heard_as_they_come_and_booked_and_stored_like_any_answer(
    request_: Request, answer: Answer, sent: dict[str, Any]
):
    async with provider(lambda _: answer) as (server, pool):
        heard, completion = await listen_to(pool, request_)
        again, stored = await listen_to(pool, request_)
        spent = pool.budget.spent_micro_usd
        assert pool.budget.reserved_micro_usd == pool.budget.uncertain_micro_usd == 0
    assert heard == ["The ", "answer", ": 4"]
    assert completion.text == "The answer: 4"
    assert (completion.finish_reason, completion.request_id) == ("stop", "req-3")
    assert completion.usage == Usage(tokens_in=10, tokens_out=5)
    assert spent == completion.cost_micro_usd
    assert again == ["The answer: 4"]
    assert stored.is_stored
    (only,) = server.sent
    assert {"stream": True, **sent}.items() <= only.body.items()


async def test_a_piece_is_heard_before_the_next_one_is_written():
    gate = asyncio.Event()
    parts = [chunk("one"), gate, chunk(" two", reason="stop"), event("[DONE]")]
    async with provider(lambda _: Answer(headers=EVENT_STREAM, parts=parts)) as (_, pool):
        heard: list[str] = []
        call = asyncio.create_task(pool(OPENAI.model).sample(OPENAI, listen=heard.append))
        await until(lambda: heard == ["one"])
        assert not call.done()
        gate.set()
        await call
    assert heard == ["one", " two"]


async def test_without_a_listener_nothing_is_streamed():
    async with provider(lambda _: chat("4")) as (server, pool):
        await pool(OPENAI.model).sample(OPENAI)
    assert "stream" not in server.sent[0].body


@pytest.mark.parametrize("request_, answer", [(OPENAI, chat("4")), (ANTHROPIC, messages("4"))])
async def test_a_server_that_does_not_stream_is_heard_in_one_piece(request_: Request, answer: Answer):
    async with provider(lambda _: answer) as (_, pool):
        heard, _ = await listen_to(pool, request_)
    assert heard == ["4"]


CUTS = [
    (OPENAI, Answer(headers=EVENT_STREAM, parts=[chunk("The ")], is_cut=True)),
    (OPENAI, Answer(headers=EVENT_STREAM, parts=[chunk("The ")])),
    (OPENAI, Answer(headers=EVENT_STREAM, parts=[chunk("The "), b"data: {not json\n\n"])),
    (
        OPENAI,
        Answer(
            headers=EVENT_STREAM, parts=[chunk("The "), event({"error": {"message": "down", "code": 503}})]
        ),
    ),
    (OPENAI, Answer(headers=EVENT_STREAM, parts=[chunk("The "), chunk("", reason="error")])),
    (OPENAI, Answer(headers=EVENT_STREAM, parts=[chunk("The "), 30.0])),
    (ANTHROPIC, Answer(headers=EVENT_STREAM, parts=streamed_messages("The ").parts[:4], is_cut=True)),  # pyright: ignore[reportOptionalSubscript]
    (
        ANTHROPIC,
        Answer(
            headers=EVENT_STREAM,
            parts=[
                *streamed_messages("The ").parts[:4],  # pyright: ignore[reportOptionalSubscript]
                event({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}),
            ],
        ),
    ),
]


@pytest.mark.parametrize("request_, answer", CUTS)
async def test_an_answer_that_breaks_off_after_its_first_piece_is_booked_never_stored_and_not_asked_again(
    request_: Request, answer: Answer
):
    async with provider(lambda _: answer, between_bytes_timeout_s=0.2) as (server, pool):
        heard: list[str] = []
        with pytest.raises(ModelError) as caught:
            await pool(request_.model).sample(request_, listen=heard.append)
        assert pool.budget.uncertain_micro_usd > 0
        assert pool.budget.reserved_micro_usd == 0
        assert (await pool.store.stats()).draws == 0
    assert (caught.value.is_cut, caught.value.can_retry, caught.value.may_be_billed) == (True, False, True)
    assert heard == ["The "]
    assert len(server.sent) == 1


async def test_an_answer_that_breaks_off_before_its_first_piece_is_asked_again():
    def behave(sent: Sent) -> Answer:
        if len(server.sent) == 1:
            return Answer(headers=EVENT_STREAM, parts=[b": wait\n\n"], is_cut=True)
        return streamed_chat("4")

    async with provider(behave) as (server, pool):
        heard, _ = await listen_to(pool)
    assert heard == ["4"]
    assert len(server.sent) == 2


async def test_a_failure_before_the_first_piece_is_not_called_cut():
    async with provider(lambda _: refusal(400, "no")) as (_, pool):
        with pytest.raises(ModelError) as caught:
            await listen_to(pool)
    assert not caught.value.is_cut


async def test_a_listener_who_leaves_ends_the_call_and_it_is_booked():
    answer = Answer(headers=EVENT_STREAM, parts=[chunk("The "), 30.0])
    async with provider(lambda _: answer) as (_, pool):
        heard: list[str] = []
        call = asyncio.create_task(pool(OPENAI.model).sample(OPENAI, listen=heard.append))
        await until(lambda: bool(heard))
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert pool.budget.uncertain_micro_usd > 0
        assert pool.budget.reserved_micro_usd == 0


async def test_when_a_shared_answer_breaks_off_who_heard_a_part_is_told_and_who_heard_nothing_asks_anew():
    gate = asyncio.Event()

    def behave(sent: Sent) -> Answer:
        if len(server.sent) == 1:
            return Answer(headers=EVENT_STREAM, parts=[chunk("The "), gate, chunk("", reason="error")])
        return streamed_chat("4") if "stream" in sent.body else chat("4")

    async with provider(behave) as (server, pool):
        first: list[str] = []
        late: list[str] = []
        ask = pool(OPENAI.model).sample
        speaking = asyncio.create_task(ask(OPENAI, listen=first.append))
        await until(lambda: bool(first))
        joined = asyncio.create_task(ask(OPENAI, listen=late.append))
        silent = asyncio.create_task(ask(OPENAI))
        await until(lambda: bool(late))
        gate.set()
        async with asyncio.timeout(5):
            cut = await asyncio.gather(speaking, joined, return_exceptions=True)
            (draw,) = await silent
    assert [isinstance(each, ModelError) and each.is_cut for each in cut] == [True, True]
    assert (first, late) == (["The "], ["The "])
    assert draw.text == "4"
    assert len(server.sent) == 2


async def test_who_joins_later_hears_what_was_said_before_and_pays_nothing():
    gate = asyncio.Event()
    parts = [chunk("one"), gate, chunk(" two", reason="stop"), event("[DONE]")]
    async with provider(lambda _: Answer(headers=EVENT_STREAM, parts=parts)) as (server, pool):
        first: list[str] = []
        late: list[str] = []
        one = asyncio.create_task(pool(OPENAI.model).sample(OPENAI, listen=first.append))
        await until(lambda: bool(first))
        two = asyncio.create_task(pool(OPENAI.model).sample(OPENAI, listen=late.append))
        deaf = asyncio.create_task(pool(OPENAI.model).sample(OPENAI))
        await asyncio.sleep(0.01)
        assert late == ["one"]
        gate.set()
        await asyncio.gather(one, two, deaf)
    assert first == late == ["one", " two"]
    assert len(server.sent) == 1


@pytest.mark.parametrize(
    "message, param, kept",
    [
        ("Unsupported parameter: 'stream_options'", "stream_options", True),
        (
            '[{"type": "extra_forbidden", "loc": ["body", "stream_options"], "msg": "not permitted"}]',
            "",
            True,
        ),
        ("Your organization must be verified to stream this model: unsupported value", "stream", False),
        ("streaming is not supported for this model", "", False),
    ],
)
async def test_what_a_provider_says_about_streaming_is_learnt_once(message: str, param: str, kept: bool):
    def behave(sent: Sent) -> Answer:
        if "stream_options" in sent.body:
            return refusal(400, message, param=param)
        return streamed_chat("4") if sent.body.get("stream") else chat("4")

    async with provider(behave) as (server, pool):
        for text in ("a", "b"):
            heard, _ = await listen_to(pool, OPENAI.model_copy(update={"messages": user(text)}))
            assert heard == ["4"]
    assert [bool(sent.body.get("stream")) for sent in server.sent] == [True, kept, kept]
    assert [sent for sent in server.sent if "stream_options" in sent.body] == server.sent[:1]


USED = {"prompt_tokens": 3, "completion_tokens": 1}


def choice(**fields: Any) -> bytes:
    return event({"choices": [fields, "not a choice"]})


@pytest.mark.parametrize(
    "parts, text, reason, usage",
    [
        ([chunk("4", reason="length"), event("[DONE]")], "4", "length", Usage()),
        ([chunk("4"), event("[DONE]")], "4", "unknown", Usage()),
        ([chunk("4", reason="stop")], "4", "stop", Usage()),  # no [DONE]
        (
            [
                chunk("4", reason="stop"),
                event({"choices": None, "usage": {"prompt_tokens": 3, "completion_tokens": 1}}),
            ],
            "4",
            "stop",
            Usage(tokens_in=3, tokens_out=1),
        ),
        (
            [chunk("4", reason="stop", x_groq={"usage": USED})],
            "4",
            "stop",
            Usage(tokens_in=3, tokens_out=1),
        ),
        (
            [
                event({"choices": [{"delta": {"refusal": "No"}}]}),
                event({"choices": [{"delta": {"refusal": "."}, "finish_reason": "stop"}]}),
            ],
            "No.",
            "content_filter",
            Usage(),
        ),
        (
            [
                event(
                    {
                        "choices": [
                            {"delta": {"content": [{"type": "text", "text": "4"}]}, "finish_reason": "stop"}
                        ]
                    }
                )
            ],
            "4",
            "stop",
            Usage(),
        ),
        ([choice(text="4", finish_reason="stop")], "4", "stop", Usage()),
        (
            [choice(index=1, delta={"content": "x"}), chunk("4", reason="stop")],
            "4",
            "stop",
            Usage(),
        ),
        (
            [choice(delta={"tool_calls": [{}]}, finish_reason="tool_calls")],
            "",
            "tool_calls",
            Usage(),
        ),
        (
            [choice(delta={"reasoning_content": "hm"}), chunk("4", reason="stop")],
            "4",
            "stop",
            Usage(),
        ),
        (
            [b'data: {"choices":[{"delta":{"content":"\\ud800"},"finish_reason":"stop"}]}\n\n'],
            "\ud800",
            "stop",
            Usage(),
        ),
    ],
)
async def test_odd_streams_give_what_is_in_them(parts: list[bytes], text: str, reason: str, usage: Usage):
    async with provider(lambda _: Answer(headers=EVENT_STREAM, parts=parts)) as (_, pool):
        heard, completion = await listen_to(pool)
    assert (completion.text, completion.finish_reason, completion.usage) == (text, reason, usage)
    assert "".join(heard) == completion.text


async def test_cached_tokens_of_a_streamed_message_are_counted_and_thinking_is_not_heard():
    answer = streamed_messages("4", cache_read_input_tokens=90)
    thought = {
        "type": "content_block_delta",
        "index": 0,
        "delta": {"type": "thinking_delta", "thinking": "hm"},
    }
    parts = [*(answer.parts or ())[:2], event(thought), *(answer.parts or ())[2:]]
    async with provider(lambda _: Answer(headers=EVENT_STREAM, parts=parts)) as (_, pool):
        heard, completion = await listen_to(pool, ANTHROPIC)
    assert heard == ["4"]
    assert completion.usage == Usage(tokens_in=100, tokens_out=5, tokens_cached=90)


async def test_a_stream_that_never_ends_is_refused_at_the_limit():
    parts = [chunk("x" * 1000)] * 50
    async with provider(lambda _: Answer(headers=EVENT_STREAM, parts=parts), max_reply_bytes=10_000) as (
        _,
        pool,
    ):
        with pytest.raises(ModelError, match="longer than 10000 bytes"):
            await listen_to(pool)


async def test_what_was_heard_is_the_answer_also_where_another_process_stored_another_draw_first():
    store = MemoryStore()
    request = Request(model="fake/m", messages=user("x"))

    class Slow:
        async def sample(self, request: Request, *, n: int = 1, first: int = 0, listen: Any = None):
            listen("mine")
            await store.put(request, {0: Completion(text="theirs")})
            return (Completion(text="mine"),)

    heard: list[str] = []
    (completion,) = await build_chain(Slow(), store=store).sample(request, listen=heard.append)
    assert (heard, completion.text) == (["mine"], "mine")


class Deaf:
    """A model of somebody who knows nothing of listeners."""

    async def sample(self, request: Request, *, n: int = 1, first: int = 0) -> tuple[Completion, ...]:
        return (Completion(text="whole"),) * n


async def test_a_model_that_knows_nothing_of_listeners_is_heard_in_one_piece():
    pool = ModelPool(plugged={"deaf": lambda name: Deaf()}, environ={})  # pyright: ignore[reportArgumentType]
    heard, _ = await listen_to(pool, Request(model="deaf/m", messages=user("x")))
    assert heard == ["whole"]
    knows = FunctionModel(lambda request, number: "x")
    assert with_listening(knows) is knows


async def test_fakes_recordings_and_simulated_models_say_the_whole_text_at_once():
    question = RecordedQuestion(
        model="m", messages=OPENAI.messages, draws=(RecordedDraw(text="4"),), any_parameters=True
    )
    for model in (
        FunctionModel(lambda request, number: "4"),
        Recording([question]).model("m"),
        SimulatedPool([]).model("euler-large"),
    ):
        heard: list[str] = []
        (completion,) = await model.sample(OPENAI, listen=heard.append)
        assert heard == [completion.text]


async def test_several_draws_cannot_be_listened_to():
    chain = build_chain(FunctionModel(lambda request, number: "4"))
    with pytest.raises(ValueError, match="n must be 1"):
        await chain.sample(OPENAI, n=2, listen=lambda piece: None)


def test_an_ear_passes_over_empty_pieces_and_says_the_whole_text_once():
    heard: list[str] = []
    ear = Ear(heard.append)
    ear("")
    assert not ear.has_heard
    ear.finish("text")
    ear.finish("text")
    assert heard == ["text"]
    assert Ear(None).listen is None
