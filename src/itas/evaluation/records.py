"""What an evaluation leaves behind: one record per problem, and their sum."""

from collections import Counter
from collections.abc import Iterable
from typing import Literal, Self

import numpy as np
from pydantic import Field, JsonValue, NonNegativeFloat, NonNegativeInt, PositiveInt

from itas.core.architecture import Architecture
from itas.core.component import EventKind
from itas.core.judging import Judgment
from itas.core.model import is_simulated
from itas.core.money import add_prices
from itas.core.observation import Observation
from itas.core.problem import Outcome, Score, Unscored
from itas.core.request import Usage, sum_usage
from itas.core.spec import Spec
from itas.engine.answer import ComponentRecord
from itas.evaluation.statistics import MeanEstimate, estimate_mean

StoppedBy = Literal["budget", "failures"]

_ASK_AGAIN = frozenset({"model_error", "budget", "cancelled", "scorer_error", "sandbox_error"})


class ProblemResult(Spec):
    """One problem answered once.

    Attributes:
        problem_id: Which problem.
        tags: Of the problem, for grouping.
        outcome: Score, or the reason why there is none.
        text: The answer, that to the last turn; None where there was none.
        turns: The answers to all turns, where the problem has several.
        components: What each component took; of a failed answer, those that were done before it failed.
        judgments: What judges said, where the benchmark has a judge.
        judging: What that took.
        latency_s: Seconds of the critical path, as recorded when the samples were drawn.
        wall_s: Seconds it took now.
    """

    problem_id: str
    tags: dict[str, JsonValue] = Field(default_factory=dict)
    outcome: Outcome = Field(discriminator="kind")
    text: str | None = None
    turns: tuple[str, ...] = Field(default=(), exclude_if=lambda turns: not turns)
    components: tuple[ComponentRecord, ...] = ()
    judgments: tuple[Judgment, ...] = Field(default=(), exclude_if=lambda judgments: not judgments)
    judging: ComponentRecord | None = Field(default=None, exclude_if=lambda judging: judging is None)
    latency_s: NonNegativeFloat = 0.0
    wall_s: NonNegativeFloat = 0.0

    @property
    def is_final(self) -> bool:
        """Asking again would not change it. Failures of models, judges and budgets are not final."""
        return isinstance(self.outcome, Score) or self.outcome.reason not in _ASK_AGAIN

    @property
    def answers(self) -> tuple[str, ...]:
        """The answers to the turns, in order; none where there was no answer."""
        return self.turns or (() if self.text is None else (self.text,))

    @property
    def records(self) -> tuple[ComponentRecord, ...]:
        """What everything took: answering, and judging."""
        return self.components if self.judging is None else (*self.components, self.judging)

    @property
    def samples_used(self) -> int:
        """Samples consumed by answering and judging, stored ones included."""
        return sum(record.samples_used for record in self.records)

    @property
    def samples_paid(self) -> int:
        """Samples bought now."""
        return sum(record.samples_paid for record in self.records)

    @property
    def usage(self) -> Usage:
        """Tokens of all samples used."""
        return sum_usage(record.usage for record in self.records)

    @property
    def cost_micro_usd(self) -> int | None:
        """Price of all samples used, in millionths of a dollar; None if any is unpriced."""
        return add_prices(record.cost_micro_usd for record in self.records)

    @property
    def paid_micro_usd(self) -> int:
        """Spent now, in millionths of a dollar."""
        return sum(record.paid_micro_usd for record in self.records)

    @property
    def events(self) -> dict[EventKind, int]:
        """What did not go as described in answering, counted."""
        counts: Counter[EventKind] = Counter()
        for record in self.components:
            counts.update(record.events)
        return dict(counts)

    def to_observation(self) -> Observation:
        """What a search sees of it: used is what an answer takes, paid is everything, judging too. Who serves
        an architecture does not judge its answers."""
        return Observation(
            problem_id=self.problem_id,
            outcome=self.outcome,
            samples_used=sum(record.samples_used for record in self.components),
            samples_paid=self.samples_paid,
            cost_micro_usd=add_prices(record.cost_micro_usd for record in self.components),
            paid_micro_usd=self.paid_micro_usd,
            latency_s=self.latency_s,
            events=self.events,
        )


class ComponentCost(Spec):
    """What one component took over all problems.

    Attributes:
        layer: Number of the layer, from 0.
        component: Number within the layer, from 0.
        type: The component's type.
        models: The models it asked.
        answers: Answers it took part in.
        samples_used: Samples consumed, stored ones included.
        samples_paid: Of these, bought now.
        samples_saved: Planned samples that were not drawn, because the component could stop early.
        usage: Tokens of all samples used.
        cost_micro_usd: Price of all samples used, in millionths of a dollar; None if any is unpriced.
        paid_micro_usd: Spent now.
        latency_median_s: Median seconds on its critical path.
        events: What did not go as described, counted.
    """

    layer: NonNegativeInt
    component: NonNegativeInt
    type: str
    models: tuple[str, ...]
    answers: PositiveInt
    samples_used: NonNegativeInt
    samples_paid: NonNegativeInt
    samples_saved: NonNegativeInt = 0
    usage: Usage
    cost_micro_usd: NonNegativeInt | None
    paid_micro_usd: NonNegativeInt
    latency_median_s: NonNegativeFloat
    events: dict[EventKind, NonNegativeInt]


class Summary(Spec):
    """An evaluation in numbers.

    Attributes:
        architecture: Its name.
        fingerprint: Of the architecture.
        benchmark: Name of the benchmark.
        metric: What the mean score is called.
        seed: Of the run.
        is_simulated: A simulated model took part; no figure here says anything about real ones.
        is_complete: Every problem was asked.
        stopped_by: Why not, where not.
        n_problems: Problems that were to be asked.
        n_scored: Problems with a score.
        score: Mean with its interval; None without any score.
        unscored: Problems without a score, by reason.
        events: Share of the answers in which something did not go as described, by kind, in [0, 1].
        samples_used: Samples consumed, stored ones included.
        samples_paid: Of these, bought now.
        usage: Tokens of all samples used.
        cost_micro_usd: Price of all samples used; None means unpriced, which is not free.
        paid_micro_usd: Spent now.
        latency_median_s: Median seconds of an answer; None without any answer.
        latency_p95_s: 95 % of the answers took no longer.
        components: What each component took; a judge stands behind the last layer.
        figures: What the benchmark's official tools would say, and how its judge behaved.
    """

    architecture: str
    fingerprint: str
    benchmark: str
    metric: str
    seed: int
    is_simulated: bool
    is_complete: bool
    stopped_by: str | None
    n_problems: NonNegativeInt
    n_scored: NonNegativeInt
    score: MeanEstimate | None
    unscored: dict[str, PositiveInt]
    events: dict[EventKind, float]
    samples_used: NonNegativeInt
    samples_paid: NonNegativeInt
    usage: Usage
    cost_micro_usd: NonNegativeInt | None
    paid_micro_usd: NonNegativeInt
    latency_median_s: float | None
    latency_p95_s: float | None
    components: tuple[ComponentCost, ...]
    figures: dict[str, JsonValue] = Field(default_factory=dict)


class Evaluation(Spec):
    """One architecture on one benchmark.

    Attributes:
        architecture: What was run.
        fingerprint: Of the architecture.
        benchmark: Name of the benchmark.
        benchmark_fingerprint: Of its problems, targets and scorer.
        metric: What the mean score is called.
        seed: Of the run.
        first_draw: Number of the first draw of every request.
        problem_ids: The problems that were to be asked, in order.
        results: At most one per problem, in that order.
        stopped_by: Why some problems were not asked; None when all were.
        judges: Models that the scorer asked.
        figures: What the benchmark's official tools would say of the results, and how its judge behaved.
    """

    architecture: Architecture
    fingerprint: str
    benchmark: str
    benchmark_fingerprint: str
    metric: str = "accuracy"
    seed: int = 0
    first_draw: NonNegativeInt = 0
    problem_ids: tuple[str, ...]
    results: tuple[ProblemResult, ...]
    stopped_by: StoppedBy | None = None
    judges: tuple[str, ...] = ()
    figures: dict[str, JsonValue] = Field(default_factory=dict)

    @property
    def is_complete(self) -> bool:
        """Every problem was asked, as often as was wanted."""
        return len(self.results) == len(self.problem_ids) and self.stopped_by is None

    @property
    def is_simulated(self) -> bool:
        """A simulated model took part."""
        return any(is_simulated(model) for model in (*self.architecture.models, *self.judges))

    @property
    def scores(self) -> tuple[float, ...]:
        """Scores of the scored problems, in order."""
        return tuple(r.outcome.value for r in self.results if isinstance(r.outcome, Score))

    @property
    def score(self) -> MeanEstimate | None:
        """Mean score with its interval; None without any score."""
        return estimate_mean(self.scores) if self.scores else None

    @property
    def unscored(self) -> dict[str, int]:
        """Problems without a score, by reason, most frequent first."""
        reasons = Counter(r.outcome.reason for r in self.results if isinstance(r.outcome, Unscored))
        return {str(reason): count for reason, count in reasons.most_common()}

    @property
    def event_rates(self) -> dict[EventKind, float]:
        """Share of the answers in which something did not go as described, by kind, in [0, 1]."""
        counts: Counter[EventKind] = Counter(kind for result in self.results for kind in result.events)
        return {kind: count / len(self.results) for kind, count in counts.most_common()}

    @property
    def samples_used(self) -> int:
        """Samples consumed, stored ones included."""
        return sum(result.samples_used for result in self.results)

    @property
    def samples_paid(self) -> int:
        """Samples bought now."""
        return sum(result.samples_paid for result in self.results)

    @property
    def usage(self) -> Usage:
        """Tokens of all samples used."""
        return sum_usage(result.usage for result in self.results)

    @property
    def cost_micro_usd(self) -> int | None:
        """Price of all samples used, in millionths of a dollar; None if any is unpriced."""
        return add_prices(result.cost_micro_usd for result in self.results)

    @property
    def paid_micro_usd(self) -> int:
        """Spent now, in millionths of a dollar."""
        return sum(result.paid_micro_usd for result in self.results)

    @property
    def latency_median_s(self) -> float | None:
        """Median seconds of an answer; None without any answer."""
        return self._latency(0.5)

    @property
    def latency_p95_s(self) -> float | None:
        """95 % of the answers took no longer; None without any answer."""
        return self._latency(0.95)

    @property
    def component_costs(self) -> tuple[ComponentCost, ...]:
        """What each component took, in order."""
        places: dict[tuple[int, int], list[ComponentRecord]] = {}
        for result in self.results:
            for record in result.records:
                places.setdefault((record.layer, record.component), []).append(record)
        return tuple(_component_cost(records) for _, records in sorted(places.items()))

    def scores_by(self, tag: str) -> dict[str, MeanEstimate]:
        """Mean score with its interval for each value of a tag of the problems, sorted; problems without the
        tag or without a score are left out."""
        groups: dict[str, list[float]] = {}
        for result in self.results:
            if tag in result.tags and isinstance(result.outcome, Score):
                groups.setdefault(str(result.tags[tag]), []).append(result.outcome.value)
        return {value: estimate_mean(scores) for value, scores in sorted(groups.items())}

    def summarise(self) -> Summary:
        """All of it in numbers."""
        return Summary(
            architecture=self.architecture.name,
            fingerprint=self.fingerprint,
            benchmark=self.benchmark,
            metric=self.metric,
            seed=self.seed,
            is_simulated=self.is_simulated,
            is_complete=self.is_complete,
            stopped_by=self.stopped_by,
            n_problems=len(self.problem_ids),
            n_scored=len(self.scores),
            score=self.score,
            unscored=self.unscored,
            events=self.event_rates,
            samples_used=self.samples_used,
            samples_paid=self.samples_paid,
            usage=self.usage,
            cost_micro_usd=self.cost_micro_usd,
            paid_micro_usd=self.paid_micro_usd,
            latency_median_s=self.latency_median_s,
            latency_p95_s=self.latency_p95_s,
            components=self.component_costs,
            figures=self.figures,
        )

    def with_results(self, results: Iterable[ProblemResult]) -> Self:
        """The same evaluation with other results, put into the order of the problems; of two for one
        problem the last counts, and results of other problems are left out. Its figures are those of the old
        results, so they are left out too."""
        by_id = {result.problem_id: result for result in results}
        ordered = tuple(by_id[id_] for id_ in self.problem_ids if id_ in by_id)
        return self.model_copy(update={"results": ordered, "figures": {}})

    def _latency(self, share: float) -> float | None:
        seconds = [result.latency_s for result in self.results if result.text is not None]
        return float(np.quantile(seconds, share)) if seconds else None


def to_observations(evaluation: Evaluation) -> tuple[Observation, ...]:
    """What a search, and `comparison.compare`, see of an evaluation."""
    return tuple(result.to_observation() for result in evaluation.results)


def _component_cost(records: list[ComponentRecord]) -> ComponentCost:
    events: Counter[EventKind] = Counter()
    for record in records:
        events.update(record.events)
    return ComponentCost(
        layer=records[0].layer,
        component=records[0].component,
        type=records[0].type,
        models=tuple(sorted({model for record in records for model in record.models})),
        answers=len(records),
        samples_used=sum(record.samples_used for record in records),
        samples_paid=sum(record.samples_paid for record in records),
        samples_saved=sum(record.samples_saved for record in records),
        usage=sum_usage(record.usage for record in records),
        cost_micro_usd=add_prices(record.cost_micro_usd for record in records),
        paid_micro_usd=sum(record.paid_micro_usd for record in records),
        latency_median_s=float(np.median([record.latency_s for record in records])),
        events=dict(events),
    )
