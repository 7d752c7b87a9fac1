"""The filter of system calls: a deny list, and for a few calls a look at the arguments.

No sockets, new processes or programs, signals to others, tracing, mounts, namespaces, kernel features with a bad
history, changes of file metadata, locks on files. Threads, pipes, timers and stream socket pairs (asyncio) stay.
"""

import errno
import struct

from .numbers import DENIED, NEWEST_REVIEWED, Machine

_LOAD, _JUMP, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN, _AND = 0x20, 0x05, 0x15, 0x35, 0x45, 0x06, 0x54
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
_SIGNAL_BY_FCNTL = (8, 10, 15, 1026)  # F_SETOWN, F_SETSIG, F_SETOWN_EX, F_NOTIFY
_LOCK_BY_FCNTL = (6, 7, 37, 38, 1024)  # F_SETLK, F_SETLKW, F_OFD_SETLK, F_OFD_SETLKW, F_SETLEASE
_PR_SET_PDEATHSIG, _PR_SET_SECCOMP = 1, 22

_OWN_PID = 0x5EED1D00  # stands in the template where the process's own number goes


Block = tuple[bytes, ...]
"""Instructions that end with an answer."""


def make_template(machine: Machine) -> bytes:
    """The filter with a place for the process's number; see `fill_in`.

    A search by halves over the numbers: the kernel tries a new filter on every call to remember what it always
    allows, so a long list of comparisons would be paid for at every run.
    """
    answers = dict.fromkeys(machine.numbers(DENIED), _answer(_NO)) | _by_argument(machine)
    answers[machine.number("clone3")] = _answer(_MISSING)  # its flags lie in memory; libc falls back to clone
    segments: list[tuple[int, Block]] = []  # first number, what is answered from there on
    for number in range(NEWEST_REVIEWED + 1):
        block = answers.get(number, _answer(_ALLOW))
        if not segments or segments[-1][1] != block:
            segments.append((number, block))
    segments += [(NEWEST_REVIEWED + 1, _answer(_MISSING)), (_X32_BIT, _answer(_KILL))]
    head = (
        _line(_LOAD, _ARCH),
        _line(_EQUAL, machine.audit_arch, 1, 0),
        _line(_RETURN, _KILL),
        _line(_LOAD, _NUMBER),
    )
    return b"".join((*head, *_halves(segments)))


def _line(code: int, value: int, then: int = 0, otherwise: int = 0) -> bytes:
    """One instruction; the last two are lines to skip where a test holds, or not."""
    return struct.pack("HBBI", code, then, otherwise, value & 0xFFFFFFFF)


def _answer(verdict: int) -> Block:
    return (_line(_RETURN, verdict),)


def _halves(segments: list[tuple[int, Block]]) -> Block:
    if len(segments) == 1:
        return segments[0][1]
    middle = len(segments) // 2
    below, above = _halves(segments[:middle]), _halves(segments[middle:])
    first = segments[middle][0]
    # A conditional jump reaches 255 lines, a plain one any.
    return (_line(_AT_LEAST, first, 0, 1), _line(_JUMP, len(below)), *below, *above)


def _by_argument(machine: Machine) -> dict[int, Block]:
    """Calls that are decided by an argument."""
    number = machine.number
    return {
        number("clone"): (  # threads only
            _line(_LOAD, _ARGUMENT[0]),
            *_if(_ANY_BIT, _NEW_NAMESPACES, _NO),
            *_if(_ANY_BIT, _CLONE_THREAD, _ALLOW),
            *_answer(_TRY_AGAIN),
        ),
        number("socketpair"): (  # datagram pairs could still send to a named socket
            _line(_LOAD, _ARGUMENT[0]),
            _line(_EQUAL, _AF_UNIX, 1, 0),
            *_answer(_NO),
            _line(_LOAD, _ARGUMENT[1]),
            _line(_AND, _SOCK_TYPE_MASK),
            *_if(_EQUAL, _SOCK_STREAM, _ALLOW),
            *_answer(_NO),
        ),
        number("ioctl"): _refusing(1, *_TERMINAL_INPUT, *_SIGNAL_BY_DESCRIPTOR),
        number("fcntl"): _refusing(1, *_SIGNAL_BY_FCNTL, *_LOCK_BY_FCNTL),
        number("prctl"): _refusing(0, _PR_SET_PDEATHSIG, _PR_SET_SECCOMP),
        number("prlimit64"): _only_for(0, 0),
        number("kill"): _only_for(0, _OWN_PID),
        number("tgkill"): _only_for(0, _OWN_PID),
    }


def _if(code: int, value: int, verdict: int) -> Block:
    """Answer at once where the test holds."""
    return (_line(code, value, 0, 1), *_answer(verdict))


def _refusing(argument: int, *values: int) -> Block:
    lines = [line for value in values for line in _if(_EQUAL, value, _NO)]
    return (_line(_LOAD, _ARGUMENT[argument]), *lines, *_answer(_ALLOW))


def _only_for(argument: int, value: int) -> Block:
    return (_line(_LOAD, _ARGUMENT[argument]), *_if(_EQUAL, value, _ALLOW), *_answer(_NO))


def fill_in(template: bytes, pid: int) -> bytes:
    """The filter for one process."""
    return template.replace(struct.pack("I", _OWN_PID), struct.pack("I", pid))
