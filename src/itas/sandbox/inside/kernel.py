"""The system calls Python does not offer, through ctypes. Failures are OSErrors that name the call."""

import ctypes
import os
import platform
import struct

from .numbers import MACHINES

_libc = ctypes.CDLL(None, use_errno=True)
MACHINE = MACHINES.get(platform.machine())

CLONE_NEWNS = 0x00020000
CLONE_NEWCGROUP = 0x02000000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_RDONLY = 1
MS_NOSUID = 2
MS_NODEV = 4
MS_NOEXEC = 8
MS_REMOUNT = 32
MS_BIND = 4096
MS_REC = 16384
MS_PRIVATE = 1 << 18

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_SECCOMP = 22
_PR_SET_NO_NEW_PRIVS = 38
_CAPABILITY_VERSION_3 = 0x20080522
_SIGKILL = 9
_SIGCHLD = 17


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def call(name: str, *arguments: int | bytes | None) -> int:
    """Make a system call by name.

    Raises:
        OSError: Where the kernel said no.
    """
    if MACHINE is None:
        raise OSError(f"{name}: no system call numbers for {platform.machine()}")
    raw = [ctypes.c_long(value) if isinstance(value, int) else value for value in arguments]
    return _checked(int(_libc.syscall(ctypes.c_long(MACHINE.number(name)), *raw)), name)


def _prctl(option: int, value: int, what: str) -> None:
    _checked(int(_libc.prctl(option, ctypes.c_ulong(value), *[ctypes.c_ulong(0)] * 3)), what)


def die_with_parent() -> None:
    """Ask to be killed when the parent is gone. Forgotten by the kernel when the user id changes."""
    _prctl(_PR_SET_PDEATHSIG, _SIGKILL, "prctl(PR_SET_PDEATHSIG)")


def hide_memory() -> None:
    """Make the own memory unreadable for others of the same user, and dump no core."""
    _prctl(_PR_SET_DUMPABLE, 0, "prctl(PR_SET_DUMPABLE)")


def give_up_privileges() -> None:
    """Drop all capabilities and the possibility to gain any by running a program."""
    header = struct.pack("Ii", _CAPABILITY_VERSION_3, 0)
    call("capset", header, bytes(24))
    _prctl(_PR_SET_NO_NEW_PRIVS, 1, "prctl(PR_SET_NO_NEW_PRIVS)")


class _FilterProgram(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))


def install_filter(instructions: bytes) -> None:
    """Put a seccomp filter in force; it cannot be taken back."""
    buffer = ctypes.create_string_buffer(instructions, len(instructions))
    program = _FilterProgram(len(instructions) // 8, ctypes.cast(buffer, ctypes.c_void_p))
    result = _libc.prctl(_PR_SET_SECCOMP, ctypes.c_ulong(2), ctypes.byref(program), *[ctypes.c_ulong(0)] * 2)
    _checked(int(result), "prctl(PR_SET_SECCOMP)")


def mount(source: str | None, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    """mount(2)."""
    raw = [None if text is None else os.fsencode(text) for text in (source, target, kind)]
    last = None if data is None else data.encode()
    _checked(int(_libc.mount(*raw, ctypes.c_ulong(flags), last)), f"mount {target}")


def unmount_lazily(target: str) -> None:
    """umount2(2) with MNT_DETACH."""
    _checked(int(_libc.umount2(os.fsencode(target), 2)), f"umount {target}")


def unshare(flags: int) -> None:
    """unshare(2)."""
    _checked(int(_libc.unshare(ctypes.c_int(flags))), "unshare")


def fork_into_own_processes() -> int:
    """Fork a child that is process 1 of a new process namespace: when it ends, so does everything in it.

    A bare clone(2): the caller has one thread, and the child only ever forks again, so the at-fork work of
    the C library and of Python that this leaves out is done there.
    """
    return call("clone", CLONE_NEWPID | _SIGCHLD, 0, 0, 0, 0)


def open_process(pid: int) -> int:
    """A descriptor that becomes readable when the process ends."""
    return call("pidfd_open", pid, 0)
