import json
from typing import Any

import pytest

from itas.report.evaluation_facts import Evaluated, count_flips, gather_evaluation
from itas.report.evaluation_page import EvaluationAbout, draw_evaluation_charts, render_evaluation_report
from tests.report.reading import ALLOWED, ATTRIBUTES, Reader
from tests.report.records import comparisons_of, evaluation
from tests.report.worlds import HOSTILE, one_line

ABOUT = EvaluationAbout(title="An evaluation", command="itas evaluate a.yaml b.yaml --on tests/made-up")


@pytest.fixture(scope="module")
def pair() -> tuple[Evaluated, Evaluated]:
    return evaluation("strong", chance=0.9), evaluation("weak", chance=0.4, price=100)


@pytest.fixture(scope="module")
def html(pair: tuple[Evaluated, Evaluated]) -> str:
    return render_evaluation_report(pair, comparisons=comparisons_of(*pair), about=ABOUT)


def grid_of(html: str) -> dict[str, Any]:
    return next(found for text in Reader(html).data if "rows" in (found := json.loads(text)))


def test_the_verdict_stands_first(html: str, pair: tuple[Evaluated, Evaluated]):
    (sentence,) = [each.sentence for each in comparisons_of(*pair)]
    assert "weak is worse than strong" in sentence
    assert Reader(html).text.index(sentence) < 1500


def test_one_architecture_is_reported_alone(pair: tuple[Evaluated, Evaluated]):
    page = Reader(render_evaluation_report(pair[:1], about=ABOUT))
    assert "strong: " in page.text
    assert "points of accuracy (95 % interval" in page.text
    assert "where they differ" not in page.text


def test_every_problem_is_a_row_with_both_outcomes(html: str, pair: tuple[Evaluated, Evaluated]):
    grid = grid_of(html)
    assert grid["names"] == ["strong", "weak"]
    assert len(grid["rows"]) == 40
    score, reason, price, seconds, text = grid["rows"][0][2][0]
    result = pair[0].results[0]
    assert score in (0.0, 1.0)
    assert (reason, price, seconds) == ("", 0.0007, round(result.latency_s, 3))
    assert text == result.text
    unscored = grid["rows"][13][2][0]
    assert unscored[0] is None
    assert unscored[1].startswith("parse_error")


def test_flips_are_counted_as_by_hand(pair: tuple[Evaluated, Evaluated]):
    flips = count_flips(*pair)
    scores = [
        (a.outcome.value, b.outcome.value)  # type: ignore[union-attr]
        for a, b in zip(pair[0].results, pair[1].results, strict=True)
        if a.outcome.kind == "score"
    ]
    assert flips.only_a == sum(a > b for a, b in scores)
    assert flips.only_b == sum(a < b for a, b in scores)
    assert flips.both == sum(a == b == 1 for a, b in scores)
    assert flips.missing == 2
    assert flips.both + flips.only_a + flips.only_b + flips.neither + flips.missing == 40


def test_rates_are_shares_and_a_missing_score_is_no_zero(html: str):
    text = Reader(html).text
    assert "No score: parse error" in text
    assert "2 of 40 (5.0 %)" in text
    assert "Fallback" in text
    assert "10.0 % of the answers" in text


def test_official_figures_are_shown_where_there_are_some():
    judged = evaluation("judged", chance=0.5, figures={"length_controlled": 0.512, "interval": [0.4, 0.6]})
    text = Reader(render_evaluation_report([judged], about=ABOUT)).text
    assert "length controlled" in text
    assert "0.512" in text
    assert "0.4 to 0.6" in text


def test_scores_between_right_and_wrong_are_shown_in_steps():
    facts = gather_evaluation([evaluation("graded", chance=0.5, is_graded=True)])
    chart = draw_evaluation_charts(facts.contestants)["scores"]
    assert "90 to 100" in chart.text
    assert "no score" in chart.text


def test_tags_group_the_scores_and_one_with_many_values_does_not(
    html: str, pair: tuple[Evaluated, Evaluated]
):
    groups = gather_evaluation(pair).groups
    assert {group.value for group in groups if group.tag == "level"} == {"0", "1", "2", "3"}
    assert sum(group.n for group in groups if group.tag == "level") == 38
    assert "By kind of problem" in Reader(html).text


def test_the_picture_shows_money_and_seconds_of_each_component(html: str):
    text = Reader(html).text
    assert "$0.000720 · 1." in text


def test_an_unpriced_run_says_so(pair: tuple[Evaluated, Evaluated]):
    text = Reader(render_evaluation_report([evaluation("free", chance=0.5, price=None)], about=ABOUT)).text
    assert "unpriced" in text


def test_every_chart_has_a_table_and_a_text(html: str):
    page = Reader(html)
    specs = [found for text in page.data if "description" in (found := json.loads(text))]
    assert len(specs) == 5
    assert all(len(spec["description"]) > 40 for spec in specs)
    assert page.elements.count(("summary", ())) >= len(specs)


def test_only_the_scripts_that_stand_there_are_allowed(html: str):
    page = Reader(html)
    assert page.unclosed == []
    assert "unsafe" not in page.policy
    assert page.policy.count("'sha256-") == len(page.scripts) + len(page.styles)
    assert not any(name == "style" or name.startswith("on") for _, name, _ in page.values)


@pytest.mark.parametrize("problems", [1_000, 10_000])
def test_a_large_page_stays_below_five_megabytes(problems: int):
    long = ("word " * 400, "other " * 400)
    pair = [evaluation(name, chance=0.5, problems=problems, texts=long) for name in ("a", "b")]
    html = render_evaluation_report(pair, about=ABOUT)
    assert len(html.encode()) < 5_000_000
    assert len(grid_of(html)["rows"]) == problems


@pytest.mark.parametrize("start", range(0, len(HOSTILE), 10))
def test_hostile_text_adds_nothing_to_an_evaluation_page(start: int, html: str):
    texts = [HOSTILE[(start + place) % len(HOSTILE)] for place in range(10)]
    found = [
        evaluation(name, chance=0.5, texts=texts, model=f"fake/{one_line(name)}", figures={name: texts[0]})
        for name in (f"a{texts[1]}", f"b{texts[2]}")
    ]
    about = EvaluationAbout(title=texts[3], created=texts[4], command=texts[5], versions={texts[6]: texts[7]})
    page = Reader(render_evaluation_report(found, comparisons=comparisons_of(*found), about=about))
    usual = Reader(html)
    assert page.unclosed == []
    assert {tag for tag, _ in page.elements} <= ALLOWED
    assert {name for _, names in page.elements for name in names} <= ATTRIBUTES
    assert page.scripts == usual.scripts
    assert page.policy == usual.policy
    assert not set(page.text) & set("\u202e\u2066\u200b\x1b\x00\x07")
    for text in page.data:
        assert not set(text) & set("<>&\u2028\u2029")


def test_what_judges_decided_stands_beside_each_problem():
    facts = gather_evaluation([evaluation("judged", chance=0.5, problems=4, is_judged=True)])
    for _, _, (cell,) in facts.grid["rows"]:
        first, second = cell[5]
        assert first[0] == 1.0
        assert first[2] == "fake/alpha, standing first"
        assert second[:3] == [None, "unreadable", "fake/alpha, standing second, asked 2 times"]
        assert "Answer" in first[3]
    plain = gather_evaluation([evaluation("plain", chance=0.5, problems=4)])
    assert all(len(cell) == 5 for _, _, (cell,) in plain.grid["rows"])
