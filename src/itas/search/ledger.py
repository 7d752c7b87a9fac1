"""Evaluations of a study, each made once: what stands in the journal is not asked again."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from itas.core.architecture import Architecture
from itas.core.money import add_prices
from itas.core.observation import Observation
from itas.core.problem import Unscored
from itas.errors import BudgetExceeded, DataError, MissingKey, ModelError, ParseError, SandboxError
from itas.search.amounts import Amount, Costs
from itas.search.evaluate import Evaluate, PartialEvaluation
from itas.search.history import TrialState
from itas.search.journal import Event, Journal
from itas.search.pace import Pace
from itas.search.records import Progress, Stage
from itas.search.space import Price

# Each of these says that one architecture cannot be run; the study goes on without it.
_EVALUATION_FAILS = (ModelError, ParseError, SandboxError)


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What came of running one architecture on some problems."""

    state: TrialState
    observations: tuple[Observation, ...]
    reason: str = ""


class Ledger:
    """Evaluates, remembers in the journal, counts what was paid and tells about it.

    Attributes:
        journal: Open for writing.
        paid_samples: Bought by all evaluations in the journal, and by those that a kill kept out of it.
        paid_micro_usd: Spent by them.
        used_samples: What the evaluations would have bought without a call store; one that was made again counts once.
        used_micro_usd: Likewise in money; None as soon as one has no price.
        pace: How long evaluations took in this sitting.

    Args:
        journal: See above.
        evaluate: Runs architectures.
        progress: Told after every step.
        price: Estimated cost of one question, to see how far estimates are off; None where money does not matter.
        paid_before: What was paid for the study before, if more is known than the journal says.
        clock: Seconds.
    """

    def __init__(
        self,
        journal: Journal,
        evaluate: Evaluate,
        progress: Callable[[Progress], None] | None,
        *,
        price: Price | None = None,
        paid_before: Amount | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.pace = Pace()
        self._clock = clock
        self.journal = journal
        self._evaluate = evaluate
        self._progress = progress
        self._price = price
        self._compared = _Compared()
        self.paid_samples = 0
        self.paid_micro_usd = 0
        self._taken: dict[str, list[int]] = {}
        self.used_samples = 0
        self.used_micro_usd: int | None = 0
        for event in journal.events:
            self._count_paid(observations_of(event))
        if paid_before is not None:
            self.paid_samples = max(self.paid_samples, round(paid_before.samples))
            self.paid_micro_usd = max(self.paid_micro_usd, round(paid_before.micro_usd))

    @property
    def paid(self) -> Amount:
        """What was paid so far."""
        return Amount(self.paid_samples, self.paid_micro_usd)

    @property
    def costs(self) -> Costs:
        """What questions take, by what they have taken so far."""
        return Costs(self._price, self._compared.rate)

    async def once(
        self, event: str, architecture: Architecture, problems: Sequence[str], **about: Any
    ) -> Evaluated:
        """The evaluation that the journal has under `event` and `about`, or a new one.

        One that a budget cut short is made again after the budget was raised; what it bought is in the store.
        """
        known = self.journal.find(event, **about)
        if known is not None and not self._may_go_on(known):
            found = Evaluated(known["state"], observations_of(known), known.get("reason", ""))
            self._count_used(architecture, found.observations)
            self._compared.add(architecture, found.observations, self._price)
            return found
        begun = self._clock()
        result = await self._run(architecture, problems)
        if result.state == "done":
            self.pace.note(architecture, len(problems), self._clock() - begun)
        self._count_paid(result.observations)
        self._count_used(architecture, result.observations)
        self._compared.add(architecture, result.observations, self._price)
        self.journal.write(
            event,
            **about,
            state=result.state,
            **({"reason": result.reason} if result.reason else {}),
            observations=[
                entry.model_dump(mode="json", exclude_defaults=True) for entry in result.observations
            ],
        )
        return result

    def tell(
        self,
        stage: Stage,
        done: int,
        total: int | None,
        *,
        best_mean: float | None = None,
        best_sd: float | None = None,
        best_label: str = "",
    ) -> None:
        """Report progress to whoever wants it."""
        if self._progress is not None:
            self._progress(
                Progress(
                    stage=stage,
                    done=done,
                    total=total,
                    best_mean=best_mean,
                    best_sd=best_sd,
                    best_label=best_label,
                    paid_samples=self.paid_samples,
                    paid_micro_usd=self.paid_micro_usd,
                )
            )

    def _may_go_on(self, known: Event) -> bool:
        if known["state"] != "over_budget":
            return False
        last_budget = self.journal.find("budget")
        events = self.journal.events
        places = {id(entry): place for place, entry in enumerate(events)}
        return last_budget is not None and places[id(last_budget)] > places[id(known)]

    async def _run(self, architecture: Architecture, problems: Sequence[str]) -> Evaluated:
        try:
            observations = tuple(await self._evaluate(architecture, tuple(problems)))
        except PartialEvaluation as error:
            return Evaluated("over_budget", error.observations, str(error))
        except BudgetExceeded as error:
            return Evaluated("over_budget", (), str(error))
        except MissingKey:
            raise
        except _EVALUATION_FAILS as error:
            return Evaluated("failed", (), str(error))
        for place, (entry, problem) in enumerate(zip_longest(observations, problems)):
            if entry is None or entry.problem_id != problem:
                found = "nothing" if entry is None else entry.problem_id
                raise DataError(
                    "an evaluation gives one observation per problem, in their order; "
                    f"at place {place} it gave {found} for {problem}"
                )
        return Evaluated("done", observations)

    def _count_paid(self, observations: Sequence[Observation]) -> None:
        self.paid_samples += sum(entry.samples_paid for entry in observations)
        self.paid_micro_usd += sum(entry.paid_micro_usd for entry in observations)

    def seen_micro_usd(self, architecture: Architecture) -> int | None:
        """What a question took on average in the evaluations of this study, in millionths of a dollar; None where
        nothing was seen or something has no price."""
        taken = self._taken.get(architecture.fingerprint)
        return round(sum(taken) / len(taken)) if taken else None

    def _count_used(self, architecture: Architecture, observations: Sequence[Observation]) -> None:
        taken = self._taken.setdefault(architecture.fingerprint, [])
        taken += [entry.cost_micro_usd for entry in observations if entry.cost_micro_usd is not None]
        self.used_samples += sum(entry.samples_used for entry in observations)
        used = (self.used_micro_usd, *(entry.cost_micro_usd for entry in observations))
        self.used_micro_usd = add_prices(used)


@dataclass(slots=True)
class _Compared:
    """What questions took beside what was planned for them. Whole numbers, so that the order of adding is nothing."""

    planned: int = 0
    used: int = 0
    estimated: int = 0
    cost: int = 0

    def add(
        self, architecture: Architecture, observations: Sequence[Observation], price: Price | None
    ) -> None:
        self.planned += architecture.planned_samples() * len(observations)
        self.used += sum(entry.samples_used for entry in observations)
        known = [entry.cost_micro_usd for entry in observations if entry.cost_micro_usd is not None]
        estimate = price(architecture) if price is not None and known else None
        if estimate is not None:
            self.estimated += estimate * len(known)
            self.cost += sum(known)

    @property
    def rate(self) -> Amount:
        """Of samples never below 1: some architectures stop early, others do not."""
        samples = max(self.used / self.planned, 1.0) if self.planned else 1.0
        return Amount(samples, self.cost / self.estimated if self.estimated and self.cost else 1.0)


def observations_of(event: Event) -> tuple[Observation, ...]:
    """The observations in an event; none where it has none."""
    return tuple(Observation.model_validate(entry) for entry in event.get("observations", ()))


def why_unscored(observations: Sequence[Observation]) -> str:
    """Why problems have no score, in words."""
    reasons = [entry.outcome for entry in observations if isinstance(entry.outcome, Unscored)]
    if not reasons:
        return "nothing was observed"
    detail = f" ({reasons[0].detail})" if reasons[0].detail else ""
    return f"{len(reasons)} of {len(observations)} problems have no score: {reasons[0].reason}{detail}"
