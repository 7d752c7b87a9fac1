"""Only the process that works on a run is ever asked to stop."""

import fcntl
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from itas.api.holding import LOCK, ask_to_stop, find_birth, find_holder, hold
from itas.errors import DataError

HOLDS = """
import sys, time, signal
from pathlib import Path
from itas.api.holding import hold
signal.signal(signal.SIGINT, lambda *_: (print("asked", flush=True), sys.exit(5)))
with hold(Path(sys.argv[1])):
    print("holds", flush=True)
    time.sleep(60)
"""


def holder_process(folder: Path) -> subprocess.Popen[bytes]:
    process = subprocess.Popen([sys.executable, "-c", HOLDS, str(folder)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"holds\n"
    return process


def end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def test_a_run_has_one_holder_and_none_after_it(tmp_path: Path):
    assert find_holder(tmp_path) is None
    with hold(tmp_path):
        found = find_holder(tmp_path)
        assert found is not None
        assert (found.pid, found.is_proven) == (os.getpid(), True)
        with (
            pytest.raises(DataError, match=rf"another process works on this run \(pid {os.getpid()}"),
            hold(tmp_path),
        ):
            pass
    assert find_holder(tmp_path) is None
    assert not (tmp_path / LOCK).exists()


def test_whoever_looks_does_not_keep_a_run_from_beginning(tmp_path: Path):
    (tmp_path / LOCK).touch()
    looking = os.open(tmp_path / LOCK, os.O_RDONLY)
    fcntl.flock(looking, fcntl.LOCK_SH)
    import threading

    threading.Timer(0.1, os.close, [looking]).start()
    with hold(tmp_path):
        assert find_holder(tmp_path) is not None


def test_the_process_of_a_run_is_asked_as_by_ctrl_c(tmp_path: Path):
    process = holder_process(tmp_path)
    try:
        asked = ask_to_stop(tmp_path)
        assert asked is not None
        assert asked.pid == process.pid
        assert process.wait(20) == 5
    finally:
        end(process)
    assert ask_to_stop(tmp_path) is None


def test_a_killed_process_leaves_a_file_and_no_holder(tmp_path: Path):
    process = holder_process(tmp_path)
    process.send_signal(signal.SIGKILL)
    process.wait()
    end(process)
    assert (tmp_path / LOCK).exists()
    assert find_holder(tmp_path) is None
    assert ask_to_stop(tmp_path) is None
    with hold(tmp_path):
        pass


@pytest.mark.parametrize(
    "lie", ["another process", "another birth", "nobody", "no process", "noise", "zero", "group"]
)
def test_a_lock_file_that_lies_gets_nobody_asked(tmp_path: Path, lie: str):
    """Somebody holds the lock, and the file names a process that does not."""
    victim = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        born = find_birth(victim.pid)
        said = {
            "another process": json.dumps({"pid": victim.pid, "born": born, "since": ""}),
            "another birth": json.dumps({"pid": os.getpid(), "born": "long ago", "since": ""}),
            "nobody": "{}",
            "no process": json.dumps({"pid": 2**22 + 7, "born": "x", "since": ""}),
            "noise": "\x00" * 50,
            "zero": json.dumps({"pid": 0, "born": born, "since": ""}),
            "group": json.dumps({"pid": -victim.pid, "born": born, "since": ""}),
        }[lie]
        (tmp_path / LOCK).write_text(said)
        number = os.open(tmp_path / LOCK, os.O_RDONLY)
        fcntl.flock(number, fcntl.LOCK_EX)
        try:
            found = find_holder(tmp_path)
            assert found is not None
            assert not found.is_proven
            with pytest.raises(DataError, match=r"cannot be proven|cannot be asked"):
                ask_to_stop(tmp_path)
            assert victim.poll() is None
        finally:
            os.close(number)
    finally:
        victim.kill()
        victim.wait()
