"""Front: quality against cost, all trade-offs at once.

New points are those with the highest expected growth of the area under the front, for the samples they still have
to buy; every second trial gives more problems to a point that may belong to the front.

Source: Emmerich et al. 2011 (expected hypervolume improvement), with costs that are known beforehand; racing as in
`searchers/racing.py`, with a front in the place of the first.
"""

from collections.abc import Sequence
from random import Random
from typing import ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import PositiveInt

from itas.search.bound import BoundSpace
from itas.search.front import expected_area_gain, find_front, scale_costs
from itas.search.history import History, Proposal
from itas.search.posterior import joint_root, posterior_of
from itas.search.searchers.base import Searcher, draw, left_problems, untried
from itas.search.searchers.bayesian import count_first_points, pick_points, start_picking
from itas.search.space import CostKind

Floats = npt.NDArray[np.float64]

_ATTEMPTS = 50


class Front(Searcher):
    """Alternates a new point on a few problems with more problems for a point of the front.

    Attributes:
        problems: How many problems a point starts with, and gets more of at a time.
        first_points: Random points before the model is asked.
        cost: What quality is held against, for one question.
        per_call: Divide the gain of a new point by the samples still to be bought.
    """

    type: ClassVar = "front"

    problems: PositiveInt | None = 20
    first_points: PositiveInt = 16
    cost: CostKind = "samples"
    per_call: bool = True

    def ask(self, history: History, rng: Random, *, space: BoundSpace, batch: int) -> tuple[Proposal, ...]:
        scaled = scale_costs(space.costs(self.cost))
        first = count_first_points(self.first_points, space)
        is_start = len(history.asked) < first or not history.scores
        turns = range(len(history.trials), len(history.trials) + batch)
        wanted = 0 if is_start else sum(turn % 2 for turn in turns)
        more = self._more_problems(history, rng, space, scaled, wanted)
        fresh = self._new_points(history, rng, space, scaled, batch - len(more), first)
        if not is_start and len(fresh) + len(more) < batch:  # no new points are left
            more = self._more_problems(history, rng, space, scaled, batch - len(fresh))
        return (*self.propose(fresh, history), *more)

    def _new_points(
        self, history: History, rng: Random, space: BoundSpace, scaled: Floats, count: int, first: int
    ) -> list[int]:
        open_points = untried(history, space)
        missing = max(first - len(history.asked), 0 if history.scores else 1)
        chosen = draw(open_points, min(count, missing), rng)
        if len(chosen) == min(count, len(open_points)) or not history.scores:
            return chosen
        problems = self.first_problems(history)
        belief, stock = start_picking(history, space, chosen, problems)
        tried = np.fromiter(history.scores, dtype=np.int64)
        front = tried[find_front(scaled[tried], belief.mean[tried])]
        floor = float(belief.mean[tried].min())

        def log_gain(_: Sequence[int]) -> Floats:
            gain = expected_area_gain(scaled, belief.mean, belief.sd, front, floor)
            return np.log(np.maximum(gain, 1e-300))

        rest = count - len(chosen)
        picked = pick_points(belief, stock, rest, log_gain, n_problems=len(problems), per_call=self.per_call)
        return chosen + picked

    def _more_problems(
        self, history: History, rng: Random, space: BoundSpace, scaled: Floats, count: int
    ) -> list[Proposal]:
        """For points of the front of a draw from the posterior, each with the same chance."""
        posterior = posterior_of(history, space) if count else None
        if posterior is None:
            return []
        root = joint_root(posterior.covariance)
        numbers = np.random.default_rng(rng.getrandbits(64))
        step = len(self.first_problems(history))
        left = {int(point): left_problems(history, int(point)) for point in posterior.points}
        found: list[Proposal] = []
        for _ in range(count * _ATTEMPTS):
            if len(found) == count:
                break
            values = posterior.mean + root @ numbers.standard_normal(len(root))
            front = find_front(scaled[posterior.points], values)
            point = int(posterior.points[int(numbers.choice(front))])
            if left[point]:
                found.append(Proposal(point, tuple(left[point][:step])))
                left[point] = []
        return found
