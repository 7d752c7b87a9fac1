"""Code as simulated models write it: a function that returns what the model believes, and tests of it.

No program is thought up. A question that asks for code is one with an answer like every other; the function gives
that answer, whatever it is called with, and a test compares it with what the writer of the test believes.
"""

import re
from collections.abc import Sequence

from itas.models.simulated.belief import Beliefs, popular
from itas.models.simulated.exams import source_of
from itas.models.simulated.facts import Fact
from itas.models.simulated.noise import Noise
from itas.models.simulated.profiles import Profile

_USUAL_NAME = "solution"
_WANTS_CODE = re.compile(
    r"\bpython\b|\bdef \w+\(|\b(?:write|implement|define)\b[^.?!\n]{0,60}\b(?:function|program|code|class)\b",
    re.IGNORECASE,
)
_NAMED = (
    re.compile(r"\bdef (?P<name>[A-Za-z_]\w{0,60})\("),
    re.compile(r"\bfunction (?:called |named )?`?(?P<name>[A-Za-z_]\w{0,60})[`(]"),
    re.compile(r"`(?P<name>[A-Za-z_]\w{0,60})\("),
    re.compile(r"\b(?:called|named) `?(?P<name>[A-Za-z_]\w{0,60})`?"),
)
_TEST = re.compile(r"^assert (?P<name>[A-Za-z_]\w{0,60})\(.*\) == (?P<value>.+)$", re.MULTILINE)


def wants_code(question: str, tests: Sequence[str]) -> bool:
    """Whether an answer should hold code: it is asked for, or tests that can be run are shown."""
    return any(_TEST.search(test) for test in tests) or bool(_WANTS_CODE.search(question))


def find_stated_result(tests: Sequence[str]) -> str | None:
    """The result that the first shown test demands."""
    found = next((found for test in tests if (found := _TEST.search(test))), None)
    return None if found is None else found["value"].strip("'\"")


def write_program(fact: Fact, answer: str, tests: Sequence[str]) -> str:
    """A fenced function that returns the answer."""
    lines = [f"def {_name(fact, tests)}(*arguments):", f"    return {_literal(fact, answer)}"]
    return "\n".join(["```python", *lines, "```"])


def write_code_tests(profile: Profile, beliefs: Beliefs, fact: Fact, count: int, noise: Noise) -> str:
    """Fenced assertions about the function, most of them equalities with what the writer believes."""
    name, belief = _name(fact, ()), beliefs.belief(profile, fact)
    lines: list[str] = []
    for number in range(1, count + 1):
        result = source_of(profile, fact, belief, noise)
        other = popular(fact, noise)
        is_denial = noise.happens(0.3) and other != result
        sign, value = ("!=", other) if is_denial else ("==", result)
        lines.append(f"assert {name}({number}) {sign} {_literal(fact, value)}")
    return "\n".join(["```python", *lines, "```"])


def _name(fact: Fact, tests: Sequence[str]) -> str:
    """What tests call, else what the question names."""
    shown = next((found for test in tests if (found := _TEST.search(test))), None)
    if shown is not None:
        return shown["name"]
    named = next((found for pattern in _NAMED if (found := pattern.search(fact.question))), None)
    return _USUAL_NAME if named is None else named["name"]


def _literal(fact: Fact, answer: str) -> str:
    is_plain = fact.kind == "number" and re.fullmatch(r"-?(?:0|[1-9]\d{0,30})(?:\.\d{1,30})?", answer)
    return answer if is_plain else repr(answer)
