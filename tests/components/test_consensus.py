"""Consensus: what most of them say, by words alone."""

import time

import pytest

from itas.components import Consensus
from itas.components.consensus import mean_overlaps
from itas.testing.contexts import FunctionContext
from tests.components.states import state


def silent() -> FunctionContext:
    def reply(prompt: str) -> str:
        raise AssertionError("a consensus asks no model")

    return FunctionContext(reply)


async def test_the_most_central_candidate_stands_first():
    before = state(
        "Rayleigh scattering of light", "the ocean is blue", "scattering of blue light", "scattering of light"
    )
    ctx = silent()
    assert (await Consensus(top_k=4).select(before, ctx))[0] == 2
    assert [mark.value for _, mark in ctx.marks] == [1, 2, 3, 4]


async def test_ties_keep_their_order():
    assert await Consensus(top_k=3).select(state("a", "b", "c"), silent()) == (0, 1, 2)


async def test_equal_texts_are_equally_central_wherever_they_stand():
    texts = ["a b c d e f g", "a b c", "c d e x", "a g q", "a b c d e f g", "b q r s t"]
    order = await Consensus(top_k=6).select(state(*texts), silent())
    assert order.index(0) + 1 == order.index(4)


def test_the_overlap_is_the_f1_of_the_words():
    assert mean_overlaps(["a b c d", "a b"]) == pytest.approx([2 / 3, 2 / 3])
    assert mean_overlaps(["a a b", "a b b"]) == pytest.approx([2 / 3, 2 / 3])
    assert mean_overlaps(["A b", "a, B!"]) == [1.0, 1.0]
    assert mean_overlaps(["a", "...", "a"]) == [0.5, 0.0, 0.5]
    assert mean_overlaps(["alone"]) == [1.0]


def test_a_long_text_that_repeats_everything_gains_nothing():
    texts = ["the answer is forty two", "the answer is forty two", "it is forty"]
    flood = " ".join([*texts, "and everything else that one could say"] * 20)
    means = mean_overlaps([*texts, flood])
    assert max(range(4), key=means.__getitem__) == 0
    assert means[3] == min(means)


def test_several_hundred_long_texts_take_little_time():
    texts = [" ".join(f"w{(number * step) % 400}" for step in range(400)) for number in range(300)]
    started = time.perf_counter()
    mean_overlaps(texts)
    assert time.perf_counter() - started < 5
