"""What a benchmark is: problems, a scorer, and where they come from."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol

from pydantic import JsonValue

from itas.core.execution import CodeRunner
from itas.core.problem import Outcome, Problem
from itas.core.seeds import random_for
from itas.core.spec import digest
from itas.errors import SpecError


class Scorer(Protocol):
    """Gives an answer a score, or says why there is none.

    An answer text from which nothing can be read counts as wrong (value 0, answer None), as the official
    tools of accuracy benchmarks do: being readable is part of the task. Whatever keeps an answer from being
    judged (no target, a judge that fails) is `Unscored`, never 0.
    """

    async def score(self, problem: Problem, answer: str) -> Outcome:
        """Score one answer, the whole text that stood at the end of an architecture."""
        ...

    def describe(self) -> dict[str, JsonValue]:
        """The rule with its parameters, for records and fingerprints."""
        ...


@dataclass(frozen=True)
class Benchmark:
    """Problems with a scorer.

    Attributes:
        name: As it was asked for.
        problems: Each with an id of its own.
        scorer: Decides about answers.
        metric: What the mean of the scores is called.
        licence: Of the data.
        link: Where the data comes from.
        total: Problems there were before a subset was drawn.
    """

    name: str
    problems: tuple[Problem, ...]
    scorer: Scorer
    metric: str = "accuracy"
    licence: str = "unknown"
    link: str = ""
    total: int = 0

    async def score(self, problem: Problem, answer: str) -> Outcome:
        """Score one answer to one of the problems."""
        return await self.scorer.score(problem, answer)

    @property
    def runs_code(self) -> bool:
        """Whether the scorer runs the answers: then it needs a runner (`with_runner`) and scores nothing without."""
        return bool(getattr(self.scorer, "runs_code", False))

    def with_runner(self, runner: CodeRunner) -> "Benchmark":
        """The same benchmark with a sandbox for its scorer; unchanged where the scorer runs nothing."""
        scorer: Any = self.scorer
        return replace(self, scorer=scorer.with_runner(runner)) if self.runs_code else self

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over problems, targets and scorer, 64 hexadecimal digits."""
        return digest(
            {
                "problems": [problem.model_dump(mode="json") for problem in self.problems],
                "scorer": self.scorer.describe(),
            }
        )

    def subset(self, limit: int, *, seed: int) -> "Benchmark":
        """A random subset, never the first rows; the whole where there are no more than `limit`.

        Args:
            limit: How many problems, >= 1.
            seed: Decides which, and their order; smaller subsets are parts of larger ones.

        Raises:
            SpecError: If `limit` is below 1.
        """
        if limit < 1:
            raise SpecError(f"must be at least 1, found {limit}", path="limit")
        order = sorted(self.problems, key=lambda problem: problem.id)
        random_for(seed, "subset", len(order)).shuffle(order)
        return replace(self, problems=tuple(order[:limit]), total=self.total or len(self.problems))
