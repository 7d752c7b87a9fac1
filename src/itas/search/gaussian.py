"""An exact Gaussian process over points, for scores on problems that differ in difficulty.

Score of point i on problem p = f(i) + b(p) + noise, with f a Gaussian process over features (Matern 5/2,
one length scale per feature), b(p) ~ N(0, sb^2) independent, and noise of each point estimated from its
residuals. The problem effects are integrated out exactly: all that the scores say about f is a precision
matrix and a vector over the evaluated points (`Evidence`), so the cost does not grow with the problems.

Points that were run on the same problems are compared within problems; a point that was run on hard problems
is not taken for a bad one. Hyperparameters are the mode of their posterior under log-normal priors.

Source: Rasmussen and Williams 2006, chapters 2 and 5; the additive model of points and problems is the
two-way analysis of variance with random problems.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from itas.search.optimise import minimise

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_AnyFloats = npt.NDArray[np.floating[Any]]

LEVEL_SD = 0.3
"""Prior standard deviation of the level that all points share; wide, so the data decide."""
OWN_SHARE = 0.1
"""What is a point's own, not explained by features: standard deviation as a share of the process's."""

SCALE_MODE, SCALE_SPREAD = 0.06, 0.8
"""Log-normal prior of the process's standard deviation (points on a scale of 0 to 1)."""
LENGTH_MODE, LENGTH_SPREAD = 0.6, 0.9
"""Log-normal prior of the length scales of features in [0, 1], for four features; grows with their number."""

_PRIOR_NOISE, _PRIOR_PROBLEMS, _PRIOR_COUNT = 0.12, 0.08, 8.0
_OWN_NOISE_COUNT = 30.0
_SQRT5 = 5.0**0.5
_MANY = 1000
"""From so many points on, prior covariances are found in single precision: errors of 1e-10, half the time."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that scores say about the evaluated points.

    Attributes:
        points: Their numbers, shape (n,).
        center: Mean score, subtracted before.
        precision: Of the values of f at the points, problem effects integrated out; shape (n, n).
        pull: Precision times the observed values, shape (n,).
        noise: Variance of one score of each point around f + b, shape (n,).
        problem_variance: Variance of the problem effects.
    """

    points: Ints
    center: float
    precision: Floats
    pull: Floats
    noise: Floats
    problem_variance: float


@dataclass(frozen=True, slots=True)
class Hyperparameters:
    """Standard deviation of the process and length scale of each feature."""

    scale: float
    lengths: tuple[float, ...]


def weigh(points: Ints, table: Floats) -> Evidence:
    """Turn a table of scores (n points, m problems; NaN where there is none) into evidence."""
    given = ~np.isnan(table)
    center = float(table[given].mean())
    values = np.where(given, table - center, 0.0)
    noise, problem_variance = _variances(values, given)
    weights = given / noise[:, None]
    damping = 1.0 / (weights.sum(axis=0) + 1.0 / problem_variance)
    precision = np.diag(weights.sum(axis=1)) - (weights * damping) @ weights.T
    weighted = weights * values
    pull = weighted.sum(axis=1) - weights @ (damping * weighted.sum(axis=0))
    return Evidence(points, center, precision, pull, noise, problem_variance)


def _variances(values: Floats, given: npt.NDArray[np.bool_]) -> tuple[Floats, float]:
    """Noise of every point, and the variance of the problem effects, each shrunk to a prior guess."""
    per_point, per_problem = given.sum(axis=1), given.sum(axis=0)
    rows, columns = np.zeros(len(values)), np.zeros(values.shape[1])
    for _ in range(20):
        rows = (np.where(given, values - columns, 0.0)).sum(axis=1) / per_point
        columns = (np.where(given, values - rows[:, None], 0.0)).sum(axis=0) / np.maximum(per_problem, 1)
    residuals = np.where(given, values - rows[:, None] - columns, 0.0) ** 2
    seen = per_problem > 0
    freedom = max(float(given.sum() - len(rows) - seen.sum() + 1), 0.0)
    pooled = (_PRIOR_COUNT * _PRIOR_NOISE + residuals.sum()) / (_PRIOR_COUNT + freedom)
    # Residuals are too small by the degrees of freedom spent; the pooled share is given back to every point.
    lost = given.sum() / max(freedom, given.sum() / 4.0)
    own = (_OWN_NOISE_COUNT * pooled + lost * residuals.sum(axis=1)) / (_OWN_NOISE_COUNT + per_point)
    several = per_problem > 1
    count = float(several.sum())
    spread = 0.0
    if count > 1:
        spread = count * max(
            float(columns[several].var(ddof=1)) - float((pooled / per_problem[several]).mean()), 0.0
        )
    problems = (_PRIOR_COUNT * _PRIOR_PROBLEMS + spread) / (_PRIOR_COUNT + count)
    return np.maximum(own, 1e-3), max(problems, 1e-4)


class Surrogate:
    """The posterior of f over all points, given evidence and hyperparameters."""

    def __init__(self, features: Floats, evidence: Evidence, hyper: Hyperparameters) -> None:
        self.evidence = evidence
        self.hyper = hyper
        self._scaled = features / np.asarray(hyper.lengths)
        self._own = (OWN_SHARE * hyper.scale) ** 2
        points = evidence.points
        rows = self._scaled[points]
        self._kernel: Floats = _matern(rows, rows, hyper.scale).astype(np.float64) + LEVEL_SD**2
        self._kernel[np.diag_indices(len(points))] += self._own
        self._gain, self._pull, _ = _condition(self._kernel, evidence)

    @property
    def prior_variance(self) -> float:
        """Of f at any point before anything was seen."""
        return LEVEL_SD**2 + self.hyper.scale**2 + self._own

    def cross(self, points: Ints | None = None) -> Floats:
        """Prior covariance of points (all by default) with the evaluated ones, shape (m, n)."""
        left = self._scaled if points is None else self._scaled[points]
        right = self._scaled[self.evidence.points]
        if len(left) >= _MANY:
            left, right = left.astype(np.float32), right.astype(np.float32)
        kernel: Floats = _matern(left, right, self.hyper.scale).astype(np.float64)
        kernel += LEVEL_SD**2
        numbers = np.arange(len(self._scaled)) if points is None else points
        place = {int(point): column for column, point in enumerate(self.evidence.points)}
        if points is None:
            kernel[self.evidence.points, np.arange(len(self.evidence.points))] += self._own
        else:
            for row, number in enumerate(numbers.tolist()):
                if number in place:
                    kernel[row, place[number]] += self._own
        return kernel

    def mean(self, cross: Floats) -> Floats:
        """Posterior mean, from `cross`."""
        return self.evidence.center + cross @ self._pull

    def weighted(self, cross: Floats) -> Floats:
        """`cross` times the gain of the evidence; with `cross` again, what the evidence explains."""
        return cross @ self._gain

    def explained(self, left: Floats, right: Floats) -> Floats:
        """What the evidence takes off the covariance of `left` and `right` (rows of `cross`)."""
        return left @ self._gain @ right.T

    def variance(self, cross: Floats) -> Floats:
        """Posterior variance of every row of `cross`."""
        taken = np.einsum("ij,ij->i", cross @ self._gain, cross)
        return np.maximum(self.prior_variance - taken, 1e-12)

    def evaluated(self) -> tuple[Floats, Floats]:
        """Posterior mean and covariance of the evaluated points, shapes (n,) and (n, n)."""
        kernel = self._kernel
        return self.mean(kernel), kernel - self.explained(kernel, kernel)

    def prior_covariance(self, points: Ints, other: int) -> Floats:
        """Of every one of `points` with `other`, shape (m,)."""
        kernel = _matern(self._scaled[points], self._scaled[[other]], self.hyper.scale)[:, 0] + LEVEL_SD**2
        return kernel + self._own * (points == other)


def fit(features: Floats, evidence: Evidence, *, rounds: int = 25) -> Hyperparameters:
    """Most probable hyperparameters given the evidence and their priors."""
    rows = features[evidence.points]
    n_features = rows.shape[1]
    squares = (rows[:, None, :] - rows[None, :, :]) ** 2
    modes = np.log([SCALE_MODE, *[LENGTH_MODE * max(n_features / 4.0, 1.0) ** 0.5] * n_features])
    spreads = np.array([SCALE_SPREAD, *[LENGTH_SPREAD] * n_features])

    def loss(position: Floats) -> tuple[float, Floats]:
        value, slope = _misfit(position, squares, evidence)
        offset = (position - modes) / spreads
        return value + 0.5 * float(offset @ offset), slope + offset / spreads

    found = minimise(loss, modes, rounds=rounds, most_step=1.0)
    return Hyperparameters(float(np.exp(found[0])), tuple(float(x) for x in np.exp(found[1:])))


def _misfit(position: Floats, squares: Floats, evidence: Evidence) -> tuple[float, Floats]:
    """Minus the log evidence, and its slope in log scale and log length scales."""
    variance = np.exp(2.0 * position[0])
    inverse = np.exp(-2.0 * position[1:])
    distance = np.sqrt(squares @ inverse)
    decay = np.exp(-_SQRT5 * distance)
    shape = (1.0 + _SQRT5 * distance + 5.0 / 3.0 * distance**2) * decay
    n = len(shape)
    process = variance * (shape + OWN_SHARE**2 * np.eye(n))
    kernel = process + LEVEL_SD**2
    gain, pull, log_det = _condition(kernel, evidence)
    value = 0.5 * log_det - 0.5 * float(evidence.pull @ kernel @ pull)
    weight = 0.5 * (gain - np.outer(pull, pull))
    steep = weight * (5.0 / 3.0 * variance * (1.0 + _SQRT5 * distance) * decay)
    slope = np.empty_like(position)
    slope[0] = 2.0 * float((weight * process).sum())
    slope[1:] = np.tensordot(steep, squares, axes=([0, 1], [0, 1])) * inverse
    return value, slope


def _matern(left: _AnyFloats, right: _AnyFloats, scale: float) -> _AnyFloats:
    """Matern 5/2 of scaled rows, as exact as they are."""
    square = (left**2).sum(axis=1)[:, None] + (right**2).sum(axis=1) - 2.0 * left @ right.T
    distance = np.sqrt(np.maximum(square, 0.0, out=square), out=square)
    distance *= _SQRT5
    shape = distance * (1.0 / 3.0)
    shape += 1.0
    shape *= distance
    shape += 1.0
    shape *= np.exp(np.negative(distance, out=distance), out=distance)
    shape *= scale**2
    return shape


def _condition(kernel: Floats, evidence: Evidence) -> tuple[Floats, Floats, float]:
    """``P (I + K P)^-1``, ``(I + P K)^-1 pull`` and ``log det (I + K P)`` for kernel K and precision P.

    P = F F' is factored first: ``I + F' K F`` is symmetric with eigenvalues of at least 1, whatever K is.
    """
    n = len(kernel)
    jitter = 1e-9 * float(np.trace(evidence.precision)) / n
    factor = np.linalg.cholesky(evidence.precision + jitter * np.eye(n)).astype(np.float64)
    inner: Floats = np.eye(n) + factor.T @ kernel @ factor
    gain: Floats = factor @ np.linalg.solve(inner, factor.T)
    root = np.linalg.cholesky(inner).astype(np.float64)
    log_det = float(2.0 * np.log(np.diagonal(root)).sum())
    return gain, evidence.pull - gain @ (kernel @ evidence.pull), log_det
