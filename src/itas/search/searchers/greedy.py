"""Greedy: change one open value at a time, keep the best.

Source: Saad-Falcon et al. 2024, arXiv:2409.15254, version 6: from a random start, one axis after the other,
all its options with the other axes as they are; then the best of them is the new place. Deviation: when a
whole round has changed nothing, it starts again from another random point instead of stopping.
"""

from collections.abc import Mapping, Sequence
from random import Random
from typing import ClassVar

import numpy as np

from itas.search.bound import BoundSpace
from itas.search.history import History, Proposal
from itas.search.searchers.base import Searcher, draw, neighbours, untried


class Greedy(Searcher):
    """Climbs along one hole at a time, by observed means.

    Nothing is remembered: the way up to here is gone through again from the history, which it decides.
    """

    type: ClassVar = "greedy"

    def ask(self, history: History, rng: Random, *, space: BoundSpace, batch: int) -> tuple[Proposal, ...]:
        wanted = _next_points(history, space)
        if not wanted:
            wanted = draw(untried(history, space), 1, rng)
        return self.propose(wanted[:batch], history)


def _next_points(history: History, space: BoundSpace) -> list[int]:
    """Untried neighbours that the climb waits for; empty when it is to start anew."""
    means = {point: float(np.mean(list(scores.values()))) for point, scores in history.scores.items()}
    starts = list(dict.fromkeys(trial.point for trial in history.trials))
    visited: set[int] = set()
    for start in starts:
        if start in visited or start not in means:
            continue
        # A point that was tried as a neighbour of an earlier climb is in `visited`; any other was a start.
        place, unchanged, axis = start, 0, 0
        visited.add(place)
        while unchanged < len(space.space.holes):
            beside = neighbours(space, place, axis)
            missing = [point for point in beside if point not in history.asked]
            if missing:
                return missing
            visited.update(beside)
            best = _best(place, beside, means)
            unchanged = unchanged + 1 if best == place else 0
            place, axis = best, (axis + 1) % len(space.space.holes)
    return []


def _best(place: int, beside: Sequence[int], means: Mapping[int, float]) -> int:
    known = [place, *(point for point in beside if point in means)]
    return max(known, key=lambda point: means[point])
