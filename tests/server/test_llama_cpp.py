"""A real inference server, llama.cpp's, with a model of random weights: what the fakes say of servers is true.

`make test-server` makes the server's environment and runs this.
"""

import json
import os
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
PYTHON = os.environ.get("SERVER_PYTHON", str(HERE.parent.parent / ".venv-server" / "bin" / "python"))

pytestmark = [pytest.mark.server, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the server listens."""
    if not Path(PYTHON).exists():
        pytest.fail(f"no environment for the server at {PYTHON}: run `make test-server`")
    folder = tmp_path_factory.mktemp("server")
    model = folder / "tiny.gguf"
    subprocess.run([PYTHON, str(HERE / "tiny_model.py"), str(model)], check=True, timeout=60)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [PYTHON, str(HERE / "llama_cpp.py"), str(model), str(port)]
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
        ) as process,
    ):
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("http"):
                break
        else:
            pytest.fail((folder / "log").read_text(errors="replace")[-2000:])
        yield f"http://127.0.0.1:{port}/v1"
        process.kill()


@pytest.fixture
def folder(tmp_path: Path, address: str) -> Path:
    settings = {"providers": {"tiny": {"base_url": address, "needs_key": False, "is_free": True, "max_n": 4}}}
    (tmp_path / "itas.yaml").write_text(json.dumps(settings))
    return tmp_path


def itas(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {key: value for key, value in os.environ.items() if not key.startswith("ITAS_")}
    done = subprocess.run(
        [sys.executable, "-m", "itas", *arguments],
        cwd=folder, env=environ, capture_output=True, text=True, check=False, timeout=100,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done


def trace_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def write(folder: Path, *layers: object) -> str:
    (folder / "architecture.json").write_text(json.dumps({"layers": layers}))
    return "architecture.json"


GENERATOR = {"type": "generator", "model": "tiny/tiny", "max_tokens": 16}


def test_a_single_call_is_answered_counted_and_stored(folder: Path) -> None:
    done = itas(folder, "answer", write(folder, GENERATOR), "Say something.", "--json")
    answer = json.loads(done.stdout)
    assert (answer["samples_used"], answer["samples_paid"]) == (1, 1)
    assert 0 < answer["usage"]["tokens_out"] <= 16
    assert answer["usage"]["tokens_in"] > 0
    again = json.loads(itas(folder, "answer", "architecture.json", "Say something.", "--json").stdout)
    assert (again["text"], again["samples_paid"]) == (answer["text"], 0)
    with sqlite3.connect(folder / ".itas" / "calls.sqlite3") as connection:
        assert connection.execute("SELECT booking, samples FROM ledger").fetchall() == [("spent", 1)]


def test_a_streamed_answer_is_the_text_of_its_completion(folder: Path) -> None:
    done = itas(folder, "answer", write(folder, GENERATOR), "Stream.", "--stream", "--trace", "t.jsonl")
    (call,) = [line for line in trace_of(folder / "t.jsonl") if line["kind"] == "call"]
    (draw,) = call["draws"]
    assert draw["text"]
    assert draw["usage"]["tokens_out"] > 0
    letters = [letter for letter in draw["text"] if letter.isascii() and letter.isalnum()]
    assert [letter for letter in done.stdout if letter in letters]
    assert done.stdout.strip()


@pytest.mark.parametrize("samples, requests", [(2, [2]), (4, [1, 1, 1, 1])])
def test_several_samples_are_drawn_and_differ(folder: Path, samples: int, requests: list[int]) -> None:
    """Two come in one request; four are more than the server has slots, which it says, so each is asked for."""
    architecture = write(folder, {**GENERATOR, "samples": samples, "temperature": 1.5})
    itas(folder, "answer", architecture, "Several.", "--trace", "t.jsonl")
    lines = trace_of(folder / "t.jsonl")
    (call,) = [line for line in lines if line["kind"] == "call"]
    texts = [draw["text"] for draw in call["draws"]]
    assert len(texts) == samples
    assert len(set(texts)) > 1
    assert lines[-1]["samples_paid"] == samples
    with sqlite3.connect(folder / ".itas" / "calls.sqlite3") as connection:
        spent = connection.execute("SELECT n FROM ledger WHERE booking = 'spent'").fetchall()
    assert [n for (n,) in spent] == requests


def test_layers_run_on_it(folder: Path) -> None:
    fuser = {"type": "fuser", "model": "tiny/tiny", "max_tokens": 16}
    architecture = write(folder, [GENERATOR, {**GENERATOR, "temperature": 1.2}], fuser)
    answer = json.loads(itas(folder, "answer", architecture, "Fuse.", "--json").stdout)
    assert answer["samples_used"] == 3
    assert [record["type"] for record in answer["components"]] == ["generator", "generator", "fuser"]
