"""Random: points at random, each at most once. The baseline that a searcher has to beat."""

from random import Random
from typing import ClassVar

from itas.search.bound import BoundSpace
from itas.search.history import History, Proposal
from itas.search.searchers.base import Searcher, draw, untried


class RandomSearch(Searcher):
    """Tries points in random order."""

    type: ClassVar = "random"

    def ask(self, history: History, rng: Random, *, space: BoundSpace, batch: int) -> tuple[Proposal, ...]:
        return self.propose(draw(untried(history, space), batch, rng), history)
