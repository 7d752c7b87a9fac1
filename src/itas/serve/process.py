"""The process of a server: sockets, header deadlines, draining after SIGTERM, several workers on one socket."""

import asyncio
import logging
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from itas.core.concurrency import stop
from itas.errors import SpecError
from itas.models.keys import redact
from itas.serve.connection import Connection, Door
from itas.serve.limits import Limits

if TYPE_CHECKING:
    from uvicorn import Server

_log = logging.getLogger(__name__)
_BACKLOG = 2048
LINGER_S = 0.3
"""After SIGTERM, requests that are already on their way over an open connection are still taken."""
_RESTART_S = 1.0


def bind(host: str, port: int) -> socket.socket:
    """Listen.

    Raises:
        SpecError: The address cannot be used.
    """
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or "no such port"
        raise SpecError(
            f"cannot listen at {host}:{port}: {reason}. Choose another with --host or --port"
        ) from None
    listener.setblocking(False)
    return listener


def adopt(number: int) -> socket.socket:
    """The listening socket that a supervisor opened."""
    return socket.socket(fileno=number)


def address_of(listener: socket.socket) -> str:
    """Where it listens, as people write it."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def run_server(app: Door, listener: socket.socket, limits: Limits) -> None:
    """Serve until SIGTERM or SIGINT, then finish what was begun."""
    await make_server(app, limits).serve(sockets=[listener])


def make_server(app: Door, limits: Limits, *, linger_s: float = LINGER_S) -> "Server":
    """A uvicorn server with our deadlines; `linger_s` as `LINGER_S` says."""
    import uvicorn

    class Draining(uvicorn.Server):
        def handle_exit(self, sig: int, frame: Any) -> None:
            self.force_exit = self.should_exit  # the second signal
            super().handle_exit(sig, frame)

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            state = self.server_state
            for each in [*self.servers, *(sockets or ())]:
                each.close()
            await asyncio.sleep(0 if self.force_exit else linger_s)
            for connection in tuple(state.connections):
                connection.shutdown()
            ends = time.monotonic() + limits.drain_s
            # A signal handler sets the flag, so there is no event to wait for.
            while (state.tasks or state.connections) and not self.force_exit and time.monotonic() < ends:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
            if state.tasks:
                _log.warning("%d requests are stopped; what was on its way is booked", len(state.tasks))
            await stop(tuple(state.tasks))
            await self.lifespan.shutdown()

    def protocol(*, server_state: Any, **given: Any) -> Connection:
        return Connection(app, limits, server_state)

    config = uvicorn.Config(
        app,
        http=protocol,  # pyright: ignore[reportArgumentType]
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=_BACKLOG,
    )
    return Draining(config)


class Supervisor:
    """Runs the same command several times on one listening socket, and replaces what ends by itself.

    Args:
        command: Of one worker; ``--fd N`` is added.
        workers: How many.
        listener: What they share.
    """

    def __init__(self, command: Sequence[str], workers: int, listener: socket.socket) -> None:
        self._command = [*command, "--fd", str(listener.fileno())]
        self._workers = workers
        self._listener = listener
        self._children: list[subprocess.Popen[bytes]] = []
        self._is_ending = False

    def run(self) -> int:
        """Until SIGTERM or SIGINT; every worker drains, and a second signal stops them at once.

        Returns:
            0, or 1 if workers could not be started.
        """
        before = {number: signal.signal(number, self._end) for number in (signal.SIGTERM, signal.SIGINT)}
        with tempfile.TemporaryDirectory(prefix="itas-metrics-") as folder:
            environ = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": folder}
            try:
                self._children = [self._start(environ) for _ in range(self._workers)]
                return self._watch(environ)
            finally:
                if not self._is_ending:
                    self._end(signal.SIGTERM, None)
                for child in self._children:
                    child.wait()
                for number, handler in before.items():
                    signal.signal(number, handler)

    def _watch(self, environ: dict[str, str]) -> int:
        quick_ends = 0
        started = time.monotonic()
        while not self._is_ending:
            time.sleep(0.1)
            for place, child in enumerate(self._children):
                if child.poll() is None or self._is_ending:
                    continue
                quick_ends = quick_ends + 1 if time.monotonic() - started < _RESTART_S * 5 else 0
                if quick_ends >= self._workers:
                    return 1
                _log.warning("a worker ended with code %s and is started again", child.returncode)
                time.sleep(_RESTART_S)
                self._children[place] = self._start(environ)
        return 0

    def _start(self, environ: dict[str, str]) -> "subprocess.Popen[bytes]":
        # A group of their own: Ctrl-C in a terminal is for this process, which passes it on once.
        return subprocess.Popen(
            self._command, env=environ, pass_fds=[self._listener.fileno()], process_group=0
        )

    def _end(self, number: int, frame: object) -> None:
        self._is_ending = True
        for child in self._children:
            if child.poll() is None:
                child.terminate()


class Redacting(logging.Formatter):
    """Log lines without any key, whatever was logged."""

    def format(self, record: logging.LogRecord) -> str:
        """See `logging.Formatter.format`."""
        return redact(super().format(record))


def log_to_stderr(level: str) -> None:
    """What the server and its libraries log goes to stderr, without keys."""
    output = logging.StreamHandler()
    output.setFormatter(Redacting("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=level, handlers=[output], force=True)
