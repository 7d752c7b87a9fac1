"""A benchmark whose answers are programs."""

from collections.abc import Mapping, Sequence

from itas.benchmarks.benchmark import Benchmark
from itas.benchmarks.scorers.code import CodeScorer, CodeTask
from itas.core.problem import Problem


def program_benchmark(
    name: str, problems: Sequence[Problem], tasks: Mapping[str, CodeTask], *, licence: str, link: str
) -> Benchmark:
    """Problems with the tests of each, by its id."""
    return Benchmark(
        name,
        tuple(problems),
        CodeScorer(tasks),
        metric="pass@1",
        licence=licence,
        link=link,
        total=len(problems),
    )
