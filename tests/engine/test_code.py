"""Running code in an answer: only with a sandbox, only for who says so, and never in silence without walls."""

from collections.abc import Sequence
from typing import Any

import pytest

import itas.components  # noqa: F401 - registers the component types
from itas.core.architecture import Architecture
from itas.core.execution import CodeLimits, CodeOutcome, CodeTest
from itas.core.messages import user
from itas.core.request import Completion, Request
from itas.engine import answer
from itas.engine.trace import trace_lines
from itas.errors import ContractError, SandboxError, SpecError


class Writer:
    """Writes one test, and one function for each draw."""

    def __init__(self) -> None:
        self.asked = 0

    async def sample(
        self, request: Request, *, n: int = 1, first: int = 0, listen: object = None
    ) -> tuple[Completion, ...]:
        self.asked += n
        if request.messages[-1].content.startswith("Task: write tests that can be run."):
            return (Completion(text="```python\nassert f(1) == 1\n```"),)
        return tuple(Completion(text=f"```python\ndef f(x): return {first + i}\n```") for i in range(n))


class Runner:
    """A sandbox that runs nothing: a code that returns 1 passes."""

    def __init__(self, tier: str = "ns", *, too_few: bool = False, breaks: bool = False) -> None:
        self.tier, self.too_few, self.breaks = tier, too_few, breaks
        self.limits: list[CodeLimits | None] = []

    async def check(
        self,
        code: str,
        tests: Sequence[CodeTest],
        *,
        setup: str = "",
        limits: CodeLimits | None = None,
        entry_points: Sequence[str] = (),
    ) -> tuple[CodeOutcome, ...]:
        self.limits.append(limits)
        if self.breaks:
            raise SandboxError("no walls")
        verdict = "passed" if "return 1" in code else "failed"
        return tuple(CodeOutcome(verdict=verdict, tier=self.tier) for _ in tests)[self.too_few :]


def architecture(**fields: Any) -> Architecture:
    return Architecture.parse({
        "layers": [
            {"type": "generator", "model": "fake/a", "samples": 3},
            {"type": "unit_test_generator", "model": "fake/a", "execute": True},
            {"type": "unit_test_evaluator", "execute": True, "top_k": 1, **fields},
        ]
    })  # fmt: skip


async def run(runner: Runner | None, models: Writer | None = None, **fields: Any):
    writer = models or Writer()
    return await answer(architecture(**fields), user("Write f."), models=lambda name: writer, runner=runner)


async def test_the_candidate_that_passes_is_the_answer_and_the_tier_is_recorded():
    runner = Runner()
    found = await run(runner, limits={"cpu_s": 1.5})
    assert "return 1" in found.text
    assert found.components[-1].tier == "ns"
    assert [record.tier for record in found.components[:-1]] == ["", ""]
    assert (found.samples_used, found.event_counts) == (4, {})
    assert runner.limits == [CodeLimits(cpu_s=1.5)] * 3
    assert found.latency_s > 0


async def test_code_that_ran_without_walls_is_marked_in_the_answer_and_in_the_trace():
    found = await run(Runner("none"))
    assert found.event_counts == {"no_walls": 1}
    last = list(trace_lines(found))[-1]
    assert (last["components"][-1]["tier"], last["components"][-1]["events"]) == ("none", {"no_walls": 1})


async def test_without_a_sandbox_nothing_is_asked():
    writer = Writer()
    with pytest.raises(SpecError, match="no sandbox was given"):
        await run(None, writer)
    assert writer.asked == 0


async def test_a_fault_of_the_sandbox_is_the_failure_of_the_answer():
    with pytest.raises(SandboxError):
        await run(Runner(breaks=True))


async def test_a_sandbox_that_loses_an_outcome_is_a_bug_and_no_verdict():
    with pytest.raises(ContractError, match="0 outcomes of 1"):
        await run(Runner(too_few=True))


@pytest.mark.parametrize("makes, uses", [(True, False), (False, True)])
def test_tests_are_judged_or_run_as_they_were_written(makes: bool, uses: bool):
    evaluator = {"execute": True} if uses else {"model": "fake/a"}
    with pytest.raises(SpecError, match=r"layers\[2\].*Write the same 'execute' in both"):
        Architecture.parse({
            "layers": [
                {"type": "generator", "model": "fake/a"},
                {"type": "unit_test_generator", "model": "fake/a", "execute": makes},
                {"type": "unit_test_evaluator", **evaluator},
            ]
        })  # fmt: skip


def test_both_forms_may_stand_in_one_architecture():
    both = Architecture.parse({
        "layers": [
            {"type": "generator", "model": "fake/a", "samples": 9},
            [
                {"type": "unit_test_generator", "model": "fake/a"},
                {"type": "unit_test_generator", "model": "fake/a", "execute": True},
            ],
            [
                {"type": "unit_test_evaluator", "model": "fake/a"},
                {"type": "unit_test_evaluator", "execute": True, "top_k": 3},
            ],
        ]
    })  # fmt: skip
    assert both.runs_code
    assert both.planned_samples() == 9 + 2 + 9
