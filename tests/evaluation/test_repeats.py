"""Several answers to every problem: the mean, pass@k, and no draw used twice."""

from typing import Any

import pytest

from itas.benchmarks.benchmark import Benchmark
from itas.benchmarks.pass_at_k import pass_at_k
from itas.benchmarks.scorers import Number
from itas.core.architecture import Architecture
from itas.core.problem import Score, Unscored
from itas.errors import ModelError
from itas.evaluation.evaluate import evaluate
from itas.evaluation.repeats import first_draw_of, merge_repeats
from tests.evaluation.worlds import Fake, sums

THREE = Architecture.parse(
    {
        "name": "three",
        "layers": [
            {"type": "generator", "model": "fake/a", "samples": 3, "temperature": 0.7},
            {"type": "vote", "answer_kind": "number"},
        ],
    }
)
ONE = Architecture.parse({"name": "one", "layers": [{"type": "generator", "model": "fake/a"}]})


async def repeated(architecture: Architecture, count: int, reply: Any, n_problems: int = 4):
    benchmark = Benchmark("sums", sums(n_problems), Number())
    model = Fake(reply)
    found = [
        await evaluate(
            architecture, benchmark, models=lambda _: model, first_draw=first_draw_of(architecture, number)
        )
        for number in range(count)
    ]
    return found, model


def right_in(draws: Any):
    """Right answers in some draws only, as a function of (problem, draw)."""

    def reply(request: Any, number: int) -> str:
        first = int(request.messages[-1].content.split()[0])
        return f"Answer: {first + 1 if draws(first, number) else 0}"

    return reply


async def test_no_two_repeats_share_a_draw():
    seen: list[int] = []

    def reply(request: Any, number: int) -> str:
        seen.append(number)
        return "Answer: 2"

    await repeated(THREE, 4, reply, n_problems=1)
    assert sorted(seen) == list(range(12))


async def test_pass_at_k_is_the_unbiased_one_and_pass_at_1_is_the_mean():
    found, _ = await repeated(ONE, 6, right_in(lambda first, number: number % (first + 1) == 0))
    whole = merge_repeats(found, wanted=6)
    passed = [[number % (first + 1) == 0 for number in range(6)] for first in range(1, 5)]
    assert whole.score is not None
    assert whole.figures["pass@1"] == pytest.approx(whole.score.mean) == pytest.approx(pass_at_k(passed, 1))
    assert whole.figures["pass@5"] == pytest.approx(pass_at_k(passed, 5))
    assert whole.figures["pass@6"] == 1.0
    assert "pass@10" not in whole.figures
    assert [each.outcome.value for each in whole.results if isinstance(each.outcome, Score)] == [
        sum(one) / 6 for one in passed
    ]
    assert (whole.samples_used, whole.cost_micro_usd) == (24, 240)
    assert whole.is_complete
    low, high = whole.figures["pass@1 interval"]  # type: ignore[misc]
    assert low < whole.score.mean < high  # type: ignore[operator]


async def test_what_has_no_score_is_left_out_and_said():
    def reply(request: Any, number: int) -> str:
        first = int(request.messages[-1].content.split()[0])
        if first == 1 or (first == 2 and number == 1):
            raise ModelError("down", provider="fake")
        return f"Answer: {first + 1}"

    found, _ = await repeated(ONE, 3, reply)
    whole = merge_repeats(found, wanted=3)
    assert isinstance(whole.results[0].outcome, Unscored)
    assert whole.results[1].outcome == Score(value=1.0, answer="2 of 2 right")
    assert whole.figures["pass@3 problems"] == 2
    assert whole.figures["pass@1"] == 1.0


async def test_fewer_repeats_than_wanted_are_no_complete_evaluation():
    found, _ = await repeated(ONE, 2, right_in(lambda first, number: True))
    cut = found[-1].model_copy(update={"results": found[-1].results[:2], "stopped_by": "budget"})
    whole = merge_repeats([found[0], cut], wanted=5)
    assert not whole.is_complete
    assert len(whole.results) == 4
    assert whole.figures["samples per problem"] == 5
    assert merge_repeats(found[:1], wanted=1) is found[0]
