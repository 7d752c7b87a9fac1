"""What a searcher may look at: trials in order, each with its scores on development problems.

Infeasible, failed and over-budget trials are states, never numbers: they have no score, or only those that
were reached.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

TrialState = Literal["pending", "done", "failed", "over_budget"]


@dataclass(frozen=True, slots=True)
class Proposal:
    """Run this point on these development problems (both by number, problems in ascending order)."""

    point: int
    problems: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Trial:
    """A proposal and what came of it.

    Attributes:
        number: Place in the study, from 0.
        point: Number of the point in the bound space.
        problems: Numbers of the problems it was to be run on.
        scores: (problem, score in [0, 1]) for every problem with a score.
        state: ``pending`` until it has ended; ``over_budget`` may have some of its scores.
        reason: Why it failed.
    """

    number: int
    point: int
    problems: tuple[int, ...]
    scores: tuple[tuple[int, float], ...] = ()
    state: TrialState = "done"
    reason: str = ""


@dataclass(frozen=True)
class History:
    """Trials in the order of their numbers, on `n_problems` development problems."""

    n_problems: int
    trials: tuple[Trial, ...] = ()

    @cached_property
    def scores(self) -> Mapping[int, Mapping[int, float]]:
        """Scores by point and problem; only points with at least one, in order of first appearance."""
        found: dict[int, dict[int, float]] = {}
        for trial in self.trials:
            if trial.scores:
                found.setdefault(trial.point, {}).update(trial.scores)
        return found

    @cached_property
    def asked(self) -> Mapping[int, frozenset[int]]:
        """Problems that every proposed point was to be run on, whatever came of it."""
        found: dict[int, frozenset[int]] = {}
        for trial in self.trials:
            found[trial.point] = found.get(trial.point, frozenset()) | frozenset(trial.problems)
        return found

    @cached_property
    def failed(self) -> frozenset[int]:
        """Points of failed trials: nobody proposes them again."""
        return frozenset(trial.point for trial in self.trials if trial.state == "failed")

    @cached_property
    def derived(self) -> dict[int, object]:
        """What was computed from this history and is wanted again, by who computed it; never part of its value."""
        return {}

    @property
    def n_observations(self) -> int:
        """Scores of all points together."""
        return sum(len(scores) for scores in self.scores.values())

    def until(self, count: int) -> "History":
        """The first `count` trials."""
        return History(self.n_problems, self.trials[:count])

    def plus(self, trials: Iterable[Trial]) -> "History":
        """With more trials after these."""
        return History(self.n_problems, (*self.trials, *trials))

    def table(self) -> tuple[npt.NDArray[np.int64], Floats]:
        """Points with scores, and their scores by problem, NaN where there is none; (n,), (n, n_problems)."""
        points = np.fromiter(self.scores, dtype=np.int64, count=len(self.scores))
        table = np.full((len(points), self.n_problems), np.nan)
        for row, scores in enumerate(self.scores.values()):
            table[row, list(scores)] = list(scores.values())
        return points, table
