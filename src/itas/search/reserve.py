"""What is kept back for the end of a study, and whether a budget reaches a verdict at all."""

from dataclasses import dataclass

import numpy as np

from itas.errors import SpecError
from itas.search.bound import BoundSpace
from itas.search.records import Budget, StudyEstimate, StudySpec
from itas.search.space import Price
from itas.search.split import Split

LEAST_HELD_OUT = 30
VERDICT_SHARE = 0.5
"""Of a budget, what the verdict may take when nobody says how many held-out problems to use."""
_PRICED_POINTS = 500


@dataclass(frozen=True, slots=True)
class Reserve:
    """Upper bounds for one study in one bound space; samples as planned, none of them found in the store.

    Attributes:
        most_samples: Of one query, over all points.
        most_micro_usd: Likewise; None without prices.
    """

    spec: StudySpec
    budget: Budget
    split: Split
    most_samples: int
    least_samples: int
    most_micro_usd: int | None

    @classmethod
    def of(
        cls, spec: StudySpec, budget: Budget, split: Split, space: BoundSpace, price: Price | None
    ) -> "Reserve":
        """Bounds over all points of a space.

        Raises:
            SpecError: A cap in dollars, but a model without a price.
        """
        planned = space.planned_samples
        most = _most_micro_usd(space, price, is_capped=budget.max_cost_usd is not None)
        return cls(spec, budget, split, int(planned.max()), int(planned.min()), most)

    @property
    def held_out(self) -> int:
        """Held-out problems that the verdict uses: as wished, or all, or what half of the budget pays."""
        available = len(self.split.held_out)
        if self.spec.held_out is not None:
            return min(self.spec.held_out, available)
        if self.budget.max_samples is not None:
            paid_for = int(VERDICT_SHARE * self.budget.max_samples) // self._samples_each
            available = min(available, max(paid_for, LEAST_HELD_OUT))
        if self.budget.max_cost_usd is not None and self.most_micro_usd:
            share = VERDICT_SHARE * self.budget.max_cost_usd * 1e6
            available = min(available, max(int(share) // self._micro_usd_each, LEAST_HELD_OUT))
        return available

    @property
    def samples(self) -> int:
        """For finalists and verdict."""
        return self._final_queries * self.most_samples + self.held_out * self._samples_each

    @property
    def micro_usd(self) -> int | None:
        """For finalists and verdict; None without prices."""
        if self.most_micro_usd is None:
            return None
        return self._final_queries * self.most_micro_usd + self.held_out * self._micro_usd_each

    def estimate(self, space: BoundSpace) -> StudyEstimate:
        """The whole study in numbers.

        Raises:
            SpecError: The budget does not reach a verdict.
        """
        n = len(self.split.search)
        start = min(self.spec.searcher.problems or n, n)
        fusers = len(self.spec.all_fusers) if "fusers" in self.spec.space.rankings_used else 0
        # Fusers read one answer of each of the best models, which the ranking of models has bought.
        ranking = n * (len(self.spec.models) + (fusers if fusers > 1 else 0))
        least = ranking + self.least_samples * start + self.samples
        money = self.micro_usd
        rate = 0.0 if self.most_micro_usd is None else self.most_micro_usd / max(self.most_samples, 1)
        least_money = None if money is None else money + round(rate * (ranking + self.least_samples * start))
        self._check(ranking, self.least_samples * start, least, least_money)
        return StudyEstimate(
            space=space.describe(),
            search_problems=n,
            fresh_problems=len(self.split.fresh),
            held_out_problems=self.held_out,
            ranking_samples=ranking,
            trial_samples=(self.least_samples * start, self.most_samples * start),
            reserved_samples=self.samples,
            least_samples=least,
            reserved_micro_usd=money,
            least_micro_usd=least_money,
        )

    def _check(self, ranking: int, trial: int, least: int, least_micro_usd: int | None) -> None:
        cures = (
            f"Raise the cap, lower 'max_samples' in the space (a query takes up to {self.most_samples}), or "
            "use fewer held-out problems ('held_out') or baselines"
        )
        cap = self.budget.max_samples
        if cap is not None and least > cap:
            raise SpecError(
                f"{cap} samples do not reach a verdict: ranking takes {ranking}, one trial at least {trial}, "
                f"finalists and verdict on {self.held_out} held-out problems up to {self.samples}, together "
                f"{least}. {cures}",
                path="max_samples",
            )
        cap_usd = self.budget.max_cost_usd
        if cap_usd is not None and least_micro_usd is not None and least_micro_usd > cap_usd * 1e6:
            raise SpecError(
                f"{cap_usd:g} dollars do not reach a verdict: ranking, one trial, finalists and a verdict on "
                f"{self.held_out} held-out problems may take {least_micro_usd / 1e6:.2f}. {cures}",
                path="max_cost_usd",
            )

    @property
    def _final_queries(self) -> int:
        return self.spec.finalists * len(self.split.fresh)

    @property
    def _samples_each(self) -> int:
        """Of all contestants on one held-out problem, at most."""
        return self.most_samples * (1 + len(self.spec.baselines)) + 1

    @property
    def _micro_usd_each(self) -> int:
        return (self.most_micro_usd or 0) * (2 + len(self.spec.baselines))


def _most_micro_usd(space: BoundSpace, price: Price | None, *, is_capped: bool) -> int | None:
    """Price of the dearest query, looked for among the points with the most samples and some others."""
    if price is None:
        if is_capped:
            raise SpecError(
                "a cap in dollars needs prices, and none are given. Use max_samples", path="max_cost_usd"
            )
        return None
    order = np.argsort(-space.planned_samples, kind="stable")
    rest = order[_PRICED_POINTS:]
    chosen = [*order[:_PRICED_POINTS], *rest[:: max(len(rest) // _PRICED_POINTS, 1)]]
    dearest = 0
    for index in chosen:
        architecture = space.points[int(index)].architecture
        cost = price(architecture)
        if cost is None:
            if is_capped:
                raise SpecError(
                    "a cap in dollars needs a price for every model; one of "
                    f"{', '.join(architecture.models)} has none. Give its price, or use max_samples",
                    path="max_cost_usd",
                )
            return None
        dearest = max(dearest, cost)
    return dearest
