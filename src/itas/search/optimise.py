"""A small quasi-Newton minimiser (BFGS with backtracking) for a handful of smooth parameters.

Source: Nocedal and Wright 2006, algorithm 6.1, with the Armijo condition only.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def minimise(
    loss: Callable[[Floats], tuple[float, Floats]],
    start: Floats,
    *,
    rounds: int,
    most_step: float,
    tolerance: float = 1e-3,
) -> Floats:
    """The best position found.

    Args:
        loss: Value and slope at a position.
        start: Where to begin, shape (d,).
        rounds: Most evaluations of `loss`.
        most_step: Longest step in any one coordinate.
        tolerance: Ends when a step lowers the value by less.
    """
    position = start.copy()
    value, slope = loss(position)
    inverse = np.eye(len(start)) / max(float(np.abs(slope).max()), 1.0)
    used = 1
    while used < rounds:
        step = -inverse @ slope
        if float(step @ slope) >= 0.0:
            inverse = np.eye(len(start)) / max(float(np.abs(slope).max()), 1.0)
            step = -inverse @ slope
        step *= min(1.0, most_step / max(float(np.abs(step).max()), 1e-12))
        share = 1.0
        while used < rounds:
            next_value, next_slope = loss(position + share * step)
            used += 1
            if next_value <= value + 1e-4 * share * float(step @ slope):
                break
            share *= 0.4
        else:
            break
        moved, turned = share * step, next_slope - slope
        gained = value - next_value
        position, value, slope = position + moved, next_value, next_slope
        curvature = float(moved @ turned)
        if curvature > 1e-10:
            if used <= 3:
                inverse = np.eye(len(start)) * curvature / float(turned @ turned)
            left = np.eye(len(start)) - np.outer(moved, turned) / curvature
            inverse = left @ inverse @ left.T + np.outer(moved, moved) / curvature
        if gained < tolerance:
            break
    return position
