"""A hundred texts that try to be more than text, in every kind of place of every kind of page, in a real browser.

Places: text of a model, name of a model, name of an architecture, error, name of a file. Pages: a search, a
comparison, a trace; the live view has a test of its own. Each text stands in each place of each page once.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from itas.core.architecture import Architecture
from itas.evaluation.statistics import estimate_mean
from itas.report import AblationLine, About, GapLine, NextStep, render_search_report
from itas.report.evaluation_page import EvaluationAbout, render_evaluation_report
from itas.report.trace_page import TraceAbout, render_trace_page
from itas.search.records import StudyResult
from tests.report.browser.driver import Page, open_browser
from tests.report.browser.test_search import DRAWN, FOREIGN
from tests.report.records import comparisons_of, evaluation, trace
from tests.report.worlds import HOSTILE, Run, one_line

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

STEP = 5
LINKS = "[...document.querySelectorAll('a')].every((a) => a.getAttribute('href') === '#main')"


def batches() -> Iterator[tuple[str, ...]]:
    for start in range(0, len(HOSTILE), STEP):
        yield tuple(HOSTILE[(start + place) % len(HOSTILE)] for place in range(STEP))


def model_of(text: str) -> str:
    return f"fake/{one_line(text)}"


def poisoned(result: StudyResult, texts: tuple[str, ...]) -> StudyResult:
    """Every text as the name of a model and of an architecture, as an error, and as a choice of the space."""
    contestants = [
        entry.model_copy(
            update={
                "architecture": Architecture.parse(
                    {
                        "name": text,
                        "layers": [{"type": "generator", "model": model_of(text), "samples": 1 + number}],
                    }
                ),
                "reason": text,
            }
        )
        for number, (entry, text) in enumerate(
            zip([*result.contestants, *result.contestants], texts, strict=False)
        )
    ]
    named = [entry.model_copy(update={"model": model_of(text)})
             for entry, text in zip([*result.rankings.generators] * STEP, texts, strict=False)]  # fmt: skip
    trials = [
        trial.model_copy(update={"reason": text, "state": "failed"})
        for trial, text in zip(result.trials, texts * 20, strict=False)
    ]
    space = {"name": texts[0], "holes": {text: (text,) for text in texts}, "removed": dict.fromkeys(texts, 1)}
    return result.model_copy(
        update={
            "contestants": tuple(contestants),
            "rankings": result.rankings.model_copy(update={"generators": tuple(named), "fusers": tuple(named)}),
            "trials": tuple(trials),
            "space": result.space.model_copy(update=space),
            "ended_reason": texts[1],
            "skipped": {text: text for text in texts},
        }
    )  # fmt: skip


def search_page(run: Run, texts: tuple[str, ...]) -> str:
    result = poisoned(run.result, texts)
    mean = estimate_mean([1.0, 0.0, 1.0])
    about = About(
        title=texts[0],
        created=texts[1],
        command="\n".join(texts),
        benchmark=texts[2],
        metric=texts[3],
        versions={text: text for text in texts},
        fingerprints={text: text for text in texts},
        next_steps=tuple(NextStep(purpose=text, command=text) for text in texts),
        ablation=tuple(
            AblationLine(without=text, difference=0.1, low=0.0, high=0.2, verdict="tied") for text in texts
        ),
        parts={text: {each.architecture.fingerprint: mean for each in result.contestants} for text in texts},
        gaps=tuple(
            GapLine(benchmark=text, general=mean, own=mean, difference=0.0, low=-0.1, high=0.1)
            for text in texts
        ),
    )
    return render_search_report(result, about=about, journal=run.journal)


def comparison_page(texts: tuple[str, ...]) -> str:
    found = [
        evaluation(
            f"{number}{text}",
            chance=0.5,
            texts=texts,
            model=model_of(text),
            figures={text: text},
            is_judged=True,
        )
        for number, text in enumerate(texts)
    ]
    about = EvaluationAbout(
        title=texts[0],
        created=texts[1],
        command="\n".join(texts),
        sandbox=texts[2],
        versions={text: text for text in texts},
        fingerprints={text: text for text in texts},
    )
    return render_evaluation_report(found, comparisons=comparisons_of(*found), about=about)


def trace_page(text: str) -> str:
    """One text in every place."""
    written = [text if text.strip() else "x", "y", text if text.strip() else "z"]
    lines = json.loads(
        json.dumps(trace(texts=written, models=[model_of(text)] * 2, question=text, noted=text))
    )
    failed = {"request": {"model": model_of(text)}, "error": text, "retries": [text]}
    lines.append({"kind": "failed_call", "layer": 3, "component": 0, **failed})
    return render_trace_page(lines, about=TraceAbout(title=text, source=text))


async def check(page: Page, file: Path, html: str) -> None:
    """Nothing ran, nothing new stands there, nothing was asked for."""
    file.write_text(html, "utf-8")
    await page.open(file)
    await page.until(DRAWN)
    await page.run("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    assert await page.run("window.pwned === undefined")
    assert await page.run(FOREIGN) == 0
    assert await page.run(LINKS)
    assert await page.run("document.querySelectorAll('.said *:not(mark, ins)').length") == 0
    assert await page.run("document.querySelectorAll('main h1').length") == 1
    assert page.problems == []
    assert set(page.asked) == {file.as_uri()}


async def test_a_search_shows_them_as_text(run: Run, tmp_path: Path):
    async with open_browser(tmp_path) as page:
        for texts in batches():
            await check(page, tmp_path / "page.html", search_page(run, texts))


async def test_a_comparison_shows_them_as_text(tmp_path: Path):
    async with open_browser(tmp_path) as page:
        for texts in batches():
            await check(page, tmp_path / "page.html", comparison_page(texts))


async def test_a_trace_shows_them_as_text(tmp_path: Path):
    async with open_browser(tmp_path) as page:
        for text in HOSTILE:
            await check(page, tmp_path / "page.html", trace_page(text))
