"""Mixture: several benchmarks as one, each with as many problems, each scored by its own rule.

The id of a problem begins with the name of its benchmark, so that every record says where a score is from. Since all
benchmarks have as many problems, a mean over problems is the mean over benchmarks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from itas.benchmarks.benchmark import Benchmark
from itas.benchmarks.judge.scorer import JudgedScorer
from itas.benchmarks.own_data import SUFFIXES
from itas.core.execution import CodeRunner
from itas.core.problem import Outcome, Problem
from itas.errors import SpecError

SEPARATOR = " + "
_MARK = "::"


@dataclass(frozen=True)
class MixtureScorer:
    """Hands every problem, with its own id, to the benchmark it is from."""

    benchmarks: Mapping[str, Benchmark]

    @property
    def runs_code(self) -> bool:
        """Some benchmark runs the answers."""
        return any(each.runs_code for each in self.benchmarks.values())

    def with_runner(self, runner: CodeRunner) -> "MixtureScorer":
        """The same with a sandbox for those who need one."""
        return MixtureScorer({name: each.with_runner(runner) for name, each in self.benchmarks.items()})

    async def score(self, problem: Problem, answer: str) -> Outcome:
        """See `Scorer`."""
        name, _, own = problem.id.partition(_MARK)
        return await self.benchmarks[name].score(problem.model_copy(update={"id": own}), answer)

    def describe(self) -> dict[str, JsonValue]:
        """See `Scorer`."""
        return {
            "rule": "mixture",
            "of": {name: each.scorer.describe() for name, each in self.benchmarks.items()},
        }


def mix(benchmarks: Sequence[Benchmark], *, seed: int) -> Benchmark:
    """Several benchmarks as one.

    Args:
        benchmarks: At least two, of different names.
        seed: Decides which problems of the larger ones take part: as many as the smallest has.

    Raises:
        SpecError: One twice, or one that is scored by judges, which score all answers to a problem together.
    """
    names = [short_name(each.name) for each in benchmarks]
    for name in names:
        if names.count(name) > 1:
            raise SpecError(f"every benchmark once, '{name}' is there twice", path="on")
        if _MARK in name:
            raise SpecError(f"the name of a benchmark may not have '{_MARK}' in it: {name}", path="on")
    judged = [each.name for each in benchmarks if isinstance(each.scorer, JudgedScorer)]
    if judged:
        raise SpecError(
            f"'{judged[0]}' is scored by a judge and cannot stand beside other benchmarks. Search on it alone",
            path="on",
        )
    size = min(len(each.problems) for each in benchmarks)
    chosen = {name: each.subset(size, seed=seed) for name, each in zip(names, benchmarks, strict=True)}
    metrics = {each.metric for each in benchmarks}
    return Benchmark(
        name=SEPARATOR.join(names),
        problems=tuple(
            problem.model_copy(update={"id": f"{name}{_MARK}{problem.id}"})
            for row in zip(*(each.problems for each in chosen.values()), strict=True)
            for name, problem in zip(names, row, strict=True)
        ),
        scorer=MixtureScorer(chosen),
        metric=metrics.pop() if len(metrics) == 1 else "score",
        licence=SEPARATOR.join(dict.fromkeys(each.licence for each in benchmarks)),
        total=sum(each.total or len(each.problems) for each in benchmarks),
    )


def part_of(problem: str) -> str | None:
    """Name of the benchmark that a problem of a mixture is from, by its id; None for any other problem."""
    name, mark, _ = problem.partition(_MARK)
    return name if mark else None


def short_name(name: str) -> str:
    """The name without where a file lies."""
    first, colon, path = name.partition(":")
    if colon and Path(path).suffix:
        return first
    return Path(name).stem if Path(name).suffix in SUFFIXES else name


def own_id(problem: str) -> str:
    """The id that a problem of a mixture has in its own benchmark."""
    return problem.partition(_MARK)[2] or problem
