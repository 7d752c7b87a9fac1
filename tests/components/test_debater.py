"""Debater: own answer first, then those of the others, and an answer again."""

import pytest

from itas.components import Debater
from itas.core.candidate import State
from itas.errors import EmptyAnswer
from itas.testing.contexts import FunctionContext
from tests.components.states import CONVERSATION, answers_of, candidate

ROUND = State(
    CONVERSATION,
    (
        candidate("a", model="fake/1"),
        candidate("b", model="fake/2"),
        candidate("c", model="fake/3"),
        candidate("d", model="fake/2"),
    ),
)


async def test_it_sees_its_own_answer_first_and_knows_which_it_is():
    ctx = FunctionContext(lambda prompt: "new")
    (draft,) = await Debater(model="fake/2").produce(ROUND, ctx)
    (asked,) = ctx.asked
    shown = answers_of(asked.prompt)
    assert list(shown.values()) == ["b", "a", "c", "d"]
    assert f"The answer {next(iter(shown))}, the first one, is yours" in asked.prompt
    assert (draft.text, draft.model, draft.parents) == ("new", "fake/2", (0, 1, 2, 3))


async def test_it_writes_as_many_of_its_own_again_as_it_may():
    ctx = FunctionContext(lambda prompt: next(iter(answers_of(prompt).values())) + " again")
    drafts = await Debater(model="fake/2", answers=3).produce(ROUND, ctx)
    assert [draft.text for draft in drafts] == ["b again", "d again"]


async def test_a_model_without_an_answer_joins_with_one():
    ctx = FunctionContext(lambda prompt: "mine")
    (draft,) = await Debater(model="fake/9", answers=3).produce(ROUND, ctx)
    assert draft.text == "mine"
    assert "None of them is yours." in ctx.asked[0].prompt


async def test_empty_answers_are_counted_and_nothing_at_all_is_an_error():
    ctx = FunctionContext(lambda prompt: "" if next(iter(answers_of(prompt).values())) == "b" else "new")
    assert len(await Debater(model="fake/2", answers=2).produce(ROUND, ctx)) == 1
    assert ctx.event_kinds == ["empty"]
    with pytest.raises(EmptyAnswer, match="every answer of fake/2"):
        await Debater(model="fake/2").produce(ROUND, FunctionContext(lambda prompt: "\n"))
