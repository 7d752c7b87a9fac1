"""The helper: a bare interpreter behind the outer walls that forks a cell per candidate, and a cell a process per run.

It holds no secrets, is started with exec and a fixed environment, and never reads code or tests: those lie in memory
files whose descriptors pass through to the process that needs them. So nothing of one candidate is in the memory
that the next one is forked from, and a candidate's memory never held the tests.
"""

import _sitebuiltins
import array
import builtins
import gc
import json
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from typing import Any, NoReturn

from . import kernel, running
from .walls import Limits, Walls, enter_namespaces

_MAX_MESSAGE = 1 << 16
_MAX_FDS = 8
_HIGH = 200  # above any descriptor that a cell has open
_FAULT = "!"
_PRELOADED = (
    "bisect", "collections", "copy", "dataclasses", "datetime", "decimal", "enum", "fractions", "functools",
    "heapq", "itertools", "math", "operator", "random", "re", "statistics", "string", "typing",
)  # fmt: skip


def main(tier: str, control_fd: int) -> NoReturn:
    """Put up the outer walls, say so, and serve until the other end is closed."""
    os.umask(0o022)
    _offer_to_be_killed_first()
    control = socket.socket(fileno=control_fd)
    if tier == "ns":
        enter_namespaces()
    walls = Walls(tier)
    kernel.hide_memory()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # cells need no reaping
    for name in _PRELOADED:
        __import__(name)
    # What `site` would have given, without what it reads.
    builtins.exit = _sitebuiltins.Quitter("exit", "Ctrl-D (i.e. EOF)")
    builtins.quit = _sitebuiltins.Quitter("quit", "Ctrl-D (i.e. EOF)")
    gc.collect()
    gc.freeze()
    control.send(json.dumps({"ready": sys.version.split()[0]}).encode())
    fork = kernel.fork_into_own_processes if tier == "ns" else os.fork
    while True:
        message, fds = _receive(control)
        if not message:
            os._exit(0)
        pid = fork()
        if pid == 0:
            control.close()
            _serve_cell(socket.socket(fileno=fds[0]), walls)
        for fd in fds:
            os.close(fd)


def _offer_to_be_killed_first() -> None:
    """Where memory runs out, the kernel should end what runs here, not whoever started us."""
    try:
        with open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:  # noqa: PTH123
            file.write("1000")
    except OSError:  # no /proc here; a courtesy only
        pass


def _receive(channel: socket.socket) -> tuple[bytes, list[int]]:
    """One message with its descriptors; empty when the other end is closed."""
    item = array.array("i")
    try:
        data, extra, _, _ = channel.recvmsg(_MAX_MESSAGE, socket.CMSG_SPACE(_MAX_FDS * item.itemsize))
    except ConnectionResetError:
        return b"", []
    for level, kind, body in extra:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            item.frombytes(body[: len(body) - len(body) % item.itemsize])
    return data, list(item)


def _serve_cell(channel: socket.socket, walls: Walls) -> NoReturn:
    """Run what is asked, one run after the other, until the other end is closed."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if walls.tier != "ns":  # there the namespace dies with its first process, and that with the helper
        os.setsid()
    kernel.die_with_parent()
    while True:
        message, fds = _receive(channel)
        if not message:
            os._exit(0)
        reply = _run(json.loads(message), fds, channel, walls)
        for fd in fds:
            os.close(fd)
        try:
            channel.send(json.dumps(reply).encode())
        except OSError:
            os._exit(0)


def _run(order: dict[str, Any], fds: list[int], channel: socket.socket, walls: Walls) -> dict[str, Any]:
    limits = Limits(order["cpu_s"], order["memory"], order["output"])
    up_read, up_write = os.pipe()
    try:
        tasks = _tasks(order["kind"], fds)
        parts = [_Part(number, task, limits, up_write, walls) for number, task in enumerate(tasks)]
        os.close(up_write)
        for fd in {fd for _, given in tasks for fd in given if fd >= 0} - set(fds):
            os.close(fd)
        why = _wait(parts, channel, time.monotonic() + order["wall_s"])
        ends = [part.end() for part in parts]
        said = os.read(up_read, 4096).decode("utf-8", "replace")
        os.close(up_read)
    except OSError as error:
        return {"fault": f"{error}"}
    if _FAULT in said:
        return {"fault": said.partition(_FAULT)[2]}
    if any(not end["was_alive"] and str(number) not in said for number, end in enumerate(ends)):
        return {"fault": "a process ended before it stood behind its walls"}
    return {"why": why, "ends": ends}


_Task = Callable[[list[int]], NoReturn]


def _tasks(kind: str, fds: list[int]) -> list[tuple[_Task, list[int]]]:
    """The processes of a run, the one that decides first, each with the descriptors it gets."""
    if kind == "input":
        code, standard_in, out, error = fds
        return [(_program, [standard_in, out, error, code])]
    if kind == "together":
        code, tests, verdict = fds
        return [(_together, [-1, -1, -1, code, tests, verdict])]
    code, tests, verdict = fds
    questions_read, questions_write = os.pipe()
    answers_read, answers_write = os.pipe()
    return [
        (_tester, [-1, -1, -1, tests, questions_write, answers_read, verdict]),
        (_candidate, [-1, -1, -1, code, questions_read, answers_write]),
    ]


def _program(fds: list[int]) -> NoReturn:
    running.run_program(_read_job(fds[3]))


def _together(fds: list[int]) -> NoReturn:
    running.run_together(_read_job(fds[3]), _read_job(fds[4]), fds[5])


def _tester(fds: list[int]) -> NoReturn:
    running.run_tests(_read_job(fds[3]), fds[4], fds[5], fds[6])


def _candidate(fds: list[int]) -> NoReturn:
    running.run_candidate(_read_job(fds[3]), fds[4], fds[5])


def _read_job(fd: int) -> dict[str, Any]:
    """Read a memory file and close it, before any of what it holds is run."""
    size = os.fstat(fd).st_size
    data = bytearray()
    while len(data) < size:
        data += os.pread(fd, size - len(data), len(data))
    os.close(fd)
    return json.loads(data)


class _Part:
    """One process of a run."""

    def __init__(
        self, number: int, task: tuple[_Task, list[int]], limits: Limits, up: int, walls: Walls
    ) -> None:
        self.pid = os.fork()
        if self.pid == 0:
            _become(number, task, limits, up, walls)
        self.ended = kernel.open_process(self.pid)

    def end(self) -> dict[str, Any]:
        """Kill it unless it has ended, and say how it went."""
        was_alive = not select.select([self.ended], [], [], 0)[0]
        if was_alive:
            os.kill(self.pid, signal.SIGKILL)
        _, status, used = os.wait4(self.pid, 0)
        os.close(self.ended)
        return {
            "code": os.waitstatus_to_exitcode(status),
            "was_alive": was_alive,
            "cpu_s": used.ru_utime + used.ru_stime,
            "peak_kb": used.ru_maxrss,
        }


def _become(number: int, task: tuple[_Task, list[int]], limits: Limits, up: int, walls: Walls) -> NoReturn:
    """Turn the forked process into a part of a run: its descriptors, its walls, its task.

    ``up`` is told the number once the walls stand, or what went wrong; it is closed before foreign code runs.
    """
    do, fds = task
    try:
        _number_from_zero((*fds, up) if walls.rules < 0 else (*fds, up, walls.rules))
        up = len(fds)
        walls.raise_around_me(limits, rules=up + 1)
        os.write(up, str(number).encode())
    except (OSError, ValueError, MemoryError) as error:
        os.write(up, f"{_FAULT}{error}".encode())
        os._exit(1)
    os.close(up)
    try:
        do(list(range(len(fds))))
    finally:  # reached only without memory for the first step, or by an error of ours
        os._exit(1)


def _number_from_zero(fds: tuple[int, ...]) -> None:
    """Give the descriptors the numbers from 0 on, in order (-1 is the null device), and close all others."""
    null = os.open("/dev/null", os.O_RDWR)
    for number, fd in enumerate(fds):
        os.dup2(null if fd < 0 else fd, _HIGH + number)
    for number in range(len(fds)):
        os.dup2(_HIGH + number, number)
    os.closerange(len(fds), os.sysconf("SC_OPEN_MAX"))


def _wait(parts: list[_Part], channel: socket.socket, deadline: float) -> str:
    """Wait until the first part has ended, the time is over, or nobody wants the result any more."""
    poll = select.poll()
    poll.register(parts[0].ended, select.POLLIN)
    poll.register(channel.fileno(), select.POLLHUP)
    left_s = deadline - time.monotonic()
    for fd, _ in poll.poll(max(0.0, left_s) * 1000):
        if fd == parts[0].ended:
            return "ended"
        for part in parts:
            os.kill(part.pid, signal.SIGKILL)
        os._exit(0)
    return "wall"
