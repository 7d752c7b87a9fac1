"""`itas view` at the command line: what it refuses, and how it hands its own arguments on to what it resumes."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from itas.api.viewing import open_folder
from itas.cli.main import main
from itas.plugins import load_plugin, plugins_forgotten


def test_a_folder_that_is_not_there_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["view", str(tmp_path / "nowhere")]) == 2
    assert "there is no such folder" in capsys.readouterr().err


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.0.1", "example.com"])
def test_another_machine_is_never_served(tmp_path: Path, capsys: pytest.CaptureFixture[str], host: str):
    assert main(["view", str(tmp_path), "--host", host]) == 2
    assert "for this machine only" in capsys.readouterr().err


def test_a_missing_package_is_named_with_the_cure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    find = importlib.util.find_spec

    def without_uvicorn(name: str, *more: Any) -> Any:
        return None if name == "uvicorn" else find(name, *more)

    monkeypatch.setattr(importlib.util, "find_spec", without_uvicorn)
    assert main(["view", str(tmp_path)]) == 2
    assert "the view needs uvicorn" in capsys.readouterr().err


def test_what_is_resumed_gets_the_settings_and_plugins_of_the_view(tmp_path: Path):
    plugin = Path(__file__).resolve().parents[2] / "examples" / "extend" / "parrot.py"
    with plugins_forgotten():
        load_plugin(plugin)
        found = open_folder(tmp_path, tmp_path / "itas.yaml")
    assert found.arguments == ("--settings", str(tmp_path / "itas.yaml"), "--plugin", str(plugin))
