"""The tables against what the kernel's own headers say, where they are installed."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from itas.sandbox.inside import landlock
from itas.sandbox.inside.numbers import DENIED, MACHINES, NEWEST_REVIEWED

_HEADERS = {
    "x86_64": ("/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "/usr/include/asm/unistd_64.h"),
    "aarch64": ("/usr/include/asm-generic/unistd.h",),
}
_DEFINED = re.compile(r"^#define __NR(?:3264)?_(\w+)\s+(\d+)\s*$", re.MULTILINE)


@pytest.mark.parametrize("machine", MACHINES)
def test_numbers_are_those_of_the_kernel(machine: str):
    header = next((Path(path) for path in _HEADERS[machine] if Path(path).exists()), None)
    if header is None:
        pytest.skip(f"no kernel headers for {machine} here")
    known = {name: int(number) for name, number in _DEFINED.findall(header.read_text())}
    ours = MACHINES[machine].calls
    wrong = {
        name: (number, known[name]) for name, number in ours.items() if known.get(name, number) != number
    }
    assert wrong == {}
    if machine == "x86_64":
        newest = max(known.values())
        assert {name for name, number in ours.items() if name not in known and number < newest} == set()


def test_calls_of_both_machines_are_decided_on_both():
    for machine in MACHINES.values():
        assert len(machine.numbers(DENIED)) > 90
        assert max(machine.calls.values()) <= NEWEST_REVIEWED


_RESTRICT = """
import sys
sys.path.insert(0, {package!r})
from inside import kernel, landlock
import os
landlock.find_version = lambda: {version}
rules = landlock.open_rules((os.path.dirname(os.__file__),), ("/dev/null",))
kernel.give_up_privileges()
landlock.enforce(rules)
open(os.__file__).close()
open("/dev/null", "w").close()
targets = ("/etc/passwd", os.O_RDONLY), (os.__file__, os.O_WRONLY), ("/tmp/itas-7f3a", os.O_CREAT | os.O_WRONLY)
for path, flags in targets:
    try:
        os.open(path, flags)
    except PermissionError:
        continue
    raise SystemExit(path)
"""


@pytest.mark.parametrize("version", [1, 2, 3, 4, 5, 6])
def test_files_are_closed_by_every_version_of_landlock(version: int):
    if landlock.find_version() < version:
        pytest.skip(f"Landlock here is version {landlock.find_version()}")
    package = str(Path(landlock.__file__).parents[1])
    script = _RESTRICT.format(package=package, version=version)
    done = subprocess.run([sys.executable, "-I", "-S", "-c", script], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
