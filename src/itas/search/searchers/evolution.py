"""Evolution: change one open value of a good point of late, forget the old ones.

Source: Real et al. 2019, arXiv:1802.01548 (regularised evolution): of the last `population` points, `tournament`
are drawn; the best of them by its observed mean has one hole changed. Age, not rank, decides who leaves, so a
lucky score is forgotten. Deviation: a point is never tried twice.
"""

from random import Random
from typing import ClassVar

import numpy as np
from pydantic import PositiveInt

from itas.search.bound import BoundSpace
from itas.search.history import History, Proposal
from itas.search.searchers.base import Searcher, draw, neighbours, untried

_ATTEMPTS = 20


class Evolution(Searcher):
    """Changes one hole of the best of a few late points.

    Attributes:
        population: Points that may have offspring: the last ones; as many are drawn at random first.
        tournament: How many of them are drawn for one place; more is greedier.
    """

    type: ClassVar = "evolution"

    population: PositiveInt = 20
    tournament: PositiveInt = 5

    def ask(self, history: History, rng: Random, *, space: BoundSpace, batch: int) -> tuple[Proposal, ...]:
        open_points = untried(history, space)
        taken: list[int] = []
        means = {point: float(np.mean(list(scores.values()))) for point, scores in history.scores.items()}
        late = list(means)[-self.population :]
        born = len(history.asked) - min(self.population, max(len(space) // 3, 1))
        for number in range(min(batch, len(open_points))):
            child = None
            if late and born + number >= 0:
                child = self._offspring(late, means, history, taken, rng, space)
            if child is None:
                left = set(open_points) - set(taken)
                (child,) = draw(sorted(left), 1, rng)
            taken.append(child)
        return self.propose(taken, history)

    def _offspring(
        self,
        late: list[int],
        means: dict[int, float],
        history: History,
        taken: list[int],
        rng: Random,
        space: BoundSpace,
    ) -> int | None:
        """An untried neighbour of the winner of a tournament; None if none is found."""
        for _ in range(_ATTEMPTS):
            parent = max(draw(late, self.tournament, rng), key=lambda point: means[point])
            axis = rng.randrange(len(space.space.holes)) if space.space.holes else 0
            beside = [
                point
                for point in neighbours(space, parent, axis)
                if point not in history.asked and point not in taken
            ]
            if beside:
                return rng.choice(beside)
        return None
