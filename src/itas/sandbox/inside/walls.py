"""The walls of each tier, in the order in which a process puts them up.

Once per helper: own namespaces with an almost empty root (``ns``). For every process that runs foreign code: a user
of its own where the helper is root, limits, no capabilities, Landlock, the filter of system calls.
"""

import os
import resource
import struct
import sys
from dataclasses import dataclass

from . import kernel, landlock, seccomp

DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
_LIBRARIES = (
    "/lib", "/lib32", "/lib64", "/libx32", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/local/lib",
    "/usr/share/zoneinfo", "/etc/ld.so.cache",
)  # fmt: skip
_OWN_MOUNTS = "/proc/self/ns/mnt"
_NOBODY = 65534
_FIRST_PRIVATE_USER = 1_879_000_000
_MAX_TASKS = 64
_MAX_FILES = 64
_MAX_PENDING = 256
_STACK = 64 << 20


def readable_paths() -> tuple[str, ...]:
    """What Python needs to read while it runs: its library and those of the system."""
    own = [os.path.dirname(os.__file__), f"{os.path.realpath(sys.base_prefix)}/lib"]  # noqa: PTH120
    own += [path for path in sys.path if path.endswith("lib-dynload")]
    kept: list[str] = []
    for path in (*_LIBRARIES, *own):
        if os.path.exists(path) and not any(path == other or path.startswith(f"{other}/") for other in kept):  # noqa: PTH110
            kept.append(path)
    return tuple(kept)


def enter_namespaces() -> None:
    """Leave the machine's files, network, users and names behind; the helper itself stays trusted."""
    user, group = os.getuid(), os.getgid()
    before = os.readlink(_OWN_MOUNTS)  # noqa: PTH115
    flags = (
        kernel.CLONE_NEWNS
        | kernel.CLONE_NEWNET
        | kernel.CLONE_NEWIPC
        | kernel.CLONE_NEWUTS
        | kernel.CLONE_NEWCGROUP
    )
    try:
        kernel.unshare(flags if user == 0 else flags | kernel.CLONE_NEWUSER)
        is_mapped = user != 0
    except PermissionError:
        if user != 0:
            raise
        kernel.unshare(flags | kernel.CLONE_NEWUSER)  # root of a container, without its powers
        is_mapped = True
    if os.readlink(_OWN_MOUNTS) == before:  # noqa: PTH115 - what follows would change the machine itself
        raise OSError("unshare: the kernel said yes and made no namespace")
    if is_mapped:
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"{_NOBODY} {user} 1")
        _write("/proc/self/gid_map", f"{_NOBODY} {group} 1")
    _change_root(readable_paths())


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as file:  # noqa: PTH123
        file.write(text)


def _change_root(paths: tuple[str, ...]) -> None:
    """Put a small read-only root in place of the machine's: libraries and five devices, no /proc, no /tmp."""
    kernel.mount(None, "/", None, kernel.MS_REC | kernel.MS_PRIVATE)
    base = next(place for place in ("/tmp", "/mnt", "/var") if os.path.isdir(place))  # noqa: PTH112
    sources = {path: os.open(path, os.O_PATH) for path in (*paths, *DEVICES) if os.path.exists(path)}  # noqa: PTH110
    quiet = kernel.MS_NOSUID | kernel.MS_NODEV
    kernel.mount("tmpfs", base, "tmpfs", quiet, "size=1m,nr_inodes=4096,mode=755")
    for path, source in sources.items():
        _bind(source, base + path, is_device=path in DEVICES)
    os.mkdir(f"{base}/old")  # noqa: PTH102
    os.chdir(base)
    kernel.call("pivot_root", b".", b"old")
    kernel.unmount_lazily("/old")
    os.rmdir("/old")  # noqa: PTH106
    kernel.mount(None, "/", None, kernel.MS_REMOUNT | kernel.MS_BIND | kernel.MS_RDONLY | quiet)
    os.chdir("/")


def _bind(source: int, target: str, *, is_device: bool) -> None:
    origin = f"/proc/self/fd/{source}"
    if os.path.isdir(origin):  # noqa: PTH112
        os.makedirs(target, exist_ok=True)  # noqa: PTH103
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)  # noqa: PTH103, PTH120
        with open(target, "w", encoding="ascii"):  # noqa: PTH123
            pass
    kernel.mount(origin, target, None, kernel.MS_BIND | kernel.MS_REC)
    os.close(source)
    if is_device:
        return
    read_only = kernel.MS_RDONLY | kernel.MS_NOSUID | kernel.MS_NODEV
    try:  # with everything mounted below it
        kernel.call(
            "mount_setattr", -100, os.fsencode(target), 0x8000, struct.pack("QQQQ", read_only, 0, 0, 0), 32
        )
    except OSError:  # Linux < 5.12
        kept = os.statvfs(target).f_flag & kernel.MS_NOEXEC
        kernel.mount(None, target, None, kernel.MS_BIND | kernel.MS_REMOUNT | read_only | kept)


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one process; sizes in bytes."""

    cpu_s: int
    memory: int
    output: int


class Walls:
    """What every process that runs foreign code stands behind.

    Args:
        tier: ``bwrap``, ``ns``, ``ll`` or ``none``; ``none`` has limits only.

    Attributes:
        rules: Descriptor of the Landlock rules; -1 where there are none.
    """

    def __init__(self, tier: str) -> None:
        self.tier = tier
        self._is_root = os.getuid() == 0
        self.rules = -1
        self._template = b""
        self._user = _find_private_user() if self._is_root and tier != "none" else -1
        if tier == "none":
            return
        if tier == "ll" or landlock.find_version():
            self.rules = landlock.open_rules((*readable_paths(), *DEVICES), DEVICES[:1])
        if kernel.MACHINE is not None:
            self._template = seccomp.make_template(kernel.MACHINE)

    def raise_around_me(self, limits: Limits, *, rules: int) -> None:
        """Put them up around the calling process, for good.

        Args:
            limits: Of this process.
            rules: The number under which the descriptor ``self.rules`` is now; closed at the end.

        Raises:
            OSError: One could not be put up; foreign code must not be run then.
        """
        if self._user >= 0:
            os.setgroups([])
            os.setresgid(self._user, self._user, self._user)
            os.setresuid(self._user, self._user, self._user)
        kernel.die_with_parent()
        self._limit(limits)
        if self.tier == "none":
            return
        kernel.hide_memory()
        kernel.give_up_privileges()
        if self.rules >= 0:
            landlock.enforce(rules)
            os.close(rules)
        kernel.install_filter(seccomp.fill_in(self._template, os.getpid()))

    def _limit(self, limits: Limits) -> None:
        _set_limit(resource.RLIMIT_CORE, 1)  # with 0 a core_pattern that is a program would still be started
        _set_limit(resource.RLIMIT_CPU, limits.cpu_s, limits.cpu_s + 1)
        _set_limit(resource.RLIMIT_FSIZE, limits.output)
        _set_limit(resource.RLIMIT_NOFILE, _MAX_FILES)
        _set_limit(resource.RLIMIT_AS, limits.memory)
        _set_limit(resource.RLIMIT_MEMLOCK, 0)
        _set_limit(resource.RLIMIT_MSGQUEUE, 0)
        _set_limit(resource.RLIMIT_SIGPENDING, _MAX_PENDING)  # each timer is one, in the kernel's memory
        _set_limit(resource.RLIMIT_STACK, _STACK)
        if self.tier != "none":
            _set_limit(resource.RLIMIT_NPROC, _MAX_TASKS + self._other_tasks())

    def _other_tasks(self) -> int:
        """Tasks that the kernel may count together with the sandbox's.

        Own namespaces and private users start at zero. Else the kernel counts all of the same user, also those
        in other containers, which nobody here can see; so all tasks of the machine are allowed for.
        """
        if self.tier in ("ns", "bwrap") or self._user >= 0:
            return 8
        with open(_LOAD, encoding="ascii") as file:  # noqa: PTH123
            return int(file.read().split()[3].partition("/")[2])


_LOAD = "/proc/loadavg"


def _set_limit(which: int, soft: int, hard: int | None = None) -> None:
    """Never above the hard limit that we were given ourselves."""
    ceiling = resource.getrlimit(which)[1]
    wanted = (soft, soft if hard is None else hard)
    if ceiling != resource.RLIM_INFINITY:
        wanted = (min(wanted[0], ceiling), min(wanted[1], ceiling))
    resource.setrlimit(which, wanted)


def _find_private_user() -> int:
    """A user id that nobody else has, so that limits count from zero and no file or process is its own."""
    wanted = _FIRST_PRIVATE_USER + os.getpid() % 100_000_000
    child = os.fork()
    if child == 0:
        try:
            os.setresuid(wanted, wanted, wanted)
        except OSError:
            os._exit(1)  # not mapped in this container
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return wanted if status == 0 else _NOBODY
