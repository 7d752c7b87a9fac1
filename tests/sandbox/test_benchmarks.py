"""Known tasks: their reference solutions pass, nothing does not."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import pytest

from itas.core.execution import CallTest, CodeLimits
from itas.sandbox import Sandbox, Tier


def load(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


async def human_eval(sandbox: Sandbox, problems: list[dict[str, Any]], *, empty: bool = False) -> list[str]:
    """Verdict of every problem."""
    outcomes = await asyncio.gather(*[
        sandbox.check(
            problem["prompt"] + ("    return None\n" if empty else problem["canonical_solution"]),
            [CallTest(code=f"{problem['test']}\ncheck({problem['entry_point']})")],
            setup=problem["prompt"].partition(f"def {problem['entry_point']}(")[0],
            entry_points=[problem["entry_point"]],
            limits=CodeLimits(cpu_s=10),
        )
        for problem in problems
    ])  # fmt: skip
    return [outcome.verdict for (outcome,) in outcomes]


async def test_all_references_of_human_eval_pass_and_returning_nothing_passes_none(
    shared_data: Path, tier: str
):
    problems = load(shared_data / "human_eval" / "HumanEval.jsonl")
    async with Sandbox(cast(Tier, tier)) as sandbox:
        assert set(await human_eval(sandbox, problems)) == {"passed"}
        assert "passed" not in await human_eval(sandbox, problems, empty=True)


async def test_the_references_of_mbpp_pass(shared_data: Path):
    problems = load(shared_data / "mbpp" / "mbpp.jsonl")
    async with Sandbox() as sandbox:
        outcomes = await asyncio.gather(*[
            sandbox.check(
                problem["code"], [CallTest(code="\n".join(problem["test_list"]))], setup=problem["test_setup_code"]
            )
            for problem in problems
        ])  # fmt: skip
    assert [
        problem["task_id"]
        for problem, (outcome,) in zip(problems, outcomes, strict=True)
        if not outcome.passed
    ] == []


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_verdicts_do_not_depend_on_how_busy_the_machine_is(shared_data: Path):
    problems = load(shared_data / "human_eval" / "HumanEval.jsonl")
    async with Sandbox() as sandbox:
        quiet = await human_eval(sandbox, problems), await human_eval(sandbox, problems, empty=True)
        count = 4 * len(os.sched_getaffinity(0))
        load_makers = [_keep_busy() for _ in range(count)]
        try:
            for _ in range(3):
                busy = await human_eval(sandbox, problems), await human_eval(sandbox, problems, empty=True)
                assert busy == quiet
        finally:
            for process in load_makers:
                process.kill()
                process.wait()


def _keep_busy() -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", "while True: pass"])


@pytest.mark.slow
async def test_a_sleeper_is_stopped_by_the_wall_clock_after_a_second_try_alone():
    limits = CodeLimits(cpu_s=0.1)
    async with Sandbox(workers=2) as sandbox:
        outcomes = await asyncio.gather(*[
            sandbox.check("import time\ndef f():\n    time.sleep(60)", [CallTest(code="f()")], limits=limits)
            for _ in range(3)
        ])  # fmt: skip
        (after,) = await sandbox.check("def f(): return 1", [CallTest(code="assert f() == 1")])
    assert [outcome.verdict for (outcome,) in outcomes] == ["timeout"] * 3
    assert after.passed
