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
from itas.search.posterior import Posterior, joint_root, posterior_of
from itas.search.searchers.base import Searcher, left_problems
from itas.search.searchers.bayesian import count_first_points, new_points

_ATTEMPTS = 50


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

    def ask(self, history: History, rng: Random, *, space: BoundSpace, batch: int) -> tuple[Proposal, ...]:
        turns = range(len(history.trials), len(history.trials) + batch)
        is_start = len(history.asked) < count_first_points(self.first_points, space) or not history.scores
        wanted = 0 if is_start else sum(turn % 2 for turn in turns)
        more = self._more_problems(history, rng, space=space, count=wanted)
        fresh = new_points(
            history,
            rng,
            space=space,
            count=batch - len(more),
            first=self.first_points,
            per_call=self.per_call,
            problems=self.first_problems(history),
        )
        short = batch - len(more) - len(fresh)
        if short and not is_start:  # no new points are left
            more = self._more_problems(history, rng, space=space, count=batch - len(fresh))
        return (*self.propose(fresh, history), *more)

    def _more_problems(
        self, history: History, rng: Random, *, space: BoundSpace, count: int
    ) -> list[Proposal]:
        posterior = posterior_of(history, space) if count else None
        if posterior is None:
            return []
        left = {int(point): left_problems(history, int(point)) for point in posterior.points}
        step = len(self.first_problems(history))
        numbers = np.random.default_rng(rng.getrandbits(64))
        race = _Race(posterior, numbers, self.leader_share)
        found: list[Proposal] = []
        for _ in range(count):
            for _ in range(_ATTEMPTS):
                point = race.contender()
                if left[point]:
                    found.append(Proposal(point, tuple(left[point][:step])))
                    left[point] = []
                    break
        return found


class _Race:
    """Draws points with the chance that they are the best, or the best but one."""

    def __init__(self, posterior: Posterior, numbers: np.random.Generator, leader_share: float) -> None:
        self._posterior = posterior
        self._root = joint_root(posterior.covariance)
        self._numbers = numbers
        self._leader_share = leader_share

    def contender(self) -> int:
        leader = self._leader()
        if self._numbers.random() < self._leader_share:
            return leader
        for _ in range(_ATTEMPTS):
            other = self._leader()
            if other != leader:
                return other
        return leader

    def _leader(self) -> int:
        draw = self._posterior.mean + self._root @ self._numbers.standard_normal(len(self._root))
        return int(self._posterior.points[int(np.argmax(draw))])
