"""The probe: tries to get out, and says what worked. Run as a candidate of the tier that is being tried.

Reads on standard input what to try it on, as JSON; writes the list of what worked and then ``end``. A program that
lost its process on the way has not written ``end``.
"""

import ctypes
import json
import os
import socket
import sys
import threading
from collections.abc import Callable
from typing import Any

_CLONE_NEWUSER = 0x10000000
_PTRACE_SEIZE = 0x4206


def attempts(target: dict[str, Any]) -> dict[str, Callable[[], object]]:
    """What to try, by what it would mean. An attempt fails by an OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    home: str = target["home"]

    def ask_kernel(result: int) -> None:
        if result < 0:
            raise OSError(ctypes.get_errno(), "refused")

    def read(path: str) -> None:
        os.close(os.open(path, os.O_RDONLY))

    def write(path: str) -> None:
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
        os.unlink(path)  # noqa: PTH108

    def allocate() -> None:
        try:
            bytearray(target["memory"])
        except MemoryError:
            raise OSError("refused") from None

    def start_threads() -> None:
        done = threading.Event()
        usual = threading.stack_size(1 << 16)
        started: list[threading.Thread] = []
        try:
            for _ in range(target["threads"]):
                thread = threading.Thread(target=done.wait, daemon=True)
                thread.start()
                started.append(thread)
        except RuntimeError:
            raise OSError("refused") from None
        finally:
            done.set()
            threading.stack_size(usual)
            for thread in started:
                thread.join()
        if not target["threads"]:
            raise OSError("not tried")

    def fork() -> None:
        if os.fork() == 0:
            os._exit(0)

    return {
        "opened a network socket": lambda: socket.socket(socket.AF_INET).close(),
        "opened a local socket": lambda: socket.socket(socket.AF_UNIX).close(),
        "read a file": lambda: read(target["file"]),
        "listed the home folder": lambda: os.listdir(home),  # noqa: PTH208
        "wrote beside a file": lambda: write(f"{target['file']}.written"),
        "wrote to /tmp": lambda: write(f"/tmp/itas-probe-{target['nonce']}"),
        "wrote to /dev/shm": lambda: write(f"/dev/shm/itas-probe-{target['nonce']}"),
        "read the launcher's environment": lambda: read(f"/proc/{target['launcher']}/environ"),
        "listed processes": lambda: os.listdir("/proc"),  # noqa: PTH208
        "signalled the launcher": lambda: os.kill(target["launcher"], 0),
        "signalled its parent": lambda: os.kill(os.getppid() or 1, 0),
        "traced its parent": lambda: ask_kernel(libc.ptrace(_PTRACE_SEIZE, os.getppid(), None, None)),
        "made namespaces": lambda: ask_kernel(libc.unshare(_CLONE_NEWUSER)),
        "made shared memory": lambda: ask_kernel(libc.shmget(0, 4096, 0o1600)),
        "allocated past the limit": allocate,
        "started more threads than allowed": start_threads,
        "started a process": fork,
    }


def main() -> None:
    """Try everything; the last would replace the process."""
    target = json.load(sys.stdin)
    __import__("colorsys")  # a module that nothing has loaded yet: the library must be readable
    worked: list[str] = []
    for what, attempt in attempts(target).items():
        try:
            attempt()
        except OSError:
            continue
        worked.append(what)
    worked += [
        f"saw {name} in the environment" for name in sorted(set(os.environ) - set(target["environment"]))
    ]
    thread = threading.Thread(target=lambda: worked.append(""))
    thread.start()
    thread.join()
    worked.remove("")
    sys.stdout.write(json.dumps(worked))
    sys.stdout.flush()
    try:
        os.execv("/bin/true", ["true"])
    except OSError:
        sys.stdout.write("\nend")


if __name__ == "__main__":
    main()
