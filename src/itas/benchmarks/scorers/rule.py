"""What the scorers that need no model share."""

from abc import ABC, abstractmethod
from typing import ClassVar

from pydantic import JsonValue

from itas.core.problem import Outcome, Problem, Score, Unscored
from itas.core.spec import Spec


class Rule(Spec, ABC):
    """A rule that compares what it reads in an answer with the target. The class is the spec.

    A problem without a target is unscored; an answer from which nothing can be read is wrong.
    """

    type: ClassVar[str]
    instruction: ClassVar[str] = ""
    """Asks for answers in the form that the rule reads."""

    async def score(self, problem: Problem, answer: str) -> Outcome:
        """Score one answer: 1 for right, 0 for wrong."""
        if problem.target is None:
            return Unscored(reason="no_target", detail=f"problem '{problem.id}' has no target")
        found = self.read(problem, answer)
        is_right = found is not None and self.is_right(problem, found, problem.target)
        return Score(value=float(is_right), answer=found)

    def describe(self) -> dict[str, JsonValue]:
        """The rule with its parameters."""
        return {"type": self.type, **self.model_dump(mode="json")}

    @abstractmethod
    def read(self, problem: Problem, answer: str) -> str | None:
        """The final answer in a text; None if there is none."""

    @abstractmethod
    def is_right(self, problem: Problem, found: str, target: str) -> bool:
        """Whether what was read is the target."""

    def objection(self, problem: Problem) -> str | None:
        """Why this rule cannot work with the target of a problem, and the cure; None if it can."""
        return None
