"""Texts that try to be more than text, in every place of every kind of page, in a real browser."""

import json
from pathlib import Path

import pytest

from itas.report.evaluation_page import EvaluationAbout, render_evaluation_report
from itas.report.trace_page import TraceAbout, render_trace_page
from tests.report.browser.driver import open_browser
from tests.report.browser.test_search import DRAWN, FOREIGN
from tests.report.records import comparisons_of, evaluation, trace
from tests.report.worlds import HOSTILE, one_line

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

STEP = 10


def hostile_html() -> list[str]:
    """Every text as answer, critique, error, tag, file name, and name of model, architecture and problem."""
    made: list[str] = []
    for start in range(0, len(HOSTILE), STEP):
        texts = [HOSTILE[(start + place) % len(HOSTILE)] for place in range(STEP)]
        models = [f"fake/{one_line(text)}" for text in texts]
        pair = [
            evaluation(f"{name}{text}", chance=0.5, texts=texts, model=model, figures={text: text})
            for name, text, model in zip("ab", texts, models, strict=False)
        ]
        about = EvaluationAbout(
            title=texts[2], created=texts[3], command=texts[4], versions={texts[5]: texts[6]}
        )
        made.append(render_evaluation_report(pair, comparisons=comparisons_of(*pair), about=about))
        written = [text if text.strip() else "x" for text in texts]
        lines = json.loads(
            json.dumps(trace(texts=written, models=models[:2], question=texts[7], noted=texts[8]))
        )
        made.append(render_trace_page(lines, about=TraceAbout(title=texts[9], source=texts[0])))
    return made


async def test_nothing_runs_and_nothing_new_stands_in_the_page(tmp_path: Path):
    async with open_browser(tmp_path) as page:
        files: list[str] = []
        for number, html in enumerate(hostile_html()):
            file = tmp_path / f"{number}.html"
            file.write_text(html, "utf-8")
            files.append(file.as_uri())
            await page.open(file)
            await page.until(DRAWN)
            await page.run("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
            assert await page.run("window.pwned === undefined")
            assert await page.run(FOREIGN) == 0
            assert await page.run(
                "[...document.querySelectorAll('a')].every((a) => a.getAttribute('href') === '#main')"
            )
            assert await page.run("document.querySelectorAll('.said *:not(mark, ins)').length") == 0
            assert page.problems == []
        assert set(page.asked) <= set(files)
