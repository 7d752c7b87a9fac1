"""Large pages: below 5 MB, open within two seconds, and usable with ten thousand problems."""

import asyncio
import sys
import time
from pathlib import Path

import pytest

from itas.report import About, render_search_report
from itas.report.evaluation_page import EvaluationAbout, render_evaluation_report
from itas.search import Budget
from tests.report.browser.driver import Page, open_browser
from tests.report.browser.test_search import DRAWN
from tests.report.records import comparisons_of, evaluation
from tests.report.worlds import WIDE, run_study

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

MOST_BYTES = 5_000_000
MOST_S = 2.0
LONG = ("We look at what is asked and work towards it. " * 30 + "Answer: 42", "It is clearly seven. " * 60)


@pytest.mark.parametrize("problems", [1_000, 10_000])
async def test_many_problems_open_fast_and_can_be_searched(problems: int, tmp_path: Path):
    pair = [evaluation(name, chance=0.5, problems=problems, texts=LONG) for name in ("first", "second")]
    file = tmp_path / "many.html"
    file.write_text(
        render_evaluation_report(
            pair, comparisons=comparisons_of(*pair), about=EvaluationAbout(title="Many")
        ),
        "utf-8",
    )
    assert file.stat().st_size < MOST_BYTES
    async with open_browser(tmp_path) as page:
        opened = await _open(page, file)
        await page.run("document.getElementById('grid-words').focus()")
        await page.call("Input.insertText", text=f"{problems - 1:05d}")
        begun = time.monotonic()
        await page.until("document.getElementById('grid-status').textContent.startsWith('1 to 1 of 1')")
        searched = time.monotonic() - begun
        assert page.problems == []
    _say(
        f"{problems} problems: {file.stat().st_size / 1e6:.2f} MB, open in {opened:.2f} s, searched in {searched:.2f} s"
    )
    assert opened < MOST_S
    assert searched < MOST_S


async def test_five_hundred_trials_open_fast(about: About, tmp_path: Path):
    run = await asyncio.to_thread(
        run_study, tmp_path, space=WIDE, searcher="random", batch=50, budget=Budget(max_trials=500)
    )
    assert sum(trial.number >= 0 for trial in run.result.trials) == 500
    begun = time.process_time()
    html = render_search_report(run.result, about=about, journal=run.journal)
    made = time.process_time() - begun
    file = tmp_path / "trials.html"
    file.write_text(html, "utf-8")
    assert file.stat().st_size < MOST_BYTES
    async with open_browser(tmp_path) as page:
        opened = await _open(page, file)
        assert page.problems == []
    _say(
        f"500 trials: {file.stat().st_size / 1e6:.2f} MB, open in {opened:.2f} s; made in {made:.1f} s of CPU"
    )
    assert opened < MOST_S


IN_SIGHT = """[...document.querySelectorAll(".chart")]
    .filter((chart) => chart.clientWidth > 0 && chart.getBoundingClientRect().top < innerHeight)
    .every((chart) => chart.dataset.state === "drawn")"""


async def _open(page: Page, file: Path) -> float:
    """Seconds until everything in sight is drawn: the best of three, because other work slows a machine down."""
    taken: list[float] = []
    for _ in range(3):
        begun = time.monotonic()
        await page.open(file)
        await page.until(IN_SIGHT)
        taken.append(time.monotonic() - begun)
    await page.until(DRAWN)
    return min(taken)


def _say(figures: str) -> None:
    """For the record, with ``-s``."""
    sys.stdout.write(f"{figures}\n")
