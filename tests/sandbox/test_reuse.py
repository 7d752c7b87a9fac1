"""A helper is used for one candidate after the other: nothing of one reaches the next, or its own next test."""

from typing import cast

from itas.core.execution import CallTest, CodeLimits, InputTest
from itas.sandbox import Sandbox, Tier

LEAVES_TRACES = """
import builtins, gc, json, math, os, random, signal, sys, threading, time
builtins.leak = math.leak = json.leak = sys.leak = 1
sys.modules["leak"] = sys
sys.path.insert(0, "/leak")
os.environ["LEAK"] = "1"
os.umask(0o777)
random.seed(0)
sys.setrecursionlimit(5000)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
gc.disable()
threading.Thread(target=time.sleep, args=(99,), daemon=True).start()
for place in ("/tmp", "/dev/shm", "/var/tmp", "/", os.path.dirname(os.__file__)):
    try: open(place + "/leak", "w").close()
    except OSError: pass
calls = 0
def f():
    global calls
    calls += 1
    return calls
"""
LOOKS_FOR_TRACES = """
import builtins, gc, json, math, os, signal, sys, threading
def stat(fd):
    try: os.fstat(fd)
    except OSError: return False
    return True
found = [name for name, holds in {
    "attribute": any(hasattr(o, "leak") for o in (builtins, math, json, sys)),
    "module": "leak" in sys.modules or "candidate" in sys.modules,
    "path": "/leak" in sys.path,
    "environment": "LEAK" in os.environ,
    "umask": os.umask(0o022) == 0o777,
    "recursion": sys.getrecursionlimit() != 1000,
    "handler": signal.getsignal(signal.SIGTERM) != signal.SIG_DFL,
    "mask": signal.pthread_sigmask(signal.SIG_BLOCK, []) != set(),
    "collector": not gc.isenabled(),
    "threads": threading.active_count() > 1,
    "files": any(os.path.exists(p + "/leak") for p in ("/tmp", "/dev/shm", "", os.path.dirname(os.__file__))),
    "descriptors": [fd for fd in range(3, 1024) if stat(fd)] != [],
}.items() if holds]
print("found", *found)
"""


async def test_nothing_of_one_candidate_reaches_the_next(tier: str):
    limits = CodeLimits(cpu_s=2)
    async with Sandbox(cast(Tier, tier), workers=1) as sandbox:
        before = await sandbox.check(LOOKS_FOR_TRACES, [InputTest(stdin="", expected="found")], limits=limits)
        await sandbox.check(LEAVES_TRACES, [InputTest(stdin="", expected="?")], limits=limits)
        traced = await sandbox.check(LEAVES_TRACES, [CallTest(code="assert f() == 1")] * 2, limits=limits)
        after = await sandbox.check(LOOKS_FOR_TRACES, [InputTest(stdin="", expected="found")], limits=limits)
    assert [(outcome.verdict, outcome.detail) for outcome in (*before, *after)] == [("passed", "")] * 2
    assert [outcome.verdict for outcome in traced] == ["passed", "passed"], "each test begins anew"


async def test_the_search_for_traces_finds_those_of_its_own_process(tier: str):
    """The control."""
    async with Sandbox(cast(Tier, tier), workers=1) as sandbox:
        (outcome,) = await sandbox.check(
            LEAVES_TRACES + LOOKS_FOR_TRACES,
            [InputTest(stdin="", expected="found")],
            limits=CodeLimits(cpu_s=2),
        )
    assert outcome.verdict == "failed"
    for trace in ("attribute", "module", "path", "environment", "recursion", "handler", "mask", "collector"):
        assert trace in outcome.detail


async def test_the_output_cannot_be_grown_past_its_limit(tier: str):
    """Standard output is a file in memory: neither a hole nor room kept for later may take the machine's memory."""
    grow = "import os\n{how}\nprint('grown')"
    ways = ("os.ftruncate(1, 1 << 30)", "os.posix_fallocate(1, 0, 1 << 30)", "os.pwrite(1, b'x', 1 << 30)")
    async with Sandbox(cast(Tier, tier), workers=1) as sandbox:
        outcomes = [
            (await sandbox.check(grow.format(how=how), [InputTest(stdin="", expected="grown")]))[0]
            for how in ways
        ]
    assert not any(outcome.passed for outcome in outcomes)
