"""Multiple choice in the public formats: MMLU's CSV files, and JSONL with question, choices, answer.

Data of MMLU: https://github.com/hendrycks/test; MIT licence; 14,042 test problems in 57 files
``SUBJECT_test.csv`` without a header: question, four options, letter. Of the form: "Which gas do plants take
in?,oxygen,carbon dioxide,helium,neon,B". JSONL: ``answer`` is a letter, the text of an option, or its number
from 0; ``subject`` is kept as a tag.

Prompt: question, options as ``A) ...``, `instructions.CHOICE`, no examples (the official figures are with
five). Score: `scorers/choice.py`.
"""

from collections import Counter
from pathlib import Path
from typing import Any, cast

from itas.benchmarks.benchmark import Benchmark
from itas.benchmarks.files import Row, read_jsonl, read_plain_csv
from itas.benchmarks.instructions import CHOICE, options, with_instruction
from itas.benchmarks.scorers.choice import Choice, letter_of
from itas.core.messages import user
from itas.core.problem import Problem
from itas.errors import DataError

LICENCE = "MIT"
LINK = "https://github.com/hendrycks/test"
SIZE = 14042


def load_multiple_choice(path: Path, *, name: str = "mmlu") -> Benchmark:
    """Read one file, or every ``*.csv`` and ``*.jsonl`` of a folder.

    Raises:
        DataError: Nothing there, or a row is not of the form.
    """
    files = sorted(path.glob("*.csv")) + sorted(path.glob("*.jsonl")) if path.is_dir() else [path]
    if not files:
        raise DataError(f"{path}: no .csv or .jsonl file in this folder. The data is at {LINK}.")
    problems = [
        problem
        for file in files
        for problem in (_from_jsonl(file) if file.suffix == ".jsonl" else _from_csv(file))
    ]
    ids = Counter(problem.id for problem in problems)
    doubled = [id_ for id_, count in ids.items() if count > 1]
    if doubled:
        raise DataError(f"{path}: ids must differ, found '{doubled[0]}' twice")
    return Benchmark(name, tuple(problems), Choice(), licence=LICENCE, link=LINK, total=len(problems))


def choice_problem(
    id_: str, question: str, choices: tuple[str, ...], letter: str, *, tags: dict[str, Any] | None = None
) -> Problem:
    """A multiple-choice problem with the options and the instruction in its text."""
    text = f"{question.strip()}\n\n{options(choices)}"
    return Problem(
        id=id_,
        conversation=with_instruction(user(text), CHOICE),
        target=letter,
        choices=choices,
        tags=tags or {},
    )


def _from_csv(path: Path) -> list[Problem]:
    subject = path.stem.removesuffix("_test").removesuffix("_val").removesuffix("_dev")
    problems: list[Problem] = []
    for where, values in read_plain_csv(path):
        letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[: len(values) - 2]
        if len(values) < 4 or values[-1].strip().upper() not in tuple(letters):
            raise DataError(
                f"{where}: must be question, two options or more, and the letter of the right one; "
                f"found {len(values)} values, the last {values[-1]!r}. A header is not part of this format."
            )
        choices = tuple(value.strip() for value in values[1:-1])
        letter, line = values[-1].strip().upper(), int(where.rpartition(":")[2])
        tags = {"subject": subject}
        problems.append(choice_problem(f"{subject}-{line:05}", values[0], choices, letter, tags=tags))
    return problems


def _from_jsonl(path: Path) -> list[Problem]:
    problems: list[Problem] = []
    for row in read_jsonl(path):
        question, choices = row.values.get("question"), row.values.get("choices")
        if not isinstance(question, str) or not isinstance(choices, list) or "answer" not in row.values:
            raise DataError(
                f"{row.where}: must have 'question', 'choices' (a list) and 'answer', "
                f"found {', '.join(row.values) or 'nothing'}"
            )
        texts = tuple(str(choice).strip() for choice in cast("list[object]", choices))
        subject, line = row.values.get("subject"), int(row.where.rpartition(":")[2])
        tags = {"subject": str(subject)} if subject is not None else {}
        id_ = str(row.values.get("id") or f"{path.stem}-{line:05}")
        problems.append(choice_problem(id_, question, texts, _letter(row, texts), tags=tags))
    return problems


def _letter(row: Row, choices: tuple[str, ...]) -> str:
    answer = row.values["answer"]
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[: len(choices)]
    if isinstance(answer, int) and not isinstance(answer, bool) and 0 <= answer < len(letters):
        return letters[answer]
    if isinstance(answer, str):
        if answer.strip().upper() in tuple(letters):
            return answer.strip().upper()
        letter = letter_of(answer, choices)
        if letter is not None:
            return letter
    raise DataError(
        f"{row.where}: 'answer' must be a letter of {letters}, the text of one option, or its number from 0; "
        f"found {answer!r}"
    )
