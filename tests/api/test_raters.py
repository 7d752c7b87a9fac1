"""Local reward models on the command line: missing ones are refused before anything is paid, real ones rate."""

import importlib.util
from pathlib import Path

import pytest

from itas.cli.main import main

HAS_EXTRA = all(importlib.util.find_spec(name) for name in ("torch", "transformers"))
ARCHITECTURE = """\
layers:
  - {{type: generator, model: simulated/atlas-large, samples: 3}}
  - {{type: reward_ranker, model: "local/{name}"}}
"""


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")


COMMANDS = {
    "answer": ["answer", "a.yaml", "What is 6 times 7?"],
    "evaluate": ["evaluate", "a.yaml", "--on", "itas/word-problems", "--limit", "3", "-y", "-q"],
    "search": [
        *("search", "a.yaml", "--on", "itas/word-problems", "--limit", "60", "-y", "-q"),
        *("-m", "simulated/atlas-large", "--max-trials", "1"),
    ],
}


@pytest.mark.skipif(HAS_EXTRA, reason="the extra 'local' is installed")
@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS.keys())
def test_without_the_extra_nothing_is_asked(command: list[str], capsys: pytest.CaptureFixture[str]):
    Path("a.yaml").write_text(ARCHITECTURE.format(name="some/model"), encoding="utf-8")
    assert main(command) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "'local/some/model' needs the extra 'local'. Install it: pip install 'itas[local]'" in said
    assert "3 paid" not in said
    assert not Path("runs").exists()


@pytest.mark.skipif(not HAS_EXTRA, reason="the extra 'local' is not installed")
@pytest.mark.filterwarnings("ignore:`torch.jit:FutureWarning", "ignore:`torch.jit:DeprecationWarning")
@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS.keys())
def test_a_real_model_rates(command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    from tests.models.local.test_raters import save_reward

    model = save_reward(tmp_path / "model")
    Path("a.yaml").write_text(ARCHITECTURE.format(name=model), encoding="utf-8")
    assert main(command) in (0, 3), capsys.readouterr().err
