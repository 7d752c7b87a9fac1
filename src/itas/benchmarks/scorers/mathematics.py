"""Math: the final answer is the target, as mathematics.

Rule: the answer in the last ``\\boxed{...}`` or ``Answer:`` line (see `mathematics/extraction.py`) equals the
target as a string, number, formula, set, interval or matrix. What our own reader cannot decide goes to
math-verify in a process of its own (extra ``math``), which is killed after 5 seconds; then there is no score.
Model text is parsed, never evaluated.
"""

import asyncio
from typing import ClassVar

from itas.benchmarks.mathematics import compare, find_expression, shared_checker
from itas.benchmarks.mathematics.checker import TIMEOUT_S, is_installed
from itas.benchmarks.scorers.rule import Rule
from itas.core.problem import Outcome, Problem, Score, Unscored
from itas.errors import SpecError

INSTRUCTION = (
    "Think it through, then finish with one line of the form `Answer: $\\boxed{...}$` that holds the final answer "
    "and nothing else."
)


class Math(Rule):
    """See the module."""

    type: ClassVar = "math"
    instruction: ClassVar = INSTRUCTION

    async def score(self, problem: Problem, answer: str) -> Outcome:
        """Score one answer: 1 for right, 0 for wrong."""
        if problem.target is None:
            return Unscored(reason="no_target", detail=f"problem '{problem.id}' has no target")
        found = self.read(problem, answer)
        is_right = found is not None and compare(problem.target, found)
        if found is not None and is_right is None:
            is_right = await asyncio.to_thread(shared_checker().check, problem.target, found)
        if is_right is None:
            return Unscored(
                reason="scorer_error", detail=f"no verdict on {found!r:.200} within {TIMEOUT_S:g} seconds"
            )
        return Score(value=float(is_right), answer=found)

    def read(self, problem: Problem, answer: str) -> str | None:
        return find_expression(answer)

    def is_right(self, problem: Problem, found: str, target: str) -> bool:
        """Without the slow path: sure of it at once."""
        return compare(target, found) is True

    def objection(self, problem: Problem) -> str | None:
        if problem.target is not None and compare(problem.target, problem.target) is not True:
            return f"the target {problem.target!r} has nothing to compare with"
        return None


def check_installed() -> None:
    """Refuse before anything is paid for.

    Raises:
        SpecError: math-verify is not installed.
    """
    if not is_installed():
        raise SpecError("scoring mathematics needs math-verify: pip install 'itas[math]'", path="scorer")
