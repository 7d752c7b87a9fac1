"""What goes over to a worker, and what comes back of the books."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self

from itas.api.opening import Caps, SandboxChoice
from itas.api.settings import Settings
from itas.benchmarks.benchmark import Benchmark
from itas.core.architecture import Architecture
from itas.core.problem import Problem
from itas.models.budget import Budget


@dataclass(frozen=True, slots=True)
class Job:
    """What a worker must know to work on any architecture of a run.

    Attributes:
        benchmark: Problems (simulated models know them) and scorer.
        models: Every model that may be asked; each is made before anything is paid for.
        settings: With the place of the store.
        recording: For ``replay`` models.
        caps: Of the whole run; they hold over all workers through the call store.
        ledger: Name of the run in it.
        seed: Of the run.
        sandbox: Where code is run.
        runs_code: A tier must hold before anything is paid for.
        raters: Makes the source of local reward models; the usual one if None.
    """

    benchmark: Benchmark
    models: tuple[str, ...]
    settings: Settings
    recording: Path | None
    caps: Caps
    ledger: str
    seed: int
    sandbox: SandboxChoice
    runs_code: bool
    raters: Any = None


@dataclass(frozen=True, slots=True)
class Errand:
    """One problem that a worker is to answer and score.

    Attributes:
        ticket: Names it in what comes back.
        architecture: Its number among those that the worker was told.
        problem: Its id, or all of it where the job does not know it.
        first_draw: Number of the first draw of every request.
    """

    ticket: int
    architecture: int
    problem: str | Problem
    first_draw: int


@dataclass(frozen=True, slots=True)
class Plan:
    """An architecture as workers get it, once each.

    Attributes:
        architecture: What answers.
        raters: Handles of its local reward models by id.
    """

    architecture: Architecture
    raters: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Paid:
    """What was paid for; money in micro-dollars.

    Attributes:
        samples: Bought, or perhaps billed.
        micro_usd: Spent, uncertain calls included.
        uncertain_micro_usd: Of it, calls that were sent and brought no answer.
        overrun_micro_usd: Of it, what calls cost above their reservation.
    """

    samples: int = 0
    micro_usd: int = 0
    uncertain_micro_usd: int = 0
    overrun_micro_usd: int = 0

    @classmethod
    def of(cls, budget: Budget) -> Self:
        """What an account says."""
        return cls(
            budget.paid_samples, budget.paid_micro_usd, budget.uncertain_micro_usd, budget.overrun_micro_usd
        )

    def plus(self, other: "Paid") -> "Paid":
        """Both together."""
        return Paid(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))

    __add__ = plus

    def less(self, other: "Paid") -> "Paid":
        """Without what was paid before."""
        return Paid(*(getattr(self, each.name) - getattr(other, each.name) for each in fields(self)))

    def at_least(self, other: "Paid") -> "Paid":
        """The greater of each."""
        return Paid(*(max(getattr(self, each.name), getattr(other, each.name)) for each in fields(self)))


def models_of(architectures: Iterable[Architecture], judges: Iterable[str]) -> tuple[str, ...]:
    """Every model of them, each once."""
    return tuple(dict.fromkeys((*(model for each in architectures for model in each.models), *judges)))


@dataclass(frozen=True, slots=True)
class Said:
    """What came of an errand: one of three.

    Attributes:
        ticket: Whose.
        result: As JSON.
        error: Its kind and what it says.
        stopped_by: Why there is no result.
    """

    ticket: int
    result: str = ""
    error: tuple[str, str] | None = None
    stopped_by: str | None = None


@dataclass(frozen=True, slots=True)
class Handful:
    """What a worker hands over at a time.

    Attributes:
        said: One for each errand that is done.
        rejections: Calls so far that providers refused because of their limits.
        paid: By this worker so far.
    """

    said: tuple[Said, ...]
    rejections: int
    paid: Paid
