"""Generator: asks the caller's conversation, once, for all samples."""

import pytest

from itas.components import Generator
from itas.core.blocks import read_blocks
from itas.core.messages import Message, user
from itas.errors import EmptyAnswer
from itas.testing.contexts import FunctionContext
from tests.components.states import MODEL, one_after_the_other, state


async def test_it_sends_the_conversation_unedited_and_asks_once_for_all_samples():
    conversation = (Message(role="system", content=" Be brief. "), *user("What?\n"))
    ctx = FunctionContext(lambda prompt: "that")
    drafts = await Generator(model=MODEL, samples=3).produce(state(conversation=conversation), ctx)
    (asked,) = ctx.asked
    assert (asked.messages, asked.n, asked.temperature, asked.max_tokens) == (conversation, 3, 0.7, 2048)
    assert [(draft.text, draft.model, draft.parents) for draft in drafts] == [("that", MODEL, ())] * 3


async def test_empty_samples_are_dropped_and_counted():
    ctx = one_after_the_other("", "one", " \n", " two ")
    drafts = await Generator(model=MODEL, samples=4).produce(state(), ctx)
    assert [draft.text for draft in drafts] == ["one", " two "]
    assert ctx.event_kinds == ["empty", "empty"]


async def test_only_empty_samples_are_an_error():
    ctx = one_after_the_other("", "\0")
    with pytest.raises(EmptyAnswer, match=r"every answer of fake/a was empty \(2 drawn\)"):
        await Generator(model=MODEL, samples=2).produce(state(), ctx)
    assert ctx.event_kinds == ["empty", "empty"]


async def test_shown_tests_stand_beside_the_request():
    ctx = FunctionContext(lambda prompt: "42")
    system = Message(role="system", content="Be brief.")
    shown = state(conversation=(system, *user("What?")), tests=["short", "right"], shown=True)
    await Generator(model=MODEL).produce(shown, ctx)
    (asked,) = ctx.asked
    assert asked.messages[0] == system
    assert asked.prompt.startswith("Task: answer the request.\n")
    assert [(block.label, block.text) for block in read_blocks(asked.prompt)] == [
        ("request", "What?"),
        ("test", "short"),
        ("test", "right"),
    ]


async def test_tests_that_are_not_to_be_shown_are_not():
    ctx = FunctionContext(lambda prompt: "42")
    await Generator(model=MODEL).produce(state(tests=["short"]), ctx)
    assert ctx.asked[0].messages == state().conversation
