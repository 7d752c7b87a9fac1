"""MATH: problems of mathematics competitions whose answer is a formula.

Data: https://github.com/hendrycks/math (Hendrycks et al. 2021, arXiv:2103.03874); MIT licence as stated
there; 5,000 test problems of 7 subjects and 5 levels. The owner of the contests has asked hosts to take
copies down: only the address of the authors themselves can be fetched, as long as they offer it. Read are the
original folder (``test/algebra/1.json``), JSONL with the same fields (``problem``, ``solution``, ``level``,
``type``), and the MATH-500 file (``answer``, ``subject``, ``unique_id``). Of the form: "If x + 3 = 7, what is 2x?"
with the solution "... so 2x = \\boxed{8}."

Prompt: the problem and an answer line, no examples. Score: `scorers/mathematics.py`; the target is the last
box of the solution. The paper's subset is any 200 of the test problems: ``--limit 200`` with a seed.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from itas.benchmarks.benchmark import Benchmark
from itas.benchmarks.files import Row, read_jsonl, read_text
from itas.benchmarks.instructions import with_instruction
from itas.benchmarks.mathematics import last_boxed
from itas.benchmarks.scorers.mathematics import Math, check_installed
from itas.core.messages import user
from itas.core.problem import Problem
from itas.errors import DataError

LICENCE = "MIT (as stated by its authors; the problems belong to their contests)"
LINK = "https://github.com/hendrycks/math"
SIZE = 5000


def load_math(path: Path, *, name: str = "math") -> Benchmark:
    """Read a JSONL file, or a folder of the original JSON files.

    Raises:
        DataError: A row is not of the form, or its solution has no answer in a box.
        SpecError: math-verify is not installed.
    """
    check_installed()
    rule = Math()
    problems: list[Problem] = []
    for default_id, row in _rows(path):
        problem = _problem(default_id, row)
        if objection := rule.objection(problem):
            raise DataError(f"{row.where}: {objection}")
        problems.append(problem)
    return Benchmark(name, tuple(problems), rule, licence=LICENCE, link=LINK, total=len(problems))


def _rows(path: Path) -> Iterator[tuple[str, Row]]:
    if not path.is_dir():
        for row in read_jsonl(path):
            yield f"math-{int(row.where.rpartition(':')[2]):05}", row
        return
    files = sorted(path.glob("**/*.json"))
    if not files:
        raise DataError(f"{path}: no .json file in this folder. The data is at {LINK}.")
    for file in files:
        try:
            values: Any = json.loads(read_text(file))
        except json.JSONDecodeError as error:
            raise DataError(f"{file}:{error.lineno}: not JSON: {error.msg}") from None
        if not isinstance(values, dict):
            raise DataError(f"{file}: must be one JSON object, found {type(values).__name__}")
        yield f"{file.parent.name}-{file.stem}", Row(str(file), values)  # pyright: ignore[reportUnknownArgumentType]


def _problem(default_id: str, row: Row) -> Problem:
    question, solution, answer = (row.values.get(key) for key in ("problem", "solution", "answer"))
    if not isinstance(answer, str) and isinstance(solution, str):
        answer = last_boxed(solution)
    if not isinstance(question, str) or not isinstance(answer, str):
        raise DataError(
            f"{row.where}: must have 'problem' and 'solution' with its answer in \\boxed{{...}} (or 'answer'); found "
            f"{', '.join(row.values) or 'nothing'}. The data is at {LINK}."
        )
    tags = {
        tag: str(row.values[key])
        for tag, key in (("subject", "type"), ("subject", "subject"), ("level", "level"))
        if row.values.get(key) is not None
    }
    return Problem(
        id=str(row.values.get("unique_id") or default_id),
        conversation=with_instruction(user(question.strip()), Math.instruction),
        target=answer,
        tags=dict(tags),
    )
