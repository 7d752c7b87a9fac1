"""Every shipped searcher passes the battery, and the battery finds the mistakes that it is there for."""

from random import Random
from typing import ClassVar

import pytest

from itas.plugins import plugins_forgotten
from itas.search import SEARCHERS
from itas.search.bound import BoundSpace
from itas.search.history import History, Proposal
from itas.search.searchers import Searcher, parse_searcher
from itas.search.searchers.base import untried
from itas.testing.searcher_battery import check_searcher


@pytest.fixture(autouse=True)
def _forget_searchers():
    with plugins_forgotten():
        yield


@pytest.mark.parametrize("name", SEARCHERS)
def test_a_shipped_searcher_passes(name: str):
    check_searcher(parse_searcher(name))


def searcher(ask: object) -> Searcher:
    kind = type(
        "Sample",
        (Searcher,),
        {"type": "sample_of_a_test", "__annotations__": {"type": ClassVar[str]}, "ask": ask},
    )
    return kind()


def in_order(self: Searcher, history: History, rng: Random, *, space: BoundSpace, batch: int):
    return self.propose(untried(history, space)[:batch], history)


def test_a_right_one_passes():
    check_searcher(searcher(in_order))


def too_many(self: Searcher, history: History, rng: Random, *, space: BoundSpace, batch: int):
    return self.propose(untried(history, space)[: batch + 1], history)


def again_and_again(self: Searcher, history: History, rng: Random, *, space: BoundSpace, batch: int):
    return self.propose([0], history)


def outside(self: Searcher, history: History, rng: Random, *, space: BoundSpace, batch: int):
    return self.propose([len(space)], history)


def no_problems(self: Searcher, history: History, rng: Random, *, space: BoundSpace, batch: int):
    return (Proposal(0, ()),)


def gives_up(self: Searcher, history: History, rng: Random, *, space: BoundSpace, batch: int):
    return in_order(self, history, rng, space=space, batch=batch) if len(history.trials) < 3 else ()


def its_own_dice(self: Searcher, history: History, rng: Random, *, space: BoundSpace, batch: int):
    left = untried(history, space)
    Random().shuffle(left)
    return self.propose(left[:batch], history)


@pytest.mark.parametrize(
    "ask, words",
    [
        (too_many, "2 proposals where 1 were asked for"),
        (again_and_again, "point 0 is proposed again on problems|point 0 failed and is proposed again"),
        (outside, "is not in a space of"),
        (no_problems, "no ascending problems"),
        (gives_up, "points untried"),
        (its_own_dice, "the same question gave"),
    ],
)
def test_a_mistake_is_found(ask: object, words: str):
    with pytest.raises(AssertionError, match=words):
        check_searcher(searcher(ask))
