"""Number: the final number equals the target.

Rule: the number in the last ``Answer:`` line (or another mark, see `core/marks.py`), else the last number of
the reply, is compared as an exact fraction, so ``1,000``, ``1000.0`` and ``$1000`` are one number; percent
signs and units are ignored. `tolerance` allows for rounding.
"""

import re
from fractions import Fraction
from typing import ClassVar

from pydantic import NonNegativeFloat

from itas.benchmarks.instructions import NUMBER
from itas.benchmarks.scorers.rule import Rule
from itas.core.answers import find_number, normal_number
from itas.core.problem import Problem


class Number(Rule):
    """See the module.

    Attributes:
        tolerance: Largest absolute difference that still counts as right.
    """

    type: ClassVar = "number"
    instruction: ClassVar = NUMBER

    tolerance: NonNegativeFloat = 0.0

    def read(self, problem: Problem, answer: str) -> str | None:
        return find_number(answer)

    def is_right(self, problem: Problem, found: str, target: str) -> bool:
        wanted = normal_number(target)
        if wanted is None:
            return False
        return abs(Fraction(found) - Fraction(wanted)) <= Fraction(self.tolerance)

    def objection(self, problem: Problem) -> str | None:
        if problem.target is not None and normal_number(problem.target) is None:
            return f"the target {problem.target!r} is not a number; {_cure(problem.target)}, or use 'exact'"
        return None


def _cure(target: str) -> str:
    if re.fullmatch(r"[-+]?\d{1,20},\d{1,20}", target.strip()):
        return f"use a point: {target.strip().replace(',', '.')}"
    number = re.fullmatch(r"([-+]?\d{1,20}(?:\.\d{1,20})?)\s?[^\W\d]\D{0,40}", target.strip())
    return f"leave the unit out: {number[1]}" if number else "write it as digits"
