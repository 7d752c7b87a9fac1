"""Front: points that nothing cheaper is better than, and how much a set of points covers.

Cost is known before anything is asked, so only quality is uncertain. Areas are taken over cost scaled to [0, 1]
between the cheapest and the dearest point of a space, and over quality above a floor.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from itas.search.acquisition import log_expected_gain

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MARGIN = 0.02
"""How far the area goes beyond the dearest point, so that this one covers something too."""


def find_front(costs: Floats, quality: Floats) -> Ints:
    """Places of the points that no cheaper or equally dear one is as good as, from cheap to dear.

    Args:
        costs: Shape (n,).
        quality: Shape (n,).
    """
    order = np.lexsort((-quality, costs))
    best = np.maximum.accumulate(quality[order])
    is_new = np.append(True, best[1:] > best[:-1])
    return order[is_new]


def scale_costs(costs: Floats) -> Floats:
    """Costs between the least and the most, in [0, 1]."""
    low, high = float(costs.min()), float(costs.max())
    return (costs - low) / (high - low) if high > low else np.zeros_like(costs)


def hypervolume(scaled: Floats, quality: Floats, floor: float) -> float:
    """Area under the front of some points: over scaled cost from 0 to 1 + margin, and above the floor."""
    front = find_front(scaled, quality)
    ends = np.append(scaled[front][1:], 1.0 + MARGIN)
    return float(((ends - scaled[front]) * np.maximum(quality[front] - floor, 0.0)).sum())


def expected_area_gain(
    scaled: Floats, mean: Floats, sd: Floats, front: Sequence[int] | Ints, floor: float
) -> Floats:
    """Expected growth of the area under a front if a point joined it, for every point; shape (n,).

    Source: Emmerich et al. 2011 (expected hypervolume improvement); with known costs it is a sum of expected
    improvements over the stretches of cost between front points. The front is taken at its posterior mean.

    Args:
        scaled: Costs in [0, 1], shape (n,).
        mean, sd: Posterior of every point, shape (n,).
        front: Points of the front, from cheap to dear.
        floor: Quality that is left where no point is cheap enough.
    """
    places = np.asarray(front, dtype=np.int64)
    starts = np.append(0.0, scaled[places])
    ends = np.append(scaled[places], 1.0 + MARGIN)
    heights = np.append(floor, np.maximum.accumulate(mean[places]))
    lengths = np.maximum(ends - np.maximum(starts, scaled[:, None]), 0.0)
    gains = np.exp(log_expected_gain(mean[:, None] - heights, np.maximum(sd, 1e-9)[:, None]))
    return (lengths * gains).sum(axis=1)


def pick_cheapest_within(costs: Floats, quality: Floats, points: Iterable[int], *, within: float) -> int:
    """The cheapest of some points whose quality is at most `within` below the best of them."""
    chosen = list(points)
    least = max(float(quality[point]) for point in chosen) - within
    return min(
        (point for point in chosen if quality[point] >= least),
        key=lambda point: (float(costs[point]), -float(quality[point])),
    )
