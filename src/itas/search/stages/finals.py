"""Third stage: the best few on fresh development problems; the winner by the posterior of everything.

The choice of finalists was made on the search problems; the fresh ones have not taken part in it.
"""

from collections.abc import Sequence

import numpy as np

from itas.core.concurrency import side_by_side
from itas.search.bound import BoundSpace
from itas.search.history import History, Trial
from itas.search.ledger import Ledger
from itas.search.posterior import Estimate, Posterior, posterior_of
from itas.search.records import PointEstimate, number_scores, scores_of
from itas.search.reserve import Reserve
from itas.search.split import Split


async def name_winner(
    ledger: Ledger, space: BoundSpace, history: History, split: Split, *, count: int, reserve: Reserve
) -> tuple[Posterior, tuple[PointEstimate, ...]]:
    """The posterior with the fresh problems in it, and the finalists, the winner first."""
    points = _finalists(ledger, space, history, count, reserve)
    pooled = History(len(split.search) + len(split.fresh), history.trials)
    if split.fresh and len(points) > 1:
        pooled = pooled.plus(await _run(ledger, space, split, points))
    posterior = _posterior(pooled, space)
    ordered = sorted((posterior.of(point) for point in points), key=lambda entry: -entry.mean)
    finalists = tuple(_describe(entry, space, pooled) for entry in ordered)
    if ledger.journal.find("winner", trials=len(history.trials)) is None:
        ledger.journal.write("winner", trials=len(history.trials), **finalists[0].model_dump(mode="json"))
    return posterior, finalists


def _finalists(
    ledger: Ledger, space: BoundSpace, history: History, count: int, reserve: Reserve
) -> list[int]:
    """The best by now, as many as leave enough for the verdict."""
    known = ledger.journal.find("finalists", trials=len(history.trials))
    if known is not None:
        return [int(point) for point in known["points"]]
    best = [estimate.point for estimate in _posterior(history, space).top(count)]
    points = reserve.pick_finalists(best, reserve.budget.caps - ledger.paid, ledger.costs)
    ledger.journal.write("finalists", trials=len(history.trials), points=points)
    return points


async def _run(ledger: Ledger, space: BoundSpace, split: Split, points: Sequence[int]) -> list[Trial]:
    numbers = tuple(range(len(split.search), len(split.search) + len(split.fresh)))
    finished: list[int] = []

    async def one(point: int) -> Trial:
        architecture = space.points[point].architecture
        result = await ledger.once("finalist", architecture, split.fresh, point=point)
        finished.append(point)
        ledger.tell("finalists", len(finished), len(points))
        scores = number_scores(scores_of(result.observations), split.search + split.fresh)
        return Trial(-1, point, numbers, scores, result.state, result.reason)

    return await side_by_side([one(point) for point in points])


def _posterior(history: History, space: BoundSpace) -> Posterior:
    posterior = posterior_of(history, space)
    assert posterior is not None, "the search ends with an error when there is no score"
    return posterior


def _describe(estimate: Estimate, space: BoundSpace, history: History) -> PointEstimate:
    point = space.points[estimate.point]
    scores = list(history.scores[estimate.point].values())
    return PointEstimate(
        point=point.index,
        choices=point.choices,
        planned_samples=point.planned_samples,
        mean=estimate.mean,
        sd=estimate.sd,
        observed=float(np.mean(scores)),
        n=len(scores),
    )
