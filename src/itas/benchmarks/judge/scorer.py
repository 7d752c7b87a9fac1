"""What a benchmark does whose answers are judged by a model."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from itas.benchmarks.judge.options import JudgeOptions
from itas.core.judging import Ask, Judgment
from itas.core.problem import Outcome, Problem, Unscored


@dataclass(frozen=True, slots=True)
class Ruling:
    """What judging one problem came to: the outcome, and every judgment it rests on."""

    outcome: Outcome
    judgments: tuple[Judgment, ...] = ()


@dataclass(frozen=True, slots=True)
class Judged:
    """One problem with its answers and what was decided about them.

    Attributes:
        problem: Which.
        answers: One per turn; fewer where an answer failed.
        outcome: Score, or the reason why there is none.
        judgments: What it rests on.
    """

    problem: Problem
    answers: tuple[str, ...]
    outcome: Outcome
    judgments: tuple[Judgment, ...] = ()


class JudgedScorer(ABC):
    """A scorer that asks models. It never learns who answered, so neither does the judge."""

    @property
    @abstractmethod
    def judges(self) -> tuple[str, ...]:
        """The models it asks; none where rules decide everything."""

    @property
    @abstractmethod
    def attempts(self) -> int:
        """How often it asks for one readable judgment at most."""

    @property
    @abstractmethod
    def max_tokens(self) -> int:
        """Longest reply it asks for."""

    @abstractmethod
    def planned_judgments(self, problem: Problem) -> int:
        """Judgments for one problem when every reply is readable."""

    @abstractmethod
    async def judge(self, problem: Problem, answers: Sequence[str], ask: Ask) -> Ruling:
        """Judge the answers to the turns of one problem.

        Raises:
            ModelError: The judge did not answer.
            BudgetExceeded: A cap was reached.
        """

    @abstractmethod
    def figures(self, judged: Sequence[Judged]) -> dict[str, JsonValue]:
        """The official figures over all problems, and how the judge behaved."""

    @abstractmethod
    def official_files(self, contestant: str, judged: Sequence[Judged]) -> dict[str, str]:
        """Files that the official tools read, by relative path.

        Args:
            contestant: Name under which the answers are filed.
            judged: Every problem, in order.
        """

    @abstractmethod
    def describe(self) -> dict[str, JsonValue]:
        """Everything that decides a score, for records and fingerprints."""

    async def score(self, problem: Problem, answer: str) -> Outcome:
        """`benchmarks.Scorer.score`: without a judge at hand there is no score."""
        return Unscored(
            reason="scorer_error", detail=f"problem '{problem.id}' needs a judge, and none was given"
        )


@dataclass(frozen=True)
class OneJudgeScorer(JudgedScorer):
    """Asks one judge, as the options say.

    Attributes:
        options: Who judges, and how.
    """

    options: JudgeOptions

    @property
    def judges(self) -> tuple[str, ...]:
        return (self.options.judge,)

    @property
    def attempts(self) -> int:
        return self.options.attempts

    @property
    def max_tokens(self) -> int:
        return self.options.max_tokens
