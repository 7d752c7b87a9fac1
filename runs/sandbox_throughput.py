"""Measure how many tests a second the sandbox runs here, in every tier that works.

    python runs/sandbox_throughput.py [--seconds 5] [--tests 5] [--workers 2] [--tier ns ...]

A run is one test with assertions in two fresh processes (tests, candidate), or one program with input and
output in one. Prints a table; nothing is written. Figures depend on what else the machine does: the load is shown.
"""

import argparse
import asyncio
import os
import time

from itas.core.execution import CallTest, CodeTest, InputTest
from itas.errors import SandboxError
from itas.sandbox import SAFE_TIERS, Sandbox

CODE = """
from typing import List

def has_close(numbers: List[float], threshold: float) -> bool:
    ordered = sorted(numbers)
    return any(b - a < threshold for a, b in zip(ordered, ordered[1:]))
"""
CALLS = """
assert has_close([1.0, 2.0, 3.9, 4.0, 5.0, 2.2], 0.3) == True
assert has_close([1.0, 2.0, 3.9, 4.0, 5.0, 2.2], 0.05) == False
assert has_close([1.0, 2.0, 5.9, 4.0, 5.0], 0.95) == True
"""
PROGRAM = "n = int(input())\nprint(sum(map(int, input().split()[:n])))"


async def measure(sandbox: Sandbox, code: str, test: CodeTest, *, tests: int, seconds: float) -> float:
    """Runs a second, with as many candidates under way as there are workers."""
    tier = await sandbox.choose_tier()
    await asyncio.gather(*[sandbox.check(code, [test]) for _ in range(8)])
    done = 0
    start = time.monotonic()

    async def candidates() -> None:
        nonlocal done
        while time.monotonic() - start < seconds:
            outcomes = await sandbox.check(code, [test] * tests)
            assert all(outcome.passed for outcome in outcomes), (tier, outcomes)
            done += len(outcomes)

    await asyncio.gather(*[candidates() for _ in range(4)])
    return done / (time.monotonic() - start)


async def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--tests", type=int, default=5, help="tests per candidate")
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--tier", nargs="*", default=SAFE_TIERS)
    settings = parser.parse_args()
    print(f"{settings.workers} workers, {settings.tests} tests per candidate, load {os.getloadavg()[0]:.1f}")
    print(f"{'tier':8}{'calls/s':>10}{'programs/s':>12}")
    for tier in settings.tier:
        try:
            async with Sandbox(tier, workers=settings.workers) as sandbox:
                calls = await measure(
                    sandbox, CODE, CallTest(code=CALLS), tests=settings.tests, seconds=settings.seconds
                )
                programs = await measure(
                    sandbox,
                    PROGRAM,
                    InputTest(stdin="3\n1 2 3\n", expected="6"),
                    tests=settings.tests,
                    seconds=settings.seconds,
                )
        except SandboxError as error:
            print(f"{tier:8}{str(error)[:100]}")
            continue
        print(f"{tier:8}{calls:10.0f}{programs:12.0f}")


if __name__ == "__main__":
    asyncio.run(main())
