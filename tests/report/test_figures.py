import json
from pathlib import Path
from xml.etree import ElementTree

from itas.report import About
from itas.report.evaluation_page import draw_evaluation_charts
from itas.report.figures import for_paper, write_figures
from itas.report.search import draw_search_charts
from itas.report.trace_page import TraceAbout, draw_trace_charts
from tests.report.records import comparisons_of, evaluation, trace
from tests.report.worlds import Run

SVG = "{http://www.w3.org/2000/svg}"


def test_every_chart_of_a_search_becomes_a_picture_in_both_forms(run: Run, about: About, tmp_path: Path):
    charts = draw_search_charts(run.result, about=about, journal=run.journal)
    assert list(charts) == [
        "quality-by-samples", "quality-by-price", "effects", "ranking-models-alone", "ranking-fusers", "course",
        "finalists", "spending",
    ]  # fmt: skip
    written = write_figures(charts, tmp_path / "figures")
    assert len(written) == 2 * len(charts)
    for path in written:
        data = path.read_bytes()
        assert data.startswith(b"\x89PNG" if path.suffix == ".png" else b"<svg")
        assert len(data) > 2000


def test_a_figure_has_colours_of_its_own_and_draws_its_marks(tmp_path: Path):
    pair = evaluation("strong", chance=0.9), evaluation("weak", chance=0.4)
    charts = draw_evaluation_charts(pair, comparisons=comparisons_of(*pair))
    charts |= draw_trace_charts(trace(), about=TraceAbout(title="t"))
    for path in write_figures(charts, tmp_path):
        if path.suffix == ".svg":
            text = path.read_text("utf-8")
            assert "var(" not in text
            assert "currentColor" not in text
            marks = [each for each in ElementTree.fromstring(text).iter(f"{SVG}path") if each.get("d")]
            assert len(marks) > 1


def test_text_that_looks_like_a_colour_stays_text():
    named = evaluation("var(--accent)", chance=0.5)
    spec = for_paper(draw_evaluation_charts([named])["means"])
    (rows,) = spec["datasets"].values()
    assert [row["name"] for row in rows] == ["var(--accent)"]
    assert '"domain": ["var(--accent)"], "range": ["#' in json.dumps(spec)


def test_a_figure_of_simulated_models_says_so_itself(tmp_path: Path):
    simulated = evaluation("strong", chance=0.9, model="simulated/atlas-large")
    real = evaluation("strong", chance=0.9)
    for found, is_said in ((simulated, True), (real, False)):
        charts = draw_evaluation_charts([found])
        for path in write_figures(charts, tmp_path):
            if path.suffix == ".svg":
                assert ("simulated models" in path.read_text("utf-8")) == is_said
