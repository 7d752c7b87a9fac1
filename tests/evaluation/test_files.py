"""Evaluations on disk: nothing finished is lost, and a torn line is not glued to the next."""

import json

import pytest

from itas.core.problem import Score, Unscored
from itas.errors import DataError
from itas.evaluation import (
    Evaluation,
    ProblemResult,
    ResultWriter,
    evaluate,
    load_results,
    load_summary,
    write_summary,
)
from tests.evaluation.worlds import VOTE, Fake, benchmark, serving, solve


def result(id_, value=1.0):
    return ProblemResult(problem_id=id_, outcome=Score(value=value), text="Antwort: fünf \u2028 \ud800")


async def test_results_written_as_they_come_are_read_back_equal(tmp_path):
    path = tmp_path / "run" / "results.jsonl"
    with ResultWriter(path) as writer:
        found = await evaluate(VOTE, benchmark(5), models=serving(Fake(solve)), on_result=writer.append)
        assert len(load_results(path)) == 5  # before the file is closed
    assert sorted(load_results(path), key=lambda r: r.problem_id) == list(found.results)
    again = await evaluate(VOTE, benchmark(5), models=serving(Fake(solve)), known=load_results(path))
    assert again == found


def test_strange_texts_survive(tmp_path):
    path = tmp_path / "results.jsonl"
    with ResultWriter(path) as writer:
        writer.append(result("a"))
    assert load_results(path) == (result("a"),)
    assert path.read_bytes().count(b"\n") == 1


@pytest.mark.parametrize("cut", [1, 5, 40])
def test_a_torn_last_line_is_left_out_and_cut_off_before_the_next(tmp_path, cut):
    path = tmp_path / "results.jsonl"
    with ResultWriter(path) as writer:
        writer.append(result("a"))
        writer.append(result("b"))
    path.write_bytes(path.read_bytes()[:-cut])
    assert load_results(path) == (result("a"),)
    with ResultWriter(path) as writer:
        writer.append(result("c"))
    assert load_results(path) == (result("a"), result("c"))


def test_a_file_that_is_one_torn_line_starts_afresh(tmp_path):
    path = tmp_path / "results.jsonl"
    path.write_bytes(b'{"problem_id": "a"' + b" " * 200_000)
    with ResultWriter(path) as writer:
        writer.append(result("a"))
    assert load_results(path) == (result("a"),)


def test_of_two_results_for_one_problem_the_last_counts(tmp_path):
    path = tmp_path / "results.jsonl"
    with ResultWriter(path) as writer:
        writer.append(ProblemResult(problem_id="a", outcome=Unscored(reason="model_error")))
        writer.append(result("a"))
    assert load_results(path) == (result("a"),)


@pytest.mark.parametrize(
    "line", ['{"problem_id": 3}', "oops", '{"problem_id": "a", "outcome": {"kind": "x"}}']
)
def test_a_wrong_line_in_the_middle_names_its_place(tmp_path, line):
    path = tmp_path / "results.jsonl"
    with ResultWriter(path) as writer:
        writer.append(result("a"))
    with path.open("a", encoding="utf-8") as file:
        file.write(line + "\n")
    with pytest.raises(DataError, match=r"results\.jsonl:2: not .* asked again"):
        load_results(path)


async def test_the_summary_says_everything_a_result_must_carry(tmp_path):
    found = await evaluate(VOTE, benchmark(5), models=serving(Fake(solve)))
    path = tmp_path / "summary.json"
    written = write_summary(path, found)
    assert load_summary(path) == written
    data = json.loads(path.read_text(encoding="utf-8"))
    assert data["score"] == {
        "n": 5,
        "mean": 1.0,
        "se": 0.0,
        "low": pytest.approx(0.5655, abs=1e-3),
        "high": 1.0,
        "confidence": 0.95,
        "method": "wilson",
    }
    assert {
        "unscored",
        "events",
        "samples_used",
        "samples_paid",
        "usage",
        "cost_micro_usd",
        "latency_p95_s",
    } <= set(data)
    assert not (tmp_path / "summary.json.new").exists()


async def test_an_evaluation_survives_a_file():
    found = await evaluate(VOTE, benchmark(2), models=serving(Fake(solve)))
    assert Evaluation.model_validate_json(found.model_dump_json()) == found


def test_missing_and_foreign_files_are_refused(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        load_results(tmp_path / "none.jsonl")
    with pytest.raises(DataError, match="cannot be read"):
        load_summary(tmp_path / "none.json")
    (tmp_path / "x.json").write_text("{}", encoding="utf-8")
    with pytest.raises(DataError, match="not the summary of an evaluation"):
        load_summary(tmp_path / "x.json")
