"""The fake context behaves as the contract says."""

import pytest

from itas.core.messages import user
from itas.errors import ContractError, ParseError
from itas.testing.contexts import FunctionContext


def read(text: str) -> str:
    if text == "bad":
        raise ParseError("bad", text)
    return text


async def test_it_gives_as_many_samples_as_asked_for_and_remembers_the_question():
    ctx = FunctionContext(str.upper)
    completions = await ctx.ask("fake/a", "hello", n=3, temperature=0.1, max_tokens=9)
    assert [completion.text for completion in completions] == ["HELLO"] * 3
    (asked,) = ctx.asked
    assert (asked.model, asked.messages, asked.n) == ("fake/a", user("hello"), 3)
    assert (asked.temperature, asked.max_tokens, asked.prompt) == (0.1, 9, "hello")
    assert ctx.samples == 3


async def test_a_reply_may_be_async():
    async def reply(prompt: str) -> str:
        return prompt[::-1]

    (completion,) = await FunctionContext(reply).ask("fake/a", "abc")
    assert completion.text == "cba"


async def test_it_asks_until_the_reply_is_readable_and_counts_the_others():
    replies = iter(["bad", "good", "never"])
    ctx = FunctionContext(lambda prompt: next(replies))
    assert await ctx.ask_readable("fake/a", "?", read, attempts=3) == "good"
    assert (ctx.samples, ctx.event_kinds) == (2, ["unreadable"])


async def test_it_raises_when_no_attempt_is_readable():
    ctx = FunctionContext(lambda prompt: "bad")
    with pytest.raises(ParseError):
        await ctx.ask_readable("fake/a", "?", read, attempts=2)
    assert (ctx.samples, ctx.event_kinds) == (2, ["unreadable", "unreadable"])


async def test_asking_for_nothing_is_a_mistake_of_the_component():
    ctx = FunctionContext(str.upper)
    with pytest.raises(ContractError):
        await ctx.ask("fake/a", "?", n=0)
    with pytest.raises(ContractError):
        await ctx.ask_readable("fake/a", "?", read, attempts=0)


def test_random_depends_on_seed_and_material_only():
    ctx = FunctionContext(str.upper, seed=1)
    assert ctx.random("a").random() == ctx.random("a").random()
    assert ctx.random("a").random() != ctx.random("b").random()
    assert ctx.random("a").random() != FunctionContext(str.upper, seed=2).random("a").random()
