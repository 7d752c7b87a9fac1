"""Critic: exactly one critique per candidate, on the candidate it is about."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itas.components import Critic
from itas.components.critic import parse_critiques, render_criticism
from itas.errors import ParseError
from itas.testing.contexts import FunctionContext
from tests.components.states import MODEL, answers_of, one_after_the_other, rng, state

IDS = ("K7Q2", "B3D4")

READABLE = {
    "plain": "CRITIQUE K7Q2:\nStrengths: right.\nWeaknesses: long.\n\n"
    "CRITIQUE B3D4:\nStrengths: short.\nWeaknesses: wrong.",
    "the other order": "CRITIQUE B3D4:\nStrengths: short.\nWeaknesses: wrong.\n"
    "CRITIQUE K7Q2:\nStrengths: right.\nWeaknesses: long.",
    "preface": "Here they are.\n\nCRITIQUE K7Q2:\nStrengths: right.\nWeaknesses: long.\n"
    "CRITIQUE B3D4:\nStrengths: short.\nWeaknesses: wrong.",
    "bold": "**CRITIQUE K7Q2:**\n**Strengths:** right.\n**Weaknesses:** long.\n\n---\n\n"
    "**CRITIQUE B3D4**:\n**Strengths**\n- short.\n\n**Weaknesses**\n- wrong.",
    "headings and lower case": "### Critique k7q2:\n#### strengths\n- right\n#### weaknesses\n- long\n"
    "### Critique b3d4:\n#### strength\n- short\n#### weakness\n- wrong",
    "no colon": "**CRITIQUE K7Q2**\n**Strengths**\n- right\n**Weaknesses**\n- long\n"
    "**CRITIQUE B3D4**\n**Strengths**\n- short\n**Weaknesses**\n- wrong",
    "brackets and full width": "CRITIQUE [K7Q2]:\nStrengths: right\nWeaknesses: long\n"
    "CRITIQUE Ｂ３Ｄ４：\nStrengths: short\nWeaknesses: wrong",
    "bullets": "1. CRITIQUE K7Q2:\n- Strengths: right\n- Weaknesses: long\n"
    "2. CRITIQUE B3D4:\n* Weaknesses: wrong\n* Strengths: short",
    "fence, NUL and Windows lines": "```\r\nCRITIQUE K7Q2:\r\nStrengths: right\r\nWeaknesses: long\0\r\n"
    "CRITIQUE B3D4:\r\nStrengths: short\r\nWeaknesses: wrong\r\n```",
}

UNREADABLE = {
    "empty": "",
    "prose": "Both are good.",
    "one missing": "CRITIQUE K7Q2:\nStrengths: right.\nWeaknesses: long.",
    "one twice": "CRITIQUE K7Q2:\nStrengths: a\nWeaknesses: b\nCRITIQUE K7Q2:\nStrengths: a\nWeaknesses: b",
    "one too many": "CRITIQUE K7Q2:\nStrengths: a\nWeaknesses: b\nCRITIQUE B3D4:\nStrengths: a\nWeaknesses: b"
    "\nCRITIQUE K7Q2:\nStrengths: a\nWeaknesses: b",
    "unknown id": "CRITIQUE K7Q2:\nStrengths: a\nWeaknesses: b\nCRITIQUE B3D5:\nStrengths: a\nWeaknesses: b",
    "numbers": "CRITIQUE 1:\nStrengths: a\nWeaknesses: b\nCRITIQUE 2:\nStrengths: a\nWeaknesses: b",
    "no weaknesses": "CRITIQUE K7Q2:\nStrengths: a\nCRITIQUE B3D4:\nStrengths: a\nWeaknesses: b",
    "the words in a sentence": "CRITIQUE K7Q2:\nIts strengths and weaknesses balance.\n"
    "CRITIQUE B3D4:\nStrengths: a\nWeaknesses: b",
    "cut off": "CRITIQUE K7Q2:\nStrengths: a\nWeaknesses: b\nCRITIQUE B3D4:\nStrengths: sho",
    "a large number": f"CRITIQUE {'9' * 5000}:\nStrengths: a\nWeaknesses: b",
}


@pytest.mark.parametrize("reply", READABLE.values(), ids=READABLE.keys())
def test_critiques_are_read_and_stay_with_their_answers(reply: str):
    first, second = parse_critiques(reply, IDS)
    assert [word in first for word in ("right", "long", "short", "wrong")] == [True, True, False, False]
    assert [word in second for word in ("right", "long", "short", "wrong")] == [False, False, True, True]


@pytest.mark.parametrize("reply", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_anything_but_one_critique_per_answer_is_an_error(reply: str):
    with pytest.raises(ParseError):
        parse_critiques(reply, IDS)


PIECES = [
    "CRITIQUE ",
    "K7Q2",
    "B3D4",
    ":",
    "\n",
    "Strengths: a\n",
    "Weaknesses: b\n",
    "*",
    "\0",
    "９",
    "\ud800",
]


@given(st.lists(st.sampled_from(PIECES), max_size=16).map("".join) | st.text(max_size=60))
@settings(max_examples=300, deadline=None)
def test_any_text_is_one_critique_per_answer_or_an_error(text: str):
    try:
        critiques = parse_critiques(text, IDS)
    except ParseError:
        return
    assert len(critiques) == 2
    assert all("trengths" in critique and "eaknesses" in critique for critique in critiques)


async def test_each_candidate_gets_the_critique_of_its_own_text():
    def reply(prompt: str) -> str:
        return "\n".join(
            f"CRITIQUE {id}:\nStrengths: {text} is there.\nWeaknesses: none."
            for id, text in answers_of(prompt).items()
        )

    ctx = FunctionContext(reply)
    critiques = await Critic(model=MODEL).annotate(state("a", "b", "c"), ctx)
    assert [critique.split()[1] for critique in critiques] == ["a", "b", "c"]
    assert ctx.asked[0].prompt.startswith("Task: criticise the answers.\n")


async def test_the_fallback_leaves_all_without_a_critique_and_is_counted():
    ctx = one_after_the_other("Hm.", "Hm.")
    assert await Critic(model=MODEL).annotate(state("a", "b"), ctx) == ("", "")
    assert ctx.event_kinds == ["unreadable", "unreadable", "fallback"]


async def test_without_the_fallback_it_is_an_error():
    with pytest.raises(ParseError, match="expected one critique for each of"):
        await Critic(model=MODEL, attempts=1, fallback="error").annotate(
            state("a"), one_after_the_other("Hm.")
        )


def test_the_prompt_is_itself_no_critique():
    prompt, ids = render_criticism(state("a", "b"), rng)
    with pytest.raises(ParseError):
        parse_critiques(prompt, ids)
