"""The contract with the real components: their prompts are understood, and the replies pass their parsers."""

from dataclasses import replace
from typing import Any

import pytest

import itas.components  # noqa: F401  (makes the component types known)
from itas.benchmarks.word_problems import word_problems
from itas.core.architecture import Architecture
from itas.core.messages import Message, user
from itas.engine.run import Answer, answer
from itas.models.simulated import PROFILES, SimulatedPool

PROBLEMS = word_problems(31, 26)
NEAT = [replace(profile, unreadable=0.0) for profile in PROFILES]
POOL = SimulatedPool(PROBLEMS, seed=1, profiles=NEAT)
STRANGE = (
    Message(role="system", content="You answer in one line."),
    Message(role="user", content="Hello."),
    Message(role="assistant", content="Good day."),
    Message(role="user", content="Which river is the longest?\nA) Nile\nB) Rhine"),
)


def layers_for(model: str) -> dict[str, list[Any]]:
    generators = {"type": "generator", "model": model, "samples": 3}
    return {
        "generator": [generators],
        "fuser": [generators, {"type": "fuser", "model": model, "samples": 2}],
        "ranker": [generators, {"type": "ranker", "model": model, "top_k": 2, "fallback": "error"}],
        "critic": [
            generators,
            {"type": "critic", "model": model, "fallback": "error"},
            {"type": "ranker", "model": model, "fallback": "error"},
            {"type": "fuser", "model": model, "length_control": True},
        ],
        "verifier": [generators, {"type": "verifier", "model": model}],
        "generative verifier": [generators, {"type": "generative_verifier", "model": model}],
        "tournament": [generators, {"type": "tournament", "model": model}],
        "permutations": [generators, {"type": "permutation_ranker", "model": model, "fallback": "error"}],
        "universal self-consistency": [
            generators,
            {"type": "universal_self_consistency", "model": model, "fallback": "error"},
        ],
        "revision": [
            generators,
            {"type": "critic", "model": model, "fallback": "error"},
            {"type": "reviser", "model": model},
        ],
        "memory": [
            generators,
            {"type": "critic", "model": model, "fallback": "error"},
            {"type": "reflector", "model": model},
            {"type": "vote"},
        ],
        "debate": [generators, {"type": "debater", "model": model, "answers": 3}],
        "adaptive": [{"type": "adaptive_generator", "model": model}, {"type": "vote"}],
        "cascade": [generators, {"type": "cascade", "model": model}],
        "tests": [
            generators,
            {"type": "unit_test_generator", "model": model, "fallback": "error"},
            {"type": "unit_test_evaluator", "model": model},
        ],
        "counted tests": [
            generators,
            {"type": "unit_test_generator", "model": model, "count": 12, "fallback": "error"},
            {"type": "unit_test_evaluator", "model": model},
        ],
        "shown tests": [
            {"type": "unit_test_generator", "model": model, "show_tests": True, "fallback": "error"},
            generators,
            {"type": "fuser", "model": model},
        ],
    }


async def run(name: str, model: str, conversation: tuple[Message, ...]) -> Answer:
    architecture = Architecture.model_validate({"layers": layers_for(model)[name]})
    return await answer(architecture, conversation, models=POOL.model)


@pytest.mark.parametrize("name", list(layers_for("simulated/atlas-large")))
async def test_every_reply_is_readable(name: str):
    for index, problem in enumerate(PROBLEMS):
        model = POOL.names[index % len(POOL.names)]
        for conversation in (problem.conversation, STRANGE):
            result = await run(name, model, conversation)
            unreadable = [
                event for event in result.events if event.kind in ("unreadable", "empty", "dropped")
            ]
            assert not unreadable, unreadable[0].detail
            assert "Answer:" in result.text


async def test_the_tests_are_as_many_as_asked_for():
    result = await run("counted tests", "simulated/turing-large", PROBLEMS[0].conversation)
    prompt = next(call for call in result.calls if "Task: judge tests." in call.request.messages[-1].content)
    assert prompt.request.messages[-1].content.count("<<test ") == 12
    assert prompt.completions[0].text.count("TEST ") == 12


async def test_judges_of_unknown_questions_say_that_they_are_simulated():
    result = await run("critic", "simulated/atlas-large", user("What is the sense of it all?"))
    assert all(
        "simulated model" in completion.text for call in result.calls for completion in call.completions
    )
