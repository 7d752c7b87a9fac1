"""What a study needs from outside: somebody who runs architectures on problems. It knows no models itself."""

from collections.abc import Awaitable, Callable, Sequence

from itas.core.architecture import Architecture
from itas.core.observation import Observation
from itas.errors import BudgetExceeded

Evaluate = Callable[[Architecture, Sequence[str]], Awaitable[Sequence[Observation]]]
"""Runs an architecture on problems, given by id.

Returns one observation per problem, in their order; a problem that failed is one with an `Unscored` outcome.
Raises `PartialEvaluation` (or plain `BudgetExceeded`) when a cap is hit, `ModelError` and the like when
nothing can be said about the architecture at all: both are states of that trial, and the study goes on.
"""

MarginalSamples = Callable[[Architecture, Sequence[str]], int]
"""Model samples that an evaluation would still have to buy, for the caps; by default read off the structure
(`search/sharing.py`), which is exact within a study and the same when it is resumed. Searchers always go by the
structure: what else a store holds would make a resumed study propose something else."""


class PartialEvaluation(BudgetExceeded):
    """A cap was hit in the middle of an evaluation.

    Args:
        message: Which cap.
        observations: Of the problems that were finished before.
    """

    def __init__(self, message: str, observations: Sequence[Observation]) -> None:
        self.observations = tuple(observations)
        super().__init__(message)
