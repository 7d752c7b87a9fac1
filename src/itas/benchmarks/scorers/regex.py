"""Regex: what a pattern of yours finds is the target.

Rule: the last match of the pattern in the last 20,000 characters of the reply is the answer: its first group,
or all of it if it has none. It is compared with the target in the normal form of `exact`. The pattern runs
in this process without a time limit, so it must come from you, never from a model.
"""

import re
from collections import deque
from typing import ClassVar

from pydantic import field_validator

from itas.benchmarks.scorers.rule import Rule
from itas.core.answers import normal_text
from itas.core.problem import Problem

_LONGEST = 20_000


class Regex(Rule):
    """See the module.

    Attributes:
        pattern: A regular expression of Python's `re`, case-sensitive unless it says ``(?i)``.
    """

    type: ClassVar = "regex"

    pattern: str

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from None
        return value

    def read(self, problem: Problem, answer: str) -> str | None:
        last = deque(re.finditer(self.pattern, answer[-_LONGEST:]), maxlen=1)
        if not last:
            return None
        found = last[0]
        return normal_text((found[1] or "") if found.re.groups else found[0]) or None

    def is_right(self, problem: Problem, found: str, target: str) -> bool:
        return found == normal_text(target)
