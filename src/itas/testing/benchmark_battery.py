"""What any benchmark must do, whatever it asks.

    async def test_it_passes_the_battery():
        await check_benchmark(load("", 0), right=lambda problem: f"Answer: {problem.target}")

`right` gives an answer text that deserves the full score. No model is asked; of a benchmark with a judge the
judges are functions (see `judge_battery`).
"""

import asyncio
from collections.abc import Callable
from typing import cast

from itas.benchmarks.benchmark import Benchmark
from itas.benchmarks.judge.scorer import JudgedScorer
from itas.core.problem import Outcome, Problem, Score, Unscored
from itas.core.spec import canonical_json
from itas.testing.hostile import HOSTILE_TEXTS
from itas.testing.judge_battery import check_judging
from itas.testing.requiring import require

RightAnswer = Callable[[Problem], str]

_MOST_PROBLEMS = 50


async def check_benchmark(benchmark: Benchmark, *, right: RightAnswer | None = None) -> None:
    """Every check of this file; `right` where answers can be told right without a model."""
    check_problems(benchmark)
    check_subsets(benchmark)
    await check_empty_answers(benchmark)
    await check_hostile_answers(benchmark)
    if isinstance(benchmark.scorer, JudgedScorer):
        await check_judging(benchmark, benchmark.scorer)
    if right is not None:
        await check_right_answers(benchmark, right)
        await check_scoring_is_repeatable(benchmark, right)


def check_problems(benchmark: Benchmark) -> None:
    """There are problems, each with an id of its own, that end with a message of the user and can be written."""
    require(bool(benchmark.problems), "it has no problems")
    ids = [problem.id for problem in benchmark.problems]
    twice = sorted({id for id in ids if ids.count(id) > 1})[:3] if len(set(ids)) < len(ids) else []
    require(not twice, f"ids that stand for several problems: {twice}")
    for problem in benchmark.problems:
        last = problem.conversation[-1]
        require(last.role == "user" and bool(last.content.strip()), f"{problem.id}: nothing is asked")
        again = Problem.model_validate_json(problem.model_dump_json())
        require(again == problem, f"{problem.id}: not the same after being written and read")
    canonical_json(benchmark.scorer.describe())
    require(len(benchmark.fingerprint) == 64, f"its fingerprint is {benchmark.fingerprint!r}")


def check_subsets(benchmark: Benchmark) -> None:
    """A subset has problems of the whole, smaller ones are parts of larger ones."""
    half = max(len(benchmark.problems) // 2, 1)
    ids = {problem.id for problem in benchmark.problems}
    large = {problem.id for problem in benchmark.subset(half, seed=1).problems}
    small = {problem.id for problem in benchmark.subset(max(half // 2, 1), seed=1).problems}
    require(small <= large <= ids and len(large) == min(half, len(ids)), "a subset is none")


async def check_right_answers(benchmark: Benchmark, right: RightAnswer) -> None:
    """A right answer has the full score."""
    for problem in benchmark.problems[:_MOST_PROBLEMS]:
        outcome = await benchmark.score(problem, right(problem))
        full = isinstance(outcome, Score) and outcome.value == 1.0
        require(full, f"{problem.id}: a right answer got {outcome}")


async def check_empty_answers(benchmark: Benchmark) -> None:
    """An answer from which nothing can be read is wrong, or has a stated reason for having no score."""
    for text in ("", " \n", "I do not know."):
        for problem in benchmark.problems[:5]:
            outcome = await benchmark.score(problem, text)
            _check_outcome(problem, outcome)
            is_full = isinstance(outcome, Score) and outcome.value > 0
            require(not is_full, f"{problem.id}: {text!r} got {outcome}")


async def check_hostile_answers(benchmark: Benchmark) -> None:
    """Whatever stands in an answer, it has an outcome."""
    problem = benchmark.problems[0]
    for text in HOSTILE_TEXTS:
        _check_outcome(problem, await benchmark.score(problem, text))


async def check_scoring_is_repeatable(benchmark: Benchmark, right: RightAnswer) -> None:
    """The same answers have the same outcomes, one by one or side by side."""
    answers = [(problem, right(problem)) for problem in benchmark.problems[:_MOST_PROBLEMS]]
    answers += [(problem, "I do not know.") for problem in benchmark.problems[:5]]
    one_by_one = [await benchmark.score(*each) for each in answers]
    together = await asyncio.gather(*(benchmark.score(*each) for each in answers))
    require(one_by_one == together, "the same answers are scored differently side by side")


def _check_outcome(problem: Problem, outcome: Outcome) -> None:
    found = cast("object", outcome)
    require(
        isinstance(found, Score | Unscored), f"{problem.id}: scoring gives {found!r}, not Score or Unscored"
    )
