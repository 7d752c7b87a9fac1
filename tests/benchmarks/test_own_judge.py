"""Own data with a judge: ratings by a rubric, comparisons with a baseline of the row."""

import json
from typing import Any

import pytest

from itas.benchmarks import open_benchmark as find_benchmark
from itas.benchmarks.registry import find_judges
from itas.core.blocks import read_blocks
from itas.core.problem import Score, Unscored
from itas.errors import DataError, SpecError
from tests.benchmarks.judge.worlds import ScriptedJudge

JUDGE = "judge:fake/judge"


def open_benchmark(*arguments: Any, **options: Any) -> Any:
    """The benchmark, whose scorer is of a kind of its own."""
    return find_benchmark(*arguments, **options)


def write(path, *rows):
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return str(path)


def prefers(better):
    """A judge who likes the answer with that text, wherever it stands."""

    def reply(request, number):
        blocks = read_blocks(request.messages[-1].content)
        first, second = [block for block in blocks if block.label == "answer"]
        ids = (first.id, second.id) if first.text == better else (second.id, first.id)
        return f"VERDICT: {ids[0]} > {ids[1]}"

    return reply


async def judged(benchmark, answer, reply, *, place=0):
    judge = ScriptedJudge(reply)
    return await benchmark.scorer.judge(benchmark.problems[place], (answer,), judge), judge


def blocks_of(judge):
    return {block.label: block.text for block in read_blocks(judge.requests[0].messages[-1].content)}


async def test_an_answer_is_rated_by_the_rubric_of_its_row_or_of_the_file(tmp_path):
    (tmp_path / "rubric.txt").write_text("Short is good.\n")
    on = write(
        tmp_path / "d.jsonl",
        {"scorer": {"type": "judge", "judge": "fake/judge", "rubric": "rubric.txt"}},
        {"input": "Say hello.", "rubric": "It must rhyme."},
        {"input": "Say goodbye.", "target": "Goodbye."},
    )
    benchmark = open_benchmark(on)
    assert (benchmark.metric, find_judges(on)) == ("rating / 10", ("fake/judge",))
    ruling, judge = await judged(benchmark, "Hello, fellow!", lambda *_: "Fine.\nRATING: 7")
    assert ruling.outcome == Score(value=0.7)
    assert blocks_of(judge) == {
        "rubric": "It must rhyme.",
        "request": "Say hello.",
        "answer": "Hello, fellow!",
    }
    assert "follow it" in judge.requests[0].messages[-1].content
    _, judge = await judged(benchmark, "Bye", lambda *_: "RATING: 7", place=1)
    assert blocks_of(judge)["rubric"] == "Short is good."
    assert blocks_of(judge)["reference"] == "Goodbye."
    (tmp_path / "rubric.txt").write_text("Long is good.\n")
    assert open_benchmark(on).fingerprint != benchmark.fingerprint


async def test_a_column_of_baselines_is_compared_in_both_orders(tmp_path):
    on = write(
        tmp_path / "d.jsonl", {"input": "Say hello.", "baseline": "Hi."}, {"input": "?", "baseline": "x"}
    )
    benchmark = open_benchmark(on, scorer=JUDGE)
    assert benchmark.metric == "win rate"
    assert benchmark.scorer.planned_judgments(benchmark.problems[0]) == 2
    won, judge = await judged(benchmark, "Hello!", prefers("Hello!"))
    lost, _ = await judged(benchmark, "Hello!", prefers("Hi."))
    assert (won.outcome, lost.outcome) == (Score(value=1), Score(value=0))
    assert [each.place for each in won.judgments] == ["second", "first"]
    assert len(judge.requests) == 2

    def likes_the_first(request, number):
        first, second = [b for b in read_blocks(request.messages[-1].content) if b.label == "answer"]
        return f"VERDICT: {first.id} > {second.id}"

    torn, _ = await judged(benchmark, "Hello!", likes_the_first)
    assert torn.outcome == Score(value=0.5)


async def test_earlier_messages_are_shown_and_what_cannot_be_read_is_unscored(tmp_path):
    talk = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]
    benchmark = open_benchmark(write(tmp_path / "d.jsonl", {"input": talk}), scorer=f"{JUDGE},attempts=3")
    ruling, judge = await judged(benchmark, "RATING: 10", lambda *_: "I cannot say.")
    assert isinstance(ruling.outcome, Unscored)
    assert len(judge.requests) == 3
    assert blocks_of(judge)["conversation"] == "[system]\nBe brief."
    assert blocks_of(judge)["answer"] == "RATING: 10"


def test_rubrics_may_be_given_in_a_table(tmp_path):
    (tmp_path / "d.csv").write_text("input,rubric,baseline\nSay hello.,Be kind.,Hi.\nSay bye.,,Bye.\n")
    benchmark = open_benchmark(str(tmp_path / "d.csv"), scorer=f"{JUDGE},orders=one")
    assert list(benchmark.scorer.rubrics.values()) == ["Be kind."]
    assert benchmark.scorer.planned_judgments(benchmark.problems[0]) == 1
    rated = open_benchmark(str(tmp_path / "d.csv"), scorer=f"{JUDGE},grading=single")
    assert rated.metric == "rating / 10"


@pytest.mark.parametrize(
    "rows, scorer, error, message",
    [
        (
            [{"input": "?"}, {"input": "?", "baseline": "x"}],
            JUDGE,
            DataError,
            r"d.jsonl:1: every row needs the answer",
        ),
        ([{"input": "?"}], f"{JUDGE},grading=pairwise", DataError, "needs the answer to compare with"),
        ([{"input": "?", "rubric": 3}], JUDGE, DataError, "'rubric' must be a text"),
        ([{"input": "?", "rubrik": "x"}], JUDGE, DataError, "Did you mean 'rubric'"),
        ([{"input": "?"}], "judge", SpecError, "judge"),
        ([{"input": "?"}], "judge:gpt-4", SpecError, "provider/model"),
        ([{"input": "?"}], f"{JUDGE},rubrik=x", SpecError, "Did you mean 'rubric'"),
        ([{"input": "?"}], f"{JUDGE},attempts=2,attempts=3", SpecError, "twice"),
        ([{"input": "?"}], f"{JUDGE},rubric=", SpecError, "expected name=value"),
        ([{"input": "?"}], f"{JUDGE},rubric=nowhere.txt", DataError, "nowhere.txt: no such file"),
        ([], JUDGE, DataError, "empty"),
    ],
)
def test_what_is_wrong_is_found_before_anything_is_paid_for(tmp_path, rows, scorer, error, message):
    on = write(tmp_path / "d.jsonl", *rows)
    with pytest.raises(error, match=message):
        open_benchmark(on, scorer=scorer)
