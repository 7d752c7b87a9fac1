"""What a search sees of one architecture on one problem: an outcome and what it took."""

from collections import Counter
from collections.abc import Sequence

from pydantic import Field, NonNegativeFloat, NonNegativeInt

from itas.core.component import EventKind
from itas.core.problem import Outcome
from itas.core.spec import Spec


class Observation(Spec):
    """One problem answered once.

    Attributes:
        problem_id: Which problem.
        outcome: Score or the reason why there is none.
        samples_used: Model samples the answer consumed, stored ones included.
        samples_paid: Of these, samples that were bought now.
        cost_micro_usd: What the answer costs without a store, in millionths of a dollar; None if a
            model in it has no price.
        paid_micro_usd: What was spent now.
        latency_s: Seconds of the answer's critical path, as recorded when its samples were drawn.
        events: What did not go as described, counted: unreadable replies, fallbacks, degraded layers.
    """

    problem_id: str
    outcome: Outcome
    samples_used: NonNegativeInt = 0
    samples_paid: NonNegativeInt = 0
    cost_micro_usd: NonNegativeInt | None = None
    paid_micro_usd: NonNegativeInt = 0
    latency_s: NonNegativeFloat = 0.0
    events: dict[EventKind, NonNegativeInt] = Field(default_factory=dict[EventKind, NonNegativeInt])


def event_rates(observations: Sequence[Observation]) -> dict[EventKind, float]:
    """Share of the answers in which something did not go as described, by kind, in [0, 1]; frequent first."""
    counts: Counter[EventKind] = Counter(kind for entry in observations for kind in entry.events)
    return {kind: count / len(observations) for kind, count in counts.most_common()}
