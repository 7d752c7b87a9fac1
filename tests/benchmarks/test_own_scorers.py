"""The user's own data with scorers that need more than a target: contains, math, code, a Python function."""

import json
from typing import Any

import pytest

from itas.benchmarks import Benchmark
from itas.benchmarks import open_benchmark as open_typed
from itas.core.execution import CallTest, InputTest
from itas.core.problem import Score, Unscored
from itas.errors import DataError, SpecError
from itas.sandbox import Sandbox


def open_benchmark(on: str, **arguments: Any) -> Any:
    opened = open_typed(on, **arguments)
    assert isinstance(opened, Benchmark)
    return opened


def write(path, rows, header=None):
    lines = [header, *rows] if header else rows
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    "target, answer, value",
    [
        ("Bern", "It is Bern, I think.", 1),
        ("Bern", "It is Berne.", 0),
        ("Bern | Berne", "It is Berne.", 1),
        ("12", "There are 112 of them", 0),
        ("12", "There are 12.", 1),
        ("new york", "in NEW   York!", 1),
        ("C++", "I like C++ most", 1),
    ],
)
async def test_contains_looks_for_whole_words(tmp_path, target, answer, value):
    on = write(tmp_path / "d.jsonl", [{"input": "?", "target": target}], {"scorer": "contains"})
    benchmark = open_benchmark(on)
    assert (await benchmark.score(benchmark.problems[0], answer)).value == value


async def test_math_compares_formulas(tmp_path):
    on = write(tmp_path / "d.jsonl", [{"input": "Half of one?", "target": "\\frac12"}], {"scorer": "math"})
    benchmark = open_benchmark(on)
    assert "boxed" in benchmark.problems[0].conversation[-1].content
    assert await benchmark.score(benchmark.problems[0], "\\boxed{0.5}") == Score(value=1, answer="0.5")
    assert (await benchmark.score(benchmark.problems[0], "\\boxed{0.6}")).value == 0


async def test_a_python_function_of_the_user_decides(tmp_path):
    (tmp_path / "mine.py").write_text(
        "class OfTheirOwn(Exception):\n"
        "    def __str__(self): raise self\n"
        "def score(answer, target, problem):\n"
        "    if answer == 'crash': raise RuntimeError('no')\n"
        "    if answer == 'odd': return 3\n"
        "    if answer == 'own': raise OfTheirOwn\n"
        "    if answer == 'leave': exit(7)\n"
        "    return len(answer) / 10 if problem['tags'].get('by') == 'length' else answer == target\n"
        "async def later(answer, target):\n"
        "    return True\n",
        encoding="utf-8",
    )
    rows = [{"input": "?", "target": "yes"}, {"input": "?", "tags": {"by": "length"}}]
    benchmark = open_benchmark(write(tmp_path / "d.jsonl", rows, {"scorer": "python:mine.py"}))
    same, length = benchmark.problems
    assert await benchmark.score(same, "yes") == Score(value=1)
    assert await benchmark.score(length, "12345") == Score(value=0.5)
    for answer, reason in (
        ("crash", "RuntimeError: no"),
        ("odd", "from 0 to 1, found 3"),
        ("own", "OfTheirOwn"),
        ("leave", "SystemExit: 7"),
    ):
        outcome = await benchmark.score(length, answer)
        assert isinstance(outcome, Unscored)
        assert reason in outcome.detail
    later = open_benchmark(str(tmp_path / "d.jsonl"), scorer=f"python:{tmp_path / 'mine.py'}:later")
    assert await later.score(same, "x") == Score(value=1)
    assert later.fingerprint != benchmark.fingerprint
    before = open_benchmark(str(tmp_path / "d.jsonl")).fingerprint
    (tmp_path / "mine.py").write_text("def score(answer, target):\n    return 0\n", encoding="utf-8")
    assert open_benchmark(str(tmp_path / "d.jsonl")).fingerprint != before


@pytest.mark.parametrize(
    "content, scorer, error, message",
    [
        (None, "python:mine.py", DataError, "no such file"),
        ("def other(a, t): return 1", "python:mine.py", SpecError, "defines no function 'score', only other"),
        ("raise ValueError('broken')", "python:mine.py", DataError, "cannot be run: ValueError: broken"),
        ("def score(: pass", "python:mine.py", DataError, "SyntaxError"),
    ],
)
def test_a_wrong_function_is_found_before_anything_is_paid_for(tmp_path, content, scorer, error, message):
    if content is not None:
        (tmp_path / "mine.py").write_text(content, encoding="utf-8")
    on = write(tmp_path / "d.jsonl", [{"input": "?", "target": "x"}], {"scorer": scorer})
    with pytest.raises(error, match=message):
        open_benchmark(on)


async def test_code_tests_of_every_row_are_run_in_the_sandbox(tmp_path):
    rows = [
        {
            "input": "Write add(a, b).",
            "tests": ["assert add(1, 2) == 3", "assert add(0, 0) == 0"],
            "entry_point": "add",
        },
        {"input": "Print the sum.", "tests": [{"stdin": "1 2\n", "expected": "3"}]},
    ]
    on = write(tmp_path / "d.jsonl", rows, {"scorer": {"type": "code", "cpu_s": 2}})
    benchmark = open_benchmark(on)
    assert benchmark.runs_code
    tasks = benchmark.scorer.tasks
    add, total = benchmark.problems
    assert tasks[add.id].tests == (
        CallTest(code="assert add(1, 2) == 3"),
        CallTest(code="assert add(0, 0) == 0"),
    )
    assert tasks[total.id].tests == (InputTest(stdin="1 2\n", expected="3"),)
    assert tasks[add.id].limits.cpu_s == 2
    async with Sandbox() as sandbox:
        benchmark = benchmark.with_runner(sandbox)
        right = "```python\ndef add(a, b):\n    return a + b\n```"
        assert await benchmark.score(add, right) == Score(value=1, answer="passed 2 of 2")
        wrong = right.replace("a + b", "a * b + 1")
        assert await benchmark.score(add, wrong) == Score(value=0, answer="failed in test 2 of 2")
        assert (
            await benchmark.score(total, "```python\nprint(sum(map(int, input().split())))\n```")
        ).value == 1


@pytest.mark.parametrize(
    "tests", [None, [], [3], [{"stdin": "1"}], [{"stdin": "1", "expected": "2", "x": 1}], {"a": 1}]
)
def test_rows_without_usable_tests_are_refused(tmp_path, tests):
    on = write(tmp_path / "d.jsonl", [{"input": "?", "tests": tests}], {"scorer": "code"})
    with pytest.raises(DataError, match="'tests' must be a list of statements"):
        open_benchmark(on)


def test_a_column_of_another_scorer_is_unknown(tmp_path):
    on = write(tmp_path / "d.jsonl", [{"input": "?", "target": "1", "tests": ["x"]}], {"scorer": "number"})
    with pytest.raises(DataError, match="unknown column 'tests'"):
        open_benchmark(on)
