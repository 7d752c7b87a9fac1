"""Reviser: one candidate and its critique in, one better one out."""

import pytest

from itas.components import Reviser
from itas.components.reviser import is_faultless
from itas.core.candidate import State
from itas.core.messages import Message
from itas.errors import EmptyAnswer
from itas.testing.contexts import FunctionContext
from tests.components.states import CONVERSATION, MODEL, answers_of, blocks_of, candidate, state

CRITICISED = State(
    CONVERSATION,
    (
        candidate("a", model="fake/1", critique="Strengths: short.\nWeaknesses: wrong."),
        candidate("b", model="fake/2", critique="Strengths: right.\nWeaknesses:\n- none."),
    ),
)


def again(prompt: str) -> str:
    (text,) = answers_of(prompt).values()
    return f"{text}, better"


async def test_each_candidate_is_revised_alone_with_its_own_critique():
    ctx = FunctionContext(again)
    drafts = await Reviser(model=MODEL).produce(CRITICISED, ctx)
    assert [(draft.text, draft.model, draft.parents) for draft in drafts] == [
        ("a, better", MODEL, (0,)),
        ("b, better", MODEL, (1,)),
    ]
    assert ["wrong" in blocks_of(asked.prompt, "critique")[0].text for asked in ctx.asked] == [True, False]
    assert all(asked.prompt.startswith("Task: write the best answer.\n") for asked in ctx.asked)


async def test_only_the_first_are_revised_on_demand():
    drafts = await Reviser(model=MODEL, first_k=1).produce(CRITICISED, FunctionContext(again))
    assert [draft.text for draft in drafts] == ["a, better"]


async def test_a_faultless_candidate_passes_without_a_sample():
    ctx = FunctionContext(again)
    drafts = await Reviser(model=MODEL, keep_faultless=True).produce(CRITICISED, ctx)
    assert [(draft.text, draft.model) for draft in drafts] == [("a, better", MODEL), ("b", "fake/2")]
    assert ctx.samples == 1


async def test_an_empty_revision_is_counted_and_all_empty_ones_are_an_error():
    ctx = FunctionContext(lambda prompt: "" if "a" in answers_of(prompt).values() else "new")
    drafts = await Reviser(model=MODEL).produce(CRITICISED, ctx)
    assert [draft.text for draft in drafts] == ["new"]
    assert ctx.event_kinds == ["empty"]
    with pytest.raises(EmptyAnswer, match="every revision"):
        await Reviser(model=MODEL).produce(CRITICISED, FunctionContext(lambda prompt: " "))


async def test_the_system_message_reaches_the_model_as_it_is():
    system = Message(role="system", content="Reply in JSON.")
    ctx = FunctionContext(again)
    await Reviser(model=MODEL).produce(state("a", conversation=(system, *CONVERSATION)), ctx)
    assert ctx.asked[0].messages[0] == system


@pytest.mark.parametrize(
    "critique, is_without_fault",
    [
        ("Strengths: all.\nWeaknesses: none", True),
        ("Strengths:\n- all\n**Weaknesses:**\n- None.", True),
        ("Weaknesses: nothing", True),
        ("Weaknesses: none of weight, but the sum is wrong", False),
        ("Weaknesses: none\n\nStrengths: x\nWeaknesses: wrong", False),
        ("Weaknesses:", False),
        ("It is good, none better.", False),
        ("", False),
        (None, False),
    ],
)
def test_faultless_is_only_what_names_no_weakness(critique: str | None, is_without_fault: bool):
    assert is_faultless(critique) is is_without_fault
