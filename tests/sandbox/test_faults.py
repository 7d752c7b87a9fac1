"""Kernels that refuse, or say yes and do nothing: the tier is refused, and nothing runs."""

import asyncio
import errno
import json
import os
import platform
import resource
import stat
import subprocess
import sys
from pathlib import Path
from typing import cast

import pytest

from itas.core.execution import CallTest, CodeLimits, InputTest
from itas.errors import SandboxError
from itas.sandbox import Sandbox, Tier, report_tiers, tiers
from itas.sandbox.inside.numbers import MACHINES
from itas.sandbox.tiers import find_python

_SET_SECCOMP = 22
_WRAPPER = """#!{python} -IS
import ctypes, os, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
lines = [struct.pack("HBBI", 0x20, 0, 0, 0)]
for number, argument, answer in {faults!r}:
    if argument is None:
        lines += [struct.pack("HBBI", 0x15, 0, 1, number), struct.pack("HBBI", 6, 0, 0, 0x50000 | answer)]
    else:
        lines += [struct.pack("HBBI", 0x15, 0, 4, number), struct.pack("HBBI", 0x20, 0, 0, 16),
                  struct.pack("HBBI", 0x15, 0, 1, argument), struct.pack("HBBI", 6, 0, 0, 0x50000 | answer),
                  struct.pack("HBBI", 6, 0, 0, 0x7FFF0000)]
raw = b"".join([*lines, struct.pack("HBBI", 6, 0, 0, 0x7FFF0000)])
class P(ctypes.Structure):
    _fields_ = [("n", ctypes.c_ushort), ("f", ctypes.c_void_p)]
buffer = ctypes.create_string_buffer(raw, len(raw))
program = P(len(raw) // 8, ctypes.cast(buffer, ctypes.c_void_p))
libc.prctl(38, 1, 0, 0, 0)
assert libc.prctl(22, 2, ctypes.byref(program), 0, 0) == 0
os.execv({python!r}, [{python!r}, *sys.argv[1:]])
"""


def broken_python(folder: Path, tier: str, *faults: tuple[str, int | None, int]) -> str:
    """An interpreter in a kernel that answers some calls wrongly.

    Args:
        folder: Where it is written.
        tier: That it is for.
        faults: Name of a call, its first argument (or any), the error (0: says yes and does nothing).
    """
    number = MACHINES[platform.machine()].number
    path = folder / "python"
    python = find_python(cast(Tier, tier))
    path.write_text(
        _WRAPPER.format(
            python=python, faults=[(number(name), argument, answer) for name, argument, answer in faults]
        )
    )
    path.chmod(path.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    return str(path)


async def refusal(tier: str, python: str) -> str:
    """The message of the error that running code in a tier ends with."""
    async with Sandbox(cast(Tier, tier), python=python) as sandbox:
        with pytest.raises(SandboxError) as caught:
            await sandbox.check("def f(): return 1", [CallTest(code="assert f() == 1")])
    assert caught.value.exit_code == 3
    assert "NOT run" in str(caught.value)
    return str(caught.value)


async def test_landlock_that_says_yes_and_does_nothing_is_noticed(tmp_path: Path, tier_reports):
    if not tier_reports["ll"].works:
        pytest.skip("no Landlock here")
    python = broken_python(tmp_path, "ll", ("landlock_restrict_self", None, 0))
    assert "read a file" in await refusal("ll", python)


@pytest.mark.parametrize("tier_name", ["ns", "ll"])
async def test_a_filter_that_is_accepted_and_not_there_is_noticed(
    tmp_path: Path, tier_reports, tier_name: str
):
    if not tier_reports[tier_name].works:
        pytest.skip(f"no {tier_name} here")
    python = broken_python(tmp_path, tier_name, ("prctl", _SET_SECCOMP, 0))
    message = await refusal(tier_name, python)
    assert "opened a network socket" in message
    assert "started a process" in message


async def test_namespaces_that_are_not_there_are_noticed(tmp_path: Path, tier_reports):
    if not tier_reports["ns"].works:
        pytest.skip("no namespaces here")
    assert "ns: " in await refusal("ns", broken_python(tmp_path, "ns", ("unshare", None, errno.EPERM)))
    # Without a namespace of its own the helper would mount over the machine's folders; here it could not.
    faults = ("unshare", None, 0), ("mount", None, errno.EPERM), ("pivot_root", None, errno.EPERM)
    assert "made no namespace" in await refusal("ns", broken_python(tmp_path, "ns", *faults))


async def test_without_any_tier_nothing_runs_and_every_reason_and_cure_is_named(tmp_path: Path):
    python = broken_python(
        tmp_path,
        "ns",
        ("unshare", None, errno.EPERM),
        ("landlock_create_ruleset", None, errno.ENOSYS),
        ("clone", None, errno.EPERM),
    )
    message = await refusal("auto", python)
    for words in ("bwrap: ", "ns: ", "ll: ", "apt install bubblewrap", "user namespaces", "Linux 5.13"):
        assert words in message


async def test_auto_takes_the_next_tier_where_the_first_does_not_hold(
    tmp_path: Path, tier_reports, monkeypatch
):
    if not tier_reports["ll"].works:
        pytest.skip("no Landlock here")
    monkeypatch.setattr(tiers.shutil, "which", lambda *_, **__: None)
    python = broken_python(tmp_path, "ll", ("unshare", None, errno.EPERM))
    async with Sandbox(python=python) as sandbox:
        assert await sandbox.choose_tier() == "ll"


async def test_the_name_of_a_tier_alone_convinces_nobody():
    async with Sandbox("ll", python="/bin/false") as sandbox:
        with pytest.raises(SandboxError, match="NOT run"):
            await sandbox.choose_tier()


def test_no_walls_only_with_both_words():
    with pytest.raises(SandboxError, match="accept_untrusted"):
        Sandbox("none")
    with pytest.raises(SandboxError, match="accept_untrusted"):
        Sandbox("ns", accept_untrusted=True)


async def test_another_platform_is_refused(monkeypatch):
    monkeypatch.setattr(tiers.sys, "platform", "darwin")
    with pytest.raises(SandboxError, match="64-bit Linux"):
        await report_tiers()


async def test_too_little_memory_to_start_is_no_verdict():
    async with Sandbox() as sandbox:
        with pytest.raises(SandboxError, match="memory_mb"):
            await sandbox.check("", [CallTest(code="")], limits=CodeLimits(memory_mb=16))


async def test_a_helper_that_dies_is_replaced_and_gives_no_wrong_answer(tier: str):
    code, tests = "def f(): return 1", [CallTest(code="assert f() == 1")]
    async with Sandbox(cast(Tier, tier), workers=1) as sandbox:
        (first,) = await sandbox.check(code, tests)
        (helper,) = sandbox._idle
        os.kill(helper.pid, 9)
        await asyncio.sleep(0.1)
        (second,) = await sandbox.check(code, tests)
    assert first.passed
    assert second.passed


@pytest.mark.slow
async def test_two_hundred_runs_leave_no_descriptor_process_or_mount(tier: str):
    sandbox = Sandbox(cast(Tier, tier), workers=2)
    hostile = (
        "import os, threading, time\nthreading.Thread(target=time.sleep, args=(9,), daemon=True).start()\n"
        "os.pipe()\ndef f(): return 1"
    )
    tests = [
        CallTest(code="assert f() == 1"),
        CallTest(code="assert f() == 2"),
        InputTest(stdin="", expected=""),
    ]
    await sandbox.check(hostile, tests)
    sandbox.close()
    before, resident_mb = _held(), _resident_mb()
    outcomes = await asyncio.gather(*[sandbox.check(hostile, tests) for _ in range(67)])
    assert [[outcome.verdict for outcome in each] for each in outcomes] == [
        ["passed", "failed", "passed"]
    ] * 67
    sandbox.close()
    await asyncio.sleep(0.2)
    assert _held() == before
    assert _resident_mb() < resident_mb + 50


def _resident_mb() -> float:
    """Memory of this process now; its peak may be that of another test."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1e6


def _held() -> tuple[int, str, list[str]]:
    """Open descriptors, mounts, and children (also dead ones)."""
    children = Path("/proc/self/task").glob("*/children")
    return (
        len(list(Path("/proc/self/fd").iterdir())),
        Path("/proc/self/mountinfo").read_text(),
        sorted(" ".join(path.read_text() for path in children).split()),
    )


def test_the_helper_is_started_with_a_fixed_environment_and_no_descriptors():
    """Asked of the helper itself: what the orchestrator holds must not be there to find."""
    script = (
        "import asyncio, json, os, socket\n"
        "from itas.sandbox.helpers import start_helper\n"
        "from itas.sandbox.tiers import find_python\n"
        "async def main():\n"
        "    keep = os.open('/etc/hostname', 0); os.set_inheritable(keep, True)\n"
        "    h = await start_helper('none', find_python('none'))\n"
        "    env = open(f'/proc/{h.pid}/environ').read().split('\\0')\n"
        "    fds = [os.readlink(f'/proc/{h.pid}/fd/{n}') for n in os.listdir(f'/proc/{h.pid}/fd')]\n"
        "    print(json.dumps([env, fds])); h.close()\n"
        "asyncio.run(main())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        check=False,
        env={**os.environ, "OPENAI_API_KEY": "canary-key"},
    )
    if b"PermissionError" in done.stderr:
        pytest.skip("the helper hides itself from its own user")
    environment, fds = json.loads(done.stdout)
    assert "canary-key" not in str(environment)
    assert {entry.partition("=")[0] for entry in environment if entry} == set(tiers.ENVIRONMENT)
    assert not [fd for fd in fds if "hostname" in fd]
    assert len(fds) == 4
