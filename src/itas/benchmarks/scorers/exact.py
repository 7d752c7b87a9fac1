"""Exact: the answer is the target, in one normal form.

Rule: what stands behind the last ``Answer:`` (or another mark, see `core/marks.py`), else the whole reply, is
compared with the target after lower-casing, joining white space, and dropping closing punctuation and quotes.
"""

from typing import ClassVar

from itas.benchmarks.instructions import TEXT
from itas.benchmarks.scorers.rule import Rule
from itas.core.answers import find_marked, normal_text
from itas.core.problem import Problem


class Exact(Rule):
    """See the module."""

    type: ClassVar = "exact"
    instruction: ClassVar = TEXT

    def read(self, problem: Problem, answer: str) -> str | None:
        marked = find_marked(answer)
        return normal_text(answer if marked is None else marked) or None

    def is_right(self, problem: Problem, found: str, target: str) -> bool:
        return found == normal_text(target)

    def objection(self, problem: Problem) -> str | None:
        if problem.target is not None and not normal_text(problem.target):
            return f"the target {problem.target!r} has nothing to compare with; use 'regex' or change it"
        return None
