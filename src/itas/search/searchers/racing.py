"""Racing: many points on few problems, more problems only for those that may be the best.

Every second trial tries a new point on the first 20 problems; the others give 20 more problems to a contender
for the first place, found by drawing from the posterior (top-two Thompson sampling). New points are chosen as
in `searchers/bayesian.py`.

Source: Russo 2020, arXiv:1602.08448 (top-two sampling); Lopez-Ibanez et al. 2016 (racing).
"""

from random import Random
from typing import ClassVar

import numpy as np
from pydantic import Field, PositiveInt

from itas.search.bound import BoundSpace
from itas.search.history import History, Proposal
from itas.search.posterior import posterior_of
from itas.search.searchers.base import Searcher
from itas.search.searchers.bayesian import new_points


class Racing(Searcher):
    """Alternates a new point on a few problems with more problems for a contender.

    Attributes:
        problems: How many problems a point starts with, and gets more of at a time.
        first_points: Random points before the model is asked.
        per_call: Divide the gain of a new point by the samples still to be bought.
        leader_share: How often the first of the two contenders gets the problems.
    """

    type: ClassVar = "racing"

    problems: PositiveInt | None = 20
    first_points: PositiveInt = 16
    per_call: bool = True
    leader_share: float = Field(default=0.5, gt=0.0, lt=1.0)
    rotate: bool = False

    def ask(self, history: History, rng: Random, *, space: BoundSpace, batch: int) -> tuple[Proposal, ...]:
        first = min(self.first_points, max(len(space) // 3, 4))
        is_start = len(history.asked) < first or not history.scores
        turns = range(len(history.trials), len(history.trials) + batch)
        wanted = 0 if is_start else sum(turn % 2 for turn in turns)
        contenders = self._contenders(history, rng, space=space, count=wanted)
        step = min(self.problems or history.n_problems, history.n_problems)
        if self.rotate:
            nb = max(history.n_problems // step, 1)
            k = (len(history.asked) // 4) % nb
            block = tuple(range(k * step, (k + 1) * step))
        else:
            block = self.first_problems(history)
        fresh = new_points(
            history, rng, space=space, count=batch - len(contenders), first=self.first_points,
            per_call=self.per_call, problems=block,
        )  # fmt: skip
        return (*[Proposal(p, block) for p in fresh], *contenders)

    def _contenders(
        self, history: History, rng: Random, *, space: BoundSpace, count: int
    ) -> list[Proposal]:
        posterior = posterior_of(history, space) if count else None
        if posterior is None:
            return []
        step = min(self.problems or history.n_problems, history.n_problems)
        left = {p: _missing(history, int(p)) for p in posterior.points.tolist()}
        numbers = np.random.default_rng(rng.getrandbits(64))
        values, vectors = np.linalg.eigh(posterior.covariance)
        root = vectors * np.sqrt(np.maximum(values, 0.0))
        found: list[Proposal] = []
        for _ in range(count):
            for _ in range(20):
                draw = posterior.mean + root @ numbers.standard_normal(len(values))
                order = np.argsort(-draw)
                place = order[0]
                if len(order) > 1 and numbers.random() > self.leader_share:
                    place = _another_leader(posterior.mean, root, numbers, int(place))
                point = int(posterior.points[place])
                if left[point]:
                    found.append(Proposal(point, tuple(left[point][:step])))
                    left[point] = []
                    break
        return found


def _missing(history: History, point: int) -> list[int]:
    if point in history.failed:
        return []
    asked = history.asked[point]
    return [problem for problem in range(history.n_problems) if problem not in asked]


def _another_leader(mean: np.ndarray, root: np.ndarray, numbers: np.random.Generator, leader: int) -> int:
    for _ in range(50):
        place = int(np.argmax(mean + root @ numbers.standard_normal(len(mean))))
        if place != leader:
            return place
    order = np.argsort(-mean)
    return int(order[1] if order[0] == leader else order[0])
