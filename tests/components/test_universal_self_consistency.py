"""Universal self-consistency: exactly one answer is chosen, or none."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itas.components import UniversalSelfConsistency
from itas.components.universal_self_consistency import parse_choice
from itas.errors import ParseError
from itas.testing.contexts import FunctionContext
from tests.components.states import MODEL, answers_of, state

IDS = ("K7Q2", "B3D4", "C2F9")

READABLE = {
    "plain": "CHOICE: B3D4",
    "after reasons": "K7Q2 and B3D4 agree.\n\nCHOICE: B3D4",
    "the last counts": "CHOICE: K7Q2\nNo.\nCHOICE: B3D4",
    "bold": "**CHOICE:** **B3D4**.",
    "lower case": "choice: b3d4",
    "brackets": "CHOICE: [B3D4]",
    "the word answer": "CHOICE: answer B3D4",
    "paragraph": "## CHOICE:\n\nB3D4\n\nBecause most agree.",
    "full width": "CHOICE： Ｂ３Ｄ４",
    "NUL": "CHO\0ICE: B3\0D4",
}
UNREADABLE = {
    "empty": "",
    "no label": "B3D4",
    "two": "CHOICE: B3D4 or K7Q2",
    "unknown": "CHOICE: Z9Z9",
    "nobody": "CHOICE: none of them",
    "an addition": "CHOICE: B3D4, because K7Q2 is wrong",
    "not": "CHOICE: not B3D4",
    "a number": f"CHOICE: {'1' * 5000}",
    "in a sentence": "My CHOICE: B3D4",
}


@pytest.mark.parametrize("reply", READABLE.values(), ids=READABLE.keys())
def test_a_choice_is_read_through_its_decoration(reply: str):
    assert parse_choice(reply, IDS) == 1


@pytest.mark.parametrize("reply", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_anything_else_is_no_choice(reply: str):
    with pytest.raises(ParseError):
        parse_choice(reply, IDS)


@given(
    st.lists(st.sampled_from(["CHOICE:", "B3D4", "K7Q2", " ", "\n", "*", "\0", "\ud800", ">"])).map("".join)
)
@settings(max_examples=200, deadline=None)
def test_any_text_is_a_choice_or_an_error(text: str):
    with suppress(ParseError):
        assert parse_choice(text, IDS) in (0, 1)


async def test_the_chosen_candidate_stays():
    def choose(prompt: str) -> str:
        return f"CHOICE: {next(id for id, text in answers_of(prompt).items() if text == 'b')}"

    ctx = FunctionContext(choose)
    assert await UniversalSelfConsistency(model=MODEL).select(state("a", "b", "c"), ctx) == (1,)
    assert [(number, mark.kind) for number, mark in ctx.marks] == [(1, "rank")]
    assert ctx.asked[0].prompt.startswith("Task: choose the most consistent answer.\n")


async def test_an_unreadable_choice_is_the_first_candidate_and_counted_or_an_error():
    ctx = FunctionContext(lambda prompt: "CHOICE: all")
    assert await UniversalSelfConsistency(model=MODEL).select(state("a", "b"), ctx) == (0,)
    assert ctx.event_kinds == ["unreadable", "unreadable", "fallback"]
    with pytest.raises(ParseError):
        await UniversalSelfConsistency(model=MODEL, fallback="error").select(state("a", "b"), ctx)


async def test_one_candidate_needs_no_question():
    ctx = FunctionContext(lambda prompt: "")
    assert await UniversalSelfConsistency(model=MODEL).select(state("a"), ctx) == (0,)
    assert ctx.samples == 0
