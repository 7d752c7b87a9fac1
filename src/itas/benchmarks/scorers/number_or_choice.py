"""Number or choice: problems with options are scored by letter, the others by number.

Rule: `choice` for a problem that has choices, `number` for one that has none.
"""

from typing import ClassVar

from itas.benchmarks.scorers.choice import Choice
from itas.benchmarks.scorers.number import Number
from itas.benchmarks.scorers.rule import Rule
from itas.core.problem import Problem


class NumberOrChoice(Rule):
    """See the module."""

    type: ClassVar = "number_or_choice"

    def read(self, problem: Problem, answer: str) -> str | None:
        return self._rule(problem).read(problem, answer)

    def is_right(self, problem: Problem, found: str, target: str) -> bool:
        return self._rule(problem).is_right(problem, found, target)

    def objection(self, problem: Problem) -> str | None:
        return self._rule(problem).objection(problem)

    def _rule(self, problem: Problem) -> Rule:
        return Choice() if problem.choices else Number()
