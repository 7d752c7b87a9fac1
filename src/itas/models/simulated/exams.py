"""Tests as simulated models write and judge them: statements about the final answer, in plain English.

A statement is made from an answer: the right one, or one the writer only believes in. Judging reads the
statement and the candidate's answer, nothing else.
"""

import re
from decimal import Decimal, InvalidOperation

from itas.core.answers import find_number, normal_text
from itas.models.simulated.belief import Beliefs, popular
from itas.models.simulated.facts import Fact
from itas.models.simulated.noise import Noise
from itas.models.simulated.profiles import Profile

_WORKING = (
    "The answer shows the steps that lead to its result.",
    "The answer addresses every condition of the question.",
    "The answer commits to exactly one final result.",
    "The answer keeps to the form that the question asks for.",
)
_EXACT = re.compile(r"final result is (?P<not>not )?(?:option )?(?P<value>.+?)\.?$", re.IGNORECASE)
_BOUND = re.compile(
    r"(?P<way>greater|more|larger|smaller|less|lower) than (?P<value>[-+]?[\d.,]*\d)", re.IGNORECASE
)
_PARITY = re.compile(r"\b(?P<parity>even|odd) (?:whole )?number", re.IGNORECASE)


def write_tests(profile: Profile, beliefs: Beliefs, fact: Fact, count: int, noise: Noise) -> str:
    """`count` numbered tests: some about form, most about the final answer."""
    belief = beliefs.belief(profile, fact)
    tests: dict[str, None] = {}
    for number in range(1, count + 1):
        for _ in range(4):
            statement = _WORKING[number % len(_WORKING)]
            if noise.happens(0.75):
                statement = _statement(fact, source_of(profile, fact, belief, noise), noise)
            if statement not in tests:
                break
        else:
            statement = f"The answer deals with point {number} of what is asked."
        tests[statement] = None
    return "\n".join(f"TEST {number}: {statement}" for number, statement in enumerate(tests, 1))


def find_stated(tests: tuple[str, ...]) -> str | None:
    """The final answer that one of the tests demands outright."""
    for test in tests:
        exact = _EXACT.search(test)
        if exact and not exact["not"] and not _PARITY.search(test) and not _BOUND.search(test):
            return exact["value"]
    return None


def judge_statement(test: str, fact: Fact, answer: str | None) -> bool | None:
    """Whether a statement is true of an answer; None if it is not about the final answer."""
    bound = _BOUND.search(test)
    parity = _PARITY.search(test)
    value = _decimal(answer) if fact.kind == "number" and (bound or parity) else None
    if bound or parity:
        if value is None:
            return None
        if bound:
            limit = _decimal(find_number(bound["value"]))
            if limit is None:
                return None
            return value > limit if bound["way"].lower() in ("greater", "more", "larger") else value < limit
        wanted = 0 if parity and parity["parity"].lower() == "even" else 1
        return value % 2 == wanted
    exact = _EXACT.search(test)
    if exact is None:
        return None
    if answer is None:
        return bool(exact["not"])
    stated = exact["value"].strip()
    is_same = (find_number(stated) if fact.kind == "number" else normal_text(stated)) == (
        answer if fact.kind == "number" else normal_text(answer)
    )
    return is_same != bool(exact["not"])


def source_of(profile: Profile, fact: Fact, belief: str, noise: Noise) -> str:
    """The answer a statement is made from; a good writer finds the truth where it would answer wrongly."""
    if fact.right is not None and noise.happens(0.15 * profile.testing):
        return fact.right
    return belief if noise.happens(0.85) else popular(fact, noise)


def _statement(fact: Fact, source: str, noise: Noise) -> str:
    drawn = noise.uniform()
    if drawn < 0.22:
        return f"The answer says that the final result is {_named(fact, source)}."
    value = _decimal(source) if fact.kind == "number" else None
    if value is None or drawn < 0.5:
        other = popular(fact, noise)
        if other == source:
            other = fact.right if fact.right is not None and noise.happens(0.3) else fact.wrong[-1]
        if other == source:
            return f"The answer says that the final result is {_named(fact, source)}."
        return f"The answer says that the final result is not {_named(fact, other)}."
    if drawn < 0.7:
        limit = (abs(value) * Decimal("0.6")).to_integral_value() - 1
        return f"The answer gives a final result greater than {limit}."
    if drawn < 0.85 or value % 1:
        limit = (abs(value) * Decimal("1.4")).to_integral_value() + 2
        return f"The answer gives a final result smaller than {limit}."
    return f"The answer gives an {'odd' if value % 2 else 'even'} number as its final result."


def _named(fact: Fact, answer: str) -> str:
    return f"option {answer}" if fact.kind == "choice" else fact.spelled(answer)


def _decimal(text: str | None) -> Decimal | None:
    if text is None:
        return None
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if value.is_finite() and abs(value.adjusted()) < 30 else None
