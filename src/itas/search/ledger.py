"""Evaluations of a study, each made once: what stands in the journal is not asked again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from itas.core.architecture import Architecture
from itas.core.observation import Observation
from itas.core.problem import Unscored
from itas.errors import BudgetExceeded, DataError, MissingKey, ModelError, ParseError, SandboxError
from itas.search.evaluate import Evaluate, PartialEvaluation
from itas.search.history import TrialState
from itas.search.journal import Event, Journal
from itas.search.records import Progress, Stage

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
        paid_samples: Bought by all evaluations in the journal.
        paid_micro_usd: Spent by them.
    """

    def __init__(
        self, journal: Journal, evaluate: Evaluate, progress: Callable[[Progress], None] | None
    ) -> None:
        self.journal = journal
        self._evaluate = evaluate
        self._progress = progress
        self.paid_samples = 0
        self.paid_micro_usd = 0
        for event in journal.events:
            self._count_paid(observations_of(event))

    async def once(
        self, event: str, architecture: Architecture, problems: Sequence[str], **about: Any
    ) -> Evaluated:
        """The evaluation that the journal has under `event` and `about`, or a new one.

        One that a budget cut short is made again after the budget was raised; what it bought is in the store.
        """
        known = self.journal.find(event, **about)
        if known is not None and not self._may_go_on(known):
            return Evaluated(known["state"], observations_of(known), known.get("reason", ""))
        result = await self._run(architecture, problems)
        self._count_paid(result.observations)
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
