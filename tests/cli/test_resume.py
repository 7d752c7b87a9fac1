"""A search survives whatever stops it, and goes on to the same result."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

STUDY = """\
space: small
on: itas/word-problems
limit: 80
models: [simulated/euler-large, simulated/atlas-small]
max_trials: 8
seed: 3
truth_problems: 50
"""
SEARCH = ["search", "study.yaml"]


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    (folder / "study.yaml").write_text(STUDY)
    environ = {key: value for key, value in os.environ.items() if not key.startswith("ITAS_")}
    return subprocess.Popen(
        [sys.executable, "-m", "itas", *arguments],
        cwd=folder,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(folder: Path, *arguments: str) -> str:
    process = start(folder, *arguments)
    out, err = process.communicate(timeout=100)
    assert process.returncode == 0, err
    return out


def result_of(folder: Path) -> dict[str, Any]:
    outcome = json.loads((folder / "runs" / "latest" / "outcome.json").read_text())
    # What was paid when is not part of the result: a call that was in flight at a kill is paid for later.
    return without(outcome, {"samples_paid", "paid_micro_usd", "paid_samples"})


def without(data: Any, names: set[str]) -> Any:
    if isinstance(data, dict):
        return {key: without(value, names) for key, value in data.items() if key not in names}
    if isinstance(data, list):
        return [without(value, names) for value in data]
    return data


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The result of a search that nobody disturbed."""
    folder = tmp_path_factory.mktemp("undisturbed")
    finish(folder, *SEARCH)
    return result_of(folder)


def test_a_killed_search_goes_on_to_the_same_result(expected: dict[str, Any], tmp_path: Path) -> None:
    rng = random.Random(5)
    process = start(tmp_path, *SEARCH)
    for _ in range(4):
        wait_for_journal(tmp_path, process, growth=rng.randint(1, 12))
        process.kill()
        process.communicate()
        if (tmp_path / "runs" / "latest" / "outcome.json").exists():
            break
        process = start(tmp_path, "resume")
    process.kill()
    process.communicate()
    finish(tmp_path, "resume")
    assert result_of(tmp_path) == expected
    assert len(list((tmp_path / "runs").iterdir())) == 2  # the run and "latest"


def test_an_interrupted_search_says_how_to_go_on(expected: dict[str, Any], tmp_path: Path) -> None:
    process = start(tmp_path, *SEARCH)
    wait_for_journal(tmp_path, process, growth=6)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "go on with: itas resume runs/" in err
    assert "Traceback" not in err
    finish(tmp_path, "resume")
    assert result_of(tmp_path) == expected


def test_resuming_a_finished_search_asks_nothing(expected: dict[str, Any], tmp_path: Path) -> None:
    finish(tmp_path, *SEARCH)
    journal = tmp_path / "runs" / "latest" / "journal.jsonl"
    before = journal.read_bytes()
    finish(tmp_path, "resume")
    assert journal.read_bytes() == before
    assert result_of(tmp_path) == expected


def test_new_caps_change_nothing_once_there_is_a_verdict_and_the_user_is_told(tmp_path: Path) -> None:
    finish(tmp_path, *SEARCH)
    folder = tmp_path / "runs" / "latest"
    before = {name: (folder / name).read_bytes() for name in ("journal.jsonl", "study.json", "outcome.json")}
    process = start(tmp_path, "resume", "--max-trials", "20")
    _, err = process.communicate(timeout=100)
    assert process.returncode == 0, err
    assert "new caps change nothing here" in err
    assert {name: (folder / name).read_bytes() for name in before} == before


def wait_for_journal(folder: Path, process: subprocess.Popen[str], *, growth: int) -> None:
    """Until the journal has grown by that many lines, or the process has ended."""
    journal = folder / "runs" / "latest" / "journal.jsonl"
    begun = lines_of(journal)
    deadline = time.monotonic() + 60
    while lines_of(journal) < begun + growth and process.poll() is None:
        assert time.monotonic() < deadline, "the journal does not grow"
        time.sleep(0.01)


def lines_of(journal: Path) -> int:
    return journal.read_bytes().count(b"\n") if journal.exists() else 0
