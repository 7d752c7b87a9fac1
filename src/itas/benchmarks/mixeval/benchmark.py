"""MixEval and MixEval-Hard: questions of other benchmarks, mixed in the proportions of what users ask.

Data: https://github.com/Psycoy/MixEval, ``mix_eval/data/mixeval-2024-06-01``: ``mixeval`` (2,000 problems) and
``mixeval-hard`` (500); the repository states no licence. A folder holds ``free-form.json`` and
``multiple-choice.json``, each a mapping from ids to ``prompt``, ``context``, ``target`` (a list), ``options``
and ``benchmark_name``. Of the form: "Which river runs through the capital of Portugal?" with ``["Tagus", "the
Tagus"]``, or "To keep bread fresh," with two options and ``[1]``.

The score is accuracy over all problems, and by source. Rules read the replies (`rules.py`). With a judge (in
the official tables gpt-3.5-turbo) a model reads what the rules could not: by default only replies in which the rules
find no right answer or no option, with `wording="official"` every reply, as the official tables do.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from pydantic import JsonValue

from itas.benchmarks.benchmark import Benchmark
from itas.benchmarks.judge.asking import Question, ask_judge
from itas.benchmarks.judge.conduct import conduct
from itas.benchmarks.judge.files import find_file, read_mapping, read_texts, to_jsonl
from itas.benchmarks.judge.options import JudgeOptions
from itas.benchmarks.judge.scorer import Judged, JudgedScorer, Ruling
from itas.benchmarks.mixeval.rules import find_option, is_named
from itas.benchmarks.mixeval.wording import ask_for_choice, ask_for_grade, ask_free_form, ask_multiple_choice
from itas.core.judging import Ask
from itas.core.problem import Problem, Score, Unscored
from itas.errors import DataError, SpecError

LICENCE = "none stated"
LINK = "https://github.com/Psycoy/MixEval"
SIZE = 2000
HARD_SIZE = 500
_FREE, _CHOICE = "free-form", "multiple-choice"
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def load_mixeval(path: Path, options: JudgeOptions | None = None, *, name: str = "mixeval") -> Benchmark:
    """Read the two official files of a folder, or one of them.

    Args:
        path: Folder or file.
        options: Who reads what the rules cannot; None for rules alone.
        name: Of the benchmark.

    Raises:
        DataError: A file is missing or not of the form.
        SpecError: Options that this benchmark does not have.
    """
    if options is not None and (options.grading is not None or options.baseline is not None):
        raise SpecError("MixEval has right answers: neither grading nor a baseline", path="judge")
    files = [path] if path.is_file() else [find_file(path, f"{kind}.json") for kind in (_FREE, _CHOICE)]
    there = [file for file in files if file is not None]
    if not there:
        raise DataError(f"{path}: no free-form.json or multiple-choice.json in this folder. See {LINK}")
    loaded = [
        _load(f"{file}: '{id_}'", id_, row) for file in there for id_, row in read_mapping(file).items()
    ]
    problems = tuple(problem for problem, _ in loaded)
    targets = {problem.id: found for problem, found in loaded if found}
    return Benchmark(
        name, problems, MixEval(options, targets), licence=LICENCE, link=LINK, total=len(problems)
    )


@dataclass(frozen=True)
class MixEval(JudgedScorer):
    """Rules first, and a model where one is given.

    Attributes:
        options: Who reads what the rules cannot; None for rules alone.
        targets: The right answers of free-form problems, by id.
    """

    options: JudgeOptions | None = None
    targets: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])

    @property
    def judges(self) -> tuple[str, ...]:
        return () if self.options is None else (self.options.judge,)

    @property
    def attempts(self) -> int:
        return 1 if self.options is None else self.options.attempts

    @property
    def max_tokens(self) -> int:
        return 1 if self.options is None else self.options.max_tokens

    def planned_judgments(self, problem: Problem) -> int:
        return len(self.judges)

    async def judge(self, problem: Problem, answers: Sequence[str], ask: Ask) -> Ruling:
        reply = answers[0]
        choice = find_option(reply, problem.choices) if problem.choices else None
        is_right = choice == problem.target if problem.choices else is_named(reply, self._targets(problem))
        is_settled = choice is not None if problem.choices else is_right
        if self.options is None or (is_settled and self.options.wording != "official"):
            return Ruling(Score(value=float(is_right), answer=choice))
        judgment = await ask_judge(self._question(problem, reply), self.options, ask)
        if judgment.value is None:
            return Ruling(
                Unscored(reason="scorer_error", detail="the model parser's reply could not be read"),
                (judgment,),
            )
        return Ruling(Score(value=judgment.value, answer=judgment.verdict), (judgment,))

    def figures(self, judged: Sequence[Judged]) -> dict[str, JsonValue]:
        """``accuracy`` over all, by kind and by source, the reader, and the conduct of the model parser."""
        scored = [(each.problem, each.outcome.value) for each in judged if isinstance(each.outcome, Score)]
        found: dict[str, JsonValue] = {
            "accuracy": _mean([value for _, value in scored]),
            "free_form": _mean([value for problem, value in scored if not problem.choices]),
            "multiple_choice": _mean([value for problem, value in scored if problem.choices]),
            "by_source": _by_source(scored),
            "reader": self._reader,
        }
        return found if self.options is None else {**found, **conduct(judged, self.options, wording="own")}

    def official_files(self, contestant: str, judged: Sequence[Judged]) -> dict[str, str]:
        """The replies, in the form the official `compute_metrics` reads."""
        files: dict[str, str] = {}
        for kind, split in ((_FREE, "close_freeform"), (_CHOICE, "close_multichoice")):
            rows = [
                self._row(each)
                for each in judged
                if each.answers and each.problem.tags.get("problem_type") == kind
            ]
            if rows:
                files[f"{split}.jsonl"] = to_jsonl(rows)
        return files

    def describe(self) -> dict[str, JsonValue]:
        return {
            "type": "mixeval",
            "options": None if self.options is None else self.options.model_dump(mode="json"),
            "targets": {id_: list(each) for id_, each in sorted(self.targets.items())},
        }

    @property
    def _reader(self) -> str:
        if self.options is None:
            return "rules"
        return "model" if self.options.wording == "official" else "rules, then model"

    def _targets(self, problem: Problem) -> tuple[str, ...]:
        return self.targets.get(problem.id, ())

    def _question(self, problem: Problem, reply: str) -> Question:
        request = problem.conversation[-1].content
        if problem.choices:
            return ask_for_choice(request, reply, right=problem.target or "", count=len(problem.choices))
        return ask_for_grade(request, reply, self._targets(problem))

    def _row(self, judged: Judged) -> dict[str, JsonValue]:
        problem = judged.problem
        return {
            "problem_type": problem.tags.get("problem_type", ""),
            "context": problem.tags.get("context"),
            "prompt": problem.tags.get("prompt", ""),
            "options": list(problem.choices),
            "target": [_LETTERS.index(problem.target)]
            if problem.choices and problem.target
            else list(self._targets(problem)),
            "benchmark_name": problem.tags.get("source", ""),
            "formated_input": problem.conversation[-1].content,
            "id": problem.id.partition("-")[2],
            "response": judged.answers[0],
        }


def _load(where: str, id_: str, row: object) -> tuple[Problem, tuple[str, ...]]:
    """The problem, and the right answers of a free-form one."""
    values: dict[str, object] = cast("dict[str, object]", row) if isinstance(row, dict) else {}
    prompt, target = values.get("prompt"), values.get("target")
    if not isinstance(prompt, str) or not isinstance(target, list):
        raise DataError(f"{where}: needs 'prompt' and 'target', a list. See {LINK}")
    targets = cast("list[object]", target)
    context = values.get("context")
    given = str(context) if context else None
    options = read_texts(values.get("options"))
    tags: dict[str, JsonValue] = {
        "source": str(values.get("benchmark_name", "")),
        "problem_type": _CHOICE if options else _FREE,
        "prompt": prompt,
        "context": given,
    }
    if options:
        return _choice_problem(where, id_, given, prompt, options, targets, tags), ()
    texts = tuple(str(each) for each in targets if str(each).strip())
    if not texts:
        raise DataError(f"{where}: no right answer in 'target'")
    return Problem(
        id=f"free-{id_}", conversation=ask_free_form(given, prompt), target=texts[0], tags=tags
    ), texts


def _choice_problem(
    where: str,
    id_: str,
    context: str | None,
    prompt: str,
    options: tuple[str, ...],
    target: Sequence[object],
    tags: dict[str, JsonValue],
) -> Problem:
    number = target[0] if len(target) == 1 else None
    if not isinstance(number, int) or not 0 <= number < len(options) <= len(_LETTERS):
        raise DataError(f"{where}: 'target' must hold the number of one option, from 0; found {target!r}")
    return Problem(
        id=f"choice-{id_}",
        conversation=ask_multiple_choice(context, prompt, options),
        target=_LETTERS[number],
        choices=options,
        tags=tags,
    )


def _by_source(scored: Sequence[tuple[Problem, float]]) -> dict[str, JsonValue]:
    groups: defaultdict[str, list[float]] = defaultdict(list)
    for problem, value in scored:
        groups[str(problem.tags.get("source", ""))].append(value)
    return {source: _mean(values) for source, values in sorted(groups.items())}


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
