"""Contains: the target stands somewhere in the answer.

Rule: target and reply are brought into the normal form of `exact`; the target must stand in the reply as
whole words, so ``12`` is not found in ``112``. Of several targets between bars (``Bern | Berne``) one is
enough. A marked answer (``Answer: ...``) does not matter: the whole reply counts.
"""

import re
from typing import ClassVar

from itas.benchmarks.scorers.rule import Rule
from itas.core.answers import normal_text
from itas.core.problem import Problem


class Contains(Rule):
    """See the module."""

    type: ClassVar = "contains"

    def read(self, problem: Problem, answer: str) -> str | None:
        text = normal_text(answer)
        return next((target for target in _targets(problem.target or "") if _stands_in(target, text)), None)

    def is_right(self, problem: Problem, found: str, target: str) -> bool:
        return found in _targets(target)

    def objection(self, problem: Problem) -> str | None:
        if problem.target is not None and not _targets(problem.target):
            return f"the target {problem.target!r} has nothing to look for; use 'regex' or change it"
        return None


def _targets(target: str) -> list[str]:
    return [normal for part in target.split("|") if (normal := normal_text(part))]


def _stands_in(target: str, text: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(target)}(?!\w)", text) is not None
