"""Tournament: every pair in both orders, and a place in the prompt is worth nothing."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from itas.components import Tournament
from itas.components.tournament import find_pairs, order_by_points
from itas.errors import SpecError
from itas.testing.contexts import FunctionContext
from tests.components.states import MODEL, answers_of, blocks_of, candidate, state


def best_text_first(prompt: str) -> str:
    """A judge that prefers the text which is greater."""
    shown = answers_of(prompt)
    return f"RANKING: {' > '.join(sorted(shown, key=lambda id: shown[id], reverse=True))}"


def first_shown(prompt: str) -> str:
    """A judge that prefers whatever stands first."""
    return f"RANKING: {' > '.join(answers_of(prompt))}"


async def test_the_candidate_that_wins_its_games_stands_first():
    ctx = FunctionContext(best_text_first)
    assert await Tournament(model=MODEL, top_k=3).select(state("b", "c", "a"), ctx) == (1, 0, 2)
    assert ctx.samples == 6
    assert {number: (mark.value, mark.note) for number, mark in ctx.marks} == {
        1: (1, "2 of 2 points"),
        0: (2, "1 of 2 points"),
        2: (3, "0 of 2 points"),
    }


async def test_a_judge_that_goes_by_the_place_decides_nothing():
    ctx = FunctionContext(first_shown)
    assert await Tournament(model=MODEL, top_k=3).select(state("b", "c", "a"), ctx) == (0, 1, 2)
    assert {mark.note for _, mark in ctx.marks} == {"1 of 2 points"}


async def test_each_pair_is_shown_in_both_orders():
    ctx = FunctionContext(best_text_first)
    await Tournament(model=MODEL).select(state("a", "b", "c"), ctx)
    shown = sorted(tuple(answers_of(asked.prompt).values()) for asked in ctx.asked)
    assert shown == [("a", "b"), ("a", "c"), ("b", "a"), ("b", "c"), ("c", "a"), ("c", "b")]


async def test_an_unreadable_game_is_shared_and_counted():
    ctx = FunctionContext(lambda prompt: "?")
    assert await Tournament(model=MODEL, attempts=2).select(state("a", "b"), ctx) == (0,)
    assert ctx.event_kinds.count("fallback") == 1
    assert {mark.note for _, mark in ctx.marks} == {"0.5 of 1 points"}


async def test_a_readable_second_attempt_counts():
    ctx = FunctionContext(lambda prompt: "?" if ctx.samples <= 1 else best_text_first(prompt))
    assert await Tournament(model=MODEL).select(state("a", "b"), ctx) == (1,)
    assert ctx.event_kinds == ["unreadable"]


async def test_equal_texts_are_not_compared():
    ctx = FunctionContext(best_text_first)
    await Tournament(model=MODEL).select(state("a", "a", "b"), ctx)
    assert ctx.samples == 4


async def test_one_candidate_needs_no_game():
    ctx = FunctionContext(best_text_first)
    assert await Tournament(model=MODEL).select(state("a"), ctx) == (0,)
    assert (ctx.samples, ctx.marks) == (0, [])


@pytest.mark.parametrize("use_critiques, count", [(True, 1), (False, 0)])
async def test_critiques_are_shown_on_demand(use_critiques: bool, count: int):
    before = state("a", "b")
    before = type(before)(before.conversation, (candidate("a", critique="weak"), before.candidates[1]))
    ctx = FunctionContext(best_text_first)
    await Tournament(model=MODEL, use_critiques=use_critiques).select(before, ctx)
    assert [len(blocks_of(asked.prompt, "critique")) for asked in ctx.asked] == [count, count]


async def test_the_winner_does_not_depend_on_the_order_of_arrival():
    texts = [f"text {number:02}" for number in range(12)]
    for order in (texts, texts[::-1]):
        before = state(*order)
        (first,) = await Tournament(model=MODEL, rivals=4).select(before, FunctionContext(best_text_first))
        assert before.candidates[first].text in texts[-4:]


@given(st.integers(0, 40), st.integers(1, 10).map(lambda half: 2 * half))
def test_everybody_meets_everybody_or_as_many_as_were_asked_for(n: int, rivals: int):
    pairs = find_pairs(n, rivals)
    assert len({frozenset(pair) for pair in pairs}) == len(pairs)
    met = [sum(number in pair for pair in pairs) for number in range(n)]
    assert met == [min(rivals, max(n - 1, 0))] * n


def test_points_count_by_game_and_ties_keep_their_order():
    half = Fraction(1, 2)
    assert order_by_points([half, half, Fraction(1)], [1, 1, 4]) == (0, 1, 2)


def test_an_odd_number_of_rivals_is_refused():
    with pytest.raises(SpecError, match="rivals"):
        Tournament.parse({"model": MODEL, "rivals": 3})
