"""Starts the endpoint and a contender, each in a process of its own, and reads what it took."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


@contextlib.contextmanager
def endpoint(latency_ms: float) -> Generator[str]:
    """The address of a running endpoint."""
    command = [sys.executable, str(HERE / "endpoint.py"), str(latency_ms)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}/v1"
        finally:
            process.stdin.close()
            process.wait(10)


def run_contender(name: str, *arguments: object, python: str = sys.executable) -> dict[str, Any]:
    """Run ``contenders/NAME.py`` and give the last line of what it prints."""
    command = [python, str(HERE / "contenders" / f"{name}.py"), *map(str, arguments)]
    environ = {**os.environ, "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environ, timeout=900)
    if done.returncode:
        raise RuntimeError(f"{name} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])
