"""Unit test evaluator: a share per candidate, or none; nobody gets a neighbour's."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itas.components import UnitTestEvaluator
from itas.components.unit_test_evaluator import order_by_share, parse_test_verdicts, render_test_judging
from itas.errors import ParseError
from itas.testing.contexts import FunctionContext
from tests.components.states import CONVERSATION, MODEL, answers_of, blocks_of, candidate, rng, state

TESTS = ("is 42", "is short", "has no unit")

READABLE = {
    "plain": "TEST 1: pass\nTEST 2: fail\nTEST 3: pass",
    "passed and failed": "TEST 1: passed\nTEST 2: failed\nTEST 3: passed",
    "signs": "TEST 1: ✅ pass\nTEST 2: ❌ fail\nTEST 3: pass ✔️",
    "reasons behind": "TEST 1: pass - it says 42\nTEST 2: **fail** — too long\nTEST 3: pass",
    "reasons behind and then the verdicts": "TEST 1: pass - it says 42\nTEST 2: fail - long\nTEST 3: pass - ok\n\n"
    "TEST 1: pass\nTEST 2: fail\nTEST 3: pass",
    "out of order": "TEST 3: pass\nTEST 1: pass\nTEST 2: fail",
    "reasons before": "Test 1 holds. Test 2 does not pass.\n\nTEST 1: pass\nTEST 2: fail\nTEST 3: pass",
    "labelled reasons before": "TEST 1: it says 42, so it would pass.\nTEST 2: it is long: does not pass.\n"
    "TEST 3: none.\n\nTEST 1: pass\nTEST 2: fail\nTEST 3: pass",
    "reasons between": "TEST 1: it says 42\nTEST 1: pass\nTEST 2: long\nTEST 2: fail\nTEST 3: pass",
    "lower case and brackets": "test 1: [Pass]\ntest 2: [Failed]\ntest 3: (passed)",
    "bold": "**TEST 1:** pass\n**TEST 2: FAIL**\n**TEST 3**: *pass*.",
    "bullets and hashes": "- TEST #1: pass\n- TEST #2: fail\n- TEST #3: pass",
    "full width": "TEST １： ｐａｓｓ\nTEST ２： fail\nTEST ３： pass",
    "fence, NUL, Windows lines": "```\r\nTEST 1: pa\0ss\r\nTEST 2: fail\r\nTEST 3: pass\r\n```",
}

UNREADABLE = {
    "empty": "",
    "prose": "All tests pass.",
    "one missing": "TEST 1: pass\nTEST 2: fail",
    "does not pass": "TEST 1: does not pass\nTEST 2: fail\nTEST 3: pass",
    "never passed": "TEST 1: [Failed] (it never passed)\nTEST 2: fail\nTEST 3: pass",
    "not passed": "TEST 1: not passed\nTEST 2: fail\nTEST 3: pass",
    "both": "TEST 1: pass or fail\nTEST 2: fail\nTEST 3: pass",
    "one twice": "TEST 1: pass\nTEST 1: pass\nTEST 2: fail\nTEST 3: pass",
    "one changed": "TEST 1: pass\nTEST 1: fail\nTEST 2: fail\nTEST 3: pass",
    "second thoughts": "TEST 1: pass\nTEST 2: fail\nTEST 3: pass\nTEST 1: on reflection, it does not pass",
    "an unknown test": "TEST 1: pass\nTEST 2: fail\nTEST 3: pass\nTEST 4: pass",
    "a test zero": "TEST 0: pass\nTEST 1: pass\nTEST 2: fail\nTEST 3: pass",
    "a large number": f"TEST {'1' * 5000}: pass\nTEST 1: pass\nTEST 2: fail\nTEST 3: pass",
    "numbers alone": "1: pass\n2: fail\n3: pass",
    "a reason that turns it": "TEST 1: pass - but it is not 42\nTEST 2: fail\nTEST 3: pass",
    "a reason and a second one": "TEST 1: pass - ok\nTEST 1: fail - long\nTEST 2: fail\nTEST 3: pass",
    "a sign against the word": "TEST 1: ❌ pass\nTEST 2: fail\nTEST 3: pass",
    "percent": "TEST 1: 100%\nTEST 2: 0%\nTEST 3: 100%",
    "something far behind": f"TEST 1: pass{' ' * 200}not\nTEST 2: fail\nTEST 3: pass",
}


@pytest.mark.parametrize("reply", READABLE.values(), ids=READABLE.keys())
def test_verdicts_are_read_through_their_decoration(reply: str):
    assert parse_test_verdicts(reply, 3) == (True, False, True)


@pytest.mark.parametrize("reply", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_anything_but_one_verdict_per_test_is_an_error(reply: str):
    with pytest.raises(ParseError):
        parse_test_verdicts(reply, 3)


PIECES = ["TEST ", "1", "2", "３", ":", "\n", " pass", " fail", "ed", " not", "*", "\0", "\ud800"]


@given(st.lists(st.sampled_from(PIECES), max_size=16).map("".join) | st.text(max_size=60))
@settings(max_examples=300, deadline=None)
def test_any_text_is_a_verdict_per_test_or_an_error(text: str):
    try:
        verdicts = parse_test_verdicts(text, 2)
    except ParseError:
        return
    assert len(verdicts) == 2


@given(st.lists(st.none() | st.sampled_from([0.0, 0.5, 1.0]), max_size=8))
@settings(max_examples=200, deadline=None)
def test_the_order_is_by_share_then_input_with_the_unjudged_last(shares: list[float | None]):
    order = order_by_share(shares)
    assert sorted(order) == list(range(len(shares)))
    judged = [index for index in order if shares[index] is not None]
    assert list(order[: len(judged)]) == judged
    assert judged == sorted(judged, key=lambda index: (-(shares[index] or 0.0), index))
    assert list(order[len(judged) :]) == sorted(order[len(judged) :])


def verdicts(**of: str) -> FunctionContext:
    """Verdicts by the text of the answer, as in ``a="pass fail"``; other words are the whole reply."""

    def reply(prompt: str) -> str:
        (text,) = answers_of(prompt).values()
        words = of[text].split()
        if not set(words) <= {"pass", "fail"}:
            return of[text]
        return "\n".join(f"TEST {number}: {word}" for number, word in enumerate(words, start=1))

    return FunctionContext(reply)


async def test_the_best_come_first_and_ties_keep_their_order():
    ctx = verdicts(a="pass fail fail", b="pass pass fail", c="pass fail fail", d="pass pass pass")
    before = state("a", "b", "c", "d", tests=TESTS)
    assert await UnitTestEvaluator(model=MODEL).select(before, ctx) == (3, 1, 0, 2)
    shares = {number: (mark.kind, round(mark.value, 2), mark.note) for number, mark in ctx.marks}
    assert shares[1] == ("test", 0.67, "failed: has no unit")
    assert shares[3] == ("test", 1.0, "")
    assert ctx.samples == 4


async def test_an_unreadable_evaluation_stays_with_its_candidate():
    ctx = verdicts(a="who knows", b="pass pass pass", c="fail fail fail")
    chosen = await UnitTestEvaluator(model=MODEL, top_k=2).select(state("a", "b", "c", tests=TESTS), ctx)
    assert chosen == (1, 2)
    assert sorted(number for number, _ in ctx.marks) == [1, 2]
    assert sorted(ctx.event_kinds) == ["fallback", "unreadable", "unreadable"]
    assert "candidate 0 is unjudged" in ctx.events[-1][1]


async def test_without_tests_nothing_is_asked_and_that_is_counted():
    ctx = verdicts()
    assert await UnitTestEvaluator(model=MODEL, top_k=1).select(state("a", "b"), ctx) == (0,)
    assert (ctx.samples, ctx.event_kinds) == (0, ["fallback"])


async def test_first_k_stops_at_perfect_candidates_and_cancels_the_rest():
    cancelled: list[str] = []

    async def reply(prompt: str) -> str:
        (text,) = answers_of(prompt).values()
        if text == "slow":
            try:
                await asyncio.Event().wait()
            finally:
                cancelled.append(text)
        return f"TEST 1: pass\nTEST 2: {'pass' if text == 'perfect' else 'fail'}\nTEST 3: pass"

    before = state("good", "slow", "perfect", tests=TESTS)
    evaluator = UnitTestEvaluator(model=MODEL, first_k=1)
    assert await asyncio.wait_for(evaluator.select(before, FunctionContext(reply)), timeout=5) == (2,)
    assert cancelled == ["slow"]


async def test_when_too_few_are_perfect_first_k_changes_nothing():
    ctx = verdicts(a="pass fail fail", b="pass pass pass")
    before = state("a", "b", tests=TESTS)
    assert await UnitTestEvaluator(model=MODEL, first_k=2).select(before, ctx) == (1, 0)


def test_the_tests_stand_in_their_order_and_the_prompt_is_itself_no_verdict():
    prompt = render_test_judging(CONVERSATION, candidate("a"), TESTS, rng)
    assert prompt.startswith("Task: judge tests.\n")
    blocks = blocks_of(prompt, "test")
    assert [block.text for block in blocks] == list(TESTS)
    assert f"TEST 2:\n{blocks[1].render()}" in prompt
    for count in (1, 2, 3):
        with pytest.raises(ParseError):
            parse_test_verdicts(prompt, count)
