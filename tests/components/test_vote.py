"""Vote: the majority of what can be read, and nothing asked."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itas.benchmarks.scorers import Exact
from itas.components import Vote
from itas.components.vote import count_options, count_votes, infer_kind, order_by_votes, read_answers
from itas.core.candidate import State
from itas.core.messages import user
from itas.core.problem import Problem
from itas.errors import ParseError, SpecError
from itas.testing.contexts import FunctionContext
from tests.components.states import candidate, state

CHOICE = "Which is a metal?\nA. Iron\nB. Oxygen\nC) Helium\n(D) Neon"


def silent() -> FunctionContext:
    def reply(prompt: str) -> str:
        raise AssertionError("a vote asks no model")

    return FunctionContext(reply)


async def test_the_first_candidate_with_the_most_frequent_answer_wins():
    before = state("Answer: 41", "So\nAnswer: 42", "Answer: 42.0", "Answer: 43")
    ctx = silent()
    assert await Vote().select(before, ctx) == (1,)
    assert {number: (mark.value, mark.note) for number, mark in ctx.marks} == {
        0: (0.25, "41"),
        1: (0.5, "42"),
        2: (0.5, "42"),
        3: (0.25, "43"),
    }


async def test_all_candidates_follow_by_the_votes_of_their_answer():
    before = state("Answer: 1", "Answer: 2", "Answer: 3", "Answer: 3", "Answer: 2", "Answer: 3")
    assert await Vote(top_k=6).select(before, silent()) == (2, 3, 5, 1, 4, 0)


async def test_a_tie_goes_to_the_answer_that_appeared_first():
    before = state("Answer: 7", "Answer: 8", "Answer: 8", "Answer: 7")
    assert await Vote(top_k=4).select(before, silent()) == (0, 3, 1, 2)


async def test_who_cannot_be_read_does_not_vote_is_counted_and_stands_last():
    before = state("I do not know", "Answer: 8", "Hm", "Answer: 8")
    ctx = silent()
    assert await Vote(answer_kind="number", top_k=4).select(before, ctx) == (1, 3, 0, 2)
    assert ctx.event_kinds == ["unreadable", "unreadable"]
    assert {number: mark.value for number, mark in ctx.marks} == {1: 0.5, 3: 0.5}


async def test_weights_count_by_the_model_that_wrote_the_candidate():
    candidates = (
        candidate("Answer: 1", model="fake/a"),
        candidate("Answer: 1", model="fake/a"),
        candidate("Answer: 2", model="fake/b"),
    )
    before = State(user("?"), candidates)
    assert await Vote(answer_kind="number").select(before, silent()) == (0,)
    assert await Vote(answer_kind="number", weights={"fake/b": 2.5}).select(before, silent()) == (2,)


async def test_equal_sums_of_weights_are_a_tie_whatever_the_rounding():
    candidates = (
        candidate("Answer: 1", model="fake/c"),
        candidate("Answer: 2", model="fake/a"),
        candidate("Answer: 2", model="fake/b"),
    )
    vote = Vote(answer_kind="number", weights={"fake/a": 0.1, "fake/b": 0.2, "fake/c": 0.3})
    assert await vote.select(State(user("?"), candidates), silent()) == (0,)


@pytest.mark.parametrize("weight", [0.0, -1.0, float("nan"), float("inf")])
def test_a_weight_is_a_positive_number(weight: float):
    with pytest.raises(SpecError, match="weights"):
        Vote.parse({"weights": {"fake/a": weight}})


async def test_when_nobody_can_be_read_the_order_stays_and_is_counted():
    ctx = silent()
    assert await Vote(answer_kind="number").select(state("one", "two"), ctx) == (0,)
    assert ctx.event_kinds == ["unreadable", "unreadable", "fallback"]
    assert ctx.marks == []


async def test_without_the_fallback_it_is_an_error():
    with pytest.raises(ParseError, match="no candidate has a number"):
        await Vote(answer_kind="number", fallback="error").select(state("one"), silent())


@pytest.mark.parametrize(
    "question, texts, kind",
    [
        (CHOICE, ["Answer: A"], "choice"),
        ("Which?\n- **A.** Iron\n- **B.** Oxygen", ["A"], "choice"),
        ("How many?", ["Answer: 42", "Answer: $1,000.50", "Answer: none"], "number"),
        ("How many?", ["so \\boxed{42}", "\\boxed{\\frac{1}{2}}", "\\boxed{-3}"], "number"),
        ("Who?", ["Answer: Ada", "Answer: 1"], "text"),
        ("Who?", ["Answer: Ada", "Answer: Grace", "Answer: 1"], "text"),
        ("How many?", ["There are 6, so 42.", "That makes 42 apples", "no idea"], "number"),
        ("Write about 1984.", ["It begins.\n\nThe end.", "In 1984...\nHe won."], "text"),
        ("How many?", ["Answer: 42 apples and 3 pears", "Answer: about forty"], "text"),
        ("A. says hello", ["Answer: 4"], "number"),
        ("Ships:\nA. has 3 masts\nB. has 4\nHow many?\nAnswer: <number>", ["Answer: 7"], "number"),
        ("Sky? A) red B) green C) blue", ["B"], "choice"),
        ("Which is red?\n(1) blood\n(2) grass", ["(1)"], "choice"),
        ("Write a poem that\n(1) rhymes\n(2) is short", ["Roses\nare red"], "text"),
    ],
)
def test_the_kind_of_answer_is_inferred_from_question_and_answers(question: str, texts: list[str], kind: str):
    assert infer_kind(question, texts) == kind


@pytest.mark.parametrize(
    "question, count",
    [
        (CHOICE, 4),
        ("A. one", 0),
        ("B. one\nC. two", 0),
        ("A) 1\nB) 2\nD) 4", 2),
        ("", 0),
        ("A.\nB.", 0),
        ("Sky?\nA) red B) green C) blue\nAnswer: <letter>", 3),
        ("Sky? (A) red (B) green", 2),
        ("Sky? A) red C) green", 0),
        ("Is (A) or (B) longer?", 0),
        ("One: A) red B) green\nTwo: A) up B) down", 0),
        ("Which?\n(1) red\n(2) green\nAnswer:", 2),
        ("Which?\n(1) red\n(3) green", 0),
        ("Do this:\n(1) read\n(2) write", 0),
    ],
)
def test_options_are_counted_from_a_without_gaps(question: str, count: int):
    assert count_options(question) == count


async def test_a_letter_beyond_the_options_is_no_vote():
    before = state("Answer: Z", "Answer: B", conversation=user(CHOICE))
    ctx = silent()
    assert await Vote().select(before, ctx) == (1,)
    assert ctx.event_kinds == ["unreadable"]


@given(st.lists(st.none() | st.sampled_from("abc"), min_size=1, max_size=9), st.data())
@settings(max_examples=150, deadline=None)
def test_votes_add_up_and_order_everybody_once(answers: list[str | None], data: st.DataObject):
    weights = [Fraction(data.draw(st.sampled_from([0.1, 0.2, 1.0, 3.0]))) for _ in answers]
    shares = count_votes(answers, weights)
    unread = sum((w for a, w in zip(answers, weights, strict=True) if a is None), Fraction(0))
    assert sum(shares.values(), Fraction(0)) * sum(weights) + unread == sum(weights)
    order = order_by_votes(answers, shares)
    assert sorted(order) == list(range(len(answers)))
    voted = [shares[answer] for index in order if (answer := answers[index]) is not None]
    assert voted == sorted(voted, reverse=True)


@pytest.mark.parametrize(
    "text",
    ["Paris", "  paris. ", '"Paris"', "I am not sure.\nAnswer: Paris", "two\nlines", "x" * 201, "", "*"],
)
def test_a_short_reply_without_a_mark_is_read_as_the_exact_scorer_reads_it(text: str):
    problem = Problem(id="p", conversation=user("Where?"), target="paris")
    scored = Exact().read(problem, text)
    is_long = "Answer" not in text and ("\n" in text or len(text) > 200)
    assert read_answers("Where?", [text], "text") == [None if is_long else scored]


def test_numbered_options_are_answered_by_number():
    question = "Which is red?\n(1) blood\n(2) grass"
    texts = ["Answer: (2) grass", "Answer: 2", "Answer: 3", "Hm"]
    assert read_answers(question, texts, "choice") == ["2", "2", None, None]
