"""What is kept back for the end of a study while it runs, and how the end is cut to what is left.

While trials are made, the end is reckoned from what is known: the finalists are the best by now, and the
contestants follow from the likely winner. When the contestants are known, the number of held-out problems is.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from itas.core.architecture import Architecture
from itas.search.amounts import Amount, Costs, count_fitting, least, most, total
from itas.search.bound import BoundSpace
from itas.search.contestants import LineUp, find_cheapest, find_singles, line_up
from itas.search.estimate import LEAST_HELD_OUT, VERDICT_SHARE, ranking_takes, some_points, wished_held_out
from itas.search.pace import Pace
from itas.search.posterior import Posterior
from itas.search.records import Baseline, Budget, Role, StudySpec
from itas.search.split import Split

FIRST_LEFT_OUT: tuple[Baseline, ...] = ("best of n", "mixture of models", "sampled and voted", "cheapest")
"""Which baselines a small budget drops, in this order. One call of a single model is never dropped."""
SPARE = 1.1
"""A verdict on more problems than the least is planned as if it took so many times as much: replies are asked for
again, and prices are estimates."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What trials may not touch, at one moment.

    Attributes:
        wanted: For finalists and verdict as they are likely to be, as far as the verdict's share goes.
        finalists: For them, if they were as cheap as can be.
        singles: One question of every single model that stands in the verdict.
        held_out: Problems that a verdict has at least.
        dearest: One question of whatever was tried and took the most.
    """

    wanted: Amount
    finalists: Amount
    singles: Amount
    held_out: int
    dearest: Amount

    def after(self, question: Amount) -> "Kept":
        """The same when a point of which one question takes this was tried too."""
        return Kept(self.wanted, self.finalists, self.singles, self.held_out, most(self.dearest, question))

    @property
    def amount(self) -> Amount:
        """As wanted; in any case enough for the smallest verdict, whatever was tried wins."""
        return most(self.wanted, self.finalists + (self.dearest + self.singles).times(self.held_out))


@dataclass(frozen=True, slots=True)
class VerdictPlan:
    """Who stands in the verdict, on how many held-out problems, and whom the budget does not pay for."""

    entries: LineUp
    problems: int
    left_out: Mapping[str, str]


class Reserve:
    """The end of one study in one bound space.

    Args:
        spec: What is searched.
        budget: Its caps.
        split: Its problems.
        space: With the models as they are ranked.
    """

    def __init__(self, spec: StudySpec, budget: Budget, split: Split, space: BoundSpace) -> None:
        self.budget = budget
        self._spec = spec
        self._split = split
        self._space = space
        self._wished = wished_held_out(spec, split)
        self._least_held_out = min(LEAST_HELD_OUT, self._wished)
        self._some = some_points(space)

    @property
    def is_needed(self) -> bool:
        """There is a cap on samples or money."""
        return self.budget.max_samples is not None or self.budget.max_cost_usd is not None

    def kept(self, posterior: Posterior | None, tried: Collection[int], costs: Costs) -> Kept:
        """What trials may not touch now.

        Args:
            posterior: Of what was observed.
            tried: Points that may be among the finalists.
            costs: Of a question, by what is known.
        """
        cheapest = min((costs.of(self._architecture(point)) for point in self._some), key=_size)
        if posterior is None or len(tried) < self._spec.finalists:
            likely = self._some[len(self._some) // 2]
            finalists = costs.of(self._architecture(likely)).times(self._count * len(self._split.fresh))
            entries = self._entries(likely, likely)
        else:
            points = [estimate.point for estimate in posterior.top(self._count)]
            finalists = self._finalists(points, costs)
            entries = self._entries(points[0], find_cheapest(self._space, posterior, points[0]))
        end = finalists + self._each(entries, costs).times(SPARE * self._wished)
        n = len(self._split.search)
        after_ranking = self.budget.caps - ranking_takes(self._spec, self._space.rankings, costs).times(n)
        return Kept(
            wanted=least(end, after_ranking.times(VERDICT_SHARE)),
            finalists=cheapest.times(self._count * len(self._split.fresh)),
            singles=self._singles(costs),
            held_out=self._least_held_out,
            dearest=most(*(costs.of(self._architecture(point)) for point in tried)),
        )

    def seconds(self, posterior: Posterior, pace: Pace, left_s: float) -> float:
        """What finalists and verdict are likely to take, as far as the verdict's share of the time goes.

        Args:
            posterior: Of what was observed.
            pace: Of evaluations.
            left_s: What the ranking has left of the time.
        """
        points = [estimate.point for estimate in posterior.top(self._count)]
        side_by_side = max(pace.of(self._architecture(point)) for point in points)
        entries = self._entries(points[0], find_cheapest(self._space, posterior, points[0]))
        wanted = side_by_side * len(self._split.fresh) + _seconds_of(entries, pace) * self._wished
        return min(wanted, left_s * VERDICT_SHARE)

    def cheapest_point(self, points: Sequence[int], costs: Costs) -> int:
        """The cheapest of these, by price if that is capped."""
        wanted = [point for point in self._some if point in set(points)] or list(points)
        return min(wanted, key=lambda point: _size(costs.of(self._architecture(point))))

    def pick_finalists(self, points: Sequence[int], left: Amount, costs: Costs) -> list[int]:
        """The points, best first, less those that would leave too little for the smallest verdict."""
        found: list[int] = []
        for point in points:
            chosen = [*found, point]
            dearest = most(*(costs.of(self._architecture(each)) for each in chosen))
            smallest = (dearest + self._singles(costs)).times(self._least_held_out)
            if not found or (self._finalists(chosen, costs) + smallest).fits(left):
                found = chosen
        return found

    def plan_verdict(
        self,
        entries: LineUp,
        left: Amount,
        costs: Costs,
        *,
        pace: Pace | None = None,
        left_s: float = math.inf,
    ) -> VerdictPlan:
        """As many held-out problems as the budget pays for and the time is enough for; where these would be too few,
        without baselines.

        Never fewer than the least, which the search has left enough for. If a cap ends even so, what is missing
        is a state of the contestant, and can be made up for with a higher cap.
        """
        left_out: dict[str, str] = {}
        least, pace = self._least_held_out, pace or Pace()
        reason, each_s = "", 0.0
        for baseline in (None, *FIRST_LEFT_OUT):
            if baseline is not None:
                entries, dropped = _without(entries, baseline)
                left_out |= dict.fromkeys(dropped, reason)
            each_s = _seconds_of(entries, pace)
            if not self._each(entries, costs).times(least).fits(left):
                reason = f"what is left of the budget does not pay for it even on {least} held-out problems"
            elif each_s * least > left_s:
                reason = f"what is left of the time is not enough for it even on {least} held-out problems"
            else:
                break
        in_time = self._wished if each_s * self._wished <= left_s else max(int(left_s / each_s), least)
        each = self._each(entries, costs).times(SPARE)
        problems = max(count_fitting(each, left, most=in_time), least)
        return VerdictPlan(entries, problems, left_out)

    @property
    def _count(self) -> int:
        return min(self._spec.finalists, len(self._space))

    def _architecture(self, point: int) -> Architecture:
        return self._space.points[point].architecture

    def _entries(self, winner: int, cheapest: int) -> LineUp:
        entries, _ = line_up(self._spec, self._space, winner=winner, cheapest=cheapest)
        return entries

    def _singles(self, costs: Costs) -> Amount:
        singles = find_singles(self._space.rankings)
        return total(costs.of(self._spec.space.single(entry.model)) for entry in singles)

    def _finalists(self, points: Sequence[int], costs: Costs) -> Amount:
        if len(points) < 2:
            return Amount()
        each = costs.together([self._architecture(point) for point in points])
        return total(each).times(len(self._split.fresh))

    def _each(self, entries: LineUp, costs: Costs) -> Amount:
        return total(costs.together([architecture for architecture, _ in entries]))


def _seconds_of(entries: LineUp, pace: Pace) -> float:
    """One problem for everybody, one after the other."""
    return sum(pace.of(architecture) for architecture, _ in entries)


def _without(entries: LineUp, baseline: Baseline) -> tuple[LineUp, list[str]]:
    """The entries less one that stands for this and perhaps for baselines left out before; and whom that drops."""
    before: set[Role] = set(FIRST_LEFT_OUT[: FIRST_LEFT_OUT.index(baseline) + 1])
    dropped = [entry for entry in entries if set(entry[1]) <= before]
    kept = tuple(entry for entry in entries if entry not in dropped)
    return kept, [role for _, roles in dropped for role in roles]


def _size(amount: Amount) -> tuple[float, float]:
    return amount.micro_usd, amount.samples
