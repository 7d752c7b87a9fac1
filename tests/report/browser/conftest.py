"""Pages as files, for the browser."""

from pathlib import Path

import pytest

from itas.report import About, render_search_report
from itas.report.evaluation_page import EvaluationAbout, render_evaluation_report
from itas.report.trace_page import TraceAbout, render_trace_page
from tests.report.records import comparisons_of, evaluation, trace
from tests.report.worlds import Run

KINDS = ("search", "evaluation", "single", "trace")


@pytest.fixture(scope="session")
def pages(run: Run, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One page of every kind."""
    folder = tmp_path_factory.mktemp("pages")
    trio = [
        evaluation("strong", chance=0.9, problems=120),
        evaluation("weak", chance=0.4, problems=120, price=90),
        evaluation("between", chance=0.6, problems=120, price=2000, figures={"length_controlled": 0.51}),
    ]
    about = About(title="A small study", created="2026-03-01T10:20:30+00:00", command="itas search tests")
    made = {
        "search": render_search_report(run.result, about=about, journal=run.journal),
        "evaluation": render_evaluation_report(
            trio, comparisons=comparisons_of(*trio), about=EvaluationAbout(title="Three side by side")
        ),
        "single": render_evaluation_report(trio[:1], about=EvaluationAbout(title="One alone")),
        "trace": render_trace_page(trace(), about=TraceAbout(title="Trace t.jsonl", source="t.jsonl")),
    }
    for name, html in made.items():
        (folder / f"{name}.html").write_text(html, "utf-8")
    return {name: folder / f"{name}.html" for name in made}
