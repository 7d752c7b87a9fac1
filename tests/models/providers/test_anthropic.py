"""Messages: how a conversation is put into the provider's form, and what comes back."""

from typing import Any

import pytest

from itas.core.messages import Message, user
from itas.core.request import Request, Usage
from itas.errors import ModelError, SpecError
from itas.models.pool import ModelPool
from itas.models.providers.anthropic import DEFAULT_MAX_TOKENS, render_body
from itas.models.providers.known import ProviderSettings
from itas.models.retry import RetryPolicy
from tests.models.fake_server import Answer, Behaviour, Sent, messages, refusal, serving

REQUEST = Request(model="anthropic/claude-3-5-haiku-latest", messages=user("2 + 2?"))
KEY = "sk-ant-canary-0123456789abcdef"


async def ask(behave: Behaviour, request: Request = REQUEST, *, n: int = 1):
    async with serving(behave) as server:
        pool = ModelPool(
            settings={"anthropic": ProviderSettings(base_url=server.url)},
            environ={"ANTHROPIC_API_KEY": KEY},
            retry=RetryPolicy(attempts=1),
        )
        async with pool:
            return server, await pool(request.model).sample(request, n=n)


def turns(*pairs: tuple[Any, str]) -> Request:
    return REQUEST.model_copy(update={"messages": tuple(Message(role=r, content=c) for r, c in pairs)})


async def test_key_version_and_body_are_sent():
    request = REQUEST.model_copy(update={"temperature": 0.5, "max_tokens": 9, "stop": ("END",)})
    server, (completion,) = await ask(lambda sent: messages("4", cache_read_input_tokens=90), request)
    (sent,) = server.sent
    assert sent.path == "/v1/messages"
    assert sent.headers["x-api-key"] == KEY
    assert "Authorization" not in sent.headers
    assert sent.headers["anthropic-version"] == "2023-06-01"
    assert sent.body == {
        "model": "claude-3-5-haiku-latest",
        "messages": [{"role": "user", "content": "2 + 2?"}],
        "max_tokens": 9,
        "temperature": 0.5,
        "stop_sequences": ["END"],
    }
    assert completion.usage == Usage(tokens_in=100, tokens_out=5, tokens_cached=90)
    assert completion.cost_micro_usd == 36  # 10 x 0.8 + 90 x 0.08 + 5 x 4, rounded up
    assert completion.request_id == "req-2"


def test_system_messages_stand_apart_and_neighbours_of_one_role_are_joined():
    body = render_body(
        turns(
            ("system", "A"), ("user", "1"), ("user", "2"), ("assistant", "3"), ("system", "B"), ("user", "4")
        )
    )
    assert body["system"] == "A\n\nB"
    assert body["messages"] == [
        {"role": "user", "content": "1\n\n2"},
        {"role": "assistant", "content": "3"},
        {"role": "user", "content": "4"},
    ]
    assert body["max_tokens"] == DEFAULT_MAX_TOKENS


@pytest.mark.parametrize("request_", [turns(("system", "A")), turns(("assistant", "hello"), ("user", "1"))])
def test_a_conversation_that_the_provider_cannot_take_is_refused_before_it_is_sent(request_: Request):
    with pytest.raises(SpecError, match="first turn is the user's"):
        render_body(request_)


async def test_several_samples_are_several_requests():
    server, three = await ask(lambda sent: messages("4"), n=3)
    assert len(three) == 3
    assert len(server.sent) == 3


@pytest.mark.parametrize(
    "stop_reason, expected",
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("refusal", "content_filter"),
        ("tool_use", "tool_calls"),
        ("pause_turn", "unknown"),
        (None, "unknown"),
    ],
)
async def test_finish_reasons(stop_reason: str | None, expected: str):
    content = [
        {"type": "thinking", "thinking": "hm"},
        {"type": "text", "text": "a"},
        {"type": "text", "text": "b"},
    ]
    _, (completion,) = await ask(lambda sent: Answer({"content": content, "stop_reason": stop_reason}))
    assert (completion.text, completion.finish_reason) == ("ab", expected)


async def test_an_overloaded_provider_may_be_asked_again_and_did_not_bill():
    with pytest.raises(ModelError, match="HTTP 529: Overloaded") as caught:
        await ask(lambda sent: refusal(529, "Overloaded", type="overloaded_error"))
    assert caught.value.can_retry
    assert not caught.value.may_be_billed


async def test_a_refused_temperature_is_left_out_from_then_on():
    def behave(sent: Sent) -> Answer:
        if "temperature" in sent.body:
            return refusal(400, "`temperature` is deprecated for this model.")
        return messages("4")

    server, _ = await ask(behave, REQUEST.model_copy(update={"temperature": 0.5}), n=2)
    assert ["temperature" in sent.body for sent in server.sent].count(False) == 2


async def test_an_answer_without_content_is_an_error():
    with pytest.raises(ModelError, match="no content"):
        await ask(lambda sent: Answer({"type": "message"}))


async def test_stop_sequences_of_white_space_which_the_provider_refuses_are_cut_at_here():
    request = REQUEST.model_copy(update={"stop": ("\n", "END")})
    server, (completion,) = await ask(lambda sent: messages("one\ntwo"), request)
    assert server.sent[0].body["stop_sequences"] == ["END"]
    assert (completion.text, completion.finish_reason) == ("one", "stop")
