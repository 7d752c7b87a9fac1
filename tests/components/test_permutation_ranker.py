"""Permutation ranker: several orders, one sum."""

import pytest

from itas.components import PermutationRanker, Ranker
from itas.components.permutation_ranker import count_points, rotate
from itas.errors import ParseError
from itas.testing.contexts import FunctionContext
from tests.components.states import MODEL, answers_of, state


def first_shown(prompt: str) -> str:
    return f"RANKING: {' > '.join(answers_of(prompt))}"


async def test_each_ranking_sees_another_order():
    ctx = FunctionContext(first_shown)
    await PermutationRanker(model=MODEL, rankings=3).select(state("a", "b", "c"), ctx)
    firsts = [next(iter(answers_of(asked.prompt).values())) for asked in ctx.asked]
    assert sorted(firsts) == ["a", "b", "c"]


async def test_a_judge_that_goes_by_the_place_decides_nothing():
    ctx = FunctionContext(first_shown)
    ranker = PermutationRanker(model=MODEL, rankings=4, top_k=4)
    assert await ranker.select(state("d", "a", "c", "b"), ctx) == (0, 1, 2, 3)
    assert {mark.note for _, mark in ctx.marks} == {"6 of 12 points"}


async def test_the_rankings_are_added_up():
    def longest_first(prompt: str) -> str:
        shown = answers_of(prompt)
        return f"RANKING: {' > '.join(sorted(shown, key=lambda id: -len(shown[id])))}"

    ctx = FunctionContext(longest_first)
    ranker = PermutationRanker(model=MODEL, rankings=2, top_k=2)
    assert await ranker.select(state("a", "ccc", "bb"), ctx) == (1, 2)
    assert ctx.samples == 2


async def test_the_first_ranking_is_the_question_of_the_ranker():
    plain, several = FunctionContext(first_shown), FunctionContext(first_shown)
    await Ranker(model=MODEL).select(state("a", "b", "c"), plain)
    await PermutationRanker(model=MODEL).select(state("a", "b", "c"), several)
    assert plain.asked[0] == several.asked[0]


async def test_an_unreadable_ranking_counts_for_nobody_and_is_counted():
    ctx = FunctionContext(lambda prompt: "?" if ctx.samples == 1 else first_shown(prompt))
    await PermutationRanker(model=MODEL, rankings=2, attempts=1).select(state("a", "b"), ctx)
    assert ctx.event_kinds == ["unreadable", "fallback"]
    assert sorted(mark.note for _, mark in ctx.marks) == ["0 of 1 points", "1 of 1 points"]


async def test_without_a_readable_ranking_the_order_stays_or_it_raises():
    ctx = FunctionContext(lambda prompt: "?")
    assert await PermutationRanker(model=MODEL, top_k=2).select(state("b", "a", "c"), ctx) == (0, 1)
    assert ctx.marks == []
    with pytest.raises(ParseError):
        await PermutationRanker(model=MODEL, fallback="error").select(state("b", "a"), ctx)


def test_rotations_are_spread_evenly():
    assert rotate((0, 1, 2, 3), 2) == [(0, 1, 2, 3), (2, 3, 0, 1)]
    assert rotate((0, 1), 4) == [(0, 1), (0, 1), (1, 0), (1, 0)]


def test_borda_points_as_in_the_book():
    assert count_points([(0, 1, 2), (1, 0, 2), (1, 2, 0)], 3) == [3, 5, 1]
