"""The pool behind the protocol: same number same draw, honest prices, nothing crashes it."""

import asyncio
import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itas.benchmarks.word_problems import word_problems
from itas.core.answers import find_answer
from itas.core.messages import Message, user
from itas.core.problem import Problem
from itas.core.request import Completion, Request
from itas.errors import SpecError
from itas.models.simulated import PROFILES, SimulatedPool
from itas.models.simulated.writing import UNKNOWN

PROBLEMS = word_problems(21, 130)
POOL = SimulatedPool(PROBLEMS, seed=1)
NAME = "simulated/atlas-small"


def asked(problem: Problem, *, model: str = NAME, temperature: float | None = 0.7, **more: object) -> Request:
    fields: dict[str, object] = {"model": model, "messages": problem.conversation, "temperature": temperature}
    return Request.model_validate({**fields, **more})


def is_right(problem: Problem, completion: Completion) -> bool:
    return find_answer(completion.text, "choice" if problem.choices else "number") == problem.target


def test_there_are_at_least_ten_models_and_none_bears_a_providers_name():
    assert len(POOL.names) >= 10
    assert all(name.startswith("simulated/") for name in POOL.names)
    real = (
        "gpt",
        "claude",
        "llama",
        "qwen",
        "gemini",
        "gemma",
        "mistral",
        "mixtral",
        "phi",
        "deepseek",
        "yi-",
        "o1",
    )
    assert not [name for name in POOL.names for word in real if word in name]


def test_an_unknown_model_is_an_error_with_a_cure():
    with pytest.raises(SpecError, match="Did you mean 'simulated/atlas-large'"):
        POOL.model("simulated/atlas-larg")


async def test_the_same_number_is_the_same_draw_in_any_order_and_in_another_pool():
    request = asked(PROBLEMS[0])
    model = POOL.model(NAME)
    five = await model.sample(request, n=5)
    assert five[2:4] == await model.sample(request, n=2, first=2)
    again = SimulatedPool(PROBLEMS, seed=1).model(NAME)
    assert (await again.sample(request, first=4))[0] == five[4]
    assert len({completion.text for completion in await model.sample(request, n=20)}) > 10


async def test_the_problems_order_and_company_do_not_matter():
    alone = SimulatedPool(PROBLEMS[7:8], seed=1)
    request = asked(PROBLEMS[7])
    assert await alone.model(NAME).sample(request, n=9) == await POOL.model(NAME).sample(request, n=9)


async def test_seed_model_temperature_and_system_message_change_the_draws():
    request = asked(PROBLEMS[0])
    base = await POOL.model(NAME).sample(request, n=8)
    system = (Message(role="system", content="Be brief."), *request.messages)
    others = [
        await SimulatedPool(PROBLEMS, seed=2).model(NAME).sample(request, n=8),
        await POOL.model("simulated/atlas-large").sample(request, n=8),
        await POOL.model(NAME).sample(asked(PROBLEMS[0], temperature=0.8), n=8),
        await POOL.model(NAME).sample(request.model_copy(update={"messages": system}), n=8),
    ]
    assert all(other != base for other in others)


async def test_completions_are_valid_and_priced_by_their_tokens():
    for name, profile in POOL.profiles.items():
        (completion,) = await POOL.model(f"simulated/{name}").sample(
            asked(PROBLEMS[3], model=f"simulated/{name}")
        )
        assert Completion.model_validate(completion.model_dump()) == completion
        usage = completion.usage
        exact = (usage.tokens_in * profile.micro_usd_in + usage.tokens_out * profile.micro_usd_out) / 1e6
        assert completion.cost_micro_usd is not None
        assert exact <= completion.cost_micro_usd < exact + 1
        assert usage.tokens_in >= len(PROBLEMS[3].conversation[-1].content) // 4
        assert completion.latency_s > 0


async def test_latency_is_recorded_and_only_slept_when_asked_for():
    started = time.monotonic()
    (completion,) = await POOL.model("simulated/euler-large").sample(
        asked(PROBLEMS[0], model="simulated/euler-large")
    )
    assert time.monotonic() - started < completion.latency_s
    slow = SimulatedPool(PROBLEMS, seed=1, realtime=True).model("simulated/pebble-tiny")
    started = time.monotonic()
    (completion,) = await slow.sample(asked(PROBLEMS[0], model="simulated/pebble-tiny"))
    assert time.monotonic() - started >= completion.latency_s


async def test_max_tokens_and_stop_are_obeyed():
    (cut,) = await POOL.model(NAME).sample(asked(PROBLEMS[0], max_tokens=5))
    assert (len(cut.text), cut.finish_reason, cut.usage.tokens_out) == (20, "length", 5)
    (stopped,) = await POOL.model(NAME).sample(asked(PROBLEMS[0], stop=("Answer",)))
    assert stopped.finish_reason == "stop"
    assert "Answer" not in stopped.text


async def test_an_unknown_question_is_answered_honestly_and_in_form():
    request = Request(model=NAME, messages=user("Which is the best colour?\nA) red\nB) blue\nC) green"))
    texts = [completion.text for completion in await POOL.model(NAME).sample(request, n=5)]
    for text in texts:
        assert text.startswith(UNKNOWN)
        assert find_answer(text, "choice", n_choices=3) is not None
    (other,) = await POOL.model(NAME).sample(Request(model=NAME, messages=user("Write a poem about rain.")))
    assert UNKNOWN in other.text


async def test_the_pool_learns_nothing_from_prompts():
    """A problem that was not given is unknown even if its answer stands in the prompt."""
    stranger = word_problems(99, 1)[0]
    (completion,) = await POOL.model(NAME).sample(asked(stranger))
    assert UNKNOWN in completion.text
    assert POOL.probability_right(NAME, stranger) == 0.0


async def test_the_closed_form_is_the_share_of_right_samples():
    n = 400
    for problem in PROBLEMS[:12]:
        for temperature in (0.0, 0.7, 1.0):
            drawn = await POOL.model(NAME).sample(asked(problem, temperature=temperature), n=n)
            share = sum(is_right(problem, completion) for completion in drawn) / n
            chance = POOL.probability_right(NAME, problem, temperature)
            assert abs(share - chance) < 4 * (chance * (1 - chance) / n) ** 0.5 + 0.005


def test_small_models_are_unreadable_now_and_then_and_empty_very_rarely():
    tiny = POOL.model("simulated/pebble-tiny")
    texts = [
        completion.text
        for problem in PROBLEMS[:60]
        for completion in tiny.draw(asked(problem, model="simulated/pebble-tiny"), n=200)
    ]
    unreadable = sum("Answer:" not in text for text in texts) / len(texts)
    assert 0.028 < unreadable < 0.042
    assert 0 < sum(not text for text in texts) < 0.002 * len(texts)
    for text, problem in zip(texts[::200], PROBLEMS, strict=False):
        if text and "Answer:" not in text:
            assert find_answer(text, "choice" if problem.choices else "number") is None


PIECES = (
    *(f"Task: {task}." for task in ("rank the answers", "criticise the answers", "write the best answer")),
    *(f"Task: {task}." for task in ("give reasons", "give a verdict", "write tests", "judge tests")),
    *("Task: answer the request.", "Task: something else."),
    *("<<request B2C3>>", "<<end B2C3>>", "<<answer D4F5>>", "<<end D4F5>>"),
    *("<<critique G6H7>>", "<<end G6H7>>", "<<test J8K9>>", "<<end J8K9>>"),
    *("TEST 1: The answer says that the final result is 12.", "RANKING: D4F5", "A) one\nB) two"),
    *("Answer: 12", "Answer: " + "9" * 500, "\x00\ud800", PROBLEMS[0].conversation[-1].content),
)
LINES = st.lists(st.sampled_from(PIECES) | st.text(max_size=30), max_size=16)


@settings(max_examples=400, deadline=None)
@given(LINES, st.integers(0, 15))
def test_nothing_crashes_it(lines: list[str], number: int):
    name = POOL.names[number]
    text = "\n".join(lines)
    (completion,) = POOL.model(name).draw(Request(model=name, messages=user(text)))
    assert isinstance(completion.text, str)


def test_profiles_are_within_their_ranges():
    for profile in PROFILES:
        generating = profile.generating
        for share in (generating.general, generating.mathematics, generating.code, generating.instruction):
            assert 0 < share < 1
        for skill in (
            profile.ranking, profile.criticising, profile.verifying,
            profile.fusing, profile.testing, profile.judging,
        ):  # fmt: skip
            assert 0 <= skill <= 1
        assert 0 < profile.wavering < 0.3
        assert 0 <= profile.unreadable < 0.05


@pytest.mark.parametrize("field, value", [("wavering", 0.5), ("ranking", 1.5), ("unreadable", -0.1)])
def test_a_profile_out_of_range_is_refused(field: str, value: float):
    with pytest.raises(ValueError, match=f"atlas-large: .*{'skills' if field != 'wavering' else field}"):
        replace(PROFILES[0], **{field: value})


@pytest.mark.slow
def test_a_call_costs_little():
    requests = [asked(problem, model=name) for problem in PROBLEMS for name in POOL.names]

    async def ask_all() -> None:
        for request in requests:
            await POOL.model(request.model).sample(request)

    started = time.process_time()
    asyncio.run(ask_all())
    assert (time.process_time() - started) / len(requests) < 150e-6
