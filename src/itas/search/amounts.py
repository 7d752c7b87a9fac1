"""What questions take: in samples and in money, net of what architectures share."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from itas.core.architecture import Architecture
from itas.search.sharing import Sharing
from itas.search.space import Price


@dataclass(frozen=True, slots=True)
class Amount:
    """Model samples and millionths of a dollar; infinite where there is no cap, or no price."""

    samples: float = 0.0
    micro_usd: float = 0.0

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(self.samples + other.samples, self.micro_usd + other.micro_usd)

    def __sub__(self, other: "Amount") -> "Amount":
        return Amount(self.samples - other.samples, self.micro_usd - other.micro_usd)

    def times(self, count: float) -> "Amount":
        """So many times as much; nothing if `count` is 0, whatever the price."""
        return Amount(self.samples * count, self.micro_usd * count) if count else Amount()

    def fits(self, left: "Amount") -> bool:
        """Neither samples nor money are more than what is left."""
        return self.samples <= left.samples and self.micro_usd <= left.micro_usd


def total(amounts: Iterable[Amount]) -> Amount:
    """All together."""
    found = Amount()
    for amount in amounts:
        found += amount
    return found


def most(*amounts: Amount) -> Amount:
    """The most of either kind; nothing for none."""
    return Amount(
        max((amount.samples for amount in amounts), default=0.0),
        max((amount.micro_usd for amount in amounts), default=0.0),
    )


def least(*amounts: Amount) -> Amount:
    """The least of either kind."""
    return Amount(min(amount.samples for amount in amounts), min(amount.micro_usd for amount in amounts))


def count_fitting(each: Amount, left: Amount, *, most: int) -> int:
    """How many times `each` fits into `left`, at most `most`."""
    found = float(most)
    for one, there in ((each.samples, left.samples), (each.micro_usd, left.micro_usd)):
        if one > 0 and math.isfinite(there):  # not a number: no cap, less something without a price
            found = min(found, 0.0 if math.isinf(one) else math.floor(there / one))
    return max(int(found), 0)


@dataclass(frozen=True, slots=True)
class Costs:
    """What one question takes, as planned and, where known, corrected by what planned questions have taken.

    Attributes:
        price: Estimated cost of one question; None counts no money.
        judging: What a judge takes for each answered question beside that; no two architectures share it.
        rate: What was taken for every sample, and for every millionth of a dollar, that was planned.
    """

    price: Price | None = None
    rate: Amount = Amount(1.0, 1.0)
    judging: Amount = Amount()

    def of(self, architecture: Architecture) -> Amount:
        """One question of one architecture; its money is infinite where a model has no price."""
        planned = architecture.planned_samples()
        return self._take(architecture, planned, planned)

    def missing(self, architecture: Architecture, samples: float) -> Amount:
        """One question of which only so many of the planned samples are still to be bought."""
        return self._take(architecture, samples, architecture.planned_samples())

    def together(self, architectures: Sequence[Architecture]) -> tuple[Amount, ...]:
        """The same question for one after the other: what each takes beyond those before it, layer by layer."""
        starts = [_starts(architecture) for architecture in architectures]
        sharing = Sharing.of([start for found in starts for start in found])
        amounts: list[Amount] = []
        whole: list[int] = []
        first = 0
        for found in starts:
            stock = sharing.stock(whole)
            missing = [sharing.missing(first + place, stock) for place in range(len(found))]
            answered = Amount(missing[-1] * self.rate.samples, self._money_of_layers(found, missing))
            amounts.append(answered + self.judging if missing[-1] else answered)
            first += len(found)
            whole.append(first - 1)
        return tuple(amounts)

    def _money_of_layers(self, starts: Sequence[Architecture], missing: Sequence[int]) -> float:
        """Price of what is missing, given as samples up to every layer."""
        if self.price is None:
            return 0.0
        money = 0.0
        planned_before = missing_before = price_before = 0
        for start, missing_here in zip(starts, missing, strict=True):
            cost, planned = self.price(start), start.planned_samples()
            if cost is None:
                return math.inf
            share = (missing_here - missing_before) / max(planned - planned_before, 1)
            money += max(cost - price_before, 0) * share
            planned_before, missing_before, price_before = planned, missing_here, cost
        return money * self.rate.micro_usd

    def _take(self, architecture: Architecture, samples: float, planned: int) -> Amount:
        money = 0.0
        if self.price is not None and samples:
            cost = self.price(architecture)
            # The dearest calls come last (fusers read everything), so what is shared is not taken off in full.
            share = (1.0 + samples / max(planned, 1)) / 2.0
            money = math.inf if cost is None else cost * share * self.rate.micro_usd
        answered = Amount(samples * self.rate.samples, money)
        return answered + self.judging if samples else answered


def _starts(architecture: Architecture) -> list[Architecture]:
    """Its first layer, its first two layers, and so on; most are no architectures that anybody could run."""
    return [
        Architecture.model_construct(
            name="",
            rules=architecture.rules,
            max_candidates=architecture.max_candidates,
            layers=architecture.layers[: count + 1],
        )
        for count in range(len(architecture.layers) - 1)
    ] + [architecture]
