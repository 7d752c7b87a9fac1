"""MT-Bench: questions in two turns, judged by a model.

Data: https://github.com/lm-sys/FastChat, ``fastchat/llm_judge/data``; Apache-2.0; 80 questions in eight
categories. The folder holds ``mt_bench/question.jsonl`` with ``question_id``, ``category``, ``turns``; in
``reference_answer`` answers to the questions of mathematics, reasoning and coding; and ``judge_prompts.jsonl``.
Of the form: first "Plan a day in a small town by the sea.", then, after the answer to that, "Now the same for a
rainy day, in rhymes."

Two ways of grading, as in FastChat at 0e6d3e4: *single* rates each answer from 1 to 10, and the MT-Bench
score is the mean over all readable ratings of both turns; *pairwise* compares with a baseline in both orders,
where different results count as a tie, and the win rate is (wins + ties / 2) / all. Here the score of a problem is its
mean rating divided by 10, or its mean win. Unlike in FastChat the temperature of the answers is the
architecture's, not the category's, and a game that could not be read is left out, never a win.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import JsonValue

from itas.benchmarks.benchmark import Benchmark
from itas.benchmarks.judge.asking import Question, Reading, ask_judge
from itas.benchmarks.judge.conduct import conduct
from itas.benchmarks.judge.files import (
    file_name,
    find_baseline,
    find_file,
    load_turns,
    read_objects,
    read_texts,
    to_jsonl,
)
from itas.benchmarks.judge.games import agreed_value, play
from itas.benchmarks.judge.options import JudgeOptions
from itas.benchmarks.judge.prompts import JudgePrompt, load_jsonl_prompts
from itas.benchmarks.judge.scorer import Judged, OneJudgeScorer, Ruling
from itas.benchmarks.judge.verdicts import SHARE, parse_letter, parse_rating, turn_round
from itas.benchmarks.judge.wording import Material, Talk, ask_for_comparison, ask_for_rating
from itas.benchmarks.mt_bench.rows import answer_row, pair_row, single_row
from itas.core.concurrency import side_by_side
from itas.core.judging import Ask, Judgment
from itas.core.messages import user
from itas.core.problem import Problem, Score, Unscored
from itas.core.request import Completion
from itas.core.spec import digest
from itas.errors import DataError, SpecError

LICENCE = "Apache-2.0"
LINK = "https://github.com/lm-sys/FastChat/tree/main/fastchat/llm_judge"
SIZE = 80
_WITH_REFERENCE = frozenset({"math", "reasoning", "coding", "arena-hard-200"})
_PLACES = ("", "mt_bench/")


def load_mt_bench(folder: Path, options: JudgeOptions, *, name: str = "mt_bench") -> Benchmark:
    """Read the official folder.

    Args:
        folder: With ``question.jsonl``, in it or in ``mt_bench/``.
        options: How it is judged; `baseline` is needed for pairwise grading.
        name: Of the benchmark.

    Raises:
        DataError: A file is missing or not of the form.
        SpecError: Pairwise grading without a baseline, or official wording without its file.
    """
    questions = find_file(folder, *(f"{place}question.jsonl" for place in _PLACES))
    if questions is None:
        raise DataError(f"{folder}: no question.jsonl in this folder. The data is at {LINK}")
    problems = tuple(_problem(where, row) for where, row in read_objects(questions))
    scorer = MTBench(
        options,
        grading=options.grading or "single",
        references=_references(folder),
        baseline=_baseline(folder, options, problems),
        prompts=_prompts(folder, options),
    )
    metric = "MT-Bench score / 10" if scorer.grading == "single" else "win rate"
    return Benchmark(name, problems, scorer, metric=metric, licence=LICENCE, link=LINK, total=len(problems))


@dataclass(frozen=True)
class MTBench(OneJudgeScorer):
    """Judges both turns.

    Attributes:
        options: How.
        grading: ``single`` or ``pairwise``.
        references: Right answers by problem id, one per turn.
        baseline: Answers to compare with by problem id, one per turn; and whose they are.
        prompts: The official ones by name; none to use ours.
    """

    grading: str = "single"
    references: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    baseline: tuple[str, Mapping[str, tuple[str, ...]]] | None = None
    prompts: Mapping[str, JudgePrompt] = field(default_factory=dict[str, JudgePrompt])

    @property
    def wording(self) -> str:
        """Whose prompts are used."""
        sources = sorted({prompt.source for prompt in self.prompts.values()})
        return f"official: {', '.join(sources)}" if sources else "own"

    def planned_judgments(self, problem: Problem) -> int:
        games = 1 if self.grading == "single" or self.options.orders == "one" else 2
        return games * (1 + len(problem.turns))

    async def judge(self, problem: Problem, answers: Sequence[str], ask: Ask) -> Ruling:
        requests = (problem.conversation[-1].content, *problem.turns)
        talks = [Talk(requests[:turn], answers[:turn]) for turn in range(1, len(answers) + 1)]
        if self.grading == "single":
            asked = [ask_judge(self._rating(problem, talk), self.options, ask) for talk in talks]
            judgments = tuple(await side_by_side(asked))
            values = [each.value for each in judgments]
        else:
            played = await side_by_side([self._play(problem, talk, ask) for talk in talks])
            values = [agreed_value(games) for games in played]
            judgments = tuple(game for games in played for game in games)
        readable = [value for value in values if value is not None]
        if not readable:
            return Ruling(Unscored(reason="scorer_error", detail="no judgment could be read"), judgments)
        return Ruling(Score(value=sum(readable) / len(readable)), judgments)

    def figures(self, judged: Sequence[Judged]) -> dict[str, JsonValue]:
        """``score`` (1 to 10) or ``win_rate``, by turn and by category, and the conduct of the judge."""
        name = "score" if self.grading == "single" else "win_rate"
        marks = [mark for each in judged for mark in self._marks(each)]
        categories = sorted({mark.category for mark in marks})
        found: dict[str, JsonValue] = {
            "grading": self.grading,
            name: _mean(mark.value for mark in marks),
            "first_turn": _mean(mark.value for mark in marks if mark.turn == 1),
            "second_turn": _mean(mark.value for mark in marks if mark.turn == 2),
            "by_category": {each: _mean(m.value for m in marks if m.category == each) for each in categories},
        }
        if self.grading == "pairwise" and self.baseline is not None:
            found |= {
                "baseline": self.baseline[0],
                "wins": sum(mark.value == 1.0 for mark in marks),
                "ties": sum(mark.value == 0.5 for mark in marks),
                "losses": sum(mark.value == 0.0 for mark in marks),
            }
        return {**found, **conduct(judged, self.options, wording=self.wording)}

    def official_files(self, contestant: str, judged: Sequence[Judged]) -> dict[str, str]:
        answers = [answer_row(contestant, each) for each in judged if each.answers]
        judge = file_name(self.options.judge)
        if self.grading == "single":
            rows = [single_row(contestant, each.problem, game) for each in judged for game in each.judgments]
        else:
            rows = [row for each in judged for row in self._pair_rows(contestant, each)]
        kind = "single" if self.grading == "single" else "pair"
        return {
            f"model_answer/{file_name(contestant)}.jsonl": to_jsonl(answers),
            f"model_judgment/{judge}_{kind}.jsonl": to_jsonl(rows),
        }

    def describe(self) -> dict[str, JsonValue]:
        return {
            "type": "mt_bench",
            "options": self.options.model_dump(mode="json"),
            "grading": self.grading,
            "wording": self.wording,
            "prompts": {name: each.model_dump(mode="json") for name, each in sorted(self.prompts.items())},
            "references": digest({id_: list(each) for id_, each in self.references.items()}),
            "baseline": None
            if self.baseline is None
            else [self.baseline[0], digest({id_: list(each) for id_, each in self.baseline[1].items()})],
        }

    def _marks(self, judged: Judged) -> "list[_Mark]":
        category = str(judged.problem.tags.get("category", ""))
        if self.grading == "single":
            return [_Mark(category, j.turn, j.value * 10) for j in judged.judgments if j.value is not None]
        turns = sorted({judgment.turn for judgment in judged.judgments})
        values = {turn: agreed_value([j for j in judged.judgments if j.turn == turn]) for turn in turns}
        return [_Mark(category, turn, value) for turn, value in values.items() if value is not None]

    def _reference(self, problem: Problem) -> tuple[str, ...]:
        """Right answers, for the categories in which the official judge sees them."""
        has_one = problem.tags.get("category") in _WITH_REFERENCE
        return self.references.get(problem.id, ()) if has_one else ()

    def _rating(self, problem: Problem, talk: Talk) -> Question:
        turn, reference = len(talk.answers), self._reference(problem)
        if not self.prompts:
            return ask_for_rating(talk, Material(reference[turn - 1] if len(reference) >= turn else None))
        prompt = self._prompt("single-math-v1" if reference else "single-v1", turn)
        values = {**_numbered("question", talk.requests), **_numbered("ref_answer", reference)}
        values |= {
            **_numbered("answer", talk.answers),
            "question": talk.requests[0],
            "answer": talk.answers[0],
        }

        def read(reply: Completion) -> Reading:
            rating = parse_rating(reply.text)
            return Reading(f"{rating:g}", rating / 10)

        return Question(prompt.name, prompt.render(values), read, turn=turn)

    async def _play(self, problem: Problem, talk: Talk, ask: Ask) -> tuple[Judgment, ...]:
        def make(is_first: bool) -> Question:
            return self._comparison(problem, talk, is_first=is_first)

        return await play(make, self.options, ask, problem_id=problem.id)

    def _comparison(self, problem: Problem, talk: Talk, *, is_first: bool) -> Question:
        if self.baseline is None:
            raise SpecError("pairwise grading needs a baseline", path="baseline")
        turn, reference = len(talk.answers), self._reference(problem)
        others = self.baseline[1][problem.id][:turn]
        if not self.prompts:
            known = reference[turn - 1] if len(reference) >= turn else None
            return ask_for_comparison(talk, others, is_first=is_first, grades=3, material=Material(known))
        prompt = self._prompt("pair-math-v1" if reference else "pair-v2", turn)
        first, second = (talk.answers, others) if is_first else (others, talk.answers)
        values = {**_numbered("question", talk.requests), **_numbered("ref_answer", reference)}
        values |= {**_numbered("answer_a", first), **_numbered("answer_b", second)}
        values |= {"question": talk.requests[0], "answer_a": first[0], "answer_b": second[0]}

        def read(reply: Completion) -> Reading:
            relation = parse_letter(reply.text)
            own = relation if is_first else turn_round(relation)
            return Reading({">": "A", "<": "B"}.get(relation, "tie"), SHARE[own])

        place = "first" if is_first else "second"
        return Question(prompt.name, prompt.render(values), read, turn=turn, place=place)

    def _prompt(self, name: str, turn: int) -> JudgePrompt:
        full = name if turn == 1 else f"{name}-multi-turn"
        if full not in self.prompts:
            raise DataError(f"no judge prompt '{full}'. There: {', '.join(sorted(self.prompts))}")
        return self.prompts[full]

    def _pair_rows(self, contestant: str, judged: Judged) -> list[dict[str, JsonValue]]:
        by_turn: defaultdict[int, list[Judgment]] = defaultdict(list)
        for judgment in judged.judgments:
            by_turn[judgment.turn].append(judgment)
        baseline = self.baseline[0] if self.baseline else ""
        return [
            pair_row(contestant, baseline, judged.problem, turn, games) for turn, games in by_turn.items()
        ]


@dataclass(frozen=True, slots=True)
class _Mark:
    category: str
    turn: int
    value: float


def _problem(where: str, row: Mapping[str, object]) -> Problem:
    id_, turns = row.get("question_id"), read_texts(row.get("turns"))
    if id_ is None or not turns:
        raise DataError(f"{where}: needs 'question_id' and 'turns', a list of texts. The file is at {LINK}")
    first, *later = turns
    tags: dict[str, JsonValue] = {"category": str(row.get("category", ""))}
    return Problem(id=str(id_), conversation=user(first), turns=tuple(later), tags=tags)


def _references(folder: Path) -> dict[str, tuple[str, ...]]:
    names = ("reference_answer/gpt-4.jsonl", "reference_answer_gpt-4.jsonl")
    path = find_file(folder, *(f"{place}{name}" for place in _PLACES for name in names))
    return {} if path is None else load_turns(path)[1]


def _prompts(folder: Path, options: JudgeOptions) -> dict[str, JudgePrompt]:
    if options.wording == "own":
        return {}
    path = find_file(folder, "judge_prompts.jsonl", "../judge_prompts.jsonl")
    if path is None and options.wording == "official":
        raise SpecError(
            f"{folder}: no judge_prompts.jsonl here or beside it. It is at {LINK}", path="wording"
        )
    return {} if path is None else load_jsonl_prompts(path)


def _baseline(
    folder: Path, options: JudgeOptions, problems: Sequence[Problem]
) -> tuple[str, dict[str, tuple[str, ...]]] | None:
    if options.grading != "pairwise":
        if options.baseline is not None:
            raise SpecError("a baseline is for pairwise grading; single grading has none", path="baseline")
        return None
    if options.baseline is None:
        raise SpecError(
            "pairwise grading needs the name of a recorded model to compare with", path="baseline"
        )
    kinds = [f"{place}model_answer" for place in _PLACES]
    path = find_baseline(folder, options.baseline, kinds, ".jsonl")
    name, answers = load_turns(path)
    for problem in problems:
        if len(answers.get(problem.id, ())) < 1 + len(problem.turns):
            raise DataError(f"{path}: no answer to every turn of question {problem.id}")
    return name, answers


def _numbered(name: str, texts: Sequence[str]) -> dict[str, str]:
    return {f"{name}_{number}": text for number, text in enumerate(texts, 1)}


def _mean(values: Iterable[float]) -> float | None:
    found = list(values)
    return sum(found) / len(found) if found else None
