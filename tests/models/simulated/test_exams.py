"""Tests that simulated models write, and how they are judged: from the statement and the answer alone."""

import re

import pytest

from itas.benchmarks.word_problems import word_problems
from itas.models.simulated.belief import Beliefs
from itas.models.simulated.exams import find_stated, judge_statement, write_tests
from itas.models.simulated.facts import index_problems, unknown_fact
from itas.models.simulated.noise import standing
from itas.models.simulated.profiles import PROFILES

NUMBER = unknown_fact("How many?", 0)
CHOICE = unknown_fact("Which?\nA) x\nB) y\nC) z", 0)
STRONG, WEAK = PROFILES[3], PROFILES[-1]


@pytest.mark.parametrize(
    "test, answer, verdict",
    [
        ("The answer says that the final result is 12.", "12", True),
        ("The answer says that the final result is 12.", "13", False),
        ("The answer says that the final result is 12.", None, False),
        ("The answer says that the final result is not 12.", "13", True),
        ("The answer gives a final result greater than 10.", "12", True),
        ("The answer gives a final result smaller than 10.", "12", False),
        ("The answer states a value of less than 1,000.", "12", True),
        ("The answer gives an even number as its final result.", "12", True),
        ("The answer gives an odd number as its final result.", "12.5", False),
        ("The answer shows its working.", "12", None),
        ("The answer gives a final result greater than 10.", None, None),
    ],
)
def test_statements_about_numbers_are_checked(test: str, answer: str | None, verdict: bool | None):
    assert judge_statement(test, NUMBER, answer) is verdict


def test_statements_about_options_are_checked():
    assert judge_statement("The answer says that the final result is option B.", CHOICE, "B") is True
    assert judge_statement("The answer says that the final result is not option B.", CHOICE, "B") is False


def test_an_outright_demand_is_found():
    tests = ("The answer shows its working.", "The answer says that the final result is option C.")
    assert find_stated(tests) == "C"
    assert find_stated(tests[:1]) is None


def test_better_writers_write_more_true_tests():
    problems = word_problems(3, 400)
    beliefs = Beliefs(0)
    shares: list[float] = []
    for profile in (STRONG, WEAK):
        verdicts = [
            judge_statement(statement, fact, fact.right)
            for question, fact in index_problems(problems, 0).items()
            for statement in re.findall(
                r"TEST \d+: (.+)", write_tests(profile, beliefs, fact, 8, standing("t", question))
            )
        ]
        known = [verdict for verdict in verdicts if verdict is not None]
        shares.append(sum(known) / len(known))
    assert shares[0] > shares[1] + 0.05
    assert shares[0] > 0.75
