"""What a history says about its points: the one posterior through which every searcher recommends.

The best point is the one with the highest posterior mean among those that were evaluated, never the one with
the best observed score: that overstates by several points.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from itas.search.bound import BoundSpace
from itas.search.gaussian import Hyperparameters, Surrogate, fit, weigh
from itas.search.history import History, Trial

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Estimate:
    """Quality of one point as the posterior has it: `mean` and standard deviation, on the scale of scores.

    `sd` contains what is not known about the difficulty of the problems drawn.
    """

    point: int
    mean: float
    sd: float


@dataclass(frozen=True, slots=True)
class Posterior:
    """Joint posterior of the evaluated points: `mean` (n,), `covariance` (n, n)."""

    points: Ints
    mean: Floats
    covariance: Floats

    @property
    def best(self) -> Estimate:
        """The point to recommend."""
        return self.top(1)[0]

    def top(self, count: int) -> tuple[Estimate, ...]:
        """The `count` best by posterior mean, best first; of equal ones, the first evaluated."""
        order = np.argsort(-self.mean, kind="stable")[:count]
        return tuple(self._estimate(int(place)) for place in order)

    def of(self, point: int) -> Estimate:
        """One evaluated point."""
        return self._estimate(self._place(point))

    def difference(self, point: int, other: int) -> tuple[float, float]:
        """Mean and standard deviation of quality of `point` minus quality of `other`."""
        a, b = self._place(point), self._place(other)
        variance = self.covariance[a, a] + self.covariance[b, b] - 2.0 * self.covariance[a, b]
        return float(self.mean[a] - self.mean[b]), float(max(variance, 0.0)) ** 0.5

    def _place(self, point: int) -> int:
        return int(np.flatnonzero(self.points == point)[0])

    def _estimate(self, place: int) -> Estimate:
        variance = max(float(self.covariance[place, place]), 0.0)
        return Estimate(int(self.points[place]), float(self.mean[place]), variance**0.5)


def posterior_of(history: History, space: BoundSpace) -> Posterior | None:
    """The posterior of all evaluated points; None while there is no score."""
    if not history.scores:
        return None
    surrogate = surrogate_of(history, space)
    mean, covariance = surrogate.evaluated()
    return Posterior(surrogate.evidence.points, mean, covariance)


def expected_gap(history: History, space: BoundSpace, *, rng: np.random.Generator, most: int = 200) -> float:
    """How much better the best point of the space is expected to be than the recommended one.

    Args:
        rng: For joint draws from the posterior.
        most: Points looked at: those with the highest expected gain each.
    """
    surrogate = surrogate_of(history, space)
    cross = surrogate.cross()
    mean, variance = surrogate.mean(cross), surrogate.variance(cross)
    evaluated = surrogate.evidence.points
    best = int(evaluated[np.argmax(mean[evaluated])])
    hopeful = np.argsort(-(mean + np.sqrt(variance)), kind="stable")[:most]
    chosen = np.unique(np.append(hopeful, best))
    if len(chosen) == 1:
        return 0.0
    rows = cross[chosen]
    prior = np.column_stack([surrogate.prior_covariance(chosen, int(point)) for point in chosen])
    covariance = prior - surrogate.explained(rows, rows)
    draws = mean[chosen] + rng.standard_normal((256, len(chosen))) @ joint_root(covariance).T
    place = int(np.flatnonzero(chosen == best)[0])
    return float((draws.max(axis=1) - draws[:, place]).mean())


def surrogate_of(history: History, space: BoundSpace) -> Surrogate:
    """The Gaussian process for a history with at least one score.

    Hyperparameters are those of the history at its last milestone, so that they need not be found anew for
    every trial and still depend on the history alone. The same object is given for the same history and space.
    """
    known = history.derived.get(id(space))
    if isinstance(known, _Kept) and known.space is space:
        return known.surrogate
    surrogate = _make_surrogate(history, space)
    history.derived[id(space)] = _Kept(space, surrogate)
    return surrogate


@dataclass(frozen=True, slots=True)
class _Kept:
    """A surrogate with its space, which keeps the space's id from being given to another one."""

    space: BoundSpace
    surrogate: Surrogate


def _make_surrogate(history: History, space: BoundSpace) -> Surrogate:
    points, table = history.table()
    evidence = weigh(points, table)
    hyper = _hyperparameters(space, history.until(_milestone(len(history.trials))).trials, history.n_problems)
    if hyper is None:
        hyper = fit(space.features, evidence)
    return Surrogate(space.features, evidence, hyper)


@lru_cache(maxsize=4)
def _hyperparameters(space: BoundSpace, trials: tuple[Trial, ...], n_problems: int) -> Hyperparameters | None:
    history = History(n_problems, trials)
    if not history.scores:
        return None
    points, table = history.table()
    return fit(space.features, weigh(points, table))


def _milestone(count: int) -> int:
    """The number of trials at which hyperparameters were last found: often at first, seldom later."""
    step = 1 if count < 12 else 4 if count < 48 else 8 if count < 96 else 24
    return count - count % step


def joint_root(covariance: Floats) -> Floats:
    """A matrix whose product with standard normal numbers has this covariance, singular or not."""
    values, vectors = np.linalg.eigh(covariance)
    return vectors * np.sqrt(np.maximum(values, 0.0))
