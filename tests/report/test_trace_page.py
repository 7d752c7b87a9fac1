import json
from typing import Any

import pytest

from itas.errors import DataError, SpecError
from itas.report.differences import compare_words
from itas.report.trace_facts import gather_trace
from itas.report.trace_page import TraceAbout, draw_trace_charts, render_trace_page
from itas.report.trace_records import read_traces
from itas.report.trace_times import critical_path
from tests.report.reading import ALLOWED, ATTRIBUTES, Reader
from tests.report.records import trace
from tests.report.worlds import HOSTILE, one_line

ABOUT = TraceAbout(title="Trace", source="t.jsonl")


@pytest.fixture(scope="module")
def html() -> str:
    return render_trace_page(trace(), about=ABOUT)


def facts_of(lines: list[dict[str, Any]]):
    return gather_trace(read_traces(lines)[0])


def test_every_layer_is_a_column_and_every_candidate_a_card():
    columns = facts_of(trace()).columns
    assert [(column.number, column.type) for column in columns] == [
        (1, "generator"), (2, "critic"), (3, "ranker"), (4, "fuser"),
    ]  # fmt: skip
    assert [[card.name for card in column.cards] for column in columns] == [
        ["1.1", "1.2", "1.3"], ["1.1", "1.2", "1.3"], ["1.1", "1.2", "1.3"], ["4.1", "1.1", "1.2"],
    ]  # fmt: skip


def test_what_is_kept_has_its_place_and_what_is_dropped_the_reason():
    ranker, fuser = facts_of(trace()).columns[2:]
    assert [(card.name, card.place) for card in ranker.cards] == [("1.1", 1), ("1.2", 2), ("1.3", None)]
    assert "not among the 2 answers" in ranker.cards[2].why
    assert "replaced" in fuser.cards[1].why
    assert ranker.cards[0].findings == ("place 1, by fake/alpha",)


def test_a_card_says_what_its_own_draw_took():
    first, second, _ = facts_of(trace()).columns[0].cards
    assert (first.price, first.seconds) == (120, 1.0)
    assert (second.price, second.seconds) == (120, 2.5)


def test_a_critique_is_new_only_where_it_was_written():
    columns = facts_of(trace()).columns
    assert columns[1].cards[0].has_new_critique
    assert not columns[2].cards[0].has_new_critique
    assert columns[2].cards[0].candidate.critique


def test_the_critical_path_is_the_chain_that_the_answer_waited_for():
    facts = facts_of(trace())
    path = [(each.call.layer, each.call.component) for each in facts.timeline if each.is_critical]
    assert path == [(0, 1), (1, 0), (2, 0), (3, 0)]  # not (0, 0), which ended earlier beside it
    assert facts.critical_s == pytest.approx(6.0)
    assert facts.all_calls_s == pytest.approx(7.0)


def test_calls_of_one_component_that_overlap_lie_in_lanes_of_their_own():
    lines = trace()
    extra = [
        {**line, "started_s": 3.5, "ended_s": 3.9}
        for line in lines
        if line["kind"] == "call" and line["layer"] == 2
    ]
    lanes = [each.lane for each in facts_of([*lines, *extra]).timeline if each.call.layer == 2]
    assert lanes == [0, 1]


def test_without_calls_there_is_no_critical_path():
    assert critical_path(()) == ()


def test_words_that_stand_only_in_the_candidate_are_marked(html: str):
    page = Reader(html)
    assert ("mark", ("class",)) in page.elements
    marked = html.split('<mark class="here">')[2:]
    assert any(text.startswith("381.") for text in marked)
    assert "This text is the answer." in page.text


@pytest.mark.parametrize(
    "text, other, pieces, shared",
    [
        ("a b c", "a x c", [("both", "a "), ("here", "b "), ("there", "x "), ("both", "c")], 2 / 3),
        ("same  text", "same text", [("both", "same  text")], 1.0),
        ("one", "two", [("here", "one"), ("there", "two")], 0.0),
        ("", "two", [("there", "two")], 0.0),
    ],
)
def test_differences_are_those_of_words(text: str, other: str, pieces: list[tuple[str, str]], shared: float):
    found = compare_words(text, other)
    assert [(piece.kind, piece.text) for piece in found.pieces] == pieces
    assert found.shared == pytest.approx(shared)


def test_a_very_long_text_is_compared_as_far_as_is_said():
    found = compare_words("word " * 5000, "other " * 5000)
    assert found.is_cut
    assert not found.is_same


def test_the_page_marks_degraded_and_hostile(html: str):
    text = Reader(html).text
    for word in ("Degraded.", "degraded", "hostile", "Why it looks hostile", "critical path", "391"):
        assert word in text


def test_a_trace_that_was_cut_short_says_so_and_shows_what_there_is():
    lines = [line for line in trace() if line["kind"] != "answer"][:-1]
    text = Reader(render_trace_page(lines, about=ABOUT)).text
    assert "No answer." in text
    assert "Best candidate so far" in text


def test_of_several_answers_the_wanted_one_is_shown():
    lines = [{**line, "answer": 1} for line in trace()]
    lines += [{**line, "answer": 2} for line in trace(question="How high is the Eiffel tower?")]
    assert "2 answers" in Reader(render_trace_page(lines, about=ABOUT)).text
    second = render_trace_page(lines, about=ABOUT.model_copy(update={"number": 2}))
    assert "Eiffel" in Reader(second).text
    with pytest.raises(SpecError, match="no answer 3"):
        render_trace_page(lines, about=ABOUT.model_copy(update={"number": 3}))


def test_lines_of_a_server_are_read_too():
    lines = [{"kind": "trace", "id": "tr_0", "n": 1}, *({**line, "answer_number": 0} for line in trace()[1:])]
    assert "391" in Reader(render_trace_page(lines, about=ABOUT)).text


def test_a_damaged_line_is_named():
    with pytest.raises(DataError, match=r"line 2 of the trace \(call\): layer"):
        read_traces([{"kind": "begin"}, {"kind": "call", "layer": "first", "component": 0}])
    with pytest.raises(DataError, match="no line of a trace"):
        render_trace_page([{"kind": "else"}], about=ABOUT)


def test_the_timeline_is_a_chart_with_a_text():
    chart = draw_trace_charts(trace(), about=ABOUT)["timeline"]
    assert "the critical path holds 4 calls and 6.00 s" in chart.text


def test_a_text_says_what_it_was_written_from_and_which_words_are_its_own():
    (fused, *_) = facts_of(trace()).columns[3].cards
    assert fused.parents == ("1.1", "1.2")
    assert fused.own is not None
    assert "".join(piece.text for piece in fused.own.pieces) == fused.candidate.text
    own = [piece.text for piece in fused.own.pieces if piece.kind == "here"]
    assert own == ["And 17 times 3 is 51."]
    text = Reader(render_trace_page(trace(), about=ABOUT)).text
    assert "written from 1.1, 1.2" in text


def replayed(lines: list[dict[str, Any]], *, knows: bool = True) -> list[dict[str, Any]]:
    """The same answer again, out of a call store: each call is over at once."""
    found = json.loads(json.dumps(lines))
    for line in found:
        if line["kind"] == "call":
            if knows:
                line["path_s"] = line["started_s"]
            line["started_s"] /= 1000
            line["ended_s"] /= 1000
    return found


def test_times_are_those_of_when_the_samples_were_drawn_where_the_clock_says_nothing():
    now, again = facts_of(trace()), facts_of(replayed(trace()))
    assert not now.is_as_drawn
    assert again.is_as_drawn
    assert again.critical_s == pytest.approx(now.critical_s)
    assert [(each.lane, each.is_critical) for each in again.timeline] == [
        (each.lane, each.is_critical) for each in now.timeline
    ]
    assert [column.seconds for column in again.columns] == pytest.approx(
        [column.seconds for column in now.columns]
    )


def test_an_old_trace_without_these_times_shows_the_clock():
    facts = facts_of(replayed(trace(), knows=False))
    assert not facts.is_as_drawn
    assert facts.critical_s < 0.01


@pytest.mark.parametrize("start", range(0, len(HOSTILE), 4))
def test_hostile_text_adds_nothing_to_a_trace_page(start: int):
    texts = [HOSTILE[(start + place) % len(HOSTILE)] for place in range(4)]
    written = [text if text.strip() else "x" for text in texts[:3]]
    lines = trace(
        texts=written,
        models=[f"fake/{one_line(text)}" for text in texts[2:4]],
        question=texts[3],
        noted=texts[0],
    )
    lines = json.loads(json.dumps(lines))
    hostile = render_trace_page(lines, about=TraceAbout(title=texts[1], source=texts[2]))
    page, usual = Reader(hostile), Reader(render_trace_page(trace(), about=ABOUT))
    assert page.unclosed == []
    assert {tag for tag, _ in page.elements} <= ALLOWED
    assert {name for _, names in page.elements for name in names} <= ATTRIBUTES
    assert page.scripts == usual.scripts
    assert page.policy == usual.policy
    assert not set(page.text) & set("\u202e\u2066\u200b\x1b\x00\x07")
    for text in page.data:
        assert not set(text) & set("<>&\u2028\u2029")
