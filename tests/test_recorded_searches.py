"""Searches on recorded answers: scored from the recording as the engine scores them, and written as a page."""

import subprocess
import sys
from pathlib import Path

import pytest

RUNS = Path(__file__).resolve().parents[1] / "runs"


def run(folder: Path, data: Path, *arguments: str) -> str:
    page = folder / "page.md"
    done = subprocess.run(
        [
            sys.executable, str(RUNS / "recorded_searches.py"), "--data", str(data), "--out", str(folder / "out"),
            "--page", str(page), *arguments,
        ],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return page.read_text(encoding="utf-8")


def test_a_search_on_an_exam_agrees_with_the_engine_and_says_what_it_found(
    shared_data: Path, tmp_path: Path
) -> None:
    page = run(tmp_path, shared_data, "--splits", "2", "--only", "five-models")
    assert "2 random splits" in page
    assert "the same score in all" in page
    assert "| Five models, one mixed exam |" in page


@pytest.mark.slow
def test_every_panel_is_searched_and_the_engine_gives_the_same_scores(
    shared_data: Path, tmp_path: Path
) -> None:
    page = run(tmp_path, shared_data, "--splits", "1", "--searcher", "random")
    assert page.count("the same score in all") == 7
    assert page.count("\n## ") == 9
    assert "| random |" in page
