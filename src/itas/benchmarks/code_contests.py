"""CodeContests: programs that read standard input and write standard output.

Data: https://github.com/google-deepmind/code_contests (Li et al. 2022, arXiv:2203.07814); CC BY 4.0; 165 test
problems, of which 140 have no picture (``<image>``) in their text: these are the benchmark, as in the Archon
paper. Read is JSONL with the fields of the published rows: ``name``, ``description``, ``public_tests``,
``private_tests``, ``generated_tests`` (each with lists ``input`` and ``output``), ``time_limit``
(``seconds``, ``nanos``), ``memory_limit_bytes``, ``difficulty``. A row that lacks tests is refused. Of the
form: "Read n numbers and print their sum." with the input ``2\\n3 4`` and the output ``7``.

Prompt: the text, and the request for a Python program. Score: pass@1; every public, private and generated
test must pass within the time limit of the problem, as CPU time. Outputs are compared line by line, so a
problem with several right outputs counts only the published one, as in the original. The published files are Riegeli
or Parquet; with pandas and pyarrow ``pandas.read_parquet(FILE).to_json("test.jsonl", orient="records", lines=True)``
makes JSONL of the latter.
"""

from pathlib import Path
from typing import Any, cast

from itas.benchmarks.benchmark import Benchmark
from itas.benchmarks.files import Row, read_jsonl
from itas.benchmarks.programs import program_benchmark
from itas.benchmarks.scorers.code import INSTRUCTION, CodeTask
from itas.core.execution import CodeLimits, InputTest
from itas.core.messages import user
from itas.core.problem import Problem
from itas.errors import DataError

LICENCE = "CC BY 4.0"
LINK = "https://github.com/google-deepmind/code_contests"
SIZE = 140
KINDS = ("public_tests", "private_tests", "generated_tests")
_PICTURE = "<image>"
_DEFAULT_S = 10.0
_MEMORY_MB = 1024


def load_code_contests(path: Path, *, name: str = "code_contests", limits_times: float = 1.0) -> Benchmark:
    """Read a JSONL file of the published rows; problems with pictures are left out.

    Args:
        path: The file.
        name: Of the benchmark.
        limits_times: The time limits are multiplied by this; contests set them for compiled languages.

    Raises:
        DataError: A row lacks a field or has no test.
    """
    problems: list[Problem] = []
    tasks: dict[str, CodeTask] = {}
    for row in read_jsonl(path):
        title, text = row.values.get("name"), row.values.get("description")
        if not isinstance(title, str) or not isinstance(text, str):
            raise DataError(
                f"{row.where}: must have name, description and tests, found {', '.join(row.values) or 'nothing'}. "
                f"The data is at {LINK}."
            )
        if _PICTURE in text:
            continue
        if title in tasks:
            raise DataError(f"{row.where}: names must differ, found '{title}' twice")
        tasks[title] = CodeTask(tests=_tests(row), official_id=title, limits=_limits(row, limits_times))
        problems.append(Problem(id=title, conversation=user(program_question(text)), tags=_tags(row)))
    return program_benchmark(name, problems, tasks, licence=LICENCE, link=LINK)


def program_question(text: str) -> str:
    """A task for a program that reads and prints."""
    return (
        f"{text.strip()}\n\nWrite a Python 3 program that reads the input from standard input and prints the output, "
        f"and nothing else, to standard output. {INSTRUCTION}"
    )


def _tests(row: Row) -> tuple[InputTest, ...]:
    tests: list[InputTest] = []
    for kind in KINDS:
        found: Any = row.values.get(kind) or {}
        fields = cast("dict[str, Any]", found) if isinstance(found, dict) else {}
        inputs: list[Any] = fields.get("input") or []
        outputs: list[Any] = fields.get("output") or []
        if len(inputs) != len(outputs):
            raise DataError(f"{row.where}: {kind} has {len(inputs)} inputs and {len(outputs)} outputs")
        tests += [InputTest(stdin=str(x), expected=str(y)) for x, y in zip(inputs, outputs, strict=True)]
    if not tests:
        raise DataError(f"{row.where}: no tests; the published rows have {', '.join(KINDS)}")
    return tuple(tests)


def _limits(row: Row, times: float) -> CodeLimits:
    limit: Any = row.values.get("time_limit") or {}
    seconds = float(limit.get("seconds") or 0) + float(limit.get("nanos") or 0) / 1e9
    size = int(row.values.get("memory_limit_bytes") or 0) // (1 << 20)
    return CodeLimits(cpu_s=(seconds or _DEFAULT_S) * times, memory_mb=max(size, 256) if size else _MEMORY_MB)


def _tags(row: Row) -> dict[str, Any]:
    return {key: row.values[key] for key in ("difficulty", "source") if row.values.get(key) is not None}
