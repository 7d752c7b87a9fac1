import ast
from collections.abc import Sequence

import pytest

from itas.components import UnitTestEvaluator, UnitTestGenerator
from itas.components.executed_tests import order_by_score, score_candidates
from itas.core.candidate import Candidate, Notes, Origin, State
from itas.core.execution import CallTest, CodeOutcome, CodeTest
from itas.core.messages import user
from itas.errors import SandboxError, SpecError
from itas.testing.contexts import FunctionContext

TESTS = tuple(CallTest(code=f"assert f({number}) == {number}") for number in range(4))


def code_of(value: str) -> str:
    return f"Sure:\n```python\ndef f(x):\n    return {value}\n```"


def state_of(texts: Sequence[str], tests: tuple[CodeTest, ...] = TESTS) -> State:
    candidates = tuple(Candidate(text, Origin(0, 0, "fake/a", n)) for n, text in enumerate(texts))
    return State(user("Write f."), candidates, Notes(code_tests=tests))


def run_here(code: str, test: CodeTest) -> CodeOutcome:
    """What the arithmetic says, without running anything: f(x) is the constant or x that the code returns."""
    assert isinstance(test, CallTest)
    returned = code.rpartition("return ")[2].strip()
    given = ast.literal_eval(test.code[len("assert f(") : test.code.index(")")])
    wanted = ast.literal_eval(test.code.rpartition("== ")[2])
    value = given if returned == "x" else ast.literal_eval(returned)
    return CodeOutcome(verdict="passed" if value == wanted else "failed", detail=f"got {value}", tier="ns")


async def select(texts: Sequence[str], evaluator: UnitTestEvaluator, tests: tuple[CodeTest, ...] = TESTS):
    ctx = FunctionContext(lambda prompt: pytest.fail("a model was asked"), judge=run_here)
    return await evaluator.select(state_of(texts, tests), ctx), ctx


async def test_the_candidate_that_passes_most_comes_first():
    order, ctx = await select([code_of("1"), code_of("x"), code_of("9")], UnitTestEvaluator(execute=True))
    assert order == (1, 0, 2)
    assert [(number, mark.value) for number, mark in ctx.marks] == [(0, 0.25), (1, 1.0), (2, 0.0)]
    assert "failed: assert f(0) == 0 got 1" in ctx.marks[0][1].note
    assert ctx.marks[0][1].by == "execution (ns)"
    assert not ctx.events


async def test_agreement_outvotes_a_wrong_test():
    """Two wrong tests suit one candidate, one right test suits three: counting errs, agreement does not."""
    tests = (*TESTS[1:2], CallTest(code="assert f(1) == 5"), CallTest(code="assert f(2) == 5"))
    texts = [code_of("5"), *[code_of("1")] * 3]
    assert (await select(texts, UnitTestEvaluator(execute=True, scoring="count", top_k=1), tests))[0] == (0,)
    assert (await select(texts, UnitTestEvaluator(execute=True, top_k=1), tests))[0] == (1,)


def test_the_formula_of_each_scoring():
    passed = [frozenset({0, 1}), frozenset({0, 1}), frozenset({2}), frozenset[int](), frozenset({0, 1, 2})]
    assert score_candidates(passed, "agreement") == (4, 4, 1, 0, 3)
    assert score_candidates(passed, "agreement_sqrt") == (2 * 2**0.5, 2 * 2**0.5, 1, 0, 3)
    assert score_candidates(passed, "count") == (2, 2, 1, 0, 3)


def test_of_equal_scores_more_tests_come_first_then_who_came_first():
    passed = [frozenset({0}), frozenset({0}), frozenset({1, 2}), frozenset({3, 4})]
    assert order_by_score(score_candidates(passed, "agreement"), passed) == (2, 3, 0, 1)


async def test_identical_code_is_run_once_and_counts_as_often_as_drawn():
    order, ctx = await select([code_of("0"), code_of("1"), code_of("1")], UnitTestEvaluator(execute=True))
    assert len(ctx.ran) == 2
    assert order == (1, 2, 0)


async def test_a_candidate_without_code_is_last_and_counted():
    order, ctx = await select(["No idea.", code_of("7"), code_of("1")], UnitTestEvaluator(execute=True))
    assert order == (2, 0, 1)
    assert ctx.event_kinds == ["unreadable"]
    assert len(ctx.ran) == 2


async def test_without_anything_to_choose_by_the_order_stays_and_that_is_counted():
    order, ctx = await select([code_of("7"), code_of("8")], UnitTestEvaluator(execute=True, top_k=1))
    assert (order, ctx.event_kinds) == ((0,), ["fallback"])
    order, ctx = await select([code_of("1"), code_of("x")], UnitTestEvaluator(execute=True), ())
    assert (order, ctx.event_kinds, ctx.ran) == ((0, 1), ["fallback"], [])


async def test_a_fault_of_the_sandbox_is_no_verdict():
    def breaks(code: str, test: CodeTest) -> CodeOutcome:
        raise SandboxError("no walls")

    ctx = FunctionContext(lambda prompt: "", judge=breaks)
    with pytest.raises(SandboxError):
        await UnitTestEvaluator(execute=True).select(state_of([code_of("x")]), ctx)
    assert not ctx.marks


async def test_the_generator_writes_tests_that_can_be_run():
    ctx = FunctionContext(lambda prompt: "```python\nassert f(1) == 1\nassert f(2) == 2\n```")
    notes = await UnitTestGenerator(model="fake/a", execute=True, show_tests=True).prepare(state_of([]), ctx)
    assert notes.code_tests == (CallTest(code="assert f(1) == 1"), CallTest(code="assert f(2) == 2"))
    assert notes.shown_texts == ("assert f(1) == 1", "assert f(2) == 2")
    assert ctx.asked[0].prompt.startswith("Task: write tests that can be run.\n")


async def test_unreadable_tests_are_asked_for_again_and_counted():
    ctx = FunctionContext(lambda prompt: "TEST 1: The answer is right.")
    notes = await UnitTestGenerator(model="fake/a", execute=True).prepare(state_of([]), ctx)
    assert notes == Notes()
    assert ctx.event_kinds == ["unreadable", "unreadable", "fallback"]


@pytest.mark.parametrize(
    "fields, message",
    [
        ({"execute": True, "model": "fake/a"}, "leave out 'model'"),
        ({"execute": True, "first_k": 1}, "use 'top_k'"),
        ({}, "'model' is required"),
    ],
)
def test_what_makes_no_sense_together_is_refused(fields: dict[str, object], message: str):
    with pytest.raises(SpecError, match=message):
        UnitTestEvaluator.parse(fields)


def test_who_runs_code_says_so_and_asks_nobody():
    evaluator = UnitTestEvaluator(execute=True)
    assert evaluator.runs_code
    assert not UnitTestEvaluator(model="fake/a").runs_code
    assert (evaluator.max_samples(100), evaluator.planned_samples(100), evaluator.models()) == (0, 0, ())
