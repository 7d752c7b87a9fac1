"""Bayesian: a Gaussian process over the enumerated points, expected gain for the calls it takes.

Source: Saad-Falcon et al. 2024, arXiv:2409.15254, searches so with a process over five relaxed axes, 80 first
points and the best observed score. Deviations: the process is exact and lives on the valid points themselves;
16 first points; gain is divided by the calls that the store does not already hold; points of one batch see
each other (kriging believer); the recommendation goes by the posterior.
"""

from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field, PositiveInt

from itas.search.belief import Belief
from itas.search.bound import BoundSpace
from itas.search.history import History, Proposal
from itas.search.searchers.base import Searcher, draw, untried

Floats = npt.NDArray[np.float64]
Acquisition = Literal["ei", "nei", "ts"]


class Bayesian(Searcher):
    """Tries the points with the highest expected gain.

    Attributes:
        first_points: Random points before the model is asked; at most a third of a small space.
        per_call: Divide the gain by the samples still to be bought; not for ``ts``.
        acquisition: ``ei``: expected gain over the best point, as uncertain as that is itself; ``nei``: the same on
            average over what all tried points may be worth (noisy expected improvement); ``ts``: the best of a
            draw from the posterior (Thompson sampling).
    """

    type: ClassVar = "bayesian"

    first_points: PositiveInt = 16
    per_call: bool = True
    acquisition: Acquisition = Field(default="ei", exclude_if=lambda value: value == "ei")

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
                acquisition=self.acquisition,
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
    acquisition: Acquisition = "ei",
) -> list[int]:
    """Up to `count` points that were never tried, to be run on `problems`, most promising first."""
    open_points = untried(history, space)
    missing = max(count_first_points(first, space) - len(history.asked), 0)
    if not history.scores:
        missing = max(missing, 1)
    chosen = draw(open_points, min(count, missing), rng)
    rest = min(count, len(open_points)) - len(chosen)
    if rest and history.scores:
        chosen += _promising(
            history, space, rest, chosen, rng, per_call=per_call, problems=problems, acquisition=acquisition
        )
    return chosen


def count_first_points(wanted: int, space: BoundSpace) -> int:
    """Random points to begin with: those wanted, at most a third of a small space."""
    return min(wanted, max(len(space) // 3, 4))


def _promising(
    history: History,
    space: BoundSpace,
    count: int,
    chosen: Sequence[int],
    rng: Random,
    *,
    per_call: bool,
    problems: Sequence[int],
    acquisition: Acquisition,
) -> list[int]:
    belief, stock = start_picking(history, space, chosen, problems)
    if acquisition == "ei":
        return pick_points(
            belief, stock, count, lambda _: belief.log_gain(), n_problems=len(problems), per_call=per_call
        )
    numbers = np.random.default_rng(rng.getrandbits(64))
    if acquisition == "ts":
        return belief.drawn_best(count, numbers)
    tried = [*pending_points(history), *chosen]

    def log_gain(picked: Sequence[int]) -> Floats:
        return belief.noisy_log_gain([*tried, *picked], numbers)

    return pick_points(belief, stock, count, log_gain, n_problems=len(problems), per_call=per_call)


def start_picking(
    history: History, space: BoundSpace, chosen: Sequence[int], problems: Sequence[int]
) -> tuple[Belief, "Stock"]:
    """What is believed and what was bought, as if all pending points and those already chosen had been run."""
    belief, stock = Belief(history, space), Stock(history, space, problems)
    for point in [*pending_points(history), *chosen]:
        belief.believe(point, len(problems))
    for point in chosen:
        stock.buy(point)
    return belief, stock


def pick_points(
    belief: Belief,
    stock: "Stock",
    count: int,
    log_gain: Callable[[Sequence[int]], Floats],
    *,
    n_problems: int,
    per_call: bool,
) -> list[int]:
    """Up to `count` open points with the highest gain, each picked as if those before it had been run.

    Args:
        belief: What is believed; goes on with every pick.
        stock: What was bought; goes on likewise.
        count: How many.
        log_gain: Log gain of every point, shape (n,), given the points picked so far.
        n_problems: On how many problems a point will be run.
        per_call: Divide the gain by the samples still to be bought.
    """
    found: list[int] = []
    while len(found) < count:
        score = log_gain(found)
        if per_call:
            score = score - np.log1p(stock.missing())
        point = int(np.argmax(np.where(belief.is_open, score, -np.inf)))
        if not belief.is_open[point]:
            break
        found.append(point)
        belief.believe(point, n_problems)
        stock.buy(point)
    return found


def pending_points(history: History) -> Iterator[int]:
    """Points of trials that have not ended."""
    return (trial.point for trial in history.trials if trial.state == "pending")


class Stock:
    """Samples that every point still has to buy on some problems."""

    def __init__(self, history: History, space: BoundSpace, problems: Sequence[int]) -> None:
        wanted = frozenset(problems)
        self._sharing = space.sharing
        self._stock = self._sharing.stock(p for p, asked in history.asked.items() if wanted <= asked)

    def missing(self) -> Floats:
        """Of every point, shape (n,)."""
        return self._sharing.missing_of_all(self._stock).astype(np.float64)

    def buy(self, point: int) -> None:
        """Go on as if a point had been run."""
        self._stock = np.maximum(self._stock, self._sharing.stock([point]))
