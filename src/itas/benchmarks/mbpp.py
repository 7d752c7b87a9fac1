"""MBPP: short Python functions from one sentence and three assertions.

Data: https://github.com/google-research/google-research/tree/master/mbpp (Austin et al. 2021,
arXiv:2108.07732); CC BY 4.0; 974 problems, of which 500 are the test part (task_id 11 to 510); or the 427 of
``sanitized-mbpp.json``. Each has ``task_id``, ``text`` (``prompt`` in the sanitized file), ``code``,
``test_list`` and ``test_setup_code`` (``test_imports``). Of the form: "Write a function to double a number."
with ``assert double(2) == 4``.

Prompt: the sentence and the assertions, as in the paper, without examples (the paper has three). Score:
pass@1; all assertions must hold. ``mbpp`` is the test part, ``mbpp/all`` everything in the file.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from itas.benchmarks.benchmark import Benchmark
from itas.benchmarks.files import Row, read_jsonl, read_text
from itas.benchmarks.programs import program_benchmark
from itas.benchmarks.scorers.code import INSTRUCTION, CodeTask
from itas.core.execution import CallTest, CodeLimits
from itas.core.messages import user
from itas.core.problem import Problem
from itas.core.spec import suggest
from itas.errors import DataError, SpecError

LICENCE = "CC BY 4.0"
LINK = "https://github.com/google-research/google-research/tree/master/mbpp"
SIZE = 500
_TEST_PART = range(11, 511)
_LIMITS = CodeLimits(cpu_s=10)
_CALLED = re.compile(r"assert\s{1,5}(?:not\s{1,5})?(?:[\w.]{1,40}\(\s{0,5})?\(?\s{0,5}([A-Za-z_]\w{0,80})\(")


def load_mbpp(path: Path, *, name: str = "mbpp", part: str = "") -> Benchmark:
    """Read ``mbpp.jsonl`` or ``sanitized-mbpp.json``.

    Args:
        path: The file.
        name: Of the benchmark.
        part: ``all``, or empty for the test part.

    Raises:
        DataError: A row lacks a field.
        SpecError: No such part.
    """
    if part not in ("", "all"):
        raise SpecError(f"mbpp has no part '{part}'. {suggest(part, ['all'])}")
    problems: list[Problem] = []
    tasks: dict[str, CodeTask] = {}
    for row in _rows(path):
        values = row.values
        text, tests, task_id = (
            values.get("text", values.get("prompt")),
            values.get("test_list"),
            values.get("task_id"),
        )
        if (
            not isinstance(text, str)
            or not isinstance(tests, list)
            or not tests
            or not isinstance(task_id, int)
        ):
            raise DataError(
                f"{row.where}: must have task_id, text (or prompt) and test_list, "
                f"found {', '.join(values) or 'nothing'}. The file is at {LINK}."
            )
        if not part and task_id not in _TEST_PART:
            continue
        assertions = [str(test) for test in cast("list[Any]", tests)]
        id_ = f"mbpp-{task_id:03}"
        problems.append(Problem(id=id_, conversation=user(_question(text, assertions))))
        imports = "\n".join(map(str, cast("list[Any]", values.get("test_imports") or [])))
        tasks[id_] = CodeTask(
            tests=(CallTest(code="\n".join(assertions)),),
            setup=str(values.get("test_setup_code") or imports),
            entry_point=_entry_point(assertions, str(values.get("code", ""))),
            official_id=f"Mbpp/{task_id}",
            limits=_LIMITS,
        )
    if not problems:
        raise DataError(f"{path}: no problem of the test part (task_id 11 to 510); mbpp/all takes every one")
    return program_benchmark(name, problems, tasks, licence=LICENCE, link=LINK)


def _rows(path: Path) -> Iterator[Row]:
    text = read_text(path)
    if text.lstrip()[:1] != "[":
        yield from read_jsonl(path)
        return
    try:
        rows: list[Any] = json.loads(text)
    except json.JSONDecodeError as error:
        raise DataError(f"{path}:{error.lineno}: not JSON: {error.msg}") from None
    for number, values in enumerate(rows, start=1):
        if not isinstance(values, dict):
            raise DataError(f"{path}: entry {number} must be a JSON object")
        yield Row(f"{path}: entry {number}", cast("dict[str, Any]", values))


def _entry_point(assertions: list[str], code: str) -> str:
    """The function that the assertions call and the reference defines; empty if they name several."""
    defined = set(re.findall(r"^def\s+(\w+)", code, re.MULTILINE))
    called = [
        name for test in assertions for name in re.findall(r"([A-Za-z_]\w{0,80})\(", test) if name in defined
    ]
    if called:
        return called[0]
    found = _CALLED.search(assertions[0])
    return found[1] if found else ""


def _question(text: str, assertions: list[str]) -> str:
    tests = "\n".join(assertions)
    return f"{text.strip()}\n\nYour code must pass these tests:\n\n```python\n{tests}\n```\n\n{INSTRUCTION}"
