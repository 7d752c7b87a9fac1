"""The studies of the paper run, in the size for continuous integration, and their pages say that they are simulated."""

import subprocess
import sys
from pathlib import Path

import pytest

RUNS = Path(__file__).resolve().parents[1] / "runs"
STUDIES = sorted(path.stem for path in RUNS.glob("paper_*.py") if path.stem != "paper_study")


def run(study: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    page = folder / "page.md"
    return subprocess.run(
        [sys.executable, str(RUNS / f"{study}.py"), "--small", "--page", str(page), *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.parametrize("study", STUDIES)
def test_a_study_writes_its_page_and_calls_it_simulated(study: str, tmp_path: Path) -> None:
    is_lab = study == "paper_lab"
    done = run(study, tmp_path, *(("--tables", "tables") if is_lab else ("--output", "out")))
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "page.md").read_text(encoding="utf-8")
    assert "**Simulated" in page
    assert "Small size" in page
    assert f"Made by `runs/{study}.py --small`" in page
    rows = [line for line in page.splitlines() if line.startswith("| ")]
    assert len(rows) >= 3


def test_a_study_with_real_models_asks_for_a_cap_before_anything_else(tmp_path: Path) -> None:
    done = run("paper_budget", tmp_path, "-m", "openai/gpt-4o", "-m", "openai/gpt-4o-mini")
    assert done.returncode == 2
    assert "give --max-cost for each search, or --yes" in done.stderr
    assert not (tmp_path / "page.md").exists()
