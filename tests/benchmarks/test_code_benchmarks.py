"""HumanEval, MBPP, CodeContests, APPS: references pass, recorded samples get their recorded verdict."""

import asyncio
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from itas.benchmarks import Benchmark
from itas.benchmarks import open_benchmark as open_typed
from itas.benchmarks.code_contests import load_code_contests
from itas.benchmarks.pass_at_k import pass_at_k
from itas.benchmarks.scorers import CodeScorer, CodeTask
from itas.core.execution import CallTest, CodeOutcome, InputTest
from itas.core.problem import Score, Unscored
from itas.core.seeds import random_for
from itas.errors import DataError
from itas.sandbox import Sandbox


def open_benchmark(on: str, **arguments: Any) -> Any:
    return open_typed(on, **arguments)


def rows_of(path: Path) -> list[dict[str, Any]]:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


@pytest.fixture
async def sandbox():
    async with Sandbox() as sandbox:
        yield sandbox


class Runner:
    """Passes what holds the word "right"; remembers what it was asked."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, int]] = []

    async def check(self, code, tests, *, setup="", limits=None, entry_points=()):
        self.calls.append((code, len(tests)))
        return tuple(CodeOutcome(verdict="passed" if "right" in code else "failed") for _ in tests)


async def values(benchmark: Benchmark, answers: list[str]) -> list[float]:
    outcomes = await asyncio.gather(*[
        benchmark.score(problem, answer) for problem, answer in zip(benchmark.problems, answers, strict=True)
    ])  # fmt: skip
    assert all(isinstance(outcome, Score) for outcome in outcomes)
    return [outcome.value for outcome in outcomes if isinstance(outcome, Score)]


async def test_every_reference_of_human_eval_passes_as_a_function_and_as_a_continuation(shared_data, sandbox):
    path = shared_data / "human_eval" / "HumanEval.jsonl"
    benchmark = open_benchmark(f"human_eval:{path}").with_runner(sandbox)
    rows = rows_of(path)
    assert len(rows) == 89
    whole = [f"Here it is:\n```python\n{row['prompt']}{row['canonical_solution']}\n```" for row in rows]
    assert await values(benchmark, whole) == [1.0] * 89
    assert await values(benchmark, [row["canonical_solution"] for row in rows]) == [1.0] * 89
    assert await values(benchmark, ["    return None\n"] * 89) == [0.0] * 89


async def test_every_reference_of_mbpp_passes_and_another_problems_reference_fails(shared_data, sandbox):
    path = shared_data / "mbpp" / "mbpp.jsonl"
    benchmark = open_benchmark(f"mbpp/all:{path}").with_runner(sandbox)
    rows = rows_of(path)
    answers = [f"```python\n{row['code']}\n```" for row in rows]
    assert await values(benchmark, answers) == [1.0] * len(rows)
    assert await values(benchmark, [*answers[1:], answers[0]]) == [0.0] * len(rows)
    assert len(open_benchmark(f"mbpp:{path}").problems) <= len(rows)
    assert "assert" in benchmark.problems[0].conversation[-1].content


EXPLAINED = {
    # Recursion about 1,100 deep: it passed in the recording and does not within Python's usual limit here.
    ("HumanEval/49", 56),
    ("HumanEval/49", 80),
    # A right function, then a list that is cut off in the middle: the recording counts the file as broken, we take
    # the function out of it, as out of any text.
    ("HumanEval/152", 47),
}
"""Of 8,900 recorded samples, those that get another verdict here."""


async def check_recorded_samples(shared_data: Path, sandbox: Sandbox, per_problem: int) -> None:
    path = shared_data / "human_eval"
    benchmark = open_benchmark(f"human_eval:{path / 'HumanEval.jsonl'}").with_runner(sandbox)
    recorded = {row["task_id"]: row for row in rows_of(path / "codegen16B_T0.8_100samples_graded.jsonl.gz")}
    asked: list[tuple[Any, str, str, int]] = []
    for problem in benchmark.problems:
        row = recorded[problem.id]
        for number in random_for(3, problem.id).sample(range(100), per_problem):
            asked.append((problem, row["completion_cut"][number], row["status"][number], number))
    outcomes = await asyncio.gather(*[benchmark.score(problem, text) for problem, text, _, _ in asked])
    different = [
        (problem.id, number)
        for (problem, _, status, number), outcome in zip(asked, outcomes, strict=True)
        if getattr(outcome, "value", None) != float(status == "1")
    ]
    assert set(different) <= EXPLAINED


async def test_recorded_samples_of_codegen_get_the_recorded_verdict(shared_data, sandbox):
    await check_recorded_samples(shared_data, sandbox, 2)


@pytest.mark.slow
@pytest.mark.timeout(1800)
async def test_all_recorded_samples_of_codegen_get_the_recorded_verdict(shared_data, sandbox):
    await check_recorded_samples(shared_data, sandbox, 100)


async def check_recorded_programs(shared_data: Path, sandbox: Sandbox, count: int) -> None:
    """Programs of a model for APPS problems: solved and not solved, as the authors of MapCoder recorded it."""
    benchmark = open_benchmark(f"apps:{shared_data / 'apps' / 'selected150_subset.jsonl.gz'}").with_runner(
        sandbox
    )
    by_id = {problem.id: problem for problem in benchmark.problems}
    pairs: list[tuple[Any, str, bool]] = []
    for file in sorted((shared_data / "code_strategies" / "APPS").glob("*.jsonl.gz")):
        for row in rows_of(file):
            problem = by_id.get(f"apps-{int(row['task_id'].removeprefix('apps/')):04}")
            if problem is not None and row.get("source_codes"):
                pairs.append((problem, f"```python\n{row['source_codes'][-1]}\n```", bool(row["is_solved"])))
    solved = [pair for pair in pairs if pair[2]]
    unsolved = [pair for pair in pairs if not pair[2]]
    rng = random_for(1, "apps")
    chosen = [*rng.sample(solved, min(count, len(solved))), *rng.sample(unsolved, min(count, len(unsolved)))]
    outcomes = await asyncio.gather(*[benchmark.score(problem, answer) for problem, answer, _ in chosen])
    agreed = [
        isinstance(outcome, Score) and (outcome.value == 1) is is_solved
        for (_, _, is_solved), outcome in zip(chosen, outcomes, strict=True)
    ]
    assert sum(agreed) >= 0.95 * len(agreed)


async def test_recorded_programs_for_apps_get_the_recorded_verdict(shared_data, sandbox):
    await check_recorded_programs(shared_data, sandbox, 5)


async def test_apps_functions_are_tested_as_the_official_script_does(tmp_path, sandbox):
    path = tmp_path / "apps.jsonl"
    tests = {"fn_name": "double", "inputs": [[2], [0]], "outputs": [[4], [0]]}
    stdin = {"inputs": ["1 2\n", ["3", "4"]], "outputs": ["3\n", ["7"]]}
    rows = [
        {
            "id": 1, "question": "Double.", "input_output": json.dumps(tests), "starter_code": "def double(x):",
            "difficulty": "introductory",
        },
        {"id": 2, "question": "Add.", "input_output": json.dumps(stdin), "difficulty": "interview"},
        {"id": 3, "question": "No tests.", "input_output": ""},
    ]  # fmt: skip
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    benchmark = open_benchmark(f"apps:{path}").with_runner(sandbox)
    double, add = benchmark.problems
    assert "def double(x):" in double.conversation[-1].content
    assert double.tags == {"difficulty": "introductory"}
    right = "```python\ndef double(x):\n    return 2 * x\n```"
    assert await benchmark.score(double, right) == Score(value=1, answer="passed 2 of 2")
    assert (await benchmark.score(double, right.replace("2 * x", "3 * x"))).value == 0
    program = "```python\nimport sys\nprint(sum(map(int, sys.stdin.read().split())))\n```"
    assert await benchmark.score(add, program) == Score(value=1, answer="passed 2 of 2")


def contest(**changes: Any) -> dict[str, Any]:
    return {
        "name": "1_A. Sum",
        "description": "Print the sum.",
        "public_tests": {"input": ["1 2\n"], "output": ["3\n"]},
        "private_tests": {"input": ["5 5\n"], "output": ["10\n"]},
        "generated_tests": {"input": ["0 0\n", "7 1\n"], "output": ["0\n", "8\n"]},
        "time_limit": {"seconds": 1, "nanos": 500_000_000},
        "memory_limit_bytes": 512 << 20,
        **changes,
    }


async def test_code_contests_runs_public_private_and_generated_tests_within_the_time_limit(tmp_path, sandbox):
    path = tmp_path / "test.jsonl"
    rows = [contest(), contest(name="2_B. Picture", description="See <image>.")]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    benchmark = open_benchmark(f"code_contests:{path}").with_runner(sandbox)
    (problem,) = benchmark.problems
    scorer = benchmark.scorer
    assert isinstance(scorer, CodeScorer)
    task = scorer.tasks[problem.id]
    assert (len(task.tests), task.limits.cpu_s, task.limits.memory_mb) == (4, 1.5, 512)
    right = "```python\nprint(sum(map(int, input().split())))\n```"
    assert await benchmark.score(problem, right) == Score(value=1, answer="passed 4 of 4")
    only_public = "```python\nprint(3)\n```"
    assert await benchmark.score(problem, only_public) == Score(value=0, answer="failed in test 2 of 4")
    endless = "```python\nwhile True: pass\n```"
    assert await benchmark.score(problem, endless) == Score(value=0, answer="timeout in test 1 of 4")
    assert await benchmark.score(problem, "I cannot.") == Score(value=0)
    slower: Any = load_code_contests(path, limits_times=2).scorer
    assert slower.tasks[problem.id].limits.cpu_s == 3.0


@pytest.mark.parametrize(
    "row, message",
    [
        (contest(public_tests={}, private_tests={}, generated_tests=None), "no tests"),
        (contest(private_tests={"input": ["1"], "output": []}), "1 inputs and 0 outputs"),
        ({"name": "x"}, "must have name, description and tests"),
    ],
)
def test_a_contest_without_tests_is_refused(tmp_path, row, message):
    path = tmp_path / "test.jsonl"
    path.write_text(json.dumps(row), encoding="utf-8")
    with pytest.raises(DataError, match=message):
        open_benchmark(f"code_contests:{path}")


async def test_the_first_failure_ends_the_run_and_many_tests_run_in_growing_batches():
    task = CodeTask(tests=tuple(InputTest(stdin=str(n), expected="") for n in range(100)))
    runner = Runner()
    scorer: Any = CodeScorer({"p": task}, runner)
    problem = Benchmark("b", (), scorer).problems or open_benchmark("itas/word-problems", limit=1).problems
    problem = problem[0].model_copy(update={"id": "p"})
    assert await scorer.score(problem, "```python\nright\n```") == Score(value=1, answer="passed 100 of 100")
    assert [count for _, count in runner.calls] == [1, 4, 16, 64, 15]
    runner.calls.clear()
    assert (await scorer.score(problem, "```python\nwrong\n```")).answer == "failed in test 1 of 100"
    assert [count for _, count in runner.calls] == [1]


async def test_without_a_sandbox_nothing_is_run_and_nothing_is_scored(shared_data):
    benchmark = open_benchmark(f"human_eval:{shared_data / 'human_eval' / 'HumanEval.jsonl'}", limit=1)
    assert benchmark.runs_code
    outcome = await benchmark.score(benchmark.problems[0], "```python\nright\n```")
    assert isinstance(outcome, Unscored)
    assert outcome.reason == "sandbox_error"


def test_samples_for_evalplus_are_whole_programs_under_the_official_ids(shared_data):
    path = shared_data / "human_eval" / "HumanEval.jsonl"
    benchmark = open_benchmark(f"human_eval:{path}")
    row = rows_of(path)[0]
    scorer = benchmark.scorer
    assert isinstance(scorer, CodeScorer)
    (line,) = scorer.samples([(row["task_id"], row["canonical_solution"])]).splitlines()
    sample = json.loads(line)
    assert sample["task_id"] == "HumanEval/0"
    compile(sample["solution"], "sample", "exec")
    assert sample["solution"].startswith("from typing import List")
    mbpp = open_benchmark(f"mbpp/all:{shared_data / 'mbpp' / 'mbpp.jsonl'}")
    assert isinstance(mbpp.scorer, CodeScorer)
    sample = json.loads(mbpp.scorer.samples([(mbpp.problems[0].id, "```python\ndef f(): pass\n```")]))
    assert sample["task_id"].startswith("Mbpp/")


def test_the_fingerprint_covers_the_tests():
    one, other = (
        CodeScorer({"p": CodeTask(tests=(CallTest(code=code),))}) for code in ("assert f()", "assert g()")
    )
    assert one.describe() != other.describe()


def test_pass_at_k_is_the_share_of_draws_that_hold_a_right_sample():
    import itertools

    passed = [[True, False, False, True, False], [False] * 5, [True] * 5, [False, False, True, False, False]]
    for k in range(1, 6):
        shares = [
            sum(any(draw) for draw in itertools.combinations(each, k))
            / sum(1 for _ in itertools.combinations(each, k))
            for each in passed
        ]
        assert pass_at_k(passed, k) == pytest.approx(sum(shares) / len(shares))
    assert pass_at_k([[True] * 100 + [False] * 900], 10) == pytest.approx(1 - _product(900, 1000, 10))
    for wrong, k in (([], 1), ([[True]], 2), ([[True]], 0)):
        with pytest.raises(ValueError, match="at least"):
            pass_at_k(wrong, k)


def _product(wrong: int, n: int, k: int) -> float:
    value = 1.0
    for index in range(k):
        value *= (wrong - index) / (n - index)
    return value


def test_a_continuation_keeps_what_stands_at_the_margin_unless_it_is_prose():
    task = CodeTask(tests=(CallTest(code="assert f(1) == 1"),), entry_point="f", prompt="def f(n):\n")
    kept = task.program("    return f.cache[n]\n\nf.cache = {1: 1}\n\nprint(f(1))\n")
    assert kept == "def f(n):\n    return f.cache[n]\n\nf.cache = {1: 1}\n"
    assert task.program("    return n\nThis returns the number itself.\n") == "def f(n):\n    return n\n"
    assert task.program("    return n\n\ndef other(): return 2\n") == "def f(n):\n    return n\n"
