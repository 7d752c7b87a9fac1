"""Third stage: the best few on fresh development problems; the winner by the posterior of everything.

The choice of finalists was made on the search problems; the fresh ones have not taken part in it.
"""

from collections.abc import Sequence

import numpy as np

from itas.core.concurrency import side_by_side
from itas.search.bound import BoundSpace
from itas.search.front import find_front, pick_cheapest_within
from itas.search.history import History, Trial
from itas.search.ledger import Ledger
from itas.search.parts import Parts
from itas.search.posterior import Estimate, Posterior, posterior_of
from itas.search.records import FrontPoint, Goal, PointEstimate, scores_of
from itas.search.reserve import Reserve
from itas.search.split import Split


async def name_winner(
    ledger: Ledger,
    space: BoundSpace,
    history: History,
    split: Split,
    *,
    count: int,
    reserve: Reserve,
    goal: Goal,
    parts: Parts,
) -> tuple[Posterior, tuple[PointEstimate, ...], tuple[FrontPoint, ...]]:
    """The posterior with the fresh problems in it; the finalists, the winner first; and the front."""
    points = _finalists(ledger, space, history, count, reserve, goal, parts)
    pooled = History(len(split.search) + len(split.fresh), history.trials)
    if split.fresh and len(points) > 1:
        pooled = pooled.plus(await _run(ledger, space, split, points, parts))
    posterior = _posterior(pooled, space)
    worth = parts.worth(pooled, space, points)
    winner = _pick(space, posterior, points, goal) if worth is None else max(worth, key=lambda p: worth[p])
    ordered = sorted(
        (posterior.of(point) for point in points), key=lambda entry: (entry.point != winner, -entry.mean)
    )
    finalists = tuple(_describe(entry, space, pooled) for entry in ordered)
    if ledger.journal.find("winner", trials=len(history.trials)) is None:
        ledger.journal.write("winner", trials=len(history.trials), **finalists[0].model_dump(mode="json"))
    return posterior, finalists, _front(ledger, space, posterior, pooled, goal)


def _pick(space: BoundSpace, posterior: Posterior, points: Sequence[int], goal: Goal) -> int:
    """The point that the goal asks for, of some evaluated ones."""
    means = np.full(len(space), -np.inf)
    means[list(points)] = [posterior.of(point).mean for point in points]
    costs = space.costs(goal.cost) if goal.within else np.zeros(len(space))
    return pick_cheapest_within(costs, means, points, within=goal.within)


def _hopefuls(space: BoundSpace, posterior: Posterior, count: int, goal: Goal) -> list[int]:
    """The best by now; or, where some quality may be given up, the best and the cheapest that are near it."""
    best = posterior.best
    if not goal.within:
        return [estimate.point for estimate in posterior.top(count)]
    costs = space.costs(goal.cost)
    near = [
        estimate.point
        for estimate in posterior.top(len(posterior.points))
        if estimate.point != best.point and estimate.mean >= best.mean - goal.within
    ]
    return [best.point, *sorted(near, key=lambda point: float(costs[point]))[: count - 1]]


def _front(
    ledger: Ledger, space: BoundSpace, posterior: Posterior, history: History, goal: Goal
) -> tuple[FrontPoint, ...]:
    """From cheap to dear, with the prices that were seen."""
    costs = space.costs(goal.cost)[posterior.points]
    places = find_front(costs, posterior.mean)
    found: list[FrontPoint] = []
    points: list[int] = posterior.points[places].tolist()
    for point in points:
        estimate = _describe(posterior.of(point), space, history)
        architecture = space.points[point].architecture
        seen = ledger.seen_micro_usd(architecture)
        found.append(
            FrontPoint(
                **dict(estimate),
                micro_usd=space.micro_usd(point) if seen is None else seen,
                cost=float(space.costs(goal.cost)[point]),
                architecture=architecture,
            )
        )
    return tuple(found)


def _finalists(
    ledger: Ledger,
    space: BoundSpace,
    history: History,
    count: int,
    reserve: Reserve,
    goal: Goal,
    parts: Parts,
) -> list[int]:
    """The most hopeful by now, as many as leave enough for the verdict."""
    known = ledger.journal.find("finalists", trials=len(history.trials))
    if known is not None:
        return [int(point) for point in known["points"]]
    posterior = _posterior(history, space)
    worth = parts.worth(history, space, posterior.points.tolist())
    if worth is None:
        best = _hopefuls(space, posterior, count, goal)
    else:
        best = sorted(worth, key=lambda point: -worth[point])[:count]
    points = reserve.pick_finalists(best, reserve.budget.caps - ledger.paid, ledger.costs)
    ledger.journal.write("finalists", trials=len(history.trials), points=points)
    return points


async def _run(
    ledger: Ledger, space: BoundSpace, split: Split, points: Sequence[int], parts: Parts
) -> list[Trial]:
    numbers = tuple(range(len(split.search), len(split.search) + len(split.fresh)))
    finished: list[int] = []

    async def one(point: int) -> Trial:
        architecture = space.points[point].architecture
        result = await ledger.once("finalist", architecture, split.fresh, point=point)
        finished.append(point)
        ledger.tell("finalists", len(finished), len(points))
        scores = parts.numbered(scores_of(result.observations), split.search + split.fresh)
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
