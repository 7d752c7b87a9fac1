"""What came of one conversation: the answer, and what every component took to get there."""

from dataclasses import dataclass
from typing import Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt

from itas.core.candidate import Candidate
from itas.core.component import EventKind
from itas.core.money import add_prices
from itas.core.request import Completion, Request, Usage, sum_usage
from itas.core.spec import Spec

Cut = Literal["deadline", "budget"]
"""A deadline passed, or a cap was reached, after there was something to answer with."""


class ComponentRecord(Spec):
    """What one component took for one answer.

    Attributes:
        layer: Number of the layer, from 0.
        component: Number within the layer, from 0.
        type: The component's type.
        models: The models it asked, sorted.
        samples_planned: Samples it was to consume for that many candidates with every reply readable; a
            component that stops early uses fewer.
        samples_used: Samples it consumed, stored ones included.
        samples_paid: Of these, bought now.
        usage: Tokens of all samples used.
        cost_micro_usd: Price of all samples used, in millionths of a dollar; None if any is unpriced.
        paid_micro_usd: Spent now; unpriced samples count as 0 here.
        latency_s: Seconds on its critical path, as recorded when the samples were drawn.
        candidates_in: Candidates it was given.
        candidates_out: Candidates (or critiques, or tests) it returned.
        tier: The walls behind which it ran generated code; empty where it ran none.
        events: What did not go as described, counted.
    """

    layer: NonNegativeInt
    component: NonNegativeInt
    type: str
    models: tuple[str, ...] = ()
    samples_planned: NonNegativeInt = 0
    samples_used: NonNegativeInt = 0
    samples_paid: NonNegativeInt = 0
    usage: Usage = Usage()
    cost_micro_usd: NonNegativeInt | None = 0
    paid_micro_usd: NonNegativeInt = 0
    latency_s: NonNegativeFloat = 0.0
    candidates_in: NonNegativeInt = 0
    candidates_out: NonNegativeInt = 0
    tier: str = ""
    events: dict[EventKind, NonNegativeInt] = Field(default_factory=dict[EventKind, NonNegativeInt])

    @property
    def samples_saved(self) -> int:
        """Planned samples that were not drawn, because the component could stop early."""
        return max(self.samples_planned - self.samples_used, 0)


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One request of one component with its draws.

    Attributes:
        layer: Number of the layer, from 0.
        component: Number within the layer, from 0.
        request: What was asked.
        first: Number of the first draw.
        completions: The draws.
        started_s: Seconds after the start of the answer, by the monotonic clock.
        ended_s: Likewise.
        retries: Failures after which it was sent again, in words.
        path_s: Seconds of the chain of calls that it waited for, as recorded when the samples were drawn; None
            where nobody kept it.
    """

    layer: int
    component: int
    request: Request
    first: int
    completions: tuple[Completion, ...]
    started_s: float
    ended_s: float
    retries: tuple[str, ...] = ()
    path_s: float | None = None


@dataclass(frozen=True, slots=True)
class FailedCall:
    """One request that brought nothing; see `CallRecord`. Only a trace is told."""

    layer: int
    component: int
    request: Request
    first: int
    n: int
    error: str
    started_s: float
    ended_s: float
    retries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EventRecord:
    """Something that did not go as described, in words."""

    layer: int
    component: int
    kind: EventKind
    detail: str


@dataclass(frozen=True, slots=True)
class LayerRecord:
    """The candidates after one layer, and the numbers (in its input) of those that were dropped."""

    layer: int
    type: str
    candidates: tuple[Candidate, ...]
    dropped: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one conversation.

    Attributes:
        text: The first candidate after the last layer; empty where nobody wrote anything and that was allowed.
        candidates: All candidates after the last layer, best first where an order is known.
        components: One record per component, in order.
        layers: What stood after each layer.
        calls: Every request, in the order in which they were answered.
        events: Everything that did not go as described.
        latency_s: Seconds on the critical path, as recorded when the samples were drawn.
        wall_s: Seconds it took now.
        cut: What ended the work early, if anything did: then `text` is the best there was so far.
    """

    text: str
    candidates: tuple[Candidate, ...]
    components: tuple[ComponentRecord, ...]
    layers: tuple[LayerRecord, ...]
    calls: tuple[CallRecord, ...]
    events: tuple[EventRecord, ...]
    latency_s: float
    wall_s: float
    cut: Cut | None = None

    @property
    def samples_planned(self) -> int:
        """Samples that were to be consumed; more than used where a component could stop early."""
        return sum(record.samples_planned for record in self.components)

    @property
    def samples_saved(self) -> int:
        """Planned samples that were not drawn, because components could stop early."""
        return sum(record.samples_saved for record in self.components)

    @property
    def samples_used(self) -> int:
        """Samples consumed, stored ones included."""
        return sum(record.samples_used for record in self.components)

    @property
    def samples_paid(self) -> int:
        """Samples bought now."""
        return sum(record.samples_paid for record in self.components)

    @property
    def usage(self) -> Usage:
        """Tokens of all samples used."""
        return sum_usage(record.usage for record in self.components)

    @property
    def cost_micro_usd(self) -> int | None:
        """Price of all samples used, in millionths of a dollar; None if any is unpriced."""
        return add_prices(record.cost_micro_usd for record in self.components)

    @property
    def paid_micro_usd(self) -> int:
        """Spent now, in millionths of a dollar."""
        return sum(record.paid_micro_usd for record in self.components)

    @property
    def is_degraded(self) -> bool:
        """Some component failed and the others went on without it."""
        return any(event.kind == "degraded" for event in self.events)

    @property
    def event_counts(self) -> dict[EventKind, int]:
        """How often what did not go as described."""
        counts: dict[EventKind, int] = {}
        for event in self.events:
            counts[event.kind] = counts.get(event.kind, 0) + 1
        return counts
