"""Logistic regression with an L1 penalty and probabilities as labels, for a handful of features.

Minimises ``|w|_1 + C * sum_i s_i * (p_i log(1 + exp(-x_i w)) + (1 - p_i) log(1 + exp(x_i w)))``, the problem that
liblinear solves for AlpacaEval (`solver="liblinear"`, no intercept). It is convex, so any solver that
converges finds the same weights; this one is coordinate descent on quadratic models of the loss, with a line
search.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_ROUNDS = 200
_SWEEPS = 100
_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Sample:
    """What is fitted.

    Attributes:
        x: Features, shape (n, features).
        p: Probability of the label 1, in [0, 1], shape (n,).
        weight: How much each row counts, >= 0, shape (n,).
    """

    x: Floats
    p: Floats
    weight: Floats

    def rows(self, chosen: npt.NDArray[np.bool_]) -> "Sample":
        """Some of the rows."""
        return Sample(self.x[chosen], self.p[chosen], self.weight[chosen])


def probability(x: Floats, w: Floats) -> Floats:
    """Probability of the label 1, shape (n,)."""
    return np.exp(-np.logaddexp(0.0, -(x @ w)))


def fit_logistic(sample: Sample, c: float) -> Floats:
    """The weights at the minimum, shape (features,).

    Args:
        sample: What is fitted.
        c: Weight of the loss against the penalty, > 0.
    """
    w = np.zeros(sample.x.shape[1])
    value = _objective(sample, w, c)
    for _ in range(_ROUNDS):
        q = probability(sample.x, w)
        gradient = c * (sample.x.T @ (sample.weight * (q - sample.p)))
        curvature = sample.weight * q * (1 - q)
        hessian = c * (sample.x.T @ (sample.x * curvature[:, None])) + 1e-12 * np.eye(len(w))
        step = _descend(w, gradient, hessian)
        decrease = float(gradient @ step + np.abs(w + step).sum() - np.abs(w).sum())
        if decrease > -_TOLERANCE * max(1.0, abs(value)):
            return w
        size = 1.0
        while _objective(sample, w + size * step, c) > value + 0.01 * size * decrease and size > 1e-10:
            size /= 2
        w = w + size * step
        value = _objective(sample, w, c)
    return w


def log_loss(sample: Sample, w: Floats) -> float:
    """Mean over rows of the weighted loss, probabilities clipped as the official code does."""
    q = np.clip(probability(sample.x, w), 1e-15, 1 - 1e-15)
    return -float(np.mean(sample.weight * (sample.p * np.log(q) + (1 - sample.p) * np.log(1 - q))))


def _descend(w: Floats, gradient: Floats, hessian: Floats) -> Floats:
    """The step to the minimum of the quadratic model with the penalty, one coordinate after the other."""
    step = np.zeros_like(w)
    for _ in range(_SWEEPS):
        largest = 0.0
        for j in range(len(w)):
            slope = gradient[j] + hessian[j] @ step - hessian[j, j] * step[j]
            target = w[j] - slope / hessian[j, j]
            shrunk = float(np.sign(target) * max(abs(target) - 1 / hessian[j, j], 0.0))
            largest = max(largest, abs(shrunk - w[j] - step[j]))
            step[j] = shrunk - w[j]
        if largest < 1e-12:
            break
    return step


def _objective(sample: Sample, w: Floats, c: float) -> float:
    z = sample.x @ w
    loss = sample.p * np.logaddexp(0.0, -z) + (1 - sample.p) * np.logaddexp(0.0, z)
    return float(np.abs(w).sum() + c * (sample.weight * loss).sum())
