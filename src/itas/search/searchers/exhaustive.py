"""Exhaustive: every point, in order."""

from random import Random
from typing import ClassVar

from itas.search.bound import BoundSpace
from itas.search.history import History, Proposal
from itas.search.searchers.base import Searcher, untried


class Exhaustive(Searcher):
    """Tries every point of the space, in its order."""

    type: ClassVar = "exhaustive"

    def ask(self, history: History, rng: Random, *, space: BoundSpace, batch: int) -> tuple[Proposal, ...]:
        return self.propose(untried(history, space)[:batch], history)
