"""A PostgreSQL server of the tests' own: a free port, a temporary folder, nothing left afterwards.

    python -m tests.scale.server

starts one, prints its address, and stops it at the end of the input.
"""

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

PASSWORD = "se/cret@p%ss"
QUOTED = "se%2Fcret%40p%25ss"
CURE = "no PostgreSQL server is installed. On Debian and Ubuntu: apt-get install postgresql (or: make test-scale)"
_NOBODY = ("postgres", "nobody")


class Server:
    """A server in a folder."""

    def __init__(self, binaries: Path, folder: Path) -> None:
        self._binaries = binaries
        self._folder = folder
        self.port = _free_port()

    def start(self) -> None:
        """Start it and wait until it answers."""
        self._ctl("start", "-l", str(self._folder / "log"))

    def stop(self, mode: str = "immediate") -> None:
        """Stop it; ``immediate`` is a crash: it recovers at the next start."""
        self._ctl("stop", "-m", mode)

    def address(self, schema: str = "", *, password: str = QUOTED) -> str:
        """Of its database, with a schema in it."""
        query = f"?search_path={schema}" if schema else ""
        return f"postgresql://tester:{password}@127.0.0.1:{self.port}/postgres{query}"

    def new_schema(self) -> str:
        """The address of a place for one store."""
        name = f"s{uuid.uuid4().hex[:12]}"
        self.run(f"CREATE SCHEMA {name}")
        return self.address(name)

    def run(self, sql: str) -> str:
        """What psql prints for it."""
        done = subprocess.run(
            [self._binaries / "psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-c", sql, self.address()],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "LC_ALL": "C"},
        )
        return done.stdout.strip()

    def _ctl(self, *arguments: str) -> None:
        _as_nobody(
            [self._binaries / "pg_ctl", "-D", self._folder / "data", "-w", "-t", "60", *arguments],
            self._folder,
        )

    def init(self) -> None:
        """Make its files."""
        secret = self._folder / "secret"
        secret.write_text(PASSWORD)
        command = [
            self._binaries / "initdb",
            "-D",
            self._folder / "data",
            "-U",
            "tester",
            "-A",
            "scram-sha-256",
        ]
        _as_nobody([*command, f"--pwfile={secret}", "-E", "UTF8", "--locale=C", "--no-sync"], self._folder)
        secret.unlink()
        with (self._folder / "data" / "postgresql.conf").open("a") as file:
            file.write(
                f"port = {self.port}\nlisten_addresses = '127.0.0.1'\n"
                f"unix_socket_directories = '{self._folder}'\nshared_buffers = 64MB\n"
            )


def find_binaries() -> Path | None:
    """The folder with initdb and pg_ctl; the newest of those that Debian keeps side by side."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda each: int(each.parts[-3]))
    if found:
        return found[-1].parent
    initdb = shutil.which("initdb")
    return None if initdb is None else Path(initdb).resolve().parent


@contextlib.contextmanager
def running_server() -> Iterator[Server]:
    """A server while the block runs; a `FileNotFoundError` with the cure where none is installed."""
    binaries = find_binaries()
    if binaries is None:
        raise FileNotFoundError(CURE)
    folder = Path(tempfile.mkdtemp(prefix="itas-postgres-"))
    server = Server(binaries, folder)
    try:
        if os.geteuid() == 0:  # the server refuses to run as root
            shutil.chown(folder, _nobody().pw_name)
        server.init()
        server.start()
        yield server
    finally:
        with contextlib.suppress(subprocess.CalledProcessError):
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _as_nobody(command: list[Path | str], folder: Path) -> None:
    prefix: list[str] = []
    if os.geteuid() == 0:
        user = _nobody()
        prefix = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    # Not captured: the server would keep a pipe open, and who waits for its end would wait for ever.
    with (folder / "said").open("a") as said:
        subprocess.run([*prefix, *command], stdout=said, stderr=said, check=True, cwd=folder)


def _nobody() -> pwd.struct_passwd:
    for name in _NOBODY:
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise FileNotFoundError("root needs a user named postgres or nobody to run a server as")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


if __name__ == "__main__":
    with running_server() as started:
        sys.stdout.write(f"{started.address()}\n")
        sys.stdout.flush()
        sys.stdin.read()
