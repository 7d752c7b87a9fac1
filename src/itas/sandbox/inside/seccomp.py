"""The filter of system calls: a deny list, and for a few calls a look at the arguments.

No sockets, new processes or programs, signals to others, tracing, mounts, namespaces, kernel features with a bad
history, changes of file metadata. Threads, pipes, timers and stream socket pairs (asyncio) stay.
"""

import errno
import struct

from .numbers import DENIED, NEWEST_REVIEWED, Machine

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN, _AND = 0x20, 0x15, 0x35, 0x45, 0x06, 0x54
_NUMBER, _ARCH, _ARGUMENT = 0, 4, (16, 24, 32)
_KILL, _ALLOW = 0x80000000, 0x7FFF0000
_NO = 0x00050000 | errno.EPERM
_MISSING = 0x00050000 | errno.ENOSYS
_TRY_AGAIN = 0x00050000 | errno.EAGAIN

_X32_BIT = 0x40000000
_NEW_NAMESPACES = 0x7E020080  # including CLONE_NEWTIME
_CLONE_THREAD = 0x00010000
_AF_UNIX, _SOCK_STREAM, _SOCK_TYPE_MASK = 1, 1, 0xF
_TERMINAL_INPUT = (0x5412, 0x541C)  # TIOCSTI, TIOCLINUX
_SIGNAL_BY_DESCRIPTOR = (0x8901, 0x8902)  # FIOSETOWN, SIOCSPGRP
_SIGNAL_BY_FCNTL = (8, 10, 15)  # F_SETOWN, F_SETSIG, F_SETOWN_EX
_PR_SET_PDEATHSIG, _PR_SET_SECCOMP = 1, 22

_OWN_PID = 0x5EED1D00  # stands in the template where the process's own number goes


def make_template(machine: Machine) -> bytes:
    """The filter with a place for the process's number; see `fill_in`."""
    lines: list[bytes] = []
    own = machine.calls

    def add(code: int, value: int, then: int = 0, otherwise: int = 0) -> None:
        lines.append(struct.pack("HBBI", code, then, otherwise, value & 0xFFFFFFFF))

    def when(code: int, value: int, answer: int) -> None:
        """Answer at once where the test holds."""
        add(code, value, 0, 1)
        add(_RETURN, answer)

    def for_call(name: str, argument: int, refused: tuple[int, ...], verdict: int = _NO) -> None:
        """Refuse a call whose argument is one of some values."""
        add(_EQUAL, own[name], 0, 2 * len(refused) + 2)
        add(_LOAD, _ARGUMENT[argument])
        for value in refused:
            when(_EQUAL, value, verdict)
        add(_RETURN, _ALLOW)

    def only_for(name: str, argument: int, allowed: int) -> None:
        """Refuse a call whose argument is not one value."""
        add(_EQUAL, own[name], 0, 4)
        add(_LOAD, _ARGUMENT[argument])
        when(_EQUAL, allowed, _ALLOW)
        add(_RETURN, _NO)

    add(_LOAD, _ARCH)
    add(_EQUAL, machine.audit_arch, 1, 0)
    add(_RETURN, _KILL)
    add(_LOAD, _NUMBER)
    when(_AT_LEAST, _X32_BIT, _KILL)
    when(_AT_LEAST, NEWEST_REVIEWED + 1, _MISSING)
    when(_EQUAL, own["clone3"], _MISSING)  # its flags lie in memory; the C library then falls back to clone
    for number in machine.numbers(DENIED):
        when(_EQUAL, number, _NO)
    add(_EQUAL, own["clone"], 0, 6)  # threads only
    add(_LOAD, _ARGUMENT[0])
    when(_ANY_BIT, _NEW_NAMESPACES, _NO)
    when(_ANY_BIT, _CLONE_THREAD, _ALLOW)
    add(_RETURN, _TRY_AGAIN)
    add(_EQUAL, own["socketpair"], 0, 8)  # datagram pairs could still send to a named socket
    add(_LOAD, _ARGUMENT[0])
    add(_EQUAL, _AF_UNIX, 1, 0)
    add(_RETURN, _NO)
    add(_LOAD, _ARGUMENT[1])
    add(_AND, _SOCK_TYPE_MASK)
    when(_EQUAL, _SOCK_STREAM, _ALLOW)
    add(_RETURN, _NO)
    for_call("ioctl", 1, (*_TERMINAL_INPUT, *_SIGNAL_BY_DESCRIPTOR))
    for_call("fcntl", 1, _SIGNAL_BY_FCNTL)
    for_call("prctl", 0, (_PR_SET_PDEATHSIG, _PR_SET_SECCOMP))
    only_for("prlimit64", 0, 0)
    only_for("kill", 0, _OWN_PID)
    only_for("tgkill", 0, _OWN_PID)
    add(_RETURN, _ALLOW)
    return b"".join(lines)


def fill_in(template: bytes, pid: int) -> bytes:
    """The filter for one process."""
    return template.replace(struct.pack("I", _OWN_PID), struct.pack("I", pid))
