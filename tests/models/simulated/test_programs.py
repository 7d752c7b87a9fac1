"""Simulated models write code and tests that can be run, in the forms that the real components read."""

from dataclasses import replace

import itas.components  # noqa: F401 - makes the component types known
from itas.benchmarks.word_problems import word_problems
from itas.components.code_tests import find_entry_point, parse_code_tests
from itas.core.architecture import Architecture
from itas.core.code import extract_code
from itas.core.execution import CallTest
from itas.core.messages import user
from itas.core.request import Request
from itas.engine import answer
from itas.models.simulated import PROFILES, SimulatedPool
from itas.models.simulated.programs import wants_code
from itas.sandbox import Sandbox

PROBLEMS = word_problems(31, 60)
POOL = SimulatedPool(PROBLEMS, seed=1, profiles=[replace(profile, unreadable=0.0) for profile in PROFILES])
STRONG, WEAK = "simulated/atlas-large", "simulated/atlas-small"


def draw(question: str) -> str:
    request = Request(model=STRONG, messages=user(question))
    return POOL.model(STRONG).draw(request)[0].text


def test_code_is_written_where_it_is_asked_for_and_only_there():
    code = extract_code(draw("Write a Python function `twice(x)` that doubles."))
    assert code is not None
    assert code.startswith("def twice(")
    assert extract_code(draw("How much is 6 times 7?")) is None
    assert wants_code("How many apples?", ["assert solution(1) == 3"])
    assert not any(wants_code(problem.conversation[-1].content, ()) for problem in PROBLEMS)


def test_tests_that_can_be_run_are_read_and_call_the_function_that_was_named():
    from itas.components.code_tests import render_code_test_writing
    from itas.core.seeds import random_for

    conversation = user("Write a Python function `twice(x)` that doubles.")
    prompt = render_code_test_writing(conversation, lambda *material: random_for(0, *material), count=8)
    tests = parse_code_tests(draw(prompt), 8)
    assert len(tests) == 8
    assert find_entry_point([test for test in tests if isinstance(test, CallTest)]) == "twice"


async def test_executed_tests_of_a_strong_model_choose_better_than_chance():
    layers = [
        {"type": "unit_test_generator", "model": STRONG, "execute": True, "count": 6, "show_tests": True},
        {"type": "generator", "model": WEAK, "samples": 8},
    ]
    plain = Architecture.parse({"layers": layers})
    tested = Architecture.parse(
        {"layers": [*layers, {"type": "unit_test_evaluator", "execute": True, "top_k": 1}]}
    )
    right = [0, 0]
    async with Sandbox() as sandbox:
        for problem in PROBLEMS[:40]:
            for number, architecture in enumerate((plain, tested)):
                found = await answer(architecture, problem.conversation, models=POOL.model, runner=sandbox)
                fact = POOL.fact_for(problem.conversation[-1].content.strip())
                right[number] += fact.read(found.text) == fact.right
    assert right[1] > right[0], right
