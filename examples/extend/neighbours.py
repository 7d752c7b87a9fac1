"""Neighbours: a searcher that tries points near the best one. Searchers from outside; see docs/extend/searcher.md."""

from random import Random
from typing import ClassVar

import numpy as np
from pydantic import PositiveInt

from itas.search.bound import BoundSpace
from itas.search.history import History, Proposal
from itas.search.searchers import Searcher
from itas.search.searchers.base import draw, untried


class Neighbours(Searcher):
    """Random points first, then those whose features are nearest to those of the best so far.

    Attributes:
        first_points: How many random ones.
    """

    type: ClassVar = "neighbours"

    first_points: PositiveInt = 8

    def ask(self, history: History, rng: Random, *, space: BoundSpace, batch: int) -> tuple[Proposal, ...]:
        left = untried(history, space)
        missing = self.first_points - len(history.asked)
        if missing > 0 or not history.scores:
            return self.propose(draw(left, min(batch, max(missing, 1)), rng), history)
        means = {point: float(np.mean(list(scores.values()))) for point, scores in history.scores.items()}
        best = max(means, key=lambda point: means[point])
        distances = np.abs(space.features - space.features[best]).sum(axis=1)
        return self.propose(sorted(left, key=lambda point: float(distances[point]))[:batch], history)
