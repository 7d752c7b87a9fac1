"""Adaptive generator: it stops when the vote is decided, and not before."""

import itertools
import random
from math import comb

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itas.components import AdaptiveGenerator, Generator, Vote
from itas.components.adaptive_generator import chance_of_lead, is_settled
from itas.components.vote import count_votes
from itas.core.architecture import Architecture
from itas.core.messages import user
from itas.engine import answer
from itas.models.fakes import FunctionModel
from itas.testing.contexts import FunctionContext
from tests.components.states import MODEL, one_after_the_other, state


async def test_it_stops_when_its_answers_agree():
    ctx = FunctionContext(lambda prompt: "Answer: 42")
    drafts = await AdaptiveGenerator(model=MODEL, samples=40).produce(state(), ctx)
    assert (len(drafts), ctx.samples) == (4, 4)  # P(lead | 4 of 4) = 31/32


async def test_it_goes_on_while_they_do_not():
    ctx = one_after_the_other(*(f"Answer: {number % 2}" for number in range(12)))
    drafts = await AdaptiveGenerator(model=MODEL, samples=12).produce(state(), ctx)
    assert (len(drafts), ctx.samples) == (12, 12)


async def test_with_certainty_it_stops_when_the_rest_cannot_change_the_vote():
    ctx = FunctionContext(lambda prompt: "Answer: 42")
    generator = AdaptiveGenerator(model=MODEL, samples=10, round_size=1, confidence=None)
    assert len(await generator.produce(state(), ctx)) == 6


async def test_answers_that_cannot_be_read_decide_nothing():
    ctx = FunctionContext(lambda prompt: "I do not know")
    generator = AdaptiveGenerator(model=MODEL, samples=9, answer_kind="number")
    assert len(await generator.produce(state(), ctx)) == 9


async def test_it_asks_what_a_generator_asks():
    one, other = FunctionContext(lambda prompt: "x"), FunctionContext(lambda prompt: "x")
    await AdaptiveGenerator(model=MODEL, samples=4).produce(state(), one)
    await Generator(model=MODEL, samples=4).produce(state(), other)
    assert one.asked == other.asked


async def test_what_was_saved_stands_in_the_record_of_the_answer():
    model = FunctionModel(lambda request, number: "Answer: 42")
    layers = [{"type": "adaptive_generator", "model": MODEL, "samples": 20}, {"type": "vote"}]
    found = await answer(Architecture.parse({"layers": layers}), user("6 x 7?"), models=lambda _: model)
    record = found.components[0]
    assert (record.samples_planned, record.samples_used) == (20, 4)
    assert (found.samples_planned, found.samples_used, model.samples) == (20, 4, 4)


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=15), st.integers(1, 4))
@settings(max_examples=150, deadline=None)
async def test_a_certain_stop_never_changes_the_winner(answers: list[str], round_size: int):
    texts = [f"Answer: {answer}" for answer in answers]
    generator = AdaptiveGenerator(
        model=MODEL, samples=len(texts), round_size=round_size, confidence=None, answer_kind="text"
    )
    drafts = await generator.produce(state(), one_after_the_other(*texts))
    vote = Vote(answer_kind="text")
    (all_of_them,) = await vote.select(state(*texts), FunctionContext(str))
    (fewer,) = await vote.select(state(*(draft.text for draft in drafts)), FunctionContext(str))
    assert texts[all_of_them] == texts[fewer]


@pytest.mark.parametrize("first, second", list(itertools.product(range(6), range(4))))
def test_the_chance_of_a_lead_is_the_integral_of_the_beta_density(first: int, second: int):
    steps = 20_000
    xs = [0.5 + (step + 0.5) / (2 * steps) for step in range(steps)]
    scale = (first + second + 1) * comb(first + second, first)
    integral = sum(x**first * (1 - x) ** second for x in xs) * scale / (2 * steps)
    assert chance_of_lead(first, second) == pytest.approx(integral, abs=1e-6)


def test_a_tie_is_never_settled_by_confidence():
    assert not is_settled([3, 3], left=5, confidence=0.51)
    assert not is_settled([], left=5, confidence=0.51)
    assert is_settled([3, 2], left=0, confidence=None)


async def test_the_beta_stop_saves_much_and_seldom_changes_the_vote():
    """500 questions on which a model says the same in 60 to 100 % of its samples."""
    rng = random.Random(5)
    used = changed = 0
    for _ in range(500):
        share = rng.uniform(0.6, 1.0)
        texts = [f"Answer: {'a' if rng.random() < share else rng.choice('bcd')}" for _ in range(40)]
        generator = AdaptiveGenerator(model=MODEL, samples=40, round_size=1, answer_kind="text")
        drafts = await generator.produce(state(), one_after_the_other(*texts))
        used += len(drafts)
        changed += winner(texts) != winner([draft.text for draft in drafts])
    assert used / (500 * 40) < 0.3
    assert changed / 500 < 0.04


def winner(texts: list[str]) -> str:
    from fractions import Fraction

    shares = count_votes(texts, [Fraction(1)] * len(texts))
    return max(shares, key=lambda text: shares[text])
