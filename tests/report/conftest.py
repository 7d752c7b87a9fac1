"""Studies that many tests look at."""

import pytest

from itas.report import About, render_search_report
from tests.report.worlds import HOSTILE, Run, hostile_about, one_line, poison, run_study


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run_study(tmp_path_factory.mktemp("study"))


@pytest.fixture
def about() -> About:
    return About(
        title="A small study",
        created="2026-03-01T10:20:30+00:00",
        command="itas search tests --seed 3",
        benchmark="tests",
        n_problems=90,
        versions={"itas": "0.1.0"},
    )


@pytest.fixture(scope="session")
def hostile_pages(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Every text once in every kind of place, over as many pages as that takes."""
    pages: list[str] = []
    slots = 25
    for start in range(0, len(HOSTILE), slots):
        texts = [HOSTILE[(start + place) % len(HOSTILE)] for place in range(slots)]
        models = [f"fake/{place}{one_line(text)}" for place, text in enumerate(texts[:20])]
        run = run_study(
            tmp_path_factory.mktemp("hostile"),
            models=models,
            broken=f"fake/{one_line(texts[20])}",
            said=" ".join(texts[15:]),
            name=texts[21],
        )
        pages.append(
            render_search_report(poison(run.result, texts), about=hostile_about(texts), journal=run.journal)
        )
    return pages
