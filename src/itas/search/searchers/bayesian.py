"""Bayesian: a Gaussian process over the enumerated points, expected gain for the calls it takes.

Source: Saad-Falcon et al. 2024, arXiv:2409.15254, searches so with a process over five relaxed axes, 80 first
points and the best observed score. Deviations: the process is exact and lives on the valid points themselves;
16 first points; gain is divided by the calls that the store does not already hold; points of one batch see
each other (kriging believer); the recommendation goes by the posterior.
"""

from collections.abc import Iterator, Sequence
from random import Random
from typing import ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import PositiveInt

from itas.search.acquisition import log_expected_gain
from itas.search.bound import BoundSpace
from itas.search.history import History, Proposal
from itas.search.posterior import surrogate_of
from itas.search.searchers.base import Searcher, draw, untried

Floats = npt.NDArray[np.float64]


class Bayesian(Searcher):
    """Tries the points with the highest expected gain.

    Attributes:
        first_points: Random points before the model is asked; at most a third of a small space.
        per_call: Divide the gain by the samples still to be bought.
    """

    type: ClassVar = "bayesian"

    first_points: PositiveInt = 16
    per_call: bool = True

    def ask(self, history: History, rng: Random, *, space: BoundSpace, batch: int) -> tuple[Proposal, ...]:
        problems = self.first_problems(history)
        return tuple(
            Proposal(point, problems)
            for point in new_points(
                history,
                rng,
                space=space,
                count=batch,
                first=self.first_points,
                per_call=self.per_call,
                problems=problems,
            )
        )


def new_points(
    history: History,
    rng: Random,
    *,
    space: BoundSpace,
    count: int,
    first: int,
    per_call: bool,
    problems: Sequence[int],
) -> list[int]:
    """Up to `count` points that were never tried, to be run on `problems`, most promising first."""
    open_points = untried(history, space)
    missing = max(count_first_points(first, space) - len(history.asked), 0)
    if not history.scores:
        missing = max(missing, 1)
    chosen = draw(open_points, min(count, missing), rng)
    rest = min(count, len(open_points)) - len(chosen)
    if rest and history.scores:
        chosen += _promising(history, space, rest, chosen, per_call=per_call, problems=problems)
    return chosen


def count_first_points(wanted: int, space: BoundSpace) -> int:
    """Random points to begin with: those wanted, at most a third of a small space."""
    return min(wanted, max(len(space) // 3, 4))


def _promising(
    history: History,
    space: BoundSpace,
    count: int,
    chosen: Sequence[int],
    *,
    per_call: bool,
    problems: Sequence[int],
) -> list[int]:
    belief = _Belief(history, space)
    stock = _Stock(history, space, problems)
    for point in [*_pending(history), *chosen]:
        belief.believe(point, len(problems))
    for point in chosen:
        stock.buy(point)
    found: list[int] = []
    for _ in range(count):
        score = belief.log_gain()
        if per_call:
            score = score - np.log1p(stock.missing())
        point = int(np.argmax(np.where(belief.is_open, score, -np.inf)))
        if not belief.is_open[point]:
            break
        found.append(point)
        belief.believe(point, len(problems))
        stock.buy(point)
    return found


def _pending(history: History) -> Iterator[int]:
    return (trial.point for trial in history.trials if trial.state == "pending")


class _Belief:
    """The posterior of all points relative to the best one, as it shrinks when points are being tried."""

    def __init__(self, history: History, space: BoundSpace) -> None:
        self._surrogate = surrogate_of(history, space)
        evidence = self._surrogate.evidence
        self._cross = self._surrogate.cross()
        self._weighted = self._surrogate.weighted(self._cross)
        mean = self._surrogate.mean(self._cross)
        self._variance = self._surrogate.prior_variance - np.einsum("ij,ij->i", self._weighted, self._cross)
        self._best = int(evidence.points[np.argmax(mean[evidence.points])])
        self._ahead = mean - mean[self._best]
        self._noise = float(np.median(evidence.noise))
        self._updates: list[Floats] = []
        self._shared = self._covariance(self._best)
        self.is_open = np.ones(len(space), dtype=np.bool_)
        self.is_open[list(history.asked)] = False

    def log_gain(self) -> Floats:
        """Of every point over the best one."""
        variance = self._variance + self._variance[self._best] - 2.0 * self._shared
        return log_expected_gain(self._ahead, np.sqrt(np.maximum(variance, 1e-12)))

    def believe(self, point: int, n_problems: int) -> None:
        """Go on as if the point had come out as expected: uncertainty falls, means stay."""
        self.is_open[point] = False
        shared = self._covariance(point)
        update = shared / (max(float(shared[point]), 1e-12) + self._noise / n_problems) ** 0.5
        self._updates.append(update)
        self._variance = self._variance - update**2
        self._shared = self._shared - update * update[self._best]

    def _covariance(self, point: int) -> Floats:
        prior = self._surrogate.prior_covariance(np.arange(len(self._variance)), point)
        covariance = prior - self._weighted @ self._cross[point]
        for update in self._updates:
            covariance = covariance - update * update[point]
        return covariance


class _Stock:
    """Samples that every point still has to buy on some problems."""

    def __init__(self, history: History, space: BoundSpace, problems: Sequence[int]) -> None:
        wanted = frozenset(problems)
        self._sharing = space.sharing
        self._stock = self._sharing.stock(p for p, asked in history.asked.items() if wanted <= asked)

    def missing(self) -> Floats:
        return self._sharing.missing_of_all(self._stock).astype(np.float64)

    def buy(self, point: int) -> None:
        self._stock = np.maximum(self._stock, self._sharing.stock([point]))
