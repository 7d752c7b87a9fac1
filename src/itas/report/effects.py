"""What matters: how much each choice of a space changes quality, all else equal, as the study's posterior has it.

Points that differ in one choice only are paired; where a choice opens others, those of the others that are open in
both have to agree. The mean difference over such pairs is one number of the joint posterior, so its interval
holds what is not known about all of them together.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from itas.search.bound import BoundSpace
from itas.search.gaussian import Surrogate
from itas.search.history import History
from itas.search.holes import Hole
from itas.search.posterior import surrogate_of

Ints = npt.NDArray[np.int64]

MOST_OPTIONS = 12
_MOST_POINTS, _MOST_PARTNERS = 60, 3


@dataclass(frozen=True, slots=True)
class Effect:
    """One option of a choice against the first one.

    Attributes:
        choice: Name of the choice.
        option: What was chosen.
        instead_of: The option it is held against.
        difference: In quality, as a share; above 0 is better.
        low: Lower end of its 95 % interval.
        high: Upper end.
        pairs: Pairs of architectures that were compared; a sample where there are many.
    """

    choice: str
    option: str
    instead_of: str
    difference: float
    low: float
    high: float
    pairs: int

    @property
    def is_sure(self) -> bool:
        """The interval leaves out 0."""
        return self.low > 0 or self.high < 0


def find_effects(history: History, space: BoundSpace) -> tuple[Effect, ...]:
    """Every option of every choice against the first of its choice; choices that matter most first."""
    if not history.scores:
        return ()
    surrogate = surrogate_of(history, space)
    found = [list(_effects_of(place, hole, surrogate, space)) for place, hole in enumerate(space.space.holes)]
    found = [effects for effects in found if effects]
    found.sort(key=lambda effects: -max(abs(effect.difference) for effect in effects))
    return tuple(effect for effects in found for effect in effects)


def _effects_of(place: int, hole: Hole, surrogate: Surrogate, space: BoundSpace) -> Iterator[Effect]:
    options = [int(code) for code in np.unique(space.codes[:, place]) if code >= 0][:MOST_OPTIONS]
    for option in options[1:]:
        before, after = _pair(space.codes, place, options[0], option)
        if not len(before):
            continue
        difference, sd = _difference(surrogate, before, after)
        yield Effect(
            hole.name,
            _label(hole, option),
            _label(hole, options[0]),
            difference,
            difference - 1.96 * sd,
            difference + 1.96 * sd,
            len(before),
        )


def _pair(codes: Ints, place: int, first: int, second: int) -> tuple[Ints, Ints]:
    """Points with the first option, and partners of theirs with the second, as two lists of equal length."""
    others = np.delete(codes, place, axis=1)
    ones, twos = np.flatnonzero(codes[:, place] == first), np.flatnonzero(codes[:, place] == second)
    step = max(len(ones) // _MOST_POINTS, 1)
    before: list[int] = []
    after: list[int] = []
    for point in ones[::step][:_MOST_POINTS].tolist():
        here, there = others[point], others[twos]
        agrees = ((here == there) | (here < 0) | (there < 0)).all(axis=1)
        partners = twos[agrees]
        chosen = partners[:: max(len(partners) // _MOST_PARTNERS, 1)][:_MOST_PARTNERS]
        before += [point] * len(chosen)
        after += chosen.tolist()
    return np.array(before, dtype=np.int64), np.array(after, dtype=np.int64)


def _difference(surrogate: Surrogate, before: Ints, after: Ints) -> tuple[float, float]:
    """Mean and standard deviation of the mean difference in quality."""
    points, places = np.unique(np.concatenate([before, after]), return_inverse=True)
    weights = np.zeros(len(points))
    np.add.at(weights, places[: len(before)], -1.0 / len(before))
    np.add.at(weights, places[len(before) :], 1.0 / len(after))
    cross = surrogate.cross(points)
    prior = np.column_stack([surrogate.prior_covariance(points, int(point)) for point in points])
    row = (weights @ cross)[None, :]
    variance = float(weights @ prior @ weights) - float(surrogate.explained(row, row)[0, 0])
    return float(weights @ surrogate.mean(cross)), max(variance, 0.0) ** 0.5


def _label(hole: Hole, code: int) -> str:
    numbers = hole.numbers
    return hole.options[code].label if numbers is None else f"{numbers[code]:g}"
