"""What a study is told and what it finds: everything here is written to disk."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Literal, Self

from pydantic import (
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    field_validator,
    model_validator,
)

from itas.core.architecture import Architecture
from itas.core.component import ModelId
from itas.core.observation import Observation
from itas.core.problem import Score
from itas.core.spec import Spec, digest
from itas.search.amounts import Amount
from itas.search.bound import Description
from itas.search.history import TrialState
from itas.search.ranking import Dropped, RankingName, Rankings
from itas.search.searchers import AnySearcher, Racing
from itas.search.space import CostKind, Space

Baseline = Literal["sampled and voted", "best of n", "mixture of models", "cheapest"]
Role = Literal["winner", "best single model", "other single model"] | Baseline
SINGLES: frozenset[Role] = frozenset({"best single model", "other single model"})
"""Roles of one call of one model."""
Relation = Literal["better", "worse", "tied", "unknown"]
Stage = Literal["ranking models", "ranking fusers", "search", "finalists", "verdict"]
Because = Literal[
    "the winner is better than one call",
    "it is better than one call and than the winner",
    "it is better than one call, the winner is not proven to be",
    "nothing is proven better than one call",
]
EndKind = Literal["trials", "budget", "time", "gap", "exhausted", "failures"]
BASELINES: tuple[Baseline, ...] = ("sampled and voted", "best of n", "mixture of models", "cheapest")
DEFAULT_TRIALS = 160
"""Where no cap is set at all."""


class Budget(Spec):
    """Caps on the whole study, verdict included. May be raised when a study is resumed.

    Attributes:
        max_trials: Trials of the search.
        max_samples: Model samples bought (not found in the call store).
        max_cost_usd: Dollars; needs prices for all models.
        max_seconds: Of the clock, in one run: when it is resumed, they begin anew. No trial is begun that would not
            leave enough for finalists and verdict, as long as what was seen took, up to half of what the ranking has
            left; the verdict is on as many held-out problems as there is time for, but never below its least.
    """

    max_trials: PositiveInt | None = None
    max_samples: PositiveInt | None = None
    max_cost_usd: PositiveFloat | None = None
    max_seconds: PositiveFloat | None = Field(default=None, exclude_if=lambda seconds: seconds is None)

    @property
    def caps(self) -> Amount:
        """Samples and money in all; infinite without a cap."""
        return Amount(
            math.inf if self.max_samples is None else self.max_samples,
            math.inf if self.max_cost_usd is None else self.max_cost_usd * 1e6,
        )

    @property
    def trials(self) -> int | None:
        """Cap on trials; where nothing is capped, a default; None where only samples or money are."""
        is_capped = any(cap is not None for cap in (self.max_samples, self.max_cost_usd, self.max_seconds))
        return DEFAULT_TRIALS if self.max_trials is None and not is_capped else self.max_trials


class Goal(Spec):
    """What the winner is named for: the best, or the cheapest that is nearly as good.

    Attributes:
        within: Quality that may be given up for a lower cost, on the scale of scores; 0 names the best.
        cost: What is saved for it, for one question.
    """

    within: float = Field(default=0.0, ge=0.0, lt=1.0)
    cost: CostKind = "samples"


Aggregate = Literal["mean", "standardised", "worst"]
"""What one architecture is worth on several benchmarks: the mean of its scores; the mean of its scores on every
benchmark in standard deviations of the best single model's there; or the worst of these gains over that model."""


class StudySpec(Spec):
    """What to search and how to judge it.

    Attributes:
        name: For people.
        space: Where to search.
        models: Candidates for generators.
        fusers: Candidates for fusers and judges; the models by default.
        searcher: Who proposes.
        goal: What the winner is named for.
        aggregate: What counts where the problems are those of several benchmarks; nothing else looks at it.
        dev: Development problems; see `split_problems`.
        held_out: Most held-out problems used; by default all. A budget may pay for fewer: how many is decided
            when it is known who stands in the verdict.
        finalists: How many points see the fresh development problems.
        batch: Trials side by side.
        stop_gap: End the search when the best point is expected to be better than the recommended one by
            less than this; None to go on until the budget ends.
        min_evaluations: Not before so many evaluations on all search problems (or half of the space).
        baselines: What the winner is held against, besides the best single model.
        seed: Decides every random choice.
    """

    name: str = "study"
    space: Space
    models: tuple[ModelId, ...] = Field(min_length=1)
    fusers: tuple[ModelId, ...] | None = None
    searcher: AnySearcher = Racing()
    goal: Goal = Goal()
    aggregate: Aggregate = "mean"
    dev: PositiveInt | None = None
    held_out: PositiveInt | None = None
    finalists: PositiveInt = 5
    batch: PositiveInt = 8
    stop_gap: PositiveFloat | None = 0.01
    min_evaluations: NonNegativeFloat = 40.0
    baselines: tuple[Baseline, ...] = BASELINES
    seed: int = 0

    @model_validator(mode="after")
    def _has_one_scale(self) -> Self:
        if self.aggregate == "worst" and self.goal.within:
            raise ValueError("'within' gives up points of a mean; with aggregate: worst there is none")
        return self

    @field_validator("models", "fusers")
    @classmethod
    def _each_once(cls, models: tuple[str, ...] | None) -> tuple[str, ...] | None:
        for model in models or ():
            if models and models.count(model) > 1:
                raise ValueError(f"every model once, '{model}' is there twice")
        return models

    @property
    def all_fusers(self) -> tuple[str, ...]:
        """The fusers, or the models where none are named."""
        return self.models if self.fusers is None else self.fusers

    @property
    def costs_used(self) -> frozenset[CostKind]:
        """What the goal and the searcher hold quality against, besides samples."""
        goal = {self.goal.cost} if self.goal != Goal() else set[CostKind]()
        own: object = getattr(self.searcher, "cost", "samples")
        kinds: tuple[CostKind, ...] = ("usd", "tokens", "seconds")
        return frozenset(kind for kind in kinds if kind in goal or kind == own)

    @property
    def fingerprint(self) -> str:
        """SHA-256 over everything but the name; a goal and an aggregate that are the usual ones do not count."""
        usual = {"goal"} if self.goal == Goal() else set[str]()
        if self.aggregate == "mean":
            usual.add("aggregate")
        return digest(self.model_dump(mode="json", exclude={"name", *usual}))


class StudyEstimate(Spec):
    """What a study takes, before anything is paid for. Samples are as planned, none found in the store.

    *Typical* is what a study takes in which all points are like the middle one of the space (by samples for the
    samples, by price for the money); *worst* is where all are like the dearest one; *least* is what cannot be
    done without. Money is in millionths of a dollar, None without prices.

    Attributes:
        space: The space with the models as if they were ranked: the dearest first, as those tend to be good, or
            in the order given where a price is missing or limits the space.
        search_problems: Development problems for trials.
        fresh_problems: Set aside for the finalists.
        held_out_problems: That the verdict is expected to use: all that are wished for, or what a typical verdict
            leaves of the budget for them. How many it will be is decided when the contestants are known.
        least_held_out_problems: That the verdict uses at least.
        ranking_samples: To rank models and fusers.
        trial_samples: Of one trial on the problems it starts with: least and most.
        reserved_samples: For finalists and verdict on `held_out_problems`, typical; never more than ranking and
            one trial leave of the cap.
        worst_reserved_samples: The same, worst.
        least_samples: A cap below is refused: the ranking, one trial of the cheapest point, finalists as cheap,
            and on `least_held_out_problems` nobody but a winner as cheap and one call of each single model.
        typical_samples: The whole study with all trials of the cap (or of the default), none sharing a call
            with another; never more than the cap.
        worst_samples: The same, worst, and every trial on all problems.
        reserved_micro_usd: As `reserved_samples`.
        worst_reserved_micro_usd: As `worst_reserved_samples`.
        least_micro_usd: As `least_samples`.
        typical_micro_usd: As `typical_samples`.
        worst_micro_usd: As `worst_samples`.
        basis: What the money is reckoned with, for people; empty where nothing is said.
    """

    space: Description
    search_problems: PositiveInt
    fresh_problems: NonNegativeInt
    held_out_problems: PositiveInt
    least_held_out_problems: PositiveInt
    ranking_samples: NonNegativeInt
    trial_samples: tuple[int, int]
    reserved_samples: NonNegativeInt
    worst_reserved_samples: NonNegativeInt
    least_samples: NonNegativeInt
    typical_samples: NonNegativeInt
    worst_samples: NonNegativeInt
    reserved_micro_usd: NonNegativeInt | None = None
    worst_reserved_micro_usd: NonNegativeInt | None = None
    least_micro_usd: NonNegativeInt | None = None
    typical_micro_usd: NonNegativeInt | None = None
    worst_micro_usd: NonNegativeInt | None = None
    basis: str = ""


class PointEstimate(Spec):
    """A point as the posterior has it: quality as mean and standard deviation, on the scale of scores."""

    point: NonNegativeInt
    choices: dict[str, str | int | float]
    planned_samples: NonNegativeInt
    mean: float
    sd: NonNegativeFloat
    observed: float | None = None
    n: NonNegativeInt = 0


class FrontPoint(PointEstimate):
    """A point of the front: nothing that is cheaper is believed to be as good.

    Attributes:
        micro_usd: What one question took on average in this study, in millionths of a dollar; where that was not
            seen, the estimate; None without prices.
        cost: Of one question, in the words of the goal (`Goal.cost`).
        architecture: Ready to run; None in results of before this was written.
    """

    micro_usd: NonNegativeInt | None = None
    cost: NonNegativeFloat | None = None
    architecture: Architecture | None = None


class TrialRecord(Spec):
    """One trial, with the mean of its scores where there are any."""

    number: int
    point: NonNegativeInt
    state: TrialState
    reason: str = ""
    mean: float | None = None
    n: NonNegativeInt = 0


class Margin(Spec):
    """Quality of one minus quality of another on the same problems, with a 95 % interval."""

    difference: float
    low: float
    high: float
    n: NonNegativeInt
    verdict: Literal["better", "worse", "tied"]

    @property
    def turned(self) -> "Margin":
        """The other minus the one."""
        turned: dict[str, Literal["better", "worse", "tied"]] = {"better": "worse", "worse": "better"}
        return Margin(
            difference=-self.difference,
            low=-self.high,
            high=-self.low,
            n=self.n,
            verdict=turned.get(self.verdict, "tied"),
        )


Compare = Callable[[Sequence[Observation], Sequence[Sequence[Observation]]], Sequence[Margin]]
"""The observations of one contestant against those of each of a family of others; the verdicts of a family hold
together (correction for their number). Every pair has at least one problem with a score from both."""


class Contestant(Spec):
    """Who stood in the verdict.

    Attributes:
        roles: What it stands for; several where they are one architecture.
        architecture: Ready to run.
        planned_samples: Model samples for one question.
        observations: On the held-out problems, in their order; fewer if a budget ended.
        state: ``done``, or why not all of it.
        reason: Likewise, in words.
        mean: Mean score, None without any.
        against_winner: The winner minus this one; None for the winner, and where nothing is comparable. One call
            of a single model is a question of its own, for each of them; the others are compared as one family.
        against_single: This one minus one call of the best single model; None for one call of any model (unless
            it won), and where nothing is comparable. For the winner it is the question of its own, the others are
            one family.
        against_others: This one minus one call of each other single model, by its model; likewise.
    """

    roles: tuple[Role, ...] = Field(min_length=1)
    architecture: Architecture
    planned_samples: NonNegativeInt
    observations: tuple[Observation, ...] = ()
    state: TrialState = "done"
    reason: str = ""
    mean: float | None = None
    against_winner: Margin | None = None
    against_single: Margin | None = None
    against_others: dict[str, Margin] = Field(default_factory=dict[str, Margin])

    @property
    def is_single(self) -> bool:
        """One call of one model, whatever else it stands for."""
        return bool(SINGLES & set(self.roles))


class Verdict(Spec):
    """The outcome on problems that nothing was selected on.

    Attributes:
        relation: Of the winner to one call of a single model: better only if it is better than one call of every
            one that stands in the verdict; worse if every one that it is not better than is proven better.
        one_call_is_as_good: One call of some single model is not beaten by the winner. Another contestant may be
            better than all of them: then it is recommended.
        as_good: Roles that take fewer samples than the winner and are not worse, cheapest first.
        better_than_one_call: First roles of those proven better than one call of every single model that stands
            in the verdict, best mean first. Each of these has to be shown, so there is no correction for their
            number (intersection-union test).
        better_than_winner: First roles of those among them that are proven better than the winner too.
        recommended: What to use. One call of `single_model` if nobody is proven better than every one call; else
            the winner, if it is among the proven and none of them is proven better than it; else the best of
            `better_than_winner`, or where the winner is not proven, of `better_than_one_call`.
        single_model: Whose one call stands for a single model: of those that the winner is not better than, the
            one with the best mean on the held-out problems; the best of the ranking if it is better than all.
        is_complete: Every contestant was run on every problem.
    """

    relation: Relation
    one_call_is_as_good: bool
    as_good: tuple[Role, ...]
    better_than_one_call: tuple[Role, ...] = ()
    better_than_winner: tuple[Role, ...] = ()
    recommended: Role
    single_model: ModelId | None = None
    is_complete: bool

    @property
    def because(self) -> Because:
        """Why that is recommended."""
        if self.recommended == "winner":
            return "the winner is better than one call"
        if self.recommended in SINGLES:
            return "nothing is proven better than one call"
        if self.relation == "better":
            return "it is better than one call and than the winner"
        return "it is better than one call, the winner is not proven to be"


class StudyResult(Spec):
    """A finished study.

    Attributes:
        spec: What was asked.
        budget: Its caps.
        split: Problems for search, for the finalists, for the verdict.
        rankings: Models and fusers, best first.
        dropped: Models left out of a ranking.
        space: The space as it was searched.
        trials: In order.
        ended: What ended the search: the number of trials, a cap, an expected gap below `stop_gap`, nothing
            left to try, or trials that fail.
        ended_reason: The same in words.
        expected_gap: How much better the best point was then expected to be; None if not computed.
        finalists: The winner first, the others by the posterior with the fresh problems in it.
        front: The evaluated points that no cheaper one (by the goal's cost) is believed to be as good as, from cheap
            to dear. Each is an estimate on development problems; none was proven on held-out ones but the winner.
        contestants: The winner first.
        skipped: Baselines that could not be built, or that the budget could not pay for, and why.
        verdict: On held-out problems.
        paid_samples: Bought by the whole study.
        paid_micro_usd: Spent by the whole study.
        used_samples: What all its evaluations would have bought without a call store; 0 in results of before this was
            counted.
        used_micro_usd: Likewise in money; None if something has no price.
    """

    spec: StudySpec
    budget: Budget
    split: tuple[int, int, int]
    rankings: Rankings
    dropped: dict[RankingName, tuple[Dropped, ...]] = Field(
        default_factory=dict[RankingName, tuple[Dropped, ...]]
    )
    space: Description
    trials: tuple[TrialRecord, ...]
    ended: EndKind
    ended_reason: str
    expected_gap: float | None = None
    finalists: tuple[PointEstimate, ...]
    front: tuple[FrontPoint, ...] = ()
    contestants: tuple[Contestant, ...]
    skipped: dict[str, str] = Field(default_factory=dict)
    verdict: Verdict
    paid_samples: NonNegativeInt
    paid_micro_usd: NonNegativeInt
    used_samples: NonNegativeInt = 0
    used_micro_usd: NonNegativeInt | None = None

    @property
    def winner(self) -> Contestant:
        """The point that was named: the highest posterior mean, or the cheapest near it (see `Goal`)."""
        return self.contestants[0]

    def contestant(self, role: Role) -> Contestant | None:
        """Who stood for a role; of several other single models the one that the verdict names."""
        found = [entry for entry in self.contestants if role in entry.roles]
        named = [entry for entry in found if entry.architecture.models == (self.verdict.single_model,)]
        if role == "other single model" and named:
            return named[0]
        return found[0] if found else None

    @property
    def single(self) -> Contestant | None:
        """One call of the single model that the verdict names (see `Verdict.single_model`)."""
        singles = [entry for entry in self.contestants if entry.is_single]
        named = [entry for entry in singles if entry.architecture.models == (self.verdict.single_model,)]
        return named[0] if named else self.contestant("best single model")

    @property
    def recommended(self) -> Architecture:
        """What to use."""
        found = self.contestant(self.verdict.recommended)
        assert found is not None
        return found.architecture


class Progress(Spec):
    """Where a study is.

    Attributes:
        stage: What it does.
        done: Steps of the stage finished.
        total: Steps of the stage; None while open.
        best_mean: Posterior mean of the recommended point.
        best_sd: Its standard deviation.
        best_label: Its choices.
        paid_samples: Bought so far.
        paid_micro_usd: Spent so far.
    """

    stage: Stage
    done: NonNegativeInt
    total: NonNegativeInt | None = None
    best_mean: float | None = None
    best_sd: float | None = None
    best_label: str = ""
    paid_samples: NonNegativeInt = 0
    paid_micro_usd: NonNegativeInt = 0


def scores_of(observations: Sequence[Observation]) -> dict[str, float]:
    """Score by problem; problems without one are left out."""
    return {
        observation.problem_id: observation.outcome.value
        for observation in observations
        if isinstance(observation.outcome, Score)
    }


def number_scores(scores: Mapping[str, float], problems: Sequence[str]) -> tuple[tuple[int, float], ...]:
    """Scores by the number of their problem."""
    numbers = {problem: number for number, problem in enumerate(problems)}
    return tuple((numbers[problem], score) for problem, score in scores.items())


def mean_score(observations: Sequence[Observation]) -> float | None:
    """Mean of the scores there are; None without any."""
    scores = scores_of(observations).values()
    return sum(scores) / len(scores) if scores else None


def paired_margins(
    winner: Sequence[Observation], others: Sequence[Sequence[Observation]]
) -> tuple[Margin, ...]:
    """`paired_margin` of each, for where no better comparison is handed in; not corrected for their number."""
    return tuple(paired_margin(winner, other) for other in others)


def paired_margin(a: Sequence[Observation], b: Sequence[Observation]) -> Margin:
    """Compare by problem, with a normal interval; for where no better comparison is handed in.

    Raises:
        ValueError: If no problem has a score from both.
    """
    first, second = scores_of(a), scores_of(b)
    differences = [score - second[problem] for problem, score in first.items() if problem in second]
    n = len(differences)
    if not n:
        raise ValueError("no problem has a score from both")
    mean = sum(differences) / n
    # One half of a difference either way is added, so that equal scores on few problems are no certainty.
    variance = (sum((d - mean) ** 2 for d in differences) + 0.5) / max(n - 1, 1)
    reach = 1.96 * (variance / n) ** 0.5
    verdict = "better" if mean > reach else "worse" if mean < -reach else "tied"
    return Margin(difference=mean, low=mean - reach, high=mean + reach, n=n, verdict=verdict)
