"""Code: the program in the answer passes every test, run in a sandbox.

Rule: the program is the last fenced Python block that defines the wanted name (see `core/code.py`), or, for a
task that begins a function, the answer as its continuation up to the first line that starts at the margin. 1
if all tests pass, else 0; the first failure ends the run. No program in the answer: 0. The sandbox does not
work: no score. Without a runner nothing is run and nothing is scored.
"""

import ast
import json
import re
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import Field, JsonValue

from itas.core.code import extract_code
from itas.core.execution import CodeLimits, CodeOutcome, CodeRunner, CodeTest
from itas.core.problem import Outcome, Problem, Score, Unscored
from itas.core.spec import Spec, digest

INSTRUCTION = "Reply with the whole program in one fenced block that starts with ```python."
_STOPS = re.compile(r"\n(?=class|def|#|if|print|@|```)")
"""Where the official samplers cut a continuation; other lines at the margin belong to it (``f.cache = {}``)."""
_BATCHES = (1, 4, 16, 64)
"""Tests in one go: few at first, because most wrong programs fail early."""


class CodeTask(Spec):
    """How the answers to one problem are tested.

    Attributes:
        tests: All must pass.
        setup: Runs before the candidate and before the tests.
        entry_point: The name that the candidate must define; empty for a program.
        prompt: Code that the answer may continue; empty if it must be whole.
        official_id: Name of the task in the official tools.
        limits: Of each test.
    """

    tests: tuple[CodeTest, ...] = Field(min_length=1)
    setup: str = ""
    entry_point: str = ""
    prompt: str = ""
    official_id: str = ""
    limits: CodeLimits = CodeLimits()

    def program(self, answer: str) -> str | None:
        """The program in an answer; None if there is none."""
        code = extract_code(answer, entry_point=self.entry_point or None)
        if not self.prompt:
            return code
        if code is not None and _defines(code, self.entry_point):
            return code
        text = code if code is not None and "```" in answer else answer
        for continued in (self.prompt + _STOPS.split(text, maxsplit=1)[0], self.prompt + _continuation(text)):
            if _defines(continued, self.entry_point):
                return continued
        return code

    def solution(self, answer: str) -> str:
        """The program for the official tools: with what stands before the function in the task."""
        program = self.program(answer) or ""
        return program if not self.setup or program.startswith(self.setup) else f"{self.setup}\n{program}"


@dataclass(frozen=True)
class CodeScorer:
    """Runs answers against the tests of their problems.

    Attributes:
        tasks: By id of the problem.
        runner: The sandbox; handed in by `with_runner`.
    """

    tasks: Mapping[str, CodeTask]
    runner: CodeRunner | None = field(default=None, compare=False, repr=False)

    runs_code = True
    """Needs a runner: see `Benchmark.runs_code`."""

    def with_runner(self, runner: CodeRunner) -> "CodeScorer":
        """The same scorer, able to score."""
        return replace(self, runner=runner)

    async def score(self, problem: Problem, answer: str) -> Outcome:
        """Score one answer: 1 if its program passes every test.

        Raises:
            SandboxError: It could not be run safely.
        """
        task = self.tasks[problem.id]
        if self.runner is None:
            return Unscored(
                reason="sandbox_error", detail="answers are run in a sandbox, and none was handed in"
            )
        program = task.program(answer)
        if program is None:
            return Score(value=0.0)
        done = 0
        outcomes: list[CodeOutcome] = []
        for size in _sizes(len(task.tests)):
            batch = task.tests[done : done + size]
            outcomes = list(await self._run(task, program, batch))
            failed = next((number for number, each in enumerate(outcomes) if not each.passed), None)
            if failed is not None:
                said = f"{outcomes[failed].verdict} in test {done + failed + 1} of {len(task.tests)}"
                return Score(value=0.0, answer=_marked(said, outcomes))
            done += size
        return Score(value=1.0, answer=_marked(f"passed {len(task.tests)} of {len(task.tests)}", outcomes))

    def describe(self) -> dict[str, JsonValue]:
        """The tests by their digest."""
        tasks = {id_: task.model_dump(mode="json") for id_, task in sorted(self.tasks.items())}
        return {"type": "code", "tasks": digest(tasks)}

    def samples(self, answers: Iterable[tuple[str, str]]) -> str:
        """What evalplus and human-eval read, a line per answer: ``{"task_id": ..., "solution": ...}``.

        Args:
            answers: Ids of problems, and answers to them.
        """
        lines = [
            {"task_id": self.tasks[id_].official_id or id_, "solution": self.tasks[id_].solution(answer)}
            for id_, answer in answers
        ]
        return "".join(json.dumps(line) + "\n" for line in lines)

    async def _run(self, task: CodeTask, program: str, tests: Sequence[CodeTest]) -> tuple[CodeOutcome, ...]:
        assert self.runner is not None
        extra: dict[str, Any] = {"entry_points": (task.entry_point,)} if task.entry_point else {}
        return await self.runner.check(program, tests, setup=task.setup, limits=task.limits, **extra)


def _sizes(count: int) -> Iterable[int]:
    for size in _BATCHES:
        if count > 0:
            yield size
        count -= size
    if count > 0:
        yield count


def _marked(said: str, outcomes: Sequence[CodeOutcome]) -> str:
    if any(each.tier == "none" for each in outcomes):
        said += " (without a sandbox)"
    return said + (" (weak)" if any(each.is_weak for each in outcomes) else "")


def _continuation(text: str) -> str:
    """The answer up to the first line at the margin, for one that goes on in prose."""
    lines = text.replace("\r\n", "\n").split("\n")
    kept = lines[:1]
    for line in lines[1:]:
        if line[:1].strip():
            break
        kept.append(line)
    return "\n".join(kept) + "\n"


def _defines(code: str, name: str) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            tree = ast.parse(code)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
    return any(
        isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef) and each.name == name for each in tree.body
    ) or any(
        isinstance(each, ast.Assign)
        and any(isinstance(to, ast.Name) and to.id == name for to in each.targets)
        for each in tree.body
    )
