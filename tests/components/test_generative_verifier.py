"""Generative verifier: the share of positive verdicts ranks."""

from itas.components import GenerativeVerifier
from itas.components.generative_verifier import order_by_verdicts
from itas.testing.contexts import FunctionContext
from tests.components.states import MODEL, answers_of, state


def verdicts(**of: str) -> FunctionContext:
    """Verdicts in turn by the text of the answer: y, n, or anything else for an unreadable one."""
    left = {text: list(said) for text, said in of.items()}
    words = {"y": "correct", "n": "incorrect"}

    def reply(prompt: str) -> str:
        ((id, text),) = answers_of(prompt).items()
        return f"VERDICT {id}: {words.get(left[text].pop(0), 'well')}"

    return FunctionContext(reply)


async def test_the_candidate_most_often_found_correct_stands_first():
    ctx = verdicts(a="ynnn", b="yyyn", c="yynn")
    assert await GenerativeVerifier(model=MODEL, top_k=3).select(state("a", "b", "c"), ctx) == (1, 2, 0)
    assert {number: (mark.value, mark.note) for number, mark in ctx.marks} == {
        0: (0.25, "1 of 4 verdicts"),
        1: (0.75, "3 of 4 verdicts"),
        2: (0.5, "2 of 4 verdicts"),
    }


async def test_all_verdicts_on_one_candidate_are_one_question():
    ctx = verdicts(a="yy", b="nn")
    await GenerativeVerifier(model=MODEL, votes=2).select(state("a", "b"), ctx)
    assert [asked.n for asked in ctx.asked] == [2, 2]
    assert all(asked.prompt.startswith("Task: give a verdict.\n") for asked in ctx.asked)


async def test_an_unreadable_verdict_is_left_out_of_the_share_and_counted():
    ctx = verdicts(a="y?n", b="yyn")
    assert await GenerativeVerifier(model=MODEL, votes=3).select(state("a", "b"), ctx) == (1,)
    assert ctx.marks[0][1].value == 0.5
    assert ctx.event_kinds == ["unreadable"]


async def test_a_candidate_without_a_verdict_stands_last_and_has_no_mark():
    ctx = verdicts(a="??", b="nn")
    assert await GenerativeVerifier(model=MODEL, votes=2, top_k=2).select(state("a", "b"), ctx) == (1, 0)
    assert [number for number, _ in ctx.marks] == [1]
    assert "fallback" in ctx.event_kinds


def test_ties_keep_their_order():
    assert order_by_verdicts([0.5, None, 0.5, 1.0]) == (3, 0, 2, 1)
