"""The command line in a folder of its own, without keys."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from itas.cli.main import main


@dataclass(frozen=True)
class Result:
    """What a command gave back."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        return json.loads(self.out)


Itas = Callable[..., Result]


@pytest.fixture
def itas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Itas:
    """Run a command in an empty folder."""
    monkeypatch.chdir(tmp_path)
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: object) -> Result:
        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return run


@pytest.fixture
def architecture(tmp_path: Path) -> Path:
    """Five answers of a simulated model and a vote."""
    path = tmp_path / "vote.yaml"
    path.write_text(
        "name: five-votes\nlayers:\n"
        "  - {type: generator, model: simulated/euler-large, samples: 5}\n"
        "  - {type: vote}\n"
    )
    return path
