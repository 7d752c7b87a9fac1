"""Mixture: several benchmarks as one, each with as many problems, each scored by its own rule.

The id of a problem begins with the name of its benchmark, so that every record says where a score is from. Since all
benchmarks have as many problems, a mean over problems is the mean over benchmarks.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import JsonValue

from itas.benchmarks.benchmark import Benchmark
from itas.benchmarks.judge.scorer import Judged, JudgedScorer, Ruling
from itas.benchmarks.own_data import SUFFIXES
from itas.core.execution import CodeRunner
from itas.core.judging import Ask
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


@dataclass(frozen=True)
class JudgedMixture(JudgedScorer):
    """The same where some benchmark asks a judge; the others are scored by their rules."""

    mixture: MixtureScorer

    @property
    def _judged(self) -> tuple[JudgedScorer, ...]:
        scorers = (each.scorer for each in self.mixture.benchmarks.values())
        return tuple(scorer for scorer in scorers if isinstance(scorer, JudgedScorer))

    @property
    def runs_code(self) -> bool:
        """See `MixtureScorer`."""
        return self.mixture.runs_code

    def with_runner(self, runner: CodeRunner) -> "JudgedMixture":
        """See `MixtureScorer`."""
        return JudgedMixture(self.mixture.with_runner(runner))

    @property
    def judges(self) -> tuple[str, ...]:
        """See `JudgedScorer`."""
        return tuple(dict.fromkeys(judge for scorer in self._judged for judge in scorer.judges))

    @property
    def attempts(self) -> int:
        """See `JudgedScorer`."""
        return max(scorer.attempts for scorer in self._judged)

    @property
    def max_tokens(self) -> int:
        """See `JudgedScorer`."""
        return max(scorer.max_tokens for scorer in self._judged)

    def planned_judgments(self, problem: Problem) -> int:
        """See `JudgedScorer`; none where a rule decides."""
        benchmark, own = self._own(problem)
        scorer = benchmark.scorer
        return scorer.planned_judgments(own) if isinstance(scorer, JudgedScorer) else 0

    async def judge(self, problem: Problem, answers: Sequence[str], ask: Ask) -> Ruling:
        """See `JudgedScorer`."""
        benchmark, own = self._own(problem)
        if isinstance(benchmark.scorer, JudgedScorer):
            return await benchmark.scorer.judge(own, answers, ask)
        return Ruling(await benchmark.score(own, answers[-1]))

    def figures(self, judged: Sequence[Judged]) -> dict[str, JsonValue]:
        """The official figures of every benchmark that has some, by its name."""
        return {name: scorer.figures(found) for name, scorer, found in self._by_benchmark(judged) if found}

    def official_files(self, contestant: str, judged: Sequence[Judged]) -> dict[str, str]:
        """Those of every benchmark, in a folder of its name."""
        return {
            f"{name}/{path}": text
            for name, scorer, found in self._by_benchmark(judged)
            for path, text in scorer.official_files(contestant, found).items()
        }

    def describe(self) -> dict[str, JsonValue]:
        """See `Scorer`."""
        return self.mixture.describe()

    def _own(self, problem: Problem) -> tuple[Benchmark, Problem]:
        name, _, own = problem.id.partition(_MARK)
        return self.mixture.benchmarks[name], problem.model_copy(update={"id": own})

    def _by_benchmark(self, judged: Sequence[Judged]) -> Iterator[tuple[str, JudgedScorer, list[Judged]]]:
        for name, benchmark in self.mixture.benchmarks.items():
            if isinstance(benchmark.scorer, JudgedScorer):
                found = [
                    replace(each, problem=self._own(each.problem)[1])
                    for each in judged
                    if part_of(each.problem.id) == name
                ]
                yield name, benchmark.scorer, found


def mix(benchmarks: Sequence[Benchmark], *, seed: int) -> Benchmark:
    """Several benchmarks as one.

    Args:
        benchmarks: At least two, of different names.
        seed: Decides which problems of the larger ones take part: as many as the smallest has.

    Raises:
        SpecError: One twice.
    """
    names = [short_name(each.name) for each in benchmarks]
    for name in names:
        if names.count(name) > 1:
            raise SpecError(f"every benchmark once, '{name}' is there twice", path="on")
        if _MARK in name:
            raise SpecError(f"the name of a benchmark may not have '{_MARK}' in it: {name}", path="on")
    size = min(len(each.problems) for each in benchmarks)
    chosen = {name: each.subset(size, seed=seed) for name, each in zip(names, benchmarks, strict=True)}
    scorer = MixtureScorer(chosen)
    is_judged = any(isinstance(each.scorer, JudgedScorer) for each in chosen.values())
    metrics = {each.metric for each in benchmarks}
    return Benchmark(
        name=SEPARATOR.join(names),
        problems=tuple(
            problem.model_copy(update={"id": f"{name}{_MARK}{problem.id}"})
            for row in zip(*(each.problems for each in chosen.values()), strict=True)
            for name, problem in zip(names, row, strict=True)
        ),
        scorer=JudgedMixture(scorer) if is_judged else scorer,
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
