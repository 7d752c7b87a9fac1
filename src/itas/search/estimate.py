"""What a study takes before anything is paid for, and whether a budget reaches a verdict at all."""

import math
from dataclasses import dataclass
from statistics import median

import numpy as np

from itas.core.money import format_usd
from itas.errors import SpecError
from itas.search.amounts import Amount, Costs, count_fitting, least, most, total
from itas.search.bound import BoundSpace
from itas.search.contestants import find_singles, line_up
from itas.search.ranking import Rankings
from itas.search.records import DEFAULT_TRIALS, Budget, StudyEstimate, StudySpec
from itas.search.space import Price
from itas.search.split import Split
from itas.search.stages.ranking import FUSED_ANSWERS

LEAST_HELD_OUT = 30
VERDICT_SHARE = 0.5
"""Of what the ranking leaves of a budget, what finalists and verdict are expected to take at most."""
_PRICED_POINTS = 200


def estimate_study(
    spec: StudySpec,
    budget: Budget,
    split: Split,
    space: BoundSpace,
    price: Price | None,
    *,
    judging: Amount | None = None,
) -> StudyEstimate:
    """The whole study in numbers; `judging` is what a judge takes for each answered question.

    Raises:
        SpecError: The budget does not reach a verdict, or is in dollars and a model has no price.
    """
    if budget.max_cost_usd is not None and price is None:
        raise SpecError(
            "a cap in dollars needs prices, and none are given. Use max_samples", path="max_cost_usd"
        )
    costs = Costs(price, judging=judging or Amount())
    points = _Points.of(space, costs)
    if budget.max_cost_usd is not None and points.unpriced:
        raise SpecError(
            "a cap in dollars needs a price for every model; one of "
            f"{', '.join(points.unpriced)} has none. Give its price, or use max_samples",
            path="max_cost_usd",
        )
    return _Estimator(spec, budget, split, space, costs, points).estimate()


def guess_rankings(spec: StudySpec, price: Price | None) -> Rankings:
    """The models before anybody has ranked them: the dearest first, as those tend to be good; in the order given
    where a price is missing, or prices decide which points there are."""

    def by_price(models: tuple[str, ...]) -> tuple[str, ...]:
        if price is None or spec.space.max_cost_usd is not None:
            return models
        found = {model: price(spec.space.single(model)) for model in models}
        return models if None in found.values() else tuple(sorted(models, key=lambda m: -(found[m] or 0)))

    return Rankings.provisional(by_price(spec.models), by_price(spec.all_fusers))


def ranking_takes(spec: StudySpec, rankings: Rankings, costs: Costs) -> Amount:
    """Ranking of models and fusers, for one question."""
    asked = [spec.space.single(model) for model in spec.models]
    if "fusers" in spec.space.rankings_used and len(spec.all_fusers) > 1:
        top = rankings.models("generators")[:FUSED_ANSWERS]
        asked += [spec.space.fusing(model, top) for model in spec.all_fusers]
    return total(costs.together(asked))


def some_points(space: BoundSpace, count: int = _PRICED_POINTS) -> list[int]:
    """Points spread evenly over the space by their samples, those with the fewest and the most among them."""
    order = np.argsort(space.planned_samples, kind="stable")
    places = np.unique(np.linspace(0, len(order) - 1, num=min(count, len(order))).round().astype(np.int64))
    return [int(order[place]) for place in places]


@dataclass(frozen=True, slots=True)
class _Points:
    """Cheapest, middle and dearest point by samples, and by price, with what a question of them takes."""

    cheapest: tuple[int, int]
    middle: tuple[int, int]
    dearest: tuple[int, int]
    unpriced: tuple[str, ...]

    @classmethod
    def of(cls, space: BoundSpace, costs: Costs) -> "_Points":
        chosen = some_points(space)
        by_samples = sorted(chosen, key=lambda point: int(space.planned_samples[point]))
        wanted = float(median(space.planned_samples.tolist()))
        middle = min(by_samples, key=lambda point: abs(int(space.planned_samples[point]) - wanted))
        money = {point: costs.of(space.points[point].architecture).micro_usd for point in chosen}
        unpriced = next((point for point, cost in money.items() if math.isinf(cost)), None)
        by_price = sorted(chosen, key=lambda point: money[point])
        return cls(
            (by_samples[0], by_price[0]),
            (middle, by_price[(len(by_price) - 1) // 2]),
            (by_samples[-1], by_price[-1]),
            () if unpriced is None else space.points[unpriced].architecture.models,
        )


@dataclass(frozen=True, slots=True)
class _Estimator:
    spec: StudySpec
    budget: Budget
    split: Split
    space: BoundSpace
    costs: Costs
    points: _Points

    def estimate(self) -> StudyEstimate:
        n = len(self.split.search)
        start = min(self.spec.searcher.problems or n, n)
        wished = wished_held_out(self.spec, self.split)
        fewest = min(LEAST_HELD_OUT, wished)
        ranking = ranking_takes(self.spec, self.space.rankings, self.costs).times(n)
        cheapest, middle, dearest = (
            self._question(pair) for pair in (self.points.cheapest, self.points.middle, self.points.dearest)
        )
        trial = cheapest.times(start)
        end = self._finalists(cheapest) + (cheapest + self._singles()).times(fewest)
        whole = ranking + trial + end
        self._check(ranking, trial, end, whole, fewest)
        each, each_worst = self._verdict(self.points.middle), self._verdict(self.points.dearest)
        there = (self.budget.caps - ranking).times(VERDICT_SHARE) - self._finalists(middle)
        held_out = max(count_fitting(each, there, most=wished), fewest)
        typical, worst = (
            least(self._finalists(question) + verdict.times(held_out), self.budget.caps - ranking - trial)
            for question, verdict in ((middle, each), (dearest, each_worst))
        )
        trials = self.budget.trials or DEFAULT_TRIALS
        all_typical = ranking + middle.times(start * trials) + typical
        all_worst = ranking + dearest.times(n * trials) + self._finalists(dearest) + each_worst.times(wished)
        all_typical, all_worst = (
            most(whole, least(amount, self.budget.caps)) for amount in (all_typical, all_worst)
        )
        return StudyEstimate(
            space=self.space.describe(),
            search_problems=n,
            fresh_problems=len(self.split.fresh),
            held_out_problems=held_out,
            least_held_out_problems=fewest,
            ranking_samples=round(ranking.samples),
            trial_samples=(round(trial.samples), round(dearest.samples * start)),
            reserved_samples=round(typical.samples),
            worst_reserved_samples=round(worst.samples),
            least_samples=round(whole.samples),
            typical_samples=round(all_typical.samples),
            worst_samples=round(all_worst.samples),
            reserved_micro_usd=self._money(typical),
            worst_reserved_micro_usd=self._money(worst),
            least_micro_usd=self._money(whole),
            typical_micro_usd=self._money(all_typical),
            worst_micro_usd=self._money(all_worst),
        )

    def _question(self, pair: tuple[int, int]) -> Amount:
        """Of one point its samples, of another its money."""
        by_samples, by_price = (self.costs.of(self.space.points[point].architecture) for point in pair)
        return Amount(by_samples.samples, by_price.micro_usd)

    def _singles(self) -> Amount:
        """As if all models were equally good, so that as many as can be stand in the verdict."""
        dearest = most(*(self.costs.of(self.spec.space.single(model)) for model in self.spec.models))
        return dearest.times(len(find_singles(self.space.rankings)))

    def _finalists(self, question: Amount) -> Amount:
        count = min(self.spec.finalists, len(self.space))
        return question.times(count * len(self.split.fresh) if count > 1 else 0)

    def _verdict(self, pair: tuple[int, int]) -> Amount:
        """All contestants on one question, if a point like this won. The cheapest is reckoned as another such."""
        found: list[Amount] = []
        for point in pair:
            entries, _ = line_up(self.spec, self.space, winner=point, cheapest=point)
            each = total(self.costs.together([entry for entry, _ in entries]))
            if "cheapest" in self.spec.baselines:
                each += self.costs.of(self.space.points[point].architecture)
            found.append(each)
        return Amount(found[0].samples, found[1].micro_usd)

    def _money(self, amount: Amount) -> int | None:
        is_known = (
            self.costs.price is not None and not self.points.unpriced and math.isfinite(amount.micro_usd)
        )
        return round(amount.micro_usd) if is_known else None

    def _check(self, ranking: Amount, trial: Amount, end: Amount, whole: Amount, held_out: int) -> None:
        cures = "Raise the cap, or use fewer models, problems or finalists"
        caps = self.budget.caps
        parts = f"finalists and the smallest verdict, on {held_out} held-out problems,"
        if whole.samples > caps.samples:
            raise SpecError(
                f"{caps.samples:.0f} samples do not reach a verdict: ranking takes {ranking.samples:.0f}, one "
                f"trial at least {trial.samples:.0f}, {parts} at least {end.samples:.0f}, together "
                f"{whole.samples:.0f}. {cures}",
                path="max_samples",
            )
        if whole.micro_usd > caps.micro_usd:
            usd = [format_usd(round(each.micro_usd)) for each in (ranking, trial, end, whole)]
            raise SpecError(
                f"{self.budget.max_cost_usd:g} dollars do not reach a verdict: ranking takes about {usd[0]}, one "
                f"trial at least {usd[1]}, {parts} at least {usd[2]}, together {usd[3]}. {cures}",
                path="max_cost_usd",
            )


def wished_held_out(spec: StudySpec, split: Split) -> int:
    """Held-out problems that the verdict would use if nothing cost anything."""
    available = len(split.held_out)
    return available if spec.held_out is None else min(spec.held_out, available)
