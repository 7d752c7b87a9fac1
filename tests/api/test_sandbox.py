"""The sandbox of a run: found out before anything is paid for, and never switched off by a file."""

import json
from pathlib import Path

import pytest

from itas.cli.main import main
from itas.sandbox import sandbox as opened
from itas.sandbox.tiers import TierFault

ARCHITECTURE = """
name: tested
layers:
  - {type: unit_test_generator, model: simulated/atlas-large, execute: true, show_tests: true}
  - {type: generator, model: simulated/atlas-large, samples: 3}
  - {type: unit_test_evaluator, execute: true, top_k: 1}
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tested.yaml").write_text(ARCHITECTURE)
    return "tested.yaml"


@pytest.fixture
def no_walls_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(*_: object, **__: object) -> object:
        raise TierFault("the walls do not hold")

    monkeypatch.setattr(opened, "start_helper", refuse)


@pytest.mark.usefixtures("no_walls_hold")
@pytest.mark.parametrize(
    "command", [["answer", "FILE", "Write f."], ["evaluate", "FILE", "--on", "itas/word-problems"]]
)
def test_no_working_tier_ends_with_code_3_the_cure_and_nothing_asked(
    file: str, command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert main([file if word == "FILE" else word for word in command]) == 3
    said = capsys.readouterr()
    assert "NOT run and nothing was scored" in said.err
    assert "apt install bubblewrap" in said.err
    assert not said.out
    assert not (tmp_path / "runs").exists()


@pytest.mark.usefixtures("no_walls_hold")
def test_who_runs_no_code_needs_no_sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    assert main(["answer", "simulated/atlas-large", "What is 6 times 7?", "--quiet"]) == 0


def test_none_is_marked_in_the_answer(file: str, capsys: pytest.CaptureFixture[str]):
    assert main(["answer", file, "Write a function f(x).", "--json", "--sandbox", "none"]) == 0
    record = json.loads(capsys.readouterr().out)["components"][-1]
    assert (record["tier"], record["events"]["no_walls"]) == ("none", 1)
    assert main(["answer", file, "Write a function f(x).", "--sandbox", "none"]) == 0
    assert "WITHOUT a sandbox" in capsys.readouterr().err


def test_none_is_marked_in_every_result_of_an_evaluation(
    file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    command = ["evaluate", file, "--on", "itas/word-problems", "--limit", "3", "--sandbox", "none", "--quiet"]
    assert main(command) == 0
    assert "no_walls in 100.0 % of the answers" in capsys.readouterr().out
    (folder,) = [path for path in (tmp_path / "runs").iterdir() if not path.is_symlink()]
    assert json.loads((folder / "manifest.json").read_text())["sandbox"] == "none"
    summary = json.loads((folder / "1" / "summary.json").read_text())
    assert summary["events"]["no_walls"] == 1.0


def test_an_unknown_tier_is_refused(file: str):
    assert main(["answer", file, "x", "--sandbox", "docker"]) == 2


def test_no_file_can_switch_the_walls_off(file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "itas.yaml").write_text("sandbox: none\n")
    assert main(["answer", file, "x"]) == 2
    assert "sandbox" in capsys.readouterr().err


def test_the_doctor_tells_of_every_tier(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    main(["doctor", "--json"])
    found = {each["what"]: each["detail"] for each in json.loads(capsys.readouterr().out)}
    assert {"sandbox bwrap", "sandbox ns", "sandbox ll"} <= set(found)


@pytest.mark.usefixtures("no_walls_hold")
def test_the_doctor_says_what_would_help(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    main(["doctor"])
    said = " ".join(capsys.readouterr().out.split())
    assert "the walls do not hold" in said
    assert "no tier holds here" in said
