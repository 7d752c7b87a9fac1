"""Run folders as commands leave them, and a browser that was given the key."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from itas.api.viewing import RunFolder
from itas.cli.main import main
from itas.view.app import View, make_app

PORT = 8765
HERE = f"http://127.0.0.1:{PORT}"
KEY = "key-of-this-start"
TOKEN = "token-of-this-start"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for run folders."""
    monkeypatch.chdir(tmp_path)
    runs = tmp_path / "runs"
    runs.mkdir()
    return runs


@pytest.fixture
def evaluated(folder: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Evaluate and give the id of the run."""

    def evaluate(*architectures: str, limit: int = 8) -> str:
        before = set(folder.iterdir())
        names = architectures or ("simulated/atlas-large",)
        found = main([
            "evaluate", *names, "--on", "itas/word-problems", "--limit", str(limit),
            "--output", str(folder), "--quiet",
        ])  # fmt: skip
        capsys.readouterr()
        assert found == 0
        (made,) = [each for each in set(folder.iterdir()) - before if not each.is_symlink()]
        return made.name

    return evaluate


def make_run(folder: Path, name: str, manifest: Any = None, **files: str) -> Path:
    """A run folder by hand; `files` by name, a double underscore for the dot."""
    place = folder / name
    place.mkdir(parents=True)
    data = {"kind": "search", "name": name, "created": "2026-11-24T10:00:00+00:00"}
    text = manifest if isinstance(manifest, str) else json.dumps(data | (manifest or {}))
    (place / "manifest.json").write_text(text, encoding="utf-8")
    for file, content in files.items():
        (place / file.replace("__", ".")).write_text(content, encoding="utf-8")
    return place


@pytest.fixture
def stranger(folder: Path) -> Iterator[TestClient]:
    """A browser without the key."""
    app = make_app(View(RunFolder(folder), look_s=0.05), port=PORT, key=KEY, token=TOKEN)
    with TestClient(app, base_url=HERE, follow_redirects=False, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def browser(stranger: TestClient) -> TestClient:
    """A browser that was given the key."""
    assert stranger.get(f"/?key={KEY}").status_code == 303
    return stranger


def press(client: TestClient, path: str, *, token: str = TOKEN, **headers: str) -> Any:
    """Press a button, as a page of ours does."""
    return client.post(path, data={"token": token}, headers={"origin": HERE, **headers})
