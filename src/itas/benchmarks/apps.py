"""APPS: programs for standard input, and functions, from interviews and contests.

Data: https://github.com/hendrycks/apps (Hendrycks et al. 2021, arXiv:2105.09938); MIT licence; 5,000 test
problems of three difficulties. Read are JSONL with the fields of the published rows: ``question``,
``input_output`` (JSON text with ``inputs``, ``outputs`` and, for functions, ``fn_name``), ``starter_code``,
``difficulty``, ``problem_id`` or ``id``; and the reduced form of MapCoder (``description``, ``test_list`` of
``input`` and ``output``, the latter a list of outputs that count), in which functions too are asked for as
programs. Of the form: "Print the larger of two numbers." with the input ``3 5`` and the output ``5``.

Prompt: the text, the starter code where there is one, and the request for a program (or the function). Score:
all tests pass. Outputs are compared line by line, and numbers with a decimal point may differ by a rounding error.
The official script lets whole numbers differ by that too, so that 1000001 passes for 1000000; here they must be equal.
"""

import json
from pathlib import Path
from typing import Any, cast

from itas.benchmarks.benchmark import Benchmark
from itas.benchmarks.code_contests import program_question
from itas.benchmarks.files import Row, read_jsonl
from itas.benchmarks.programs import program_benchmark
from itas.benchmarks.scorers.code import INSTRUCTION, CodeTask
from itas.core.execution import CallTest, CodeLimits, CodeTest, InputTest
from itas.core.messages import user
from itas.core.problem import Problem
from itas.errors import DataError

LICENCE = "MIT"
LINK = "https://github.com/hendrycks/apps"
SIZE = 5000
_LIMITS = CodeLimits(cpu_s=4)
"""The official script gives 4 seconds."""
_TOLERANCE = 1e-5
"""Of ``numpy.allclose``, which the official script calls."""


def load_apps(path: Path, *, name: str = "apps") -> Benchmark:
    """Read a JSONL file; rows without tests are left out, as the official script does.

    Raises:
        DataError: A row is not of the form, or none has tests.
    """
    problems: list[Problem] = []
    tasks: dict[str, CodeTask] = {}
    for row in read_jsonl(path):
        number = row.values.get("problem_id", row.values.get("id", int(row.where.rpartition(":")[2])))
        text = row.values.get("question", row.values.get("description"))
        if not isinstance(text, str):
            raise DataError(
                f"{row.where}: must have question and input_output, found {', '.join(row.values) or 'nothing'}. "
                f"The data is at {LINK}."
            )
        tests, function = _tests(row)
        if not tests:
            continue
        id_ = f"apps-{int(number):04}"
        if id_ in tasks:
            raise DataError(f"{row.where}: ids must differ, found '{number}' twice")
        tasks[id_] = CodeTask(
            tests=tuple(tests), entry_point=function, official_id=str(number), limits=_LIMITS
        )
        starter = str(row.values.get("starter_code") or "") if function else ""
        problems.append(
            Problem(
                id=id_,
                conversation=user(_function_question(text, starter) if function else program_question(text)),
                tags={"difficulty": str(row.values.get("difficulty", "unknown"))},
            )
        )
    if not problems:
        raise DataError(f"{path}: no row has tests")
    return program_benchmark(name, problems, tasks, licence=LICENCE, link=LINK)


def _tests(row: Row) -> tuple[list[CodeTest], str]:
    """The tests, and the name of the function if it is one that they call."""
    if "test_list" in row.values:
        return _reduced_tests(row), ""
    found: Any = row.values.get("input_output") or {}
    if isinstance(found, str):
        try:
            found = json.loads(found)
        except (ValueError, RecursionError):
            raise DataError(f"{row.where}: 'input_output' must be JSON") from None
    if not isinstance(found, dict):
        raise DataError(f"{row.where}: 'input_output' must be a mapping with inputs and outputs")
    fields = cast("dict[str, Any]", found)
    inputs: list[Any] = fields.get("inputs") or []
    outputs: list[Any] = fields.get("outputs") or []
    function = fields.get("fn_name")
    if len(inputs) != len(outputs):
        raise DataError(f"{row.where}: {len(inputs)} inputs and {len(outputs)} outputs")
    pairs = zip(inputs, outputs, strict=True)
    if function:
        return [_call(str(function), given, wanted) for given, wanted in pairs], str(function)
    return [_program_test(given, wanted) for given, wanted in pairs], ""


def _reduced_tests(row: Row) -> list[CodeTest]:
    tests: list[CodeTest] = []
    for test in cast("list[dict[str, Any]]", row.values.get("test_list") or []):
        counted: Any = test["output"]
        outputs = cast("list[Any]", counted) if isinstance(counted, list) else [counted]
        wanted = outputs[0] if outputs else ""
        tests.append(_program_test(test["input"], wanted))
    return tests


def _program_test(given: Any, wanted: Any) -> InputTest:
    return InputTest(stdin=_joined(given), expected=_joined(wanted), tolerance=_TOLERANCE)


def _call(function: str, given: Any, wanted: Any) -> CallTest:
    """As the official script compares: tuples as lists, and a result in a list of one counts too."""
    return CallTest(
        code=f"given, wanted = {given!r}, {wanted!r}\n"
        f"found = {function}(*given)\n"
        "found = list(found) if isinstance(found, tuple) else found\n"
        "assert found == wanted or (isinstance(wanted, list) and wanted and found == wanted[0])"
    )


def _joined(text: Any) -> str:
    return "\n".join(map(str, cast("list[Any]", text))) if isinstance(text, list) else str(text)


def _function_question(text: str, starter: str) -> str:
    begin = f"\n\nBegin with this code:\n\n```python\n{starter.strip()}\n```" if starter.strip() else ""
    return f"{text.strip()}{begin}\n\n{INSTRUCTION}"
