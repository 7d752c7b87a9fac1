"""Chat completions: what is sent, what comes back, and what is learnt from refusals."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from itas.core.messages import Message, user
from itas.core.request import Request, Usage
from itas.errors import ModelError
from itas.models.pool import ModelPool
from itas.models.prices import PriceEntry, PriceTable
from itas.models.providers.known import ProviderSettings
from itas.models.providers.openai import Dialect, learn, render_body
from itas.models.providers.refusal import refuse
from itas.models.retry import RetryPolicy
from tests.models.fake_server import (
    Answer,
    Behaviour,
    FakeServer,
    Sent,
    chat,
    numbered,
    refusal,
    serving,
    silence,
)

REQUEST = Request(model="openai/gpt-4o", messages=user("2 + 2?"))
KEY = "sk-canary-0123456789abcdef"
ENVIRON = {"OPENAI_API_KEY": KEY}


@asynccontextmanager
async def provider(behave: Behaviour, **settings: Any) -> AsyncIterator[tuple[FakeServer, ModelPool]]:
    async with serving(behave) as server:
        chosen = ProviderSettings(base_url=f"{server.url}/v1", **settings)
        pool = ModelPool(settings={"openai": chosen}, environ=ENVIRON, retry=RetryPolicy(attempts=1))
        async with pool:
            yield server, pool


async def ask(pool: ModelPool, n: int = 1, **fields: Any):
    request = REQUEST.model_copy(update=fields)
    return await pool(request.model).sample(request, n=n)


async def test_the_whole_request_is_sent_and_nothing_else():
    conversation = (Message(role="system", content="Be brief."), *user("2 + 2?"))
    async with provider(numbered) as (server, pool):
        await ask(pool, messages=conversation, temperature=0.7, max_tokens=5, stop=("\n",))
    (sent,) = server.sent
    assert sent.path == "/v1/chat/completions"
    assert sent.headers["Authorization"] == f"Bearer {KEY}"
    assert sent.body == {
        "model": "gpt-4o",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "2 + 2?"}],
        "temperature": 0.7,
        "max_tokens": 5,
        "stop": ["\n"],
    }


def test_what_is_not_set_is_not_sent():
    assert set(render_body(REQUEST, 1, Dialect(1))) == {"model", "messages"}


async def test_several_samples_come_from_one_request_and_share_its_bill():
    def behave(sent: Sent) -> Answer:
        return chat(*(f"answer {i}" for i in range(sent.body["n"])), tokens_in=100, tokens_out=51)

    async with provider(behave) as (server, pool):
        ten = await ask(pool, n=10)
        assert pool.paid.all.usage == Usage(tokens_in=100, tokens_out=51)
    assert [sent.body["n"] for sent in server.sent] == [10]
    assert [each.text for each in ten] == [f"answer {i}" for i in range(10)]
    assert ten[0].request_id == "req-1"
    # 2.5 and 10 dollars per million: 250 + 510 micro-dollars in all
    assert sum(each.cost_micro_usd or 0 for each in ten) == 760


async def test_a_refused_n_is_remembered_and_each_sample_asked_for_alone():
    def behave(sent: Sent) -> Answer:
        if "n" in sent.body:
            return refusal(400, "'n' is not supported by this model", param="n")
        return chat(f"answer {len(server.sent)}")

    async with provider(behave) as (server, pool):
        assert len({each.text for each in await ask(pool, n=3)}) == 3
        await ask(pool, n=2, temperature=0.1)
    assert [sent.body.get("n") for sent in server.sent] == [3, None, None, None, None, None]


async def test_a_limit_on_n_in_the_words_of_llama_cpp_is_a_refused_n():
    """What its server says to more samples than it has slots; it names no parameter."""

    def behave(sent: Sent) -> Answer:
        if "n" in sent.body:
            return refusal(400, "Field 'n': Value must be between 1 <= value <= 2, but got 4")
        return chat(f"answer {len(server.sent)}")

    async with provider(behave) as (server, pool):
        assert len({each.text for each in await ask(pool, n=4)}) == 4
    assert [sent.body.get("n") for sent in server.sent] == [4, None, None, None, None]


async def test_an_ignored_n_keeps_the_sample_that_came_and_asks_for_the_rest_alone():
    async with provider(lambda sent: chat(f"answer {len(server.sent)}")) as (server, pool):
        three = await ask(pool, n=3)
    assert sorted(each.text for each in three) == ["answer 1", "answer 2", "answer 3"]
    assert [sent.body.get("n") for sent in server.sent] == [3, None, None]


async def test_samples_bought_one_by_one_survive_the_failure_of_another():
    def behave(sent: Sent) -> Answer:
        return refusal(400, "bad luck") if len(server.sent) == 2 else chat(f"answer {len(server.sent)}")

    async with provider(behave, max_n=1) as (server, pool):
        with pytest.raises(ModelError, match="bad luck"):
            await ask(pool, n=4)
        assert len(await ask(pool, n=4)) == 4
    assert len(server.sent) == 5


async def test_the_name_of_the_token_limit_is_learnt_once():
    def behave(sent: Sent) -> Answer:
        if "max_tokens" in sent.body:
            text = "Unsupported parameter: 'max_tokens' is not supported with this model. "
            return refusal(400, text + "Use 'max_completion_tokens' instead.", param="max_tokens")
        return chat("4")

    async with provider(behave) as (server, pool):
        await ask(pool, max_tokens=7)
        await ask(pool, max_tokens=8)
    assert [sent.body.get("max_completion_tokens") for sent in server.sent] == [None, 7, 8]


async def test_a_refused_temperature_is_learnt_once(caplog: pytest.LogCaptureFixture):
    def behave(sent: Sent) -> Answer:
        if "temperature" in sent.body:
            text = "Unsupported value: 'temperature' does not support 0.7 with this model. "
            return refusal(400, text + "Only the default (1) value is supported.", param="temperature")
        return chat("4")

    async with provider(behave) as (server, pool):
        await ask(pool, temperature=0.7)
        await ask(pool, temperature=0.8)
    assert ["temperature" in sent.body for sent in server.sent] == [True, False, False]
    assert len(caplog.records) == 1


@pytest.mark.parametrize(
    "message, param",
    [
        ("Invalid 'temperature': decimal above maximum value. Expected a value <= 2", "temperature"),
        ("max_tokens is too large: 99999. This model supports at most 16384", "max_tokens"),
        ("This model's maximum context length is 8192 tokens", "messages"),
        ("unknown model", "model"),
    ],
)
def test_a_wrong_value_is_not_taken_for_an_unknown_parameter(message: str, param: str):
    dialect = Dialect(8)
    refused = refuse("openai", 400, {"error": {"message": message, "param": param}}, {})
    assert learn(dialect, refused) == dialect


async def test_a_server_that_refuses_everything_in_turn_is_given_up():
    def behave(sent: Sent) -> Answer:
        if "max_tokens" in sent.body:
            return refusal(400, "max_tokens is unsupported, use max_completion_tokens")
        return refusal(400, "max_completion_tokens is unknown", param="max_completion_tokens")

    async with provider(behave) as (server, pool):
        with pytest.raises(ModelError, match="one form of the parameters after the other"):
            await ask(pool, max_tokens=5)
    assert len(server.sent) == 5


@pytest.mark.parametrize(
    "choice, text, reason",
    [
        ({"message": {"content": "4"}, "finish_reason": "stop"}, "4", "stop"),
        ({"message": {"content": "4"}, "finish_reason": "length"}, "4", "length"),
        ({"message": {"content": "4"}, "finish_reason": "eos"}, "4", "stop"),
        ({"message": {"content": None}, "finish_reason": "content_filter"}, "", "content_filter"),
        ({"message": {"content": None, "refusal": "No."}, "finish_reason": "stop"}, "No.", "content_filter"),
        ({"message": {"content": None, "tool_calls": [{}]}, "finish_reason": "stop"}, "", "tool_calls"),
        ({"message": {"content": None, "tool_calls": [{}]}, "finish_reason": "tool_calls"}, "", "tool_calls"),
        (
            {"message": {"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}},
            "ab",
            "unknown",
        ),
        ({"message": {"content": "4"}, "finish_reason": None}, "4", "unknown"),
        ({"message": {"content": "4"}, "finish_reason": "surprise"}, "4", "unknown"),
        ({"message": {}, "finish_reason": "stop"}, "", "stop"),
        ({"text": "4", "finish_reason": "stop"}, "4", "stop"),
    ],
)
async def test_finish_reasons_and_odd_contents(choice: dict[str, Any], text: str, reason: str):
    async with provider(lambda sent: Answer({"choices": [choice]})) as (_, pool):
        (completion,) = await ask(pool)
    assert (completion.text, completion.finish_reason) == (text, reason)


@pytest.mark.parametrize(
    "usage, expected",
    [
        (
            {
                "prompt_tokens": 100,
                "completion_tokens": 50,
                "total_tokens": 150,
                "prompt_tokens_details": {"cached_tokens": 64},
                "completion_tokens_details": {"reasoning_tokens": 30},
            },
            Usage(tokens_in=100, tokens_out=50, tokens_cached=64, tokens_reasoning=30),
        ),
        (
            {"prompt_tokens": 100, "completion_tokens": 50, "prompt_cache_hit_tokens": 10},
            Usage(tokens_in=100, tokens_out=50, tokens_cached=10),
        ),
        (  # reasoning left out of the completion's tokens, but billed
            {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 190},
            Usage(tokens_in=100, tokens_out=90),
        ),
        (
            {"prompt_tokens": 7, "completion_tokens": None, "prompt_tokens_details": None},
            Usage(tokens_in=7),
        ),
        ({"prompt_tokens": "many", "completion_tokens": -1}, Usage()),
        (None, Usage()),
    ],
)
async def test_usage_is_read_with_cached_and_reasoning_tokens(usage: Any, expected: Usage):
    answer = Answer({"choices": [{"message": {"content": "4"}, "finish_reason": "stop"}], "usage": usage})
    async with provider(lambda sent: answer) as (_, pool):
        (completion,) = await ask(pool)
    assert completion.usage == expected


async def test_cached_tokens_cost_less_and_a_missing_bill_is_unpriced_not_free():
    prices = PriceTable({"openai/gpt-4o": PriceEntry(usd_in=2, usd_out=10, usd_cached=1)})  # pyright: ignore[reportArgumentType]

    def behave(sent: Sent) -> Answer:
        if sent.body["messages"][0]["content"] == "no bill":
            return Answer({"choices": [{"message": {"content": "4"}}]})
        return chat("4", tokens_in=100, tokens_out=10, prompt_tokens_details={"cached_tokens": 40})

    async with serving(behave) as server:
        settings = {"openai": ProviderSettings(base_url=server.url)}
        async with ModelPool(settings=settings, environ=ENVIRON, prices=prices) as pool:
            (billed,) = await ask(pool)
            (unbilled,) = await ask(pool, messages=user("no bill"))
            assert billed.cost_micro_usd == 60 * 2 + 40 + 10 * 10
            assert unbilled.cost_micro_usd is None
            assert pool.budget.spent_micro_usd > 260 + 16_000 * 10


async def test_what_a_provider_says_it_charged_goes_before_the_table():
    async with provider(lambda sent: chat("4", cost=0.0123456)) as (_, pool):
        (completion,) = await ask(pool)
    assert completion.cost_micro_usd == 12346


@pytest.mark.parametrize(
    "answer, can_retry, may_be_billed, words",
    [
        (refusal(400, "bad"), False, False, "HTTP 400: bad"),
        (refusal(401, "no such key"), False, False, "Is the key right"),
        (refusal(403, "forbidden"), False, False, "HTTP 403"),
        (refusal(404, "no such model"), False, False, "Is the model's name right"),
        (refusal(408, "slow"), True, False, "HTTP 408"),
        (refusal(429, "slow down"), True, False, "HTTP 429: slow down"),
        (refusal(429, "pay first", code="insufficient_quota"), False, False, "pay first"),
        (refusal(500, "oops"), True, True, "HTTP 500: oops"),
        (Answer("bad gateway", status=502), True, True, "bad gateway"),
        (refusal(503, "busy"), True, False, "HTTP 503"),
        (Answer({"error": "just text"}, status=500), True, True, "just text"),
        (Answer({"detail": "not found"}, status=404), False, False, "not found"),
        (Answer([{"error": {"message": "in a list"}}], status=400), False, False, "in a list"),
        (Answer(raw=b"", status=504), True, True, "HTTP 504"),
        (Answer(raw=b"<html>\x00\x1b[31m</html>", status=500), True, True, "<html>"),
        (
            Answer(status=302, headers={"location": "http://127.0.0.1:1/"}),
            False,
            False,
            "redirects are not followed",
        ),
        (Answer(raw=b"not json"), True, True, "not a JSON object"),
        (Answer(raw=b"[" * 100_000), True, True, "not a JSON object"),
        (Answer([]), True, True, "not a JSON object"),
        (Answer({"choices": []}), True, True, "no choices"),
        (Answer({"error": {"message": "upstream", "code": 429}}), True, False, "upstream"),
        (Answer({"choices": [{"finish_reason": "error", "error": {"message": "cut"}}]}), True, True, "cut"),
    ],
)
async def test_every_failure_is_one_of_ours(answer: Answer, can_retry: bool, may_be_billed: bool, words: str):
    answer = Answer(answer.data, answer.status, {**answer.headers, "x-request-id": "req-9"}, answer.raw)
    async with provider(lambda sent: answer) as (_, pool):
        with pytest.raises(ModelError) as caught:
            await ask(pool)
    error = caught.value
    assert (error.can_retry, error.may_be_billed) == (can_retry, may_be_billed)
    assert words in str(error)
    assert str(error).startswith("openai: ")
    assert "\x1b" not in str(error)
    assert error.request_id == "req-9"


async def test_a_wait_that_the_provider_asks_for_is_passed_on():
    async with provider(lambda sent: refusal(429, "wait", headers={"retry-after-ms": "1500"})) as (_, pool):
        with pytest.raises(ModelError) as caught:
            await ask(pool)
    assert caught.value.retry_after_s == 1.5


async def test_a_silent_server_ends_at_the_deadline():
    async with provider(silence, timeout_s=0.2) as (_, pool):
        with pytest.raises(ModelError, match=r"no complete answer within 0\.2 s") as caught:
            async with asyncio.timeout(5):
                await ask(pool)
        assert caught.value.can_retry
        assert caught.value.may_be_billed
        assert pool.budget.uncertain_micro_usd > 0


async def test_a_refused_connection_was_certainly_not_billed():
    settings = {"openai": ProviderSettings(base_url="http://127.0.0.1:9/v1")}
    async with ModelPool(settings=settings, environ=ENVIRON, retry=RetryPolicy(attempts=1)) as pool:
        with pytest.raises(ModelError, match=r"cannot connect to 127\.0\.0\.1:9") as caught:
            await ask(pool)
        assert caught.value.can_retry
        assert pool.budget.uncertain_micro_usd == 0


async def test_a_reply_that_is_too_long_is_refused():
    async with provider(lambda sent: chat("x" * 2_000_000), max_reply_bytes=1_000_000) as (_, pool):
        with pytest.raises(ModelError, match="longer than 1000000 bytes"):
            await ask(pool)


async def test_odd_text_arrives_as_it_is():
    odd = "NUL \x00 bidi \u202e emoji 🙂 lone \ud800 newlines \r\n\u2028"
    raw = (
        b'{"choices":[{"message":{"content":"'
        + odd.encode("unicode_escape")
        .replace(b"\\x00", b"\\u0000")
        .replace(b"\\U0001f642", b"\\ud83d\\ude42")
        + b'"},"finish_reason":"stop"}]}'
    )
    async with provider(lambda sent: Answer(raw=raw)) as (server, pool):
        (completion,) = await ask(pool, messages=user(odd))
    assert completion.text == odd
    assert server.sent[0].body["messages"][0]["content"] == odd


async def test_a_connection_is_used_again_and_one_that_the_server_closed_is_not():
    ports: list[int] = []

    async def answer_once_or_twice(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ports.append(writer.get_extra_info("peername")[1])
        for _ in range(2):
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.partition(b"content-length: ")[2].partition(b"\r")[0])
            await reader.readexactly(length)
            body = json.dumps(chat("4").data).encode()
            writer.write(
                b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body)
            )
            writer.write(body)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer_once_or_twice, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    settings = {"mine": ProviderSettings(base_url=address, needs_key=False)}
    async with server, ModelPool(settings=settings, retry=RetryPolicy(attempts=1), environ={}) as pool:
        for number in range(4):
            request = Request(model="mine/m", messages=user(f"question {number}"))
            assert (await pool("mine/m").sample(request))[0].text == "4"
            await asyncio.sleep(0.02)  # hears of it when the server has closed
    assert len(ports) == 2


async def test_no_more_calls_are_open_than_the_limit_allows():
    async def behave(sent: Sent) -> Answer:
        await asyncio.sleep(0.01)
        return chat("4")

    async with provider(behave, concurrency=3) as (server, pool):
        await asyncio.gather(*(ask(pool, messages=user(f"question {i}")) for i in range(12)))
    assert len(server.sent) == 12
    assert server.most_at_once == 3


async def test_refused_stop_sequences_are_cut_at_here_from_then_on():
    def behave(sent: Sent) -> Answer:
        if "stop" in sent.body:
            return refusal(
                400, "Unsupported parameter: 'stop' is not supported with this model.", param="stop"
            )
        return chat("one END two STOP three")

    async with provider(behave) as (server, pool):
        (completion,) = await ask(pool, stop=("STOP", "END"))
        assert (completion.text, completion.finish_reason) == ("one ", "stop")
        heard: list[str] = []
        request = REQUEST.model_copy(update={"stop": ("STOP",)})
        await pool(request.model).sample(request, listen=heard.append)
        assert heard == ["one END two "]
        (whole,) = await ask(pool, stop=("never",))
        assert whole.text == "one END two STOP three"
    assert ["stop" in sent.body for sent in server.sent] == [True, False, False, False]
    assert not any(sent.body.get("stream") for sent in server.sent)


async def test_a_limit_of_open_calls_that_the_provider_refuses_is_cut():
    async def behave(sent: Sent) -> Answer:
        if server.most_at_once > 2 and len(server.sent) < 10:
            return refusal(503, "overloaded")
        await asyncio.sleep(0.01)
        return chat("4")

    async with serving(behave) as server:
        chosen = ProviderSettings(base_url=server.url, concurrency=8)
        retry = RetryPolicy(first_wait_s=0.01)
        async with ModelPool(settings={"openai": chosen}, environ=ENVIRON, retry=retry) as pool:
            await asyncio.gather(*(ask(pool, messages=user(f"question {i}")) for i in range(12)))
    assert len(server.sent) <= 12 + 8
