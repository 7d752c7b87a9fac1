"""What a study is told and what it finds: everything here is written to disk."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, field_validator

from itas.core.architecture import Architecture
from itas.core.component import ModelId
from itas.core.observation import Observation
from itas.core.problem import Score
from itas.core.spec import Spec, digest
from itas.search.bound import Description
from itas.search.history import TrialState
from itas.search.ranking import Dropped, RankingName, Rankings
from itas.search.searchers import AnySearcher, Racing
from itas.search.space import Space

Baseline = Literal["sampled and voted", "best of n", "mixture of models", "cheapest"]
Role = Literal["winner", "best single model"] | Baseline
Stage = Literal["ranking models", "ranking fusers", "search", "finalists", "verdict"]
EndKind = Literal["trials", "budget", "gap", "exhausted", "failures"]
BASELINES: tuple[Baseline, ...] = ("sampled and voted", "best of n", "mixture of models", "cheapest")


class Budget(Spec):
    """Caps on the whole study, verdict included. May be raised when a study is resumed.

    Attributes:
        max_trials: Trials of the search.
        max_samples: Model samples bought (not found in the call store).
        max_cost_usd: Dollars; needs prices for all models.
    """

    max_trials: PositiveInt | None = None
    max_samples: PositiveInt | None = None
    max_cost_usd: PositiveFloat | None = None


class StudySpec(Spec):
    """What to search and how to judge it.

    Attributes:
        name: For people.
        space: Where to search.
        models: Candidates for generators.
        fusers: Candidates for fusers and judges; the models by default.
        searcher: Who proposes.
        dev: Development problems; see `split_problems`.
        held_out: Most held-out problems used; by default all, or as many as half of the budget can pay.
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
    dev: PositiveInt | None = None
    held_out: PositiveInt | None = None
    finalists: PositiveInt = 5
    batch: PositiveInt = 8
    stop_gap: PositiveFloat | None = 0.01
    min_evaluations: NonNegativeFloat = 40.0
    baselines: tuple[Baseline, ...] = BASELINES
    seed: int = 0

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
    def fingerprint(self) -> str:
        """SHA-256 over everything but the name."""
        return digest(self.model_dump(mode="json", exclude={"name"}))


class StudyEstimate(Spec):
    """What a study takes, before anything is paid for. Samples are as planned, none found in the store.

    Attributes:
        space: The space with the models in the order given.
        search_problems: Development problems for trials.
        fresh_problems: Set aside for the finalists.
        held_out_problems: That the verdict will use.
        ranking_samples: To rank models and fusers.
        trial_samples: Of one trial on the problems it starts with: least and most.
        reserved_samples: Kept back for finalists and verdict: their upper bound.
        least_samples: Below this cap the study cannot reach a verdict.
        reserved_micro_usd: As `reserved_samples`, in millionths of a dollar; None without prices.
        least_micro_usd: As `least_samples`.
    """

    space: Description
    search_problems: PositiveInt
    fresh_problems: NonNegativeInt
    held_out_problems: PositiveInt
    ranking_samples: NonNegativeInt
    trial_samples: tuple[int, int]
    reserved_samples: NonNegativeInt
    least_samples: NonNegativeInt
    reserved_micro_usd: NonNegativeInt | None = None
    least_micro_usd: NonNegativeInt | None = None


class PointEstimate(Spec):
    """A point as the posterior has it: quality as mean and standard deviation, on the scale of scores."""

    point: NonNegativeInt
    choices: dict[str, str | int | float]
    planned_samples: NonNegativeInt
    mean: float
    sd: NonNegativeFloat
    observed: float | None = None
    n: NonNegativeInt = 0


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


Compare = Callable[[Sequence[Observation], Sequence[Sequence[Observation]]], Sequence[Margin]]
"""The winner's observations against those of each other contestant of one family; the verdicts of a family hold
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
        against_winner: The winner minus this one; None for the winner, and where nothing is comparable.
    """

    roles: tuple[Role, ...] = Field(min_length=1)
    architecture: Architecture
    planned_samples: NonNegativeInt
    observations: tuple[Observation, ...] = ()
    state: TrialState = "done"
    reason: str = ""
    mean: float | None = None
    against_winner: Margin | None = None


class Verdict(Spec):
    """The outcome on problems that nothing was selected on.

    Attributes:
        relation: Of the winner to one call of the best single model.
        one_call_is_as_good: The winner is not better than that one call.
        as_good: Roles that take fewer samples than the winner and are not worse, cheapest first.
        recommended: What to use: one call of the best single model if the winner is not better than that; else
            a baseline that is better than the winner, if there is one; else the winner.
        is_complete: Every contestant was run on every problem.
    """

    relation: Literal["better", "worse", "tied", "unknown"]
    one_call_is_as_good: bool
    as_good: tuple[Role, ...]
    recommended: Role
    is_complete: bool


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
        finalists: Best first, by the posterior with the fresh problems in it.
        contestants: The winner first.
        skipped: Baselines that could not be built, and why.
        verdict: On held-out problems.
        paid_samples: Bought by the whole study.
        paid_micro_usd: Spent by the whole study.
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
    contestants: tuple[Contestant, ...]
    skipped: dict[str, str] = Field(default_factory=dict)
    verdict: Verdict
    paid_samples: NonNegativeInt
    paid_micro_usd: NonNegativeInt

    @property
    def winner(self) -> Contestant:
        """The point with the highest posterior mean."""
        return self.contestants[0]

    def contestant(self, role: Role) -> Contestant | None:
        """Who stood for a role."""
        return next((entry for entry in self.contestants if role in entry.roles), None)

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
