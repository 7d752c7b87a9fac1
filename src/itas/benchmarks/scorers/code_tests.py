"""Code tests: every row of the data brings the tests of its own answers.

Column ``tests``: a list of statements (``assert add(1, 2) == 3``) or of programs' inputs and outputs
(``{"stdin": "1 2", "expected": "3"}``, with ``"tolerance": 0.001`` where numbers may be rounded); in CSV as JSON.
Optional: ``setup``, ``entry_point``.
"""

import json
from collections.abc import Sequence
from typing import Any, ClassVar, cast

from pydantic import PositiveFloat, PositiveInt

from itas.benchmarks.files import Row
from itas.benchmarks.scorers.code import INSTRUCTION, CodeScorer, CodeTask
from itas.benchmarks.scorers.recipe import Recipe
from itas.core.execution import CallTest, CodeLimits, CodeTest, InputTest
from itas.core.problem import Problem
from itas.errors import DataError


class CodeTests(Recipe):
    """See the module.

    Attributes:
        cpu_s: Seconds of CPU time of each test.
        memory_mb: Memory of each test.
    """

    type: ClassVar = "code"
    instruction: ClassVar = INSTRUCTION
    columns: ClassVar = ("tests", "setup", "entry_point")

    cpu_s: PositiveFloat = 5.0
    memory_mb: PositiveInt = 1024

    def make(self, problems: Sequence[Problem], rows: Sequence[Row]) -> CodeScorer:
        limits = CodeLimits(cpu_s=self.cpu_s, memory_mb=self.memory_mb)
        return CodeScorer({
            problem.id: CodeTask(
                tests=_tests(row),
                setup=str(row.values.get("setup") or ""),
                entry_point=str(row.values.get("entry_point") or ""),
                limits=limits,
            )
            for problem, row in zip(problems, rows, strict=True)
        })  # fmt: skip


def _tests(row: Row) -> tuple[CodeTest, ...]:
    value: object = row.values.get("tests")
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            value = [value]
    tests = [_test(each) for each in cast("list[Any]", value)] if isinstance(value, list) else []
    if not tests or None in tests:
        raise DataError(
            f"{row.where}: 'tests' must be a list of statements such as \"assert add(1, 2) == 3\", or of mappings with "
            f"'stdin' and 'expected', perhaps with a 'tolerance' between 0 and 1 (scorer 'code')"
        )
    return tuple(test for test in tests if test is not None)


def _test(value: Any) -> CodeTest | None:
    match value:
        case str():
            return CallTest(code=value)
        case {"stdin": str(stdin), "expected": str(expected), **rest} if not rest:
            return InputTest(stdin=stdin, expected=expected)
        case {"stdin": str(stdin), "expected": str(expected), "tolerance": int() | float() as by, **rest} if (
            not rest and 0 < by < 1
        ):
            return InputTest(stdin=stdin, expected=expected, tolerance=by)
        case _:
            return None
