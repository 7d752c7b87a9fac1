"""Arena-Hard-Auto: hard requests of real users, compared with a baseline by five verdicts in two games.

Data: https://github.com/lmarena/arena-hard-auto, ``data/arena-hard-v0.1`` (500 requests) and
``data/arena-hard-v2.0`` (750); Apache-2.0. A folder holds ``question.jsonl`` (``uid``, ``category``, ``prompt``; older
files: ``question_id`` and ``turns``) and ``model_answer/*.jsonl``. Of the form: "Our warehouse has three loading
ramps and forty vans. Write a schedule, and the SQL for it."

Two games swap the places. A strong verdict (``>>``) counts as three games, and the win rate is what a Bradley-Terry
fit says about the contestant against the baseline. Source: show_result.py of version 0.1 and of version 2
(commit 196f6b8). For version 0.1 games that could not be read are left out; for version 2 both games of the
question are. The baseline is ``gpt-4-0314``, in version 2 ``o3-mini-2025-01-31`` for hard prompts and
``gemini-2.0-flash-001`` for creative writing. The judge prompt is read from ``judge_config.yaml`` or
``arena-hard-v2.0.yaml`` in the folder.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from itas.benchmarks.arena_hard.bradley_terry import Battle, bootstrap_win_rate, fit_strengths, win_rate
from itas.benchmarks.arena_hard.rows import Version, answer_row, judgment_row
from itas.benchmarks.benchmark import Benchmark
from itas.benchmarks.judge.asking import Question, Reading
from itas.benchmarks.judge.conduct import conduct
from itas.benchmarks.judge.files import (
    file_name,
    find_baseline,
    find_file,
    load_turns,
    read_objects,
    to_jsonl,
)
from itas.benchmarks.judge.games import play
from itas.benchmarks.judge.options import JudgeOptions
from itas.benchmarks.judge.prompts import JudgePrompt, load_yaml_prompt
from itas.benchmarks.judge.scorer import Judged, OneJudgeScorer, Ruling
from itas.benchmarks.judge.verdicts import SHARE, Relation, parse_five, turn_round
from itas.benchmarks.judge.wording import Talk, ask_for_comparison
from itas.core.judging import Ask, Judgment
from itas.core.messages import user
from itas.core.problem import Problem, Score, Unscored
from itas.core.request import Completion
from itas.core.spec import digest
from itas.errors import DataError, SpecError

LICENCE = "Apache-2.0"
LINK = "https://github.com/lmarena/arena-hard-auto"
SIZE = 500
SIZE_2 = 750
STRONG = 3
_BASELINES = {
    "arena-hard-v0.1": "gpt-4-0314",
    "hard_prompt": "o3-mini-2025-01-31",
    "coding": "o3-mini-2025-01-31",
    "math": "o3-mini-2025-01-31",
    "creative_writing": "gemini-2.0-flash-001",
}
_PROMPTS = ("judge_config.yaml", "arena-hard-v2.0.yaml")
_CONTESTANT, _BASELINE = "contestant", "baseline"


def load_arena_hard(path: Path, options: JudgeOptions, *, name: str = "arena_hard") -> Benchmark:
    """Read a file of questions, or ``question.jsonl`` of a folder.

    Args:
        path: The file or the folder.
        options: How it is judged. With several baselines (version 2) each question is compared with that of
            its category; `baseline` names one for all.
        name: Of the benchmark.

    Raises:
        DataError: A file is missing or not of the form, or a baseline lacks an answer.
        SpecError: Single grading, which this benchmark does not have; or official wording without its file.
    """
    if options.grading == "single":
        raise SpecError("Arena-Hard compares with a baseline; it has no single grading", path="grading")
    questions = path if path.is_file() else find_file(path, "question.jsonl")
    if questions is None:
        raise DataError(f"{path}: no question.jsonl in this folder. The data is at {LINK}")
    folder = questions.parent
    problems = tuple(_problem(where, row) for where, row in read_objects(questions))
    version: Version = "v0.1" if all("subcategory" not in p.tags for p in problems) else "v2"
    scorer = ArenaHard(options, version, _load_baselines(folder, options, problems), _prompt(folder, options))
    return Benchmark(
        name, problems, scorer, metric="win rate", licence=LICENCE, link=LINK, total=len(problems)
    )


@dataclass(frozen=True)
class ArenaHard(OneJudgeScorer):
    """Two games per question against the baseline.

    Attributes:
        options: How.
        version: Whose rules: what happens to unreadable games, and which form the official files have.
        baselines: By problem id: whose answer is compared with, and the answer.
        prompt: The official one; None to use ours.
    """

    version: Version
    baselines: Mapping[str, tuple[str, str]]
    prompt: JudgePrompt | None = None

    @property
    def wording(self) -> str:
        """Whose prompt is used."""
        return "own" if self.prompt is None else f"official: {self.prompt.source}"

    def planned_judgments(self, problem: Problem) -> int:
        return 1 if self.options.orders == "one" else 2

    async def judge(self, problem: Problem, answers: Sequence[str], ask: Ask) -> Ruling:
        def make(is_first: bool) -> Question:
            return self._comparison(problem, answers[0], is_first=is_first)

        games = await play(make, self.options, ask, problem_id=problem.id)
        battles = self._battles(problem, games)
        if not battles:
            return Ruling(Unscored(reason="scorer_error", detail="no game could be read"), games)
        weight = sum(battle.weight for battle in battles)
        return Ruling(Score(value=sum(b.share * b.weight for b in battles) / weight), games)

    def figures(self, judged: Sequence[Judged]) -> dict[str, JsonValue]:
        """``win_rate`` by the Bradley-Terry fit with two 95 % intervals (v2: 90 %): ``interval`` draws questions,
        ``official_interval`` games as the official code does; verdicts counted; the conduct of the judge."""
        battles = [battle for each in judged for battle in self._battles(each.problem, each.judgments)]
        level = 0.95 if self.version == "v0.1" else 0.9
        found: dict[str, JsonValue] = {
            "version": self.version,
            "baseline": ", ".join(sorted({self.baselines[each.problem.id][0] for each in judged})),
            "win_rate": None,
            "level": level,
            "games": len(battles),
        }
        if battles:
            strengths = fit_strengths(battles, anchor=_BASELINE)
            interval, official = (
                bootstrap_win_rate(
                    battles,
                    _CONTESTANT,
                    anchor=_BASELINE,
                    seed=0,
                    level=level,
                    rounds=rounds,
                    by_group=by_group,
                )
                for rounds, by_group in ((1000, True), (100, False))
            )
            found |= {
                "win_rate": win_rate(strengths, _CONTESTANT, _BASELINE),
                "by_category": self._by_category(judged),
                "interval": list(interval),
                "official_interval": list(official),
                "verdicts": {
                    sign: sum(_relation(game) == sign for each in judged for game in each.judgments)
                    for sign in SHARE
                },
            }
        return {**found, **conduct(judged, self.options, wording=self.wording)}

    def official_files(self, contestant: str, judged: Sequence[Judged]) -> dict[str, str]:
        answered = [each for each in judged if each.answers]
        judge = file_name(self.options.judge)
        name = file_name(contestant)
        rows = [answer_row(contestant, each) for each in answered]
        judgments = [
            judgment_row(contestant, each, version=self.version, baseline=self.baselines[each.problem.id][0])
            for each in answered
            if each.judgments
        ]
        return {
            f"model_answer/{name}.jsonl": to_jsonl(rows),
            f"model_judgment/{judge}/{name}.jsonl": to_jsonl(judgments),
        }

    def describe(self) -> dict[str, JsonValue]:
        return {
            "type": "arena_hard",
            "options": self.options.model_dump(mode="json"),
            "version": self.version,
            "wording": self.wording,
            "prompt": None if self.prompt is None else self.prompt.model_dump(mode="json"),
            "baselines": digest({id_: list(each) for id_, each in self.baselines.items()}),
        }

    def _comparison(self, problem: Problem, answer: str, *, is_first: bool) -> Question:
        request, other = problem.conversation[-1].content, self.baselines[problem.id][1]
        if self.prompt is None:
            return ask_for_comparison(Talk((request,), (answer,)), (other,), is_first=is_first, grades=5)
        first, second = (answer, other) if is_first else (other, answer)
        values = {"question_1": request, "answer_1": first, "answer_2": second}
        values |= {"QUESTION": request, "ANSWER_A": first, "ANSWER_B": second}

        def read(reply: Completion) -> Reading:
            relation = parse_five(reply.text)
            own = relation if is_first else turn_round(relation)
            return Reading(_as_letters(relation), SHARE[own])

        place = "first" if is_first else "second"
        return Question(self.prompt.name, self.prompt.render(values), read, place=place)

    def _battles(self, problem: Problem, games: Sequence[Judgment]) -> list[Battle]:
        if self.version == "v2" and any(game.value is None for game in games):
            return []
        return [
            Battle(
                _CONTESTANT,
                _BASELINE,
                game.value,
                float(STRONG) if _relation(game) in (">>", "<<") else 1.0,
                problem.id,
            )
            for game in games
            if game.value is not None
        ]

    def _by_category(self, judged: Sequence[Judged]) -> dict[str, JsonValue]:
        groups: dict[str, list[Battle]] = {}
        for each in judged:
            category = str(each.problem.tags.get("category", ""))
            groups.setdefault(category, []).extend(self._battles(each.problem, each.judgments))
        return {
            category: win_rate(fit_strengths(battles, anchor=_BASELINE), _CONTESTANT, _BASELINE)
            for category, battles in sorted(groups.items())
            if battles
        }


def _relation(game: Judgment) -> Relation | None:
    """How the contestant compares with the baseline, from the verdict ``A>>B`` and its place."""
    if game.verdict is None:
        return None
    relation = parse_five(f"[[{game.verdict}]]")
    return relation if game.place == "first" else turn_round(relation)


def _as_letters(relation: Relation) -> str:
    return {">>": "A>>B", ">": "A>B", "=": "A=B", "<": "B>A", "<<": "B>>A"}[relation]


def _problem(where: str, row: Mapping[str, object]) -> Problem:
    id_ = row.get("uid", row.get("question_id"))
    prompt = row.get("prompt", _first_turn(row.get("turns")))
    if not isinstance(id_, str) or not isinstance(prompt, str) or not prompt:
        raise DataError(f"{where}: needs 'uid' and 'prompt', or 'question_id' and one of 'turns'. See {LINK}")
    tags: dict[str, JsonValue] = {
        key: str(row[key]) for key in ("category", "subcategory", "cluster") if row.get(key) is not None
    }
    return Problem(id=id_, conversation=user(prompt), tags=tags)


def _first_turn(turns: object) -> object:
    """The text of the one turn of the older form, ``[{"content": text}]``."""
    match turns:
        case [{"content": str() as text}] | [str() as text]:
            return text
        case _:
            return None


def _load_baselines(
    folder: Path, options: JudgeOptions, problems: Sequence[Problem]
) -> dict[str, tuple[str, str]]:
    wanted = {
        problem.id: options.baseline or _BASELINES.get(str(problem.tags.get("category", "")), "gpt-4-0314")
        for problem in problems
    }
    loaded: dict[str, tuple[Path, dict[str, tuple[str, ...]]]] = {}
    kinds = ["model_answer", "model_answer_v0.1", "model_answer_v2.0"]
    for baseline in sorted(set(wanted.values())):
        path = find_baseline(folder, baseline, kinds, ".jsonl")
        loaded[baseline] = (path, load_turns(path)[1])
    found: dict[str, tuple[str, str]] = {}
    for problem in problems:
        path, answers = loaded[wanted[problem.id]]
        if problem.id not in answers:
            raise DataError(f"{path}: no answer to the question {problem.id}")
        found[problem.id] = (Path(wanted[problem.id]).name.partition(".jsonl")[0], answers[problem.id][-1])
    return found


def _prompt(folder: Path, options: JudgeOptions) -> JudgePrompt | None:
    if options.wording == "own":
        return None
    path = find_file(folder, *_PROMPTS)
    if path is None and options.wording == "official":
        raise SpecError(
            f"{folder}: no {' or '.join(_PROMPTS)} here; see {LINK}, folder config", path="wording"
        )
    return None if path is None else load_yaml_prompt(path)
