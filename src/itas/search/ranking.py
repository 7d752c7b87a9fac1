"""Ranked lists: how good each model is alone, and how good it is at fusing, on development problems."""

import math
from collections.abc import Sequence
from typing import Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt

from itas.core.component import ModelId
from itas.core.spec import Spec

RankingName = Literal["generators", "fusers"]

LEAST_WEIGHT = 0.05
MOST_WEIGHT = 4.0


class Ranked(Spec):
    """One model of a ranked list.

    Attributes:
        model: ``provider/model``.
        skill: Mean score on the development problems, in [0, 1].
        se: Standard error of `skill`; 0 where nothing was measured.
        n: Problems with a score.
        latency_s: Mean seconds of one call on them; None where nothing was measured.
    """

    model: ModelId
    skill: float = Field(ge=0.0, le=1.0)
    se: NonNegativeFloat = 0.0
    n: NonNegativeInt = 0
    latency_s: NonNegativeFloat | None = Field(default=None, exclude_if=lambda seconds: seconds is None)


class Dropped(Spec):
    """A model that is left out of a ranked list, and why."""

    model: ModelId
    reason: str


class Rankings(Spec):
    """The ranked lists that a space may refer to, best first."""

    generators: tuple[Ranked, ...] = ()
    fusers: tuple[Ranked, ...] = ()

    @classmethod
    def provisional(cls, generators: Sequence[str], fusers: Sequence[str] | None = None) -> "Rankings":
        """The models in the order given, as if all were equally good: to count a space before ranking."""
        return cls(
            generators=tuple(Ranked(model=model, skill=0.5) for model in generators),
            fusers=tuple(
                Ranked(model=model, skill=0.5) for model in (generators if fusers is None else fusers)
            ),
        )

    def ranked(self, name: RankingName) -> tuple[Ranked, ...]:
        """The list with that name."""
        return self.generators if name == "generators" else self.fusers

    def models(self, name: RankingName) -> tuple[str, ...]:
        """Its models, best first."""
        return tuple(entry.model for entry in self.ranked(name))

    def seconds(self) -> dict[str, float]:
        """Mean seconds of one call of every model that was measured alone."""
        return {entry.model: entry.latency_s for entry in self.generators if entry.latency_s}

    def weights(self, name: RankingName, *, chance: float) -> dict[str, float]:
        """Weight of each model's vote (see `vote_weight`)."""
        return {entry.model: vote_weight(entry.skill, entry.n, chance=chance) for entry in self.ranked(name)}


def vote_weight(skill: float, n: int, *, chance: float) -> float:
    """The vote of a model that is right with probability `skill`, in [0.05, 4].

    The log-odds of being right over those of guessing. With m equally likely wrong answers and
    ``chance = 1/m`` this is the weight of the most probable answer. `skill` is shrunk by one success and one
    failure, so a model with no mistake in n problems has no infinite vote.
    """
    shrunk = (skill * n + 1.0) / (n + 2.0) if n else skill
    shrunk = min(max(shrunk, 1e-6), 1.0 - 1e-6)
    weight = math.log(shrunk / (1.0 - shrunk)) - math.log(chance / (1.0 - chance))
    return round(min(max(weight, LEAST_WEIGHT), MOST_WEIGHT), 3)


def rank(entries: Sequence[Ranked]) -> tuple[Ranked, ...]:
    """Best first; equally good ones stay in the order given."""
    return tuple(sorted(entries, key=lambda entry: -entry.skill))
