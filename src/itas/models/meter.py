"""Meter: counts what passes. In front of the call store that is what is used, behind it what is paid."""

from dataclasses import dataclass, field

from itas.core.model import Listen, Model
from itas.core.request import Completion, Request, Usage, UsageSum


@dataclass(slots=True)
class Totals:
    """Sums over samples.

    Attributes:
        calls: Calls that gave an answer.
        samples: Draws in these answers.
        cost_micro_usd: Sum of the known prices.
    """

    calls: int = 0
    samples: int = 0
    cost_micro_usd: int = 0
    _usage: UsageSum = field(default_factory=UsageSum)

    @property
    def usage(self) -> Usage:
        """Tokens of all samples."""
        return self._usage.total()

    def add(self, completions: tuple[Completion, ...]) -> None:
        """Count one call."""
        self.calls += 1
        for completion in completions:
            self.samples += 1
            self._usage.add(completion.usage)
            self.cost_micro_usd += completion.cost_micro_usd or 0


@dataclass(slots=True)
class Tally:
    """Totals over all models of a pool. Belongs to one event loop."""

    all: Totals = field(default_factory=Totals)


class Metered:
    """Counts the answers of the inner model.

    Args:
        inner: Who answers.
        tally: Where to count.
        paid_only: Leave out draws that are marked as stored: nobody paid for them now.
    """

    def __init__(self, inner: Model, tally: Tally, *, paid_only: bool = False) -> None:
        self._inner = inner
        self._tally = tally
        self._paid_only = paid_only

    async def sample(
        self, request: Request, *, n: int = 1, first: int = 0, listen: Listen | None = None
    ) -> tuple[Completion, ...]:
        """See `core.model.Model.sample`."""
        completions = await self._inner.sample(request, n=n, first=first, listen=listen)
        counted = completions
        if self._paid_only:
            counted = tuple(completion for completion in completions if not completion.is_stored)
        if counted:
            self._tally.all.add(counted)
        return completions
