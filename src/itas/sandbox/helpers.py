"""The helper process from outside: started by exec with a fixed environment, asked over a socket.

A cell is a fork of the helper for one candidate; it ends when its socket is closed.
"""

import asyncio
import contextlib
import json
import os
import secrets
import socket
import subprocess
import tempfile
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from itas.errors import SandboxError
from itas.sandbox.memory_files import memory_file, read_memory_file
from itas.sandbox.tiers import ENVIRONMENT, Tier, TierFault, helper_command

_START_S = 30.0
_GRACE_S = 10.0
_MAX_MESSAGE = 1 << 16
_ESCAPE = Path(__file__).with_name("inside") / "escape.py"
_PROBE_MEMORY = 256 << 20
_PROBE_THREADS = 100


class Helper:
    """One helper; runs one cell at a time. Made by `start_helper`."""

    def __init__(self, tier: Tier, process: subprocess.Popen[bytes], control: socket.socket) -> None:
        self.tier = tier
        self.python_version = ""
        self._process = process
        self._control = control

    @property
    def pid(self) -> int:
        """Of the helper, or of the program that started it."""
        return self._process.pid

    async def wait_until_ready(self) -> None:
        """Raises TierFault with its last words if it ends instead."""
        message = await _receive(self._control, _START_S)
        if message is None:
            raise TierFault("the helper ended while it put up its walls")
        self.python_version = message["ready"]

    @asynccontextmanager
    async def cell(self) -> AsyncGenerator["Cell"]:
        """A fresh cell, thrown away at the end.

        Raises:
            SandboxError: The helper has ended.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        try:
            with theirs:
                socket.send_fds(self._control, [b"cell"], [theirs.fileno()])
            yield Cell(ours)
        except BrokenPipeError:
            raise SandboxError("the sandbox's helper process ended unexpectedly") from None
        finally:
            ours.close()

    def close(self) -> None:
        """End it and all in it."""
        self._control.close()
        try:
            self._process.wait(0.5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Cell:
    """Runs one candidate's tests one after the other, each in processes of its own."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel

    async def run(self, order: Mapping[str, Any], fds: Sequence[int]) -> dict[str, Any]:
        """Run one test.

        Args:
            order: Kind and limits, as ``inside/helper.py`` reads them.
            fds: Descriptors of the memory files it needs.

        Returns:
            Why it ended, and how each process did.

        Raises:
            SandboxError: The walls could not be put up, or the cell is gone.
        """
        try:
            socket.send_fds(self._channel, [json.dumps(order).encode()], fds)
        except OSError as error:
            raise SandboxError(f"the sandbox's cell ended unexpectedly: {error}") from None
        reply = await _receive(self._channel, order["wall_s"] + _GRACE_S)
        if reply is None:
            raise SandboxError("the sandbox's cell ended unexpectedly; was the machine out of memory?")
        if "fault" in reply:
            raise SandboxError(f"a run could not be put behind its walls: {reply['fault']}")
        return reply


async def _receive(channel: socket.socket, timeout_s: float) -> dict[str, Any] | None:
    """One message; None when the other end is closed or silent for too long."""
    try:
        data = await asyncio.wait_for(asyncio.get_running_loop().sock_recv(channel, _MAX_MESSAGE), timeout_s)
    except (TimeoutError, ConnectionResetError):
        return None
    return json.loads(data) if data else None


async def start_helper(tier: Tier, python: str, *, environment: Mapping[str, str] = ENVIRONMENT) -> Helper:
    """Start a helper, and let a program behind its walls try to get out (not in tier ``none``).

    Raises:
        TierFault: It did not start, or the walls do not hold.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.setblocking(False)
    with memory_file("helper-stderr") as words, contextlib.ExitStack() as if_it_fails:
        if_it_fails.callback(ours.close)
        with theirs:
            command = helper_command(tier, python, theirs.fileno())
            helper = Helper(tier, _start(command, theirs.fileno(), words, environment), ours)
        if_it_fails.callback(helper.close)
        try:
            await helper.wait_until_ready()
            if tier != "none":
                await _probe(helper)
        except (TierFault, SandboxError) as error:
            helper.close()  # so that its last words are all there
            last = read_memory_file(words, 10_000).decode("utf-8", "replace").strip().splitlines()[-1:]
            raise TierFault("; ".join([str(error), *last])) from None
        if_it_fails.pop_all()
    return helper


def _start(
    command: list[str], fd: int, words: int, environment: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=words,
            env=environment,
            cwd="/",
            pass_fds=(fd,),
            start_new_session=True,
        )
    except OSError as error:
        raise TierFault(str(error)) from None


async def _probe(helper: Helper) -> None:
    """Judge the walls by what a program behind them can do, never by names and versions."""
    worked = await try_to_escape(helper)
    if worked:
        raise TierFault(f"the walls do not hold: a program behind them {', '.join(worked)}")


async def try_to_escape(helper: Helper) -> list[str]:
    """What the probe program managed to do in a helper.

    Raises:
        TierFault: It did not come to its end.
    """
    with _readable_file() as file:
        target = {
            "file": file,
            "home": _home_folder(),
            "launcher": os.getpid(),
            "nonce": secrets.token_hex(8),
            "memory": _PROBE_MEMORY,
            "threads": 0
            if helper.tier == "ll" and os.getuid()
            else _PROBE_THREADS,  # a loose limit, see Walls
            "environment": [*ENVIRONMENT, "LC_CTYPE", "PWD"],
        }
        job = {"setup": "", "code": _ESCAPE.read_text(encoding="utf-8")}
        order = {"kind": "input", "cpu_s": 20, "memory": _PROBE_MEMORY, "output": 1 << 20, "wall_s": 60.0}
        with (
            memory_file("code", job) as code,
            memory_file("in", target) as standard_in,
            memory_file("out") as out,
            memory_file("err") as error,
        ):
            async with helper.cell() as cell:
                reply = await cell.run(order, [code, standard_in, out, error])
            text = read_memory_file(out, 1 << 20).decode("utf-8", "replace")
            trouble = read_memory_file(error, 1 << 20).decode("utf-8", "replace").strip()
    worked, _, end = text.partition("\n")
    if end != "end":
        last = trouble.splitlines()[-1:] or [str(reply)]
        raise TierFault(f"the probe program did not come to its end: {last[0]}")
    return json.loads(worked)


def _home_folder() -> str:
    return os.path.expanduser("~")  # noqa: PTH111 - Path.home raises where a user has none


@contextmanager
def _readable_file() -> Generator[str]:
    """A file that every user of the machine may read, so that only walls keep a program from it."""
    try:
        temporary = tempfile.TemporaryDirectory(prefix="itas-probe-")
    except OSError:  # nowhere to write; then one that is there
        yield "/etc/passwd"
        return
    with temporary as folder:
        Path(folder).chmod(0o755)
        file = Path(folder, "secret")
        file.write_text("secret", encoding="ascii")
        file.chmod(0o644)
        yield str(file)
