"""AlpacaEval 2.0: instructions of one turn; a judge says how much it prefers an answer to the baseline's.

Data: https://github.com/tatsu-lab/alpaca_eval and the data set of that name; code Apache-2.0, data CC BY-NC 4.0
(not for commercial use); 805 instructions. Wanted is a file ``alpaca_eval.json`` or
``alpaca_eval_questions.json``, a list with ``instruction`` and ``dataset``, and in ``model_outputs`` the answers
of the baseline (officially ``gpt4_1106_preview``), each with ``instruction`` and ``output``. Of the form: "My
brother is moving into his first flat. What should be in his kitchen?"

The raw win rate is the mean preference; with the log-probabilities of the judge's first token the preference
is the probability that it names the model, otherwise 0 or 1. The length-controlled one is in
`length_control.py`. Officially each pair is judged in one order, drawn at random (`orders="one"`); here in both by
default, and the preference is their mean. The official prompt is read from ``alpaca_eval_clf.txt`` of the
official package where that file lies in the folder.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import JsonValue

from itas.benchmarks.alpaca_eval.length_control import (
    Preference,
    Variants,
    length_controlled,
    load_difficulty,
    load_variants,
)
from itas.benchmarks.benchmark import Benchmark
from itas.benchmarks.judge.asking import Question, Reading
from itas.benchmarks.judge.conduct import conduct
from itas.benchmarks.judge.files import find_baseline, find_file, read_objects
from itas.benchmarks.judge.games import mean_value, play
from itas.benchmarks.judge.logprobs import ASKED_FOR, find_shares
from itas.benchmarks.judge.options import JudgeOptions
from itas.benchmarks.judge.prompts import JudgePrompt, load_chat_prompt
from itas.benchmarks.judge.scorer import Judged, OneJudgeScorer, Ruling
from itas.benchmarks.judge.verdicts import SHARE, parse_identifier
from itas.benchmarks.judge.wording import Talk, ask_for_comparison
from itas.core.judging import Ask
from itas.core.messages import user
from itas.core.problem import Problem, Score, Unscored
from itas.core.request import Completion
from itas.core.spec import digest
from itas.errors import DataError, SpecError

LICENCE = "CC BY-NC 4.0"
LINK = "https://github.com/tatsu-lab/alpaca_eval"
SIZE = 805
BASELINE = "gpt4_1106_preview"
_PROMPT = "alpaca_eval_clf.txt"
_QUESTIONS = ("alpaca_eval.json", "alpaca_eval_questions.json")


def load_alpaca_eval(folder: Path, options: JudgeOptions, *, name: str = "alpaca_eval") -> Benchmark:
    """Read the official files.

    Raises:
        DataError: A file is missing or not of the form, or the baseline lacks an answer.
        SpecError: Single grading, which this benchmark does not have; or official wording without its file.
    """
    if options.grading == "single":
        raise SpecError("AlpacaEval compares with a baseline; it has no single grading", path="grading")
    prompt = _prompt(folder, options)
    if options.weighted and prompt is None:
        raise SpecError(
            f"weighted preferences need the official prompt, which asks for one token: {_PROMPT} in {folder}",
            path="weighted",
        )
    questions = find_file(folder, *_QUESTIONS)
    if questions is None:
        raise DataError(f"{folder}: no {' or '.join(_QUESTIONS)} in this folder. The data is at {LINK}")
    problems = tuple(
        _problem(where, row, number) for number, (where, row) in enumerate(read_objects(questions))
    )
    path = find_baseline(folder, options.baseline or BASELINE, ["model_outputs"], ".json")
    baseline, outputs = load_outputs(path)
    missing = [problem for problem in problems if problem.conversation[-1].content not in outputs]
    if missing:
        raise DataError(f"{path}: no output for the instruction of {missing[0].id}")
    gamed, difficulty = find_file(folder, "df_gamed.csv"), find_file(folder, "instruction_difficulty.csv")
    scorer = AlpacaEval(
        options,
        baseline=baseline,
        outputs=outputs,
        prompt=prompt,
        variants=None if gamed is None else load_variants(gamed),
        difficulty=None if difficulty is None else load_difficulty(difficulty),
    )
    return Benchmark(
        name, problems, scorer, metric="win rate", licence=LICENCE, link=LINK, total=len(problems)
    )


def load_outputs(path: Path) -> tuple[str, dict[str, str]]:
    """A ``model_outputs.json``: the name of the model, and its outputs by instruction.

    Raises:
        DataError: An item lacks ``instruction`` or ``output``.
    """
    name, found = path.name.partition(".json")[0], dict[str, str]()
    for where, row in read_objects(path):
        instruction, output = row.get("instruction"), row.get("output")
        if not isinstance(instruction, str) or not isinstance(output, str):
            raise DataError(f"{where}: needs the texts 'instruction' and 'output'")
        found[instruction] = output
        name = str(row.get("generator") or name)
    return name, found


@dataclass(frozen=True)
class AlpacaEval(OneJudgeScorer):
    """Compares with the baseline.

    Attributes:
        options: How.
        baseline: Whose outputs are compared with.
        outputs: Its outputs by instruction.
        prompt: The official one; None to use ours.
        variants: For the length-controlled win rate.
        difficulty: Likewise, where there are no variants.
    """

    baseline: str
    outputs: Mapping[str, str]
    prompt: JudgePrompt | None = None
    variants: Variants | None = None
    difficulty: Mapping[int, float] | None = None

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
        value = mean_value(games)
        if value is None:
            return Ruling(Unscored(reason="scorer_error", detail="no judgment could be read"), games)
        return Ruling(Score(value=value), games)

    def figures(self, judged: Sequence[Judged]) -> dict[str, JsonValue]:
        """``win_rate``, ``length_controlled_win_rate`` with standard errors, all in [0, 1]; ``discrete_win_rate``
        counts every preference as won, lost or tied; ``weighted`` is the share of the judgments that came with
        log-probabilities, where they were asked for; and the conduct of the judge."""
        preferences = [self._preference(each) for each in judged if each.answers]
        values = np.array([each.value for each in preferences if each.value is not None])
        n = len(values)
        found: dict[str, JsonValue] = {
            "baseline": self.baseline,
            "win_rate": float(values.mean()) if n else None,
            "standard_error": float(values.std(ddof=1) / np.sqrt(n)) if n > 1 else None,
            "discrete_win_rate": float(((values > 0.5) + 0.5 * (values == 0.5)).mean()) if n else None,
            "mean_length": float(np.mean([each.length for each in preferences])) if preferences else None,
        }
        if self.options.weighted:
            games = [game for each in judged for game in each.judgments if game.verdict is not None]
            weighted = sum("m: " in str(game.verdict) for game in games)
            found["weighted"] = weighted / len(games) if games else None
        control = length_controlled(preferences, difficulty=self.difficulty, variants=self.variants)
        found |= {
            "length_controlled_win_rate": None if control is None else control.win_rate,
            "length_controlled_standard_error": None if control is None else control.standard_error,
            "length_control": None if control is None else control.form,
        }
        return {**found, **conduct(judged, self.options, wording=self.wording)}

    def official_files(self, contestant: str, judged: Sequence[Judged]) -> dict[str, str]:
        answered = [each for each in judged if each.answers]
        outputs = [
            {
                "dataset": each.problem.tags.get("dataset", ""),
                "instruction": each.problem.conversation[-1].content,
                "output": each.answers[0],
                "generator": contestant,
            }
            for each in answered
        ]
        annotations = [self._annotation(contestant, each) for each in answered]
        return {"model_outputs.json": _to_json(outputs), "annotations.json": _to_json(annotations)}

    def describe(self) -> dict[str, JsonValue]:
        return {
            "type": "alpaca_eval",
            "options": self.options.model_dump(mode="json"),
            "wording": self.wording,
            "prompt": None if self.prompt is None else self.prompt.model_dump(mode="json"),
            "baseline": [self.baseline, digest(dict(self.outputs))],
        }

    def _comparison(self, problem: Problem, answer: str, *, is_first: bool) -> Question:
        instruction = problem.conversation[-1].content
        other = self.outputs[instruction]
        if self.prompt is None:
            talk = Talk((instruction,), (answer,))
            return ask_for_comparison(talk, (other,), is_first=is_first, grades=2)
        first, second = (answer, other) if is_first else (other, answer)
        values = {"instruction": instruction, "output_1": first, "output_2": second}

        def read(reply: Completion) -> Reading:
            shares = find_shares(reply.extra, ("m", "M"))
            share = SHARE[parse_identifier(reply.text)] if shares is None else shares[0]
            verdict = ("m" if share > 0.5 else "M") if shares is None else f"m: {share:.6g}"
            return Reading(verdict, share if is_first else 1 - share)

        place = "first" if is_first else "second"
        extra = ASKED_FOR if self.options.weighted else ""
        return Question(self.prompt.name, self.prompt.render(values), read, place=place, extra=extra)

    def _preference(self, judged: Judged) -> Preference:
        value = judged.outcome.value if isinstance(judged.outcome, Score) else None
        output = self.outputs[judged.problem.conversation[-1].content]
        index = judged.problem.tags.get("index", 0)
        return Preference(
            index=index if isinstance(index, int) else 0,
            value=value,
            length=len(judged.answers[0]),
            baseline_length=len(output),
        )

    def _annotation(self, contestant: str, judged: Judged) -> dict[str, JsonValue]:
        instruction = judged.problem.conversation[-1].content
        value = judged.outcome.value if isinstance(judged.outcome, Score) else None
        return {
            "instruction": instruction,
            "output_1": self.outputs[instruction],
            "generator_1": self.baseline,
            "dataset": judged.problem.tags.get("dataset", ""),
            "output_2": judged.answers[0],
            "generator_2": contestant,
            "annotator": self.options.judge,
            "preference": None if value is None else 1 + value,
        }


def _problem(where: str, row: Mapping[str, object], number: int) -> Problem:
    instruction = row.get("instruction")
    if not isinstance(instruction, str) or not instruction:
        raise DataError(f"{where}: needs the text 'instruction'. The file is at {LINK}")
    index = row.get("index")
    tags: dict[str, JsonValue] = {
        "dataset": str(row.get("dataset", "")),
        "index": index if isinstance(index, int) else number,
    }
    return Problem(id=f"alpaca-{number:05}", conversation=user(instruction), tags=tags)


def _prompt(folder: Path, options: JudgeOptions) -> JudgePrompt | None:
    if options.wording == "own":
        return None
    path = find_file(folder, _PROMPT)
    if path is None and options.wording == "official":
        raise SpecError(
            f"{folder}: no {_PROMPT} here; it is in the package 'alpaca_eval', evaluators_configs/"
            "alpaca_eval_clf_gpt4_turbo",
            path="wording",
        )
    return None if path is None else load_chat_prompt(path)


def _to_json(rows: Sequence[Mapping[str, JsonValue]]) -> str:
    return json.dumps(rows, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
