"""The tiers, strongest first, and how the helper of each is started.

========  ==================================================================================================
``bwrap``  bubblewrap makes the outer walls: namespaces, an almost empty root
``ns``     the same by our own system calls; needs user namespaces, or root
``ll``     Landlock, no namespaces; works inside ordinary containers
``none``   no walls: limits and a clean environment only. Never chosen by itself
========  ==================================================================================================

Inside, every tier but ``none`` adds per process: a user of its own (as root), no capabilities, Landlock where the
kernel has it, the filter of system calls, limits.
"""

import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Literal, get_args

from itas.errors import SandboxError
from itas.sandbox.inside.walls import DEVICES

Tier = Literal["bwrap", "ns", "ll", "none"]
TIERS: tuple[Tier, ...] = get_args(Tier)
SAFE_TIERS: tuple[Tier, ...] = TIERS[:-1]

ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "HOME": "/",
    "LANG": "C.UTF-8",
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
    "OMP_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "1",  # else every thread reserves 64 MB of the address space that is limited
}

CURES: dict[Tier, str] = {
    "bwrap": "Install bubblewrap (Debian, Ubuntu: apt install bubblewrap).",
    "ns": (
        "Allow user namespaces (sysctl kernel.unprivileged_userns_clone=1; on Ubuntu also"
        " kernel.apparmor_restrict_unprivileged_userns=0, or bubblewrap's AppArmor profile)."
    ),
    "ll": "Use Linux 5.13 or newer with Landlock on (the start parameter lsm= must name it).",
    "none": "",
}

_START = (
    "import sys; sys.path.insert(0, {package!r}); from inside.helper import main; del sys.path[0];"
    " main({tier!r}, {fd})"
)
# No site-packages, no bytecode, no folder of the program on the path. Not -I: that would ignore PYTHONHASHSEED,
# and the environment is ours anyway.
_BARE = ("-s", "-S", "-B", "-P")
_MACHINES = ("x86_64", "aarch64")


class TierFault(Exception):
    """A tier does not work here."""


def check_platform() -> None:
    """Raise unless this is a system that the sandbox knows.

    Raises:
        SandboxError: With the cure.
    """
    machine = platform.machine()
    if sys.platform != "linux" or machine not in _MACHINES or sys.maxsize < 1 << 32:
        raise SandboxError(
            f"generated code is only run on 64-bit Linux ({', '.join(_MACHINES)}); this is {sys.platform} on"
            f" {machine}. It was NOT run. Use a Linux machine, a container or WSL2."
        )


def helper_command(tier: Tier, python: str, fd: int) -> list[str]:
    """The command that starts a helper, which then talks on a descriptor.

    Raises:
        TierFault: The program it needs is not there.
    """
    package = str(Path(__file__).resolve().parent)
    start = [python, *_BARE, "-c", _START.format(package=package, tier=tier, fd=fd)]
    if tier != "bwrap":
        return start
    bwrap = shutil.which("bwrap", path="/usr/local/bin:/usr/bin:/bin")
    if bwrap is None:
        raise TierFault("bubblewrap is not installed")
    return [bwrap, *_bwrap_arguments(python, package), "--", *start]


def _bwrap_arguments(python: str, package: str) -> list[str]:
    arguments = ["--unshare-all", "--uid", "65534", "--gid", "65534", "--cap-drop", "ALL"]
    if os.getuid() == 0:
        # No user namespace: the kernel sets no limit on the tasks of the machine's root, whatever it is called
        # inside. The helper stays root, to give every run a user of its own and to end it.
        arguments = [f"--unshare-{kind}" for kind in ("pid", "net", "ipc", "uts", "cgroup-try")]
        arguments += ["--cap-drop", "ALL"]
        for power in ("CAP_SETUID", "CAP_SETGID", "CAP_KILL"):
            arguments += ["--cap-add", power]
    paths = [*_paths_of(python), f"{package}/inside"]
    for folder in sorted({str(parent) for path in paths for parent in Path(path).parents} - {"/"}):
        arguments += [
            "--perms",
            "0755",
            "--dir",
            folder,
        ]  # else closed where the bound folder's owner is root
    for path in paths:
        arguments += ["--ro-bind", path, path]
    for device in DEVICES:
        arguments += ["--dev-bind-try", device, device]
    return [*arguments, "--remount-ro", "/", "--chdir", "/"]


def _paths_of(python: str) -> list[str]:
    """What an interpreter needs to start, asked of itself."""
    package = str(Path(__file__).resolve().parent)
    question = (
        f"import sys, json; sys.path.insert(0, {package!r}); from inside.walls import readable_paths;"
        " del sys.path[0]; print(json.dumps(readable_paths()))"
    )
    answer = subprocess.run(
        [python, *_BARE, "-c", question],
        capture_output=True,
        check=False,
        env=ENVIRONMENT,
        timeout=30,
    )
    if answer.returncode:
        raise TierFault(f"{python} does not start: {answer.stderr.decode(errors='replace')[-200:]}")
    return [python, *json.loads(answer.stdout)]


def find_python(tier: Tier) -> str:
    """The interpreter for a tier: the running one, or one of the same version that can be read there.

    Raises:
        TierFault: There is none.
    """
    own = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
    if tier != "ll" or os.getuid() != 0 or _is_public(Path(own)):
        return own
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for folder in ("/usr/local/bin", "/usr/bin"):
        other = Path(folder, version)
        if other.exists() and _is_public(other.resolve()):
            return str(other.resolve())
    raise TierFault(
        f"as root the code runs as another user, who cannot read {own}, and there is no {version} in"
        " /usr/local/bin or /usr/bin. Run itas as an ordinary user, or install Python outside the home folder"
    )


def _is_public(path: Path) -> bool:
    """Whether every user may run the file and walk to it."""
    return all(place.stat().st_mode & 0o001 for place in (path, *path.parents))
