"""Fuser: one new answer out of several, under the caller's own rules."""

from dataclasses import replace

import pytest

from itas.components import Fuser
from itas.core.blocks import read_blocks
from itas.core.messages import Message, user
from itas.errors import ParseError
from itas.testing.contexts import FunctionContext
from tests.components.states import MODEL, answers_of, blocks_of, candidate, one_after_the_other, state


async def test_the_system_message_and_earlier_turns_stay_messages():
    system = Message(role="system", content="Reply in JSON.")
    turns = (*user("Hello"), Message(role="assistant", content="{}"))
    ctx = FunctionContext(lambda prompt: '{"answer": 42}')
    (draft,) = await Fuser(model=MODEL).produce(
        state("a", "b", conversation=(system, *turns, *user("6 times 7?"))), ctx
    )
    (asked,) = ctx.asked
    assert asked.messages[:-1] == (system, *turns)
    assert [block.text for block in blocks_of(asked.prompt, "request")] == ["6 times 7?"]
    assert asked.prompt.startswith("Task: write the best answer.\n")
    assert (draft.text, draft.parents) == ('{"answer": 42}', (0, 1))


async def test_it_reads_the_answers_in_their_order_with_their_critiques():
    ctx = FunctionContext(lambda prompt: "42")
    before = replace(state(), candidates=(candidate("z", critique="fine"), candidate("a")))
    await Fuser(model=MODEL).produce(before, ctx)
    labels = [(block.label, block.text) for block in read_blocks(ctx.asked[0].prompt)][1:]
    assert labels == [("answer", "z"), ("critique", "fine"), ("answer", "a")]


async def test_samples_are_drawn_in_one_question():
    ctx = one_after_the_other("one", "", "three")
    drafts = await Fuser(model=MODEL, samples=3).produce(state("a"), ctx)
    assert [draft.text for draft in drafts] == ["one", "three"]
    assert [asked.n for asked in ctx.asked] == [3]
    assert ctx.event_kinds == ["empty"]


async def test_nothing_but_empty_samples_is_an_error():
    with pytest.raises(ParseError, match="empty"):
        await Fuser(model=MODEL).produce(state("a"), one_after_the_other(""))


@pytest.mark.parametrize("critique", [None, "wrong"])
async def test_length_control_names_the_words_of_the_longest_answer_with_and_without_critiques(critique):
    ctx = FunctionContext(lambda prompt: "42")
    before = replace(state(), candidates=(candidate("a b c", critique=critique), candidate("a")))
    await Fuser(model=MODEL, length_control=True).produce(before, ctx)
    assert "no longer than the longest of the answers, which has 3 words" in ctx.asked[0].prompt
    await Fuser(model=MODEL).produce(before, ctx)
    assert "no longer" not in ctx.asked[1].prompt


async def test_shown_tests_are_read_and_hidden_ones_are_not():
    ctx = FunctionContext(lambda prompt: "42")
    await Fuser(model=MODEL).produce(state("a", tests=["short"], shown=True), ctx)
    await Fuser(model=MODEL).produce(state("a", tests=["short"]), ctx)
    assert [len(blocks_of(asked.prompt, "test")) for asked in ctx.asked] == [1, 0]
    assert list(answers_of(ctx.asked[0].prompt).values()) == ["a"]
