import base64
import hashlib
import json
import sys
from html import unescape
from pathlib import Path

import pytest
import yaml

from itas.core.architecture import Architecture
from itas.errors import Error
from itas.evaluation.statistics import estimate_mean
from itas.report import About, NextStep, describe_verdict, render_search_report
from itas.report.about import AblationLine, GapLine
from itas.report.facts import gather
from itas.report.search import draw_search_charts
from itas.search import Budget, Margin, StudyResult
from itas.search.records import Goal
from tests.report.reading import ALLOWED, ATTRIBUTES, Reader
from tests.report.worlds import MODELS, Run, run_study

LARGEST = 3_000_000


@pytest.fixture(scope="session")
def html(run: Run) -> str:
    return render_search_report(run.result, about=About(title="A small study"), journal=run.journal)


def test_the_page_is_whole_and_below_three_megabytes(html: str):
    page = Reader(html)
    assert page.unclosed == []
    assert len(html.encode()) < LARGEST


def test_the_page_asks_for_nothing(html: str):
    page = Reader(html)
    sources = [
        entry for entry in page.values if entry[1] in ("src", "href", "srcset", "action", "data", "poster")
    ]
    assert sources == [("a", "href", "#main")]
    assert not any("//" in value for _, name, value in page.values if name != "xmlns")
    assert "url(" not in "".join(page.styles)
    assert "@import" not in "".join(page.styles)
    assert not any("://" in text for text in page.data)


def test_only_the_scripts_and_the_style_that_stand_there_are_allowed(html: str):
    page = Reader(html)
    rules = dict(rule.strip().split(" ", 1) for rule in page.policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"].split() == [sha256(script) for script in page.scripts]
    assert rules["style-src"].split() == [sha256(style) for style in page.styles]
    assert "unsafe" not in page.policy
    assert not any(name == "style" or name.startswith("on") for _, name, _ in page.values)


def test_every_chart_has_a_table_and_a_text(html: str):
    page = Reader(html)
    labels = [value for tag, name, value in page.values if (tag, name) == ("div", "aria-label")]
    specs = [json.loads(text) for text in page.data]
    # quality by samples and by price, what matters, models, fusers, course, finalists, spending
    assert len(specs) == 8
    assert all(len(spec["description"]) > 40 for spec in specs)
    assert [text for text in labels if not text.startswith(("Table", "Picture"))] == [
        spec["description"] for spec in specs
    ]
    tables = page.elements.count(("table", ()))
    assert tables >= len(specs)
    assert page.elements.count(("summary", ())) >= len(specs)


def test_what_needs_a_journal_is_left_out_without_one(run: Run, about: About):
    with_journal = render_search_report(run.result, about=about, journal=run.journal)
    without = render_search_report(run.result, about=about)
    for text in ("Table: stages", "Table: what was recommended", "from the call store"):
        assert text in with_journal
        assert text not in without
    assert "Who stood against whom" in without


def test_the_estimates_are_those_of_the_study(run: Run, about: About):
    computed = gather(run.result.model_copy(update={"finalists": ()}), about, run.journal)
    means = {point.point: point.mean for point in computed.points}
    for finalist in run.result.finalists:
        assert means[finalist.point] == pytest.approx(finalist.mean, abs=0.005)


def test_the_stages_add_up_to_what_the_study_paid(run: Run, about: About):
    stages = gather(run.result, about, run.journal).stages
    assert stages[0].name == "Ranking the models"
    assert sum(stage.paid for stage in stages) == run.result.paid_samples
    assert sum(stage.paid_micro_usd for stage in stages) == run.result.paid_micro_usd


def test_points_are_described_by_their_choices_where_the_space_cannot_be_made_again(run: Run, about: About):
    space = run.result.spec.space.model_copy(update={"max_cost_usd": 5.0})
    result = run.result.model_copy(update={"spec": run.result.spec.model_copy(update={"space": space})})
    labels = [point.label for point in gather(result, about, run.journal).points]
    assert all(label.startswith("K ") or label == "one call of one model" for label in labels)
    assert render_search_report(result, about=about)


def test_unscored_problems_and_dropped_models_are_shown(run: Run, about: About):
    text = Reader(render_search_report(run.result, about=about)).text
    assert "scorer error: " in text
    assert "fake/broken" in text
    assert "out of order" in text


@pytest.mark.parametrize("is_said", [True, False], ids=["because it is said", "because a model is simulated"])
def test_a_simulated_run_is_called_simulated(run: Run, about: About, is_said: bool):
    result = run.result
    if is_said:
        about = about.model_copy(update={"is_simulated": True})
    else:
        data = result.model_dump_json().replace('"fake/', '"simulated/')
        result = StudyResult.model_validate_json(data)
    page = Reader(render_search_report(result, about=about))
    assert page.text.count("SIMULATED") >= 3
    assert "say nothing about any real model" in page.text


def test_a_real_run_is_not_called_simulated(html: str):
    assert "simulated" not in Reader(html).text.lower()


def test_the_truth_of_a_simulated_run_stands_beside_what_was_believed(run: Run, about: About):
    truths = {
        entry.architecture.fingerprint: 0.612 - 0.065 * entry.is_single for entry in run.result.contestants
    }
    about = about.model_copy(update={"true_quality": truths, "true_problems": 4000})
    text = Reader(render_search_report(run.result, about=about)).text
    assert "Simulated truth" in text
    assert "61.2" in text
    assert "54.7" in text
    assert "4,000 other problems" in text


def test_without_prices_there_is_no_chart_of_prices(tmp_path: Path, about: About):
    unpriced = run_study(tmp_path, price=None)
    page = Reader(render_search_report(unpriced.result, about=about, journal=unpriced.journal))
    assert "unpriced" in page.text
    assert len(page.data) == 7


def test_a_verdict_that_a_cap_cut_short_is_called_provisional(run: Run, about: About):
    last = run.result.contestants[-1]
    cut = last.model_copy(
        update={"state": "over_budget", "reason": "the cap was reached", "observations": ()}
    )
    result = run.result.model_copy(
        update={
            "contestants": (*run.result.contestants[:-1], cut),
            "verdict": run.result.verdict.model_copy(update={"is_complete": False}),
        }
    )
    text = Reader(render_search_report(result, about=about)).text
    assert "Provisional" in text
    assert "the cap was reached" in text
    assert f"{run.result.split[2]} not asked" in text
    assert "itas resume" in text


def test_a_tie_whose_own_interval_leaves_out_0_is_explained(run: Run, about: About):
    single = run.result.contestants[1]
    margin = Margin(difference=0.03, low=0.01, high=0.05, n=60, verdict="tied")
    changed = single.model_copy(update={"against_winner": margin})
    contestants = (run.result.winner, changed, *run.result.contestants[2:])
    result = run.result.model_copy(update={"contestants": contestants})
    explanation = "corrected for their number"
    assert explanation in Reader(render_search_report(result, about=about)).text
    assert explanation not in Reader(render_search_report(run.result, about=about)).text


def test_caps_and_next_steps_are_those_that_are_given(run: Run, about: About):
    about = about.model_copy(
        update={
            "caps": Budget(max_cost_usd=7.5),
            "next_steps": (NextStep(purpose="Serve it.", command="itas serve best.yaml"),),
        }
    )
    text = Reader(render_search_report(run.result, about=about)).text
    assert "of at most $7.50" in text
    assert "itas serve best.yaml" in text


def test_the_ablation_is_shown_where_somebody_made_one(run: Run, about: About):
    part = AblationLine(
        without="critic (layer 2)", difference=0.021, low=-0.01, high=0.052, verdict="tied",
        share_of_price=0.18, share_of_samples=-0.04,
    )  # fmt: skip
    told = about.model_copy(update={"ablation": (part,)})
    text = Reader(render_search_report(run.result, about=told)).text
    for word in (
        "What each part of the winner adds",
        "critic (layer 2)",
        "+2.1",
        "\u22121.0 to 5.2",
        "18 %",
        "-4 %",
    ):
        assert word in text
    assert "What each part" not in Reader(render_search_report(run.result, about=about)).text


def test_several_benchmarks_stand_side_by_side_and_the_gap_where_it_was_asked_for(run: Run, about: About):
    good, poor = estimate_mean([1.0] * 9 + [0.0]), estimate_mean([1.0] * 4 + [0.0] * 6)
    prints = [entry.architecture.fingerprint for entry in run.result.contestants]
    parts = {"sums": dict.fromkeys(prints, good), "letters": {prints[0]: poor}}
    several = about.model_copy(update={"parts": parts})
    page = Reader(render_search_report(run.result, about=several, journal=run.journal))
    assert "Benchmark by benchmark" in page.text
    assert "One for all, or one for each" not in page.text
    assert "--against" in page.text
    line = GapLine(
        benchmark="letters", general=poor, own=good, difference=0.5, low=0.1, high=0.9, verdict="better", n=40
    )
    asked = several.model_copy(update={"gaps": (line,)})
    drawn = draw_search_charts(run.result, about=asked, journal=run.journal)
    assert {"benchmarks", "gaps"} <= drawn.keys()
    text = Reader(render_search_report(run.result, about=asked, journal=run.journal)).text
    assert "One for all, or one for each" in text
    assert "+50.0" in text
    assert "on 40 problems" in text
    assert "Benchmark by benchmark" not in Reader(render_search_report(run.result, about=about)).text


def test_a_goal_is_told_and_the_best_alone_is_none(run: Run, about: About):
    spec = run.result.spec.model_copy(update={"goal": Goal(within=0.02, cost="samples")})
    text = Reader(render_search_report(run.result.model_copy(update={"spec": spec}), about=about)).text
    assert "takes the fewest samples among those estimated to be at most 2.0 points below the best" in text
    assert "fewest samples" not in Reader(render_search_report(run.result, about=about)).text


def test_the_front_is_the_one_that_the_study_has(run: Run, about: About):
    html = render_search_report(run.result, about=about, journal=run.journal)
    table = html.partition("Table of architectures tried")[2].partition("</table>")[0]
    assert run.result.front
    assert table.count("<td>yes</td>") == len(run.result.front)


def test_the_verdict_says_the_ratio_of_the_prices(run: Run):
    winner, single = run.result.winner, run.result.single
    assert single is not None
    if winner is not single:
        assert " x the price)" in describe_verdict(run.result)


def test_what_components_take_stands_in_the_picture(run: Run, about: About):
    took = {
        entry.fingerprint: {"0.0": f"$0.0{place} · 2 s"} for place, entry in enumerate(contestants_of(run), 1)
    }
    html = render_search_report(run.result, about=about.model_copy(update={"took": took}))
    for architecture in (run.result.recommended, run.result.winner.architecture):
        assert took[architecture.fingerprint]["0.0"] in Reader(html).text


def test_the_winner_is_drawn_beside_what_to_use_where_they_differ(run: Run, about: About):
    heading = "The winner of the search</h3>"
    for role in ("winner", "best single model"):
        verdict = run.result.verdict.model_copy(update={"recommended": role})
        result = run.result.model_copy(update={"verdict": verdict})
        is_drawn = heading in render_search_report(result, about=about)
        assert is_drawn == (result.winner.architecture != result.recommended)


def test_a_missing_package_is_named_with_the_extra(run: Run, about: About, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "altair", None)
    with pytest.raises(Error, match=r"altair.*pip install 'itas\[report\]'"):
        render_search_report(run.result, about=about)


# --- hostile text -------------------------------------------------------------------------------------------


def test_hostile_text_adds_no_element_attribute_or_handler(hostile_pages: list[str]):
    for hostile in hostile_pages:
        page = Reader(hostile)
        assert page.unclosed == []
        assert {tag for tag, _ in page.elements} <= ALLOWED
        assert {name for _, names in page.elements for name in names} <= ATTRIBUTES
        hrefs = [value for _, name, value in page.values if name == "href"]
        assert hrefs == ["#main"]


def test_hostile_text_changes_no_script(hostile_pages: list[str], html: str):
    for hostile in hostile_pages:
        page, usual = Reader(hostile), Reader(html)
        assert page.scripts == usual.scripts
        assert page.styles == usual.styles
        assert page.policy == usual.policy
        for text in page.data:
            assert not set(text) & set("<>&\u2028\u2029")
            assert json.loads(text)


def test_hostile_text_is_shown_and_hides_nothing(hostile_pages: list[str]):
    text = "".join(Reader(page).text for page in hostile_pages)
    for shown in (
        "<script>window.pwned=1</script>",
        "{{ 7 * 7 }}",
        "${alert(1)}",
        "=HYPERLINK",
        "\u27e8U+202E\u27e9",
    ):
        assert shown in text
    assert not set(text) & set("\u202e\u2066\u200b\x1b\x00\x07")


def test_hostile_text_does_not_make_the_page_large(hostile_pages: list[str]):
    assert all(len(page.encode()) < LARGEST for page in hostile_pages)


def test_the_file_to_copy_is_the_architecture_whatever_its_name(run: Run, about: About):
    first = run.result.contestant(run.result.verdict.recommended)
    assert first is not None
    for name in ("Größe → 日本語", "\u202eevil\u202c \U0001f600", "nul \x00 and \x1b[31m", "a: b # c"):
        named = first.model_copy(
            update={"architecture": first.architecture.model_copy(update={"name": name})}
        )
        others = tuple(each for each in run.result.contestants if each is not first)
        result = run.result.model_copy(update={"contestants": (named, *others)})
        html = render_search_report(result, about=about)
        text = html.partition('<pre id="yaml" tabindex="0">')[2].partition("</pre>")[0]
        architecture = Architecture.parse(yaml.safe_load(unescape(text)))
        assert architecture.name == name
        assert architecture.fingerprint == first.architecture.fingerprint


def test_models_keep_their_names_in_the_page(html: str):
    text = Reader(html).text
    assert all(model in text for model in MODELS)


def sha256(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def contestants_of(run: Run) -> list[Architecture]:
    return [entry.architecture for entry in run.result.contestants]
