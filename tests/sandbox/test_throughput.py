"""The short form of ``runs/sandbox_throughput.py``: CPU time, which a busy machine changes little."""

import statistics

from itas.core.execution import CallTest, InputTest
from itas.sandbox import Sandbox


async def test_a_run_in_a_warm_cell_costs_little_cpu_time():
    """200 runs a second on two processors leave 10 ms for each; the processes of a run may take twice that here."""
    async with Sandbox(workers=1) as sandbox:
        called = await sandbox.check("def f(x): return x", [CallTest(code="assert f(1) == 1")] * 20)
        printed = await sandbox.check("print(input())", [InputTest(stdin="1\n", expected="1")] * 20)
    assert all(outcome.passed for outcome in (*called, *printed))
    assert statistics.median(outcome.cpu_s for outcome in called) < 0.02
    assert statistics.median(outcome.cpu_s for outcome in printed) < 0.01
