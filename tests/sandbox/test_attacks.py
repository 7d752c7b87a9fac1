import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import cast

import pytest

from itas.sandbox import Sandbox, Tier
from tests.sandbox.attacks import ATTACKS, Attack, attack_inside, attack_outside, survey, targets

_ROOT = Path(__file__).resolve().parents[2]


def test_there_are_many_attacks_with_different_names():
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS) >= 40


def test_every_attack_succeeds_without_walls():
    is_root = os.getuid() == 0
    possible = [attack for attack in ATTACKS if is_root or not attack.needs_root]
    with ThreadPoolExecutor(2) as pool:
        halves = list(pool.map(_attack_outside, (possible[::2], possible[1::2])))
    assert halves[0] | halves[1] == {attack.name: "got" for attack in possible}


def _attack_outside(attacks: Sequence[Attack]) -> dict[str, str]:
    with targets() as target:
        return {attack.name: attack_outside(attack, target) for attack in attacks}


async def test_an_attack_that_succeeds_is_seen_through_the_sandbox_too():
    chosen = [
        attack for attack in ATTACKS if attack.name in {"read a file", "connect by TCP", "signal the decoy"}
    ]
    with targets() as target:
        async with Sandbox("none", accept_untrusted=True) as sandbox:
            outcomes = [await attack_inside(sandbox, attack, target) for attack in chosen]
    assert [(outcome.verdict, outcome.tier) for outcome in outcomes] == [("passed", "none")] * 3


async def test_no_attack_succeeds_behind_the_walls(tier: str):
    found = await survey(cast(Tier, tier))
    assert {name: verdict for name, verdict in found.items() if verdict == "passed"} == {}
    # and they were really tried: nothing but the attack that the kernel ends at once is cut short
    assert {name for name, verdict in found.items() if verdict != "failed"} <= {"32-bit system call"}


def test_no_attack_succeeds_as_an_ordinary_user():
    """Another interpreter, that the user can read; packages of this one."""
    if os.getuid() != 0:
        pytest.skip("the other tests run as an ordinary user already")
    python = shutil.which(
        f"python{sys.version_info.major}.{sys.version_info.minor}", path="/usr/local/bin:/usr/bin"
    )
    setpriv = shutil.which("setpriv")
    if python is None or setpriv is None:
        pytest.skip("no setpriv, or no Python of this version that an ordinary user can read")
    packages = [path for path in sys.path if path.endswith("site-packages")]
    command = [setpriv, "--reuid", "65534", "--regid", "65534", "--clear-groups"]
    environment = {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": ":".join([str(_ROOT), str(_ROOT / "src"), *packages]),
    }
    readable = subprocess.run(
        [*command, python, "-c", "import pydantic, itas"], env=environment, check=False, capture_output=True
    )
    if readable.returncode:
        pytest.skip(f"an ordinary user cannot import the package: {readable.stderr.decode()[-200:]}")
    done = subprocess.run(
        [*command, python, "-B", "-m", "tests.sandbox.attacks"],
        env=environment, cwd=_ROOT, capture_output=True, check=False, timeout=100,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    found: dict[str, dict[str, str]] = json.loads(done.stdout)
    assert found, "no tier works for an ordinary user"
    assert [
        (tier, name) for tier, all_ in found.items() for name, verdict in all_.items() if verdict == "passed"
    ] == []


async def test_what_an_attacker_leaves_is_gone_when_the_run_is_over(tier: str):
    """Threads that want to go on, sleeping programs: no process is left behind the sandbox."""
    code = (
        "import threading, time\nfor _ in range(9): threading.Thread(target=time.sleep, args=(99,)).start()\n"
    )
    with targets() as target:
        async with Sandbox(cast(Tier, tier), workers=1) as sandbox:
            await attack_inside(sandbox, ATTACKS[0], target)
            before = _tasks()
            run = asyncio.create_task(sandbox.check(code, _input_tests()))
            await asyncio.sleep(0.5)
            run.cancel()
            with pytest.raises(asyncio.CancelledError):
                await run
            await asyncio.sleep(0.3)
            assert _tasks() <= before


def _input_tests():
    from itas.core.execution import InputTest

    return [InputTest(stdin="", expected="")]


def _tasks() -> set[str]:
    """Processes whose program is a helper, with their threads: those below this process, and those whose parent is
    gone. Other programs on the machine may have helpers of their own."""
    found: set[str] = set()
    for task in Path("/proc").glob("[0-9]*/task/*"):
        try:
            if b"inside.helper" in (task / "cmdline").read_bytes() and _is_ours(task.parent.parent.name):
                found.add(task.name)
        except OSError:
            continue
    return found


def _is_ours(pid: str) -> bool:
    """Whether the first process above the helpers is this one, or nobody's."""
    while b"inside.helper" in Path("/proc", pid, "cmdline").read_bytes():
        pid = Path("/proc", pid, "status").read_text().partition("PPid:")[2].split()[0]
    return pid in ("0", "1", str(os.getpid()))
