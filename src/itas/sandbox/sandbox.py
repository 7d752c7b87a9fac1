"""The sandbox: runs a candidate's code against tests behind walls, or not at all.

What it protects against and what not is in docs/sandbox.md. It shares the kernel with the machine: bugs of the
kernel, and what can be learned from timing, are not covered.
"""

import asyncio
import contextlib
import math
import os
import secrets
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, Self

from itas.core.execution import CallTest, CodeLimits, CodeOutcome, CodeTest, InputTest
from itas.errors import SandboxError
from itas.sandbox.helpers import Cell, Helper, start_helper
from itas.sandbox.memory_files import memory_file, read_memory_file
from itas.sandbox.tiers import CURES, SAFE_TIERS, Tier, TierFault, check_platform, find_python
from itas.sandbox.verdicts import judge_call, judge_input, needs_weak

_MIN_MEMORY_MB = 64
_RECORD_BYTES = 16_384
_WALL_FACTOR = 5.0
_WALL_EXTRA_S = 2.0


@dataclass(frozen=True, slots=True)
class TierReport:
    """Whether a tier holds here, as a program behind it found out.

    Attributes:
        tier: Which.
        works: Whether it may be used.
        reason: Why not; empty where it works.
        cure: What would make it work.
        python: The interpreter that runs the code, and its version, where it works.
    """

    tier: Tier
    works: bool
    reason: str = ""
    cure: str = ""
    python: str = ""


@dataclass(frozen=True, slots=True)
class _Result:
    outcome: CodeOutcome
    hit_wall: bool
    asks_for_weak: bool = False


class Sandbox:
    """Runs code behind walls. Implements `itas.core.execution.CodeRunner`.

    Use it as an async context manager, or `close` it; nothing is started before the first `check`.

    Args:
        tier: ``auto`` takes the strongest that holds here.
        workers: Tests run at the same time; the number of processors where not given.
        accept_untrusted: Needed, and only allowed, with tier ``none``: the code runs with your rights.
        weak: Run tests that need the candidate's own classes, or hand it functions, in one process with the
            candidate, and mark the outcome. Without it they are an ``error``.
        python: Interpreter that runs the code, instead of the running one.

    Raises:
        SandboxError: ``none`` without ``accept_untrusted``, or the reverse.
    """

    def __init__(
        self,
        tier: Tier | Literal["auto"] = "auto",
        *,
        workers: int | None = None,
        accept_untrusted: bool = False,
        weak: bool = False,
        python: str | None = None,
    ) -> None:
        if (tier == "none") != accept_untrusted:
            raise SandboxError(
                "tier 'none' runs generated code with your rights; it needs accept_untrusted=True, and"
                " accept_untrusted=True needs tier 'none'."
            )
        self._wanted: Tier | None = None if tier == "auto" else tier
        self._workers = workers or _processors()
        self._weak = weak
        self._python = python
        self._tier: Tier | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._idle: list[Helper] = []
        self._places = asyncio.Semaphore(self._workers)
        self._alone = asyncio.Lock()
        self._choosing = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End all helpers. The sandbox may be used again afterwards."""
        while self._idle:
            self._idle.pop().close()

    async def choose_tier(self) -> Tier:
        """The tier that will be used; starts a helper to find out.

        Raises:
            SandboxError: None holds here; with the reason of each and the cures.
        """
        self._follow_loop()
        async with self._choosing:
            if self._tier is None:
                self._tier = await self._find_tier()
            return self._tier

    async def check(
        self,
        code: str,
        tests: Sequence[CodeTest],
        *,
        setup: str = "",
        limits: CodeLimits | None = None,
        entry_points: Sequence[str] = (),
    ) -> tuple[CodeOutcome, ...]:
        """Run every test against the code; see `itas.core.execution.CodeRunner`.

        Args:
            code: The candidate's program. Trusted in nothing.
            tests: Each runs in fresh processes.
            setup: Runs before the tests, and before the candidate's code too.
            limits: Per test, for each of its processes.
            entry_points: Names that the candidate was asked to define and that Python has already (a task
                that wants a function ``sum``); the tests then mean the candidate's.

        Raises:
            SandboxError: It could not be run safely, so it was not run; nothing may be concluded.
        """
        limits = limits or CodeLimits()
        if limits.memory_mb < _MIN_MEMORY_MB:
            raise SandboxError(f"memory_mb: Python does not start in less than {_MIN_MEMORY_MB} MB.")
        if not tests:
            return ()
        tier = await self.choose_tier()
        job = {"setup": setup, "code": code}
        with memory_file("code", job) as code_file:
            jobs = [_Job(test, code_file, setup, tuple(entry_points), limits) for test in tests]
            results = await self._run_in_place(jobs)
            await self._repeat_alone(jobs, results)
        return tuple(result.outcome.model_copy(update={"tier": tier}) for result in results)

    async def _repeat_alone(self, jobs: Sequence["_Job"], results: list[_Result]) -> None:
        """A busy machine must not make a wrong answer: repeat what the wall clock stopped, with nothing beside it.

        Where that ends in the same way the candidate sleeps, and its other tests are not repeated.
        """
        for number, result in enumerate(results):
            if result.hit_wall:
                async with self._whole_machine() as helper:
                    (results[number],) = await self._run_all(helper, [jobs[number]])
                if results[number].hit_wall:
                    return

    async def _run_in_place(self, jobs: Sequence["_Job"]) -> list[_Result]:
        """Once more in a new helper where the first was lost: the machine may have been out of memory."""
        for is_last in (False, True):
            try:
                async with self._place() as helper:
                    return await self._run_all(helper, jobs)
            except SandboxError:
                if is_last:
                    raise
        raise AssertionError("unreachable")

    async def _run_all(self, helper: Helper, jobs: Sequence["_Job"]) -> list[_Result]:
        async with helper.cell() as cell:
            return [await self._run_job(cell, job) for job in jobs]

    async def _run_job(self, cell: Cell, job: "_Job") -> _Result:
        result = await job.run(cell)
        if result.asks_for_weak and self._weak:
            return await job.run(cell, together=True)
        return result

    def _follow_loop(self) -> None:
        """Locks and sockets belong to one event loop; in a new one, begin anew."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self.close()
            self._loop = loop
            self._places = asyncio.Semaphore(self._workers)
            self._alone = asyncio.Lock()
            self._choosing = asyncio.Lock()

    async def _find_tier(self) -> Tier:
        check_platform()
        wanted = SAFE_TIERS if self._wanted is None else (self._wanted,)
        reports: list[TierReport] = []
        for tier in wanted:
            try:
                self._idle.append(await self._start(tier))
            except TierFault as error:
                reports.append(TierReport(tier, works=False, reason=str(error), cure=CURES[tier]))
            else:
                return tier
        raise SandboxError(_explain(reports))

    async def _start(self, tier: Tier) -> Helper:
        return await start_helper(tier, self._python or find_python(tier))

    @asynccontextmanager
    async def _place(self) -> AsyncGenerator[Helper]:
        """A helper for one candidate; one in which something went wrong is not used again."""
        async with self._places:
            helper = self._idle.pop() if self._idle else await self._start_or_raise()
            is_sound = False
            try:
                yield helper
                is_sound = True
            finally:
                if is_sound:
                    self._idle.append(helper)
                else:
                    helper.close()

    async def _start_or_raise(self) -> Helper:
        tier = await self.choose_tier()
        if self._idle:
            return self._idle.pop()
        try:
            return await self._start(tier)
        except TierFault as error:
            raise SandboxError(
                _explain([TierReport(tier, works=False, reason=str(error), cure=CURES[tier])])
            ) from None

    @asynccontextmanager
    async def _whole_machine(self) -> AsyncGenerator[Helper]:
        """A helper while no other of this sandbox runs anything."""
        async with self._alone, contextlib.AsyncExitStack() as others:
            for _ in range(self._workers - 1):
                await others.enter_async_context(self._places)
            async with self._place() as helper:
                yield helper


@dataclass(frozen=True, slots=True)
class _Job:
    """One test of one candidate."""

    test: CodeTest
    code_file: int
    setup: str
    entry_points: tuple[str, ...]
    limits: CodeLimits

    async def run(self, cell: Cell, *, together: bool = False) -> _Result:
        if isinstance(self.test, InputTest):
            return await self._run_input(cell, self.test)
        return await self._run_call(cell, self.test, together=together)

    def _order(self, kind: str) -> dict[str, Any]:
        return {
            "kind": kind,
            "cpu_s": math.ceil(self.limits.cpu_s),
            "memory": self.limits.memory_mb << 20,
            "output": max(self.limits.output_kb * 1024, _RECORD_BYTES),
            "wall_s": _WALL_FACTOR * self.limits.cpu_s + _WALL_EXTRA_S,
        }

    async def _run_call(self, cell: Cell, test: CallTest, *, together: bool) -> _Result:
        nonce = secrets.token_hex(16)
        job = {
            "setup": self.setup,
            "tests": test.code,
            "entry_points": self.entry_points,
            "nonce": nonce,
        }
        with memory_file("tests", job) as tests, memory_file("verdict") as verdict:
            reply = await cell.run(
                self._order("together" if together else "call"), [self.code_file, tests, verdict]
            )
            record = read_memory_file(verdict, _RECORD_BYTES)
        outcome = judge_call(reply, record, nonce, self.limits, is_weak=together)
        return _Result(outcome, reply["why"] == "wall", needs_weak(record, nonce))

    async def _run_input(self, cell: Cell, test: InputTest) -> _Result:
        cap = self.limits.output_kb * 1024
        with (
            memory_file("in", test.stdin.encode("utf-8", "replace")) as standard_in,
            memory_file("out") as out,
            memory_file("err") as error,
        ):
            reply = await cell.run(self._order("input"), [self.code_file, standard_in, out, error])
            texts = read_memory_file(out, cap), read_memory_file(error, cap)
        outcome = judge_input(reply, *texts, test, self.limits)
        return _Result(outcome, reply["why"] == "wall")


async def report_tiers(*, python: str | None = None) -> tuple[TierReport, ...]:
    """Try every safe tier here, by a program that tries to get out.

    Raises:
        SandboxError: The platform is none that the sandbox knows.
    """
    check_platform()
    return tuple([await _report(tier, python) for tier in SAFE_TIERS])


async def _report(tier: Tier, python: str | None) -> TierReport:
    try:
        chosen = python or find_python(tier)
        helper = await start_helper(tier, chosen)
    except TierFault as error:
        return TierReport(tier, works=False, reason=str(error), cure=CURES[tier])
    helper.close()
    return TierReport(tier, works=True, python=f"{chosen} ({helper.python_version})")


def _processors() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _explain(reports: Sequence[TierReport]) -> str:
    reasons = "; ".join(f"{report.tier}: {report.reason}" for report in reports)
    cures = " ".join(report.cure for report in reports if report.cure)
    return (
        f"no working code sandbox here ({reasons}). Generated code was NOT run and nothing was scored. {cures}"
        " Or use a virtual machine. See docs/sandbox.md."
    )
