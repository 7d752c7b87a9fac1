"""Verifier: two questions per candidate, a verdict or none, and no waiting for more than needed."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itas.components import Verifier
from itas.components.verifier import parse_verdict, render_verdict
from itas.errors import ModelError, ParseError
from itas.testing.contexts import FunctionContext
from tests.components.states import CONVERSATION, MODEL, answers_of, blocks_of, by_task, candidate, rng, state

READABLE = {
    "plain": ("VERDICT: correct", True),
    "no": ("VERDICT: incorrect", False),
    "after reasons": ("It is incorrect at first sight.\nBut no.\nVERDICT: correct", True),
    "the last decides": ("VERDICT: correct\nHm.\nVERDICT: incorrect", False),
    "before reasons": ("VERDICT: incorrect\nA correct answer would be 42.", False),
    "bold": ("**VERDICT:** Correct.", True),
    "bold line": ("**VERDICT: INCORRECT**", False),
    "brackets": ("VERDICT: [Correct]", True),
    "quotes": ("VERDICT: 'incorrect'", False),
    "heading": ("## Verdict: correct!", True),
    "heading and paragraph": ("### VERDICT:\n\n**Incorrect**\n\nBecause of the sum.", False),
    "final": ("Final verdict: correct", True),
    "bullet": ("- VERDICT: correct", True),
    "fence": ("```\nVERDICT: incorrect\n```", False),
    "full width": ("VERDICT： ｃｏｒｒｅｃｔ", True),
    "NUL": ("VER\0DICT: cor\0rect", True),
    "Windows lines": ("No.\r\nVERDICT: incorrect\r\n", False),
    "only the word": ("Correct.", True),
    "tick": ("Verdict: CORRECT ✅", True),
    "cross": ("VERDICT: ❌ incorrect", False),
    "bold word": ("**correct**", True),
    "only the tag": ("[Incorrect]", False),
}

UNREADABLE = {
    "empty": "",
    "no verdict": "I would have to know more.",
    "both words in prose": "It is correct, not incorrect.",
    "one word in prose": "The answer is correct.",
    "both on the line": "VERDICT: correct or incorrect",
    "a slash": "VERDICT: correct/incorrect",
    "not correct": "VERDICT: not correct",
    "partly": "VERDICT: partially correct",
    "a doubt": "VERDICT: correct?",
    "an addition": "VERDICT: correct, but the sum is incorrect",
    "another word": "VERDICT: yes",
    "words behind": "VERDICT: correct (minor issues)",
    "a sign against the word": "VERDICT: correct ❌",
    "a number": f"VERDICT: {'1' * 5000}",
    "nothing": "VERDICT:",
    "in a sentence": "My VERDICT: correct",
    "the last is broken": "VERDICT: correct\nVERDICT: unsure",
    "something far behind": "VERDICT: correct" + " " * 300 + "is what I would like to say",
}


@pytest.mark.parametrize("reply, is_correct", READABLE.values(), ids=READABLE.keys())
def test_a_verdict_is_read_through_its_decoration(reply: str, is_correct: bool):
    assert parse_verdict(reply) is is_correct


@pytest.mark.parametrize("reply", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_anything_else_is_no_verdict(reply: str):
    with pytest.raises(ParseError):
        parse_verdict(reply)


@given(
    st.lists(st.sampled_from(["VERDICT:", "correct", "in", "not ", " ", "\n", "*", "\0", "\ud800"])).map(
        "".join
    )
)
@settings(max_examples=200, deadline=None)
def test_any_text_is_a_verdict_or_an_error(text: str):
    try:
        is_correct = parse_verdict(text)
    except ParseError:
        return
    assert ("incorrect" in text.replace("\0", "")) or is_correct


def verdicts(**of: str) -> FunctionContext:
    """Verdicts by the text of the answer; what is not named is correct."""

    def reply(prompt: str) -> str:
        if prompt.startswith("Task: give reasons.\n"):
            return "FOR: yes. AGAINST: no."
        (text,) = answers_of(prompt).values()
        return of.get(text, "VERDICT: correct")

    return FunctionContext(reply)


async def test_it_keeps_what_is_verified_in_the_order_it_came():
    ctx = verdicts(b="VERDICT: incorrect")
    assert await Verifier(model=MODEL).select(state("a", "b", "c"), ctx) == (0, 2)
    assert ctx.samples == 6
    assert sorted((number, mark.kind, mark.value) for number, mark in ctx.marks) == [
        (0, "verified", 1.0),
        (1, "verified", 0.0),
        (2, "verified", 1.0),
    ]
    assert ctx.marks[0][1].note == "FOR: yes. AGAINST: no."


async def test_the_reasons_stand_in_the_second_question_only():
    ctx = verdicts()
    await Verifier(model=MODEL).select(state("a"), ctx)
    first, second = ctx.asked
    assert blocks_of(first.prompt, "reasons") == []
    assert [block.text for block in blocks_of(second.prompt, "reasons")] == ["FOR: yes. AGAINST: no."]
    assert second.prompt.startswith("Task: give a verdict.\n")


async def test_when_nothing_is_verified_everything_goes_on_and_that_is_counted():
    ctx = verdicts(a="VERDICT: incorrect", b="VERDICT: incorrect")
    assert await Verifier(model=MODEL).select(state("a", "b"), ctx) == (0, 1)
    assert ctx.event_kinds == ["fallback"]


async def test_when_nothing_is_verified_the_first_may_go_on_alone():
    ctx = verdicts(a="VERDICT: incorrect", b="VERDICT: incorrect")
    assert await Verifier(model=MODEL, fallback="keep_first").select(state("a", "b"), ctx) == (0,)
    assert ctx.event_kinds == ["fallback"]


async def test_an_unreadable_verdict_is_not_verified_and_counted_and_leaves_the_others_alone():
    ctx = verdicts(b="Hm.")
    assert await Verifier(model=MODEL).select(state("a", "b", "c"), ctx) == (0, 2)
    assert sorted(ctx.event_kinds) == ["fallback", "unreadable", "unreadable"]
    assert sorted(number for number, _ in ctx.marks) == [0, 2]


async def test_empty_reasons_are_counted_and_not_shown():
    ctx = by_task({"Task: give reasons.": " ", "Task: give a verdict.": "VERDICT: correct"})
    assert await Verifier(model=MODEL).select(state("a"), ctx) == (0,)
    assert ctx.event_kinds == ["empty"]
    assert blocks_of(ctx.asked[1].prompt, "reasons") == []


async def test_all_candidates_are_judged_side_by_side():
    running = most = 0

    async def reply(prompt: str) -> str:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        return "VERDICT: correct"

    await Verifier(model=MODEL).select(state(*map(str, range(20))), FunctionContext(reply))
    assert most == 20


async def test_first_k_stops_as_soon_as_enough_have_passed_and_cancels_the_rest():
    cancelled: list[str] = []

    async def reply(prompt: str) -> str:
        (text,) = answers_of(prompt).values()
        if text.startswith("slow"):
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancelled.append(text)
                raise
        return "VERDICT: incorrect" if text == "wrong" else "VERDICT: correct"

    ctx = FunctionContext(reply)
    before = state("slow one", "wrong", "a", "slow two", "b")
    chosen = await asyncio.wait_for(Verifier(model=MODEL, first_k=2).select(before, ctx), timeout=5)
    assert chosen == (2, 4)
    assert sorted(cancelled) == ["slow one", "slow two"]
    assert "fallback" not in ctx.event_kinds


async def test_first_k_keeps_no_more_than_k_even_if_more_pass_at_once():
    ctx = verdicts()
    assert await Verifier(model=MODEL, first_k=2).select(state(*"abcdef"), ctx) == (0, 1)


async def test_cancelling_the_verifier_cancels_its_calls():
    cancelled = 0

    async def reply(prompt: str) -> str:
        nonlocal cancelled
        try:
            await asyncio.Event().wait()
        finally:
            cancelled += 1
        return ""

    work = asyncio.ensure_future(
        Verifier(model=MODEL, first_k=1).select(state("a", "b"), FunctionContext(reply))
    )
    await asyncio.sleep(0.01)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert cancelled == 2


async def test_a_model_that_fails_is_raised_as_itself():
    def reply(prompt: str) -> str:
        raise ModelError("is down", provider="fake")

    with pytest.raises(ModelError, match="fake: is down"):
        await Verifier(model=MODEL).select(state("a", "b"), FunctionContext(reply))


@pytest.mark.parametrize(
    "verifier, n_out",
    [
        (Verifier(model=MODEL), 9),
        (Verifier(model=MODEL, first_k=3), 9),
        (Verifier(model=MODEL, first_k=3, fallback="keep_first"), 3),
    ],
)
def test_the_bound_on_candidates_knows_the_fallback(verifier: Verifier, n_out: int):
    assert verifier.max_out(9) == n_out


def test_the_prompt_is_itself_no_verdict():
    with pytest.raises(ParseError):
        parse_verdict(render_verdict(CONVERSATION, candidate("a"), "reasons", rng))
