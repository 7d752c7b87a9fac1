"""Belief: the posterior of all points, and how much each may gain over the best one, while some are being tried."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from itas.search.acquisition import log_expected_gain
from itas.search.bound import BoundSpace
from itas.search.history import History
from itas.search.posterior import joint_root, surrogate_of

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_FANTASIES = 16
_HOPEFUL = 300
_JITTER = 1e-6


class Belief:
    """The posterior of all points, as it shrinks when points are being tried.

    Attributes:
        mean: Posterior mean of every point, shape (n,).
        is_open: Whether a point was never proposed, shape (n,).
    """

    def __init__(self, history: History, space: BoundSpace) -> None:
        self._surrogate = surrogate_of(history, space)
        evidence = self._surrogate.evidence
        self._cross = self._surrogate.cross()
        self._weighted = self._surrogate.weighted(self._cross)
        mean = self._surrogate.mean(self._cross)
        self.mean = mean
        self._variance = self._surrogate.prior_variance - np.einsum("ij,ij->i", self._weighted, self._cross)
        self._best = int(evidence.points[np.argmax(mean[evidence.points])])
        self._ahead = mean - mean[self._best]
        self._noise = float(np.median(evidence.noise))
        self._updates: list[Floats] = []
        self._shared = self._covariance(self._best)
        self.is_open = np.ones(len(space), dtype=np.bool_)
        self.is_open[list(history.asked)] = False

    @property
    def sd(self) -> Floats:
        """Standard deviation of every point, shape (n,)."""
        return np.sqrt(np.maximum(self._variance, 1e-12))

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

    def noisy_log_gain(self, tried: Sequence[int], rng: np.random.Generator) -> Floats:
        """Of the most hopeful open points over the best one, on average over what the tried points may really be worth.

        Source: Letham et al. 2019, arXiv:1706.07094 (noisy expected improvement): the values of all tried points,
        pending ones included, are drawn from their joint posterior; given each draw, the others are predicted
        without noise.
        """
        surrogate = self._surrogate
        points = np.unique(np.append(surrogate.evidence.points, np.asarray(tried, dtype=np.int64)))
        mean, covariance = self._joint(points)
        values = mean + rng.standard_normal((_FANTASIES, len(points))) @ joint_root(covariance).T
        hopeful = self._hopeful()
        cross = np.column_stack([surrogate.prior_covariance(hopeful, int(point)) for point in points])
        kernel = np.column_stack([surrogate.prior_covariance(points, int(point)) for point in points])
        kernel += _JITTER * surrogate.prior_variance * np.eye(len(points))
        weights = np.linalg.solve(kernel, cross.T).T
        left = surrogate.prior_variance - np.einsum("ij,ij->i", weights, cross)
        sd = np.sqrt(np.maximum(left, 1e-12))
        center = surrogate.evidence.center
        gains = [log_expected_gain(center + weights @ (draw - center) - draw.max(), sd) for draw in values]
        found = np.full(len(self._variance), -np.inf)
        found[hopeful] = np.logaddexp.reduce(np.stack(gains), axis=0) - np.log(_FANTASIES)
        return found

    def drawn_best(self, count: int, rng: np.random.Generator) -> list[int]:
        """Up to `count` open points that are the best of a joint draw from the posterior each (Thompson sampling).

        Of the open points only the most hopeful take part.
        """
        hopeful = self._hopeful()
        found: list[int] = []
        if not len(hopeful):
            return found
        center, covariance = self._joint(hopeful)
        root = joint_root(covariance)
        while len(found) < min(count, len(hopeful)):
            draw = center + root @ rng.standard_normal(len(hopeful))
            draw[np.isin(hopeful, found)] = -np.inf
            found.append(int(hopeful[int(np.argmax(draw))]))
        return found

    def _hopeful(self) -> Ints:
        """Open points with the highest mean plus two standard deviations."""
        height = np.where(self.is_open, self.mean + 2.0 * self.sd, -np.inf)
        places = np.argsort(-height, kind="stable")[:_HOPEFUL]
        return places[self.is_open[places]]

    def _joint(self, points: Ints) -> tuple[Floats, Floats]:
        """Posterior mean and covariance of some points."""
        rows = self._cross[points]
        prior = np.column_stack([self._surrogate.prior_covariance(points, int(point)) for point in points])
        return self._surrogate.mean(rows), prior - self._surrogate.explained(rows, rows)
