"""The judges of a benchmark, and what they will be asked."""

from collections.abc import Sequence

from itas.benchmarks.benchmark import Benchmark
from itas.benchmarks.judge import JudgedScorer
from itas.core.problem import Problem
from itas.evaluation.estimate import JudgePlan


def judges_of(benchmark: Benchmark) -> tuple[str, ...]:
    """The models that its scorer asks."""
    return benchmark.scorer.judges if isinstance(benchmark.scorer, JudgedScorer) else ()


def plan_judging(benchmark: Benchmark, problems: Sequence[Problem]) -> JudgePlan | None:
    """What the scorer will ask about these problems, for an estimate; None where it asks nobody."""
    scorer = benchmark.scorer
    if not isinstance(scorer, JudgedScorer):
        return None
    judgments = tuple(scorer.planned_judgments(problem) for problem in problems)
    return JudgePlan(scorer.judges, judgments, scorer.attempts, scorer.max_tokens)
