"""Landscape: the numbers that make one world of simulated models and problems.

Quality of an answer lives on a log-odds scale: an answer of quality 0 to a problem is right with chance one half.
All standard deviations and effects below are on that scale unless said otherwise.
"""

from typing import Literal, Self

from pydantic import Field, NonNegativeFloat, PositiveFloat, model_validator

from itas.core.spec import Spec
from itas.search.ranking import Ranked, Rankings

PROVIDER = "lab"


class Landscape(Spec):
    """One world.

    Attributes:
        name: Of the landscape.
        description: What it is like, in one sentence.
        scoring: ``right``: an answer is right or wrong. ``preferred``: two judgements in both orders against a
            fixed opponent; a score is 0, 0.5 or 1.
        generating: Skill of every model at answering by itself, mean quality on a problem of middle difficulty.
        fusing: Skill of every model at writing one answer out of many, from 0 (none) to 1.
        judging: Skill of every model at telling good answers from bad ones, from 0 to 1.
        difficulty: Standard deviation of problems.
        kinship: Standard deviation of how a problem suits a whole family of models; every third model is of
            one family.
        taste: Standard deviation of how a problem suits one model; persists over its samples.
        wavering: Standard deviation of one sample.
        luck: How uncertain the outcome is that an answer of given quality has: its chance is
            ``1 / (1 + exp(-quality / luck))``.
        blindness: Noise of a perfect judge who sees few answers; see `crowding`.
        crowding: How much more noise there is with 24 answers in one prompt than with one, as a factor.
        allure: Standard deviation of how much better than it is an answer looks, to every judge.
        deceit: How much better an answer looks for every unit that it is worse, in the eyes of every judge.
        critique_help: Share of the noise of judging that is left when critiques are there.
        synthesis: What a perfect fuser gains from many unlike answers.
        needs: How many unlike answers give two thirds of that gain.
        staleness: Share of the gain that is left in every further layer of fusers.
        drift: What every fusing loses.
        own_weight: How much of a fused answer is the fuser's own opinion, in [0, 1].
        fuse_noise: Standard deviation of one fused answer.
        checking: Noise of a verifier, as a share of a judge's.
        testing: Noise of unit tests, as a share of a judge's.
        threshold: Quality above which a verifier lets an answer pass.
        quirks: Standard deviation of what nobody can foresee about one fuser after given layers: makes the
            landscape rough.
    """

    name: str
    description: str
    scoring: Literal["right", "preferred"] = "right"
    generating: tuple[float, ...] = Field(min_length=2)
    fusing: tuple[float, ...]
    judging: tuple[float, ...]
    difficulty: PositiveFloat = 1.6
    kinship: NonNegativeFloat = 0.5
    taste: NonNegativeFloat = 0.8
    wavering: NonNegativeFloat = 0.6
    luck: PositiveFloat = 0.35
    blindness: NonNegativeFloat = 0.7
    crowding: PositiveFloat = 3.0
    allure: NonNegativeFloat = 0.6
    deceit: NonNegativeFloat = 0.0
    critique_help: PositiveFloat = 0.75
    synthesis: float = 0.6
    needs: PositiveFloat = 2.0
    staleness: NonNegativeFloat = 0.6
    drift: NonNegativeFloat = 0.1
    own_weight: float = Field(default=0.25, ge=0.0, le=1.0)
    fuse_noise: NonNegativeFloat = 0.5
    checking: PositiveFloat = 2.2
    testing: PositiveFloat = 2.0
    threshold: float = 0.0
    quirks: NonNegativeFloat = 0.0

    @model_validator(mode="after")
    def _check_lengths(self) -> Self:
        if not len(self.generating) == len(self.fusing) == len(self.judging):
            raise ValueError("generating, fusing and judging need one number per model each")
        return self

    @property
    def models(self) -> tuple[str, ...]:
        """Ids of the models, in the order of `generating`."""
        return tuple(f"{PROVIDER}/{number:02d}" for number in range(1, len(self.generating) + 1))

    def number_of(self, model: str) -> int:
        """Place of a model in `models`.

        Raises:
            KeyError: It is not of this landscape.
        """
        try:
            return self.models.index(model)
        except ValueError:
            raise KeyError(f"'{model}' is not a model of the landscape '{self.name}'") from None

    def rankings(self) -> Rankings:
        """The true order of the models by themselves and as fusers."""

        def order(skills: tuple[float, ...]) -> tuple[Ranked, ...]:
            places = sorted(range(len(skills)), key=lambda place: -skills[place])
            top, low = max(skills), min(skills)
            return tuple(
                Ranked(model=self.models[place], skill=(skills[place] - low) / ((top - low) or 1.0))
                for place in places
            )

        return Rankings(generators=order(self.generating), fusers=order(self.fusing))
