"""Judge: a model rates every answer, or compares it with the baseline of its row.

Rule: with a column ``baseline`` the judge sees the answer and the baseline in both orders, and a win counts 1, a
tie or two orders that disagree 0.5, a loss 0; without one it rates the answer from 1 to 10, and the score is
a tenth of that. What counts can be said for every row (column ``rubric``) or for all (``rubric``, a text file); a
``target`` is shown to the judge as a right answer. Our own wording, see `judge/wording.py`. What stays
unreadable is unscored.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import Field, JsonValue, PositiveInt

from itas.benchmarks.files import Row, read_text
from itas.benchmarks.judge.asking import ask_judge
from itas.benchmarks.judge.conduct import conduct
from itas.benchmarks.judge.games import agreed_value, play
from itas.benchmarks.judge.options import JudgeOptions
from itas.benchmarks.judge.scorer import Judged, OneJudgeScorer, Ruling
from itas.benchmarks.judge.wording import Material, Talk, ask_for_comparison, ask_for_rating
from itas.benchmarks.scorers.recipe import Recipe
from itas.core.judging import Ask
from itas.core.problem import Problem, Score, Unscored
from itas.core.spec import MODEL_PATTERN
from itas.errors import DataError

Grading = Literal["single", "pairwise"]


class Judge(Recipe):
    """See the module.

    Attributes:
        judge: The model that judges, ``provider/model``.
        grading: ``single`` or ``pairwise``; None for pairwise where the data has a column ``baseline``.
        rubric: A text file that says what counts, for every row that has no rubric of its own.
        orders: ``both`` shows each pair in both orders; ``one`` in one that is drawn per problem, at half the price.
        attempts: How often to ask for a readable verdict.
        max_tokens: Longest reply of the judge.
    """

    type: ClassVar = "judge"
    columns: ClassVar = ("rubric", "baseline")

    judge: Annotated[str, Field(pattern=MODEL_PATTERN)]
    grading: Grading | None = None
    rubric: Path | None = None
    orders: Literal["both", "one"] = "both"
    attempts: PositiveInt = 2
    max_tokens: PositiveInt = 2048

    def make(self, problems: Sequence[Problem], rows: Sequence[Row]) -> "OwnJudge":
        has_baselines = any("baseline" in row.values for row in rows)
        grading: Grading = self.grading or ("pairwise" if has_baselines else "single")
        general = None if self.rubric is None else read_text(self.rubric).strip()
        return OwnJudge(
            JudgeOptions(
                judge=self.judge,
                grading=grading,
                orders=self.orders,
                attempts=self.attempts,
                max_tokens=self.max_tokens,
            ),
            rubrics={
                problem.id: rubric
                for problem, row in zip(problems, rows, strict=True)
                if (rubric := _optional_text(row, "rubric") or general)
            },
            baselines={problem.id: _baseline(row) for problem, row in zip(problems, rows, strict=True)}
            if grading == "pairwise"
            else {},
        )


@dataclass(frozen=True)
class OwnJudge(OneJudgeScorer):
    """Judges answers to questions of the user.

    Attributes:
        options: Who judges, and how.
        rubrics: What counts, by problem id; not every problem needs one.
        baselines: Answers to compare with, by problem id; for pairwise grading one for every problem.
    """

    rubrics: Mapping[str, str]
    baselines: Mapping[str, str]

    @property
    def is_pairwise(self) -> bool:
        """Whether answers are compared, not rated."""
        return self.options.grading == "pairwise"

    @property
    def metric(self) -> str:
        """What the mean score is called."""
        return "win rate" if self.is_pairwise else "rating / 10"

    def planned_judgments(self, problem: Problem) -> int:
        return 2 if self.is_pairwise and self.options.orders == "both" else 1

    async def judge(self, problem: Problem, answers: Sequence[str], ask: Ask) -> Ruling:
        talk = Talk((problem.conversation[-1].content,), (answers[0],))
        material = Material(problem.target, self.rubrics.get(problem.id), _told(problem))
        if not self.is_pairwise:
            judgment = await ask_judge(ask_for_rating(talk, material), self.options, ask)
            games, value = (judgment,), judgment.value
        else:
            games = await play(
                lambda is_first: ask_for_comparison(
                    talk, (self.baselines[problem.id],), is_first=is_first, grades=3, material=material
                ),
                self.options,
                ask,
                problem_id=problem.id,
            )
            value = agreed_value(games)
        if value is None:
            return Ruling(Unscored(reason="scorer_error", detail="a judgment could not be read"), games)
        return Ruling(Score(value=value), games)

    def figures(self, judged: Sequence[Judged]) -> dict[str, JsonValue]:
        """Wins, ties and losses where answers are compared, and the conduct of the judge."""
        values = [each.outcome.value for each in judged if isinstance(each.outcome, Score) and each.judgments]
        counts: dict[str, JsonValue] = {}
        if self.is_pairwise:
            counts = {
                "wins": sum(value == 1.0 for value in values),
                "ties": sum(value == 0.5 for value in values),
                "losses": sum(value == 0.0 for value in values),
            }
        with_rubric = sum(each.problem.id in self.rubrics for each in judged)
        about: dict[str, JsonValue] = {"grading": self.options.grading, "with_rubric": with_rubric}
        return {**about, **counts, **conduct(judged, self.options, wording="own")}

    def official_files(self, contestant: str, judged: Sequence[Judged]) -> dict[str, str]:
        """None: the judgments stand in ``results.jsonl``."""
        return {}

    def describe(self) -> dict[str, JsonValue]:
        return {
            "type": "judge",
            "options": self.options.model_dump(mode="json"),
            "rubrics": dict(sorted(self.rubrics.items())),
            "baselines": dict(sorted(self.baselines.items())),
        }


def _told(problem: Problem) -> str | None:
    """The messages before the last one."""
    earlier = problem.conversation[:-1]
    return "\n\n".join(f"[{message.role}]\n{message.content}" for message in earlier) or None


def _optional_text(row: Row, name: str) -> str | None:
    value: object = row.values.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise DataError(f"{row.where}: '{name}' must be a text, found {type(value).__name__}")
    return value.strip() or None


def _baseline(row: Row) -> str:
    text = _optional_text(row, "baseline")
    if text is None:
        raise DataError(
            f"{row.where}: every row needs the answer to compare with in 'baseline' (scorer 'judge', grading pairwise)"
        )
    return text
