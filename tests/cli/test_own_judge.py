"""Own data with a judge, and several answers to every problem, from the command line on simulated models."""

import json

import pytest

ROWS = [
    {"input": f"Say the number {number}.", "rubric": "Digits only.", "baseline": "Seven."}
    for number in range(4)
]
JUDGE = ("--judge", "simulated/euler-large")


@pytest.fixture
def data(tmp_path):
    (tmp_path / "own.jsonl").write_text("\n".join(map(json.dumps, ROWS)))
    return tmp_path / "own.jsonl"


def test_an_evaluation_of_own_data_is_judged_and_says_how(itas, data):
    result = itas("evaluate", "simulated/atlas-large", "--on", "own.jsonl", *JUDGE, "--json", "-q")
    assert result.code == 0, result.err
    (summary,) = result.data["summaries"]
    figures = summary["figures"]
    assert (summary["metric"], summary["n_problems"], figures["judgments"]) == ("win rate", 4, 8)
    assert (figures["judge"], figures["wording"], figures["with_rubric"]) == (
        "simulated/euler-large",
        "own",
        4,
    )
    assert figures["wins"] + figures["ties"] + figures["losses"] == summary["n_scored"]
    assert result.data["estimated_micro_usd"] is None  # simulated: nothing is paid
    manifest = json.loads((data.parent / result.data["folder"] / "manifest.json").read_text())
    assert manifest["judging"]["options"]["grading"] == "pairwise"
    (estimate,) = itas("estimate", "simulated/atlas-large", "--on", "own.jsonl", *JUDGE, "--json").data
    assert estimate["planned_samples"] == 12


def test_a_cap_stops_it_and_resume_goes_on(itas, data):
    cut = itas(
        "evaluate", "simulated/atlas-large", "--on", "own.jsonl", *JUDGE, "--json", "-q", "--max-samples", 5
    )
    assert cut.code == 3
    assert cut.data["paid_samples"] <= 5
    whole = itas("resume", cut.data["folder"], "--json", "-q", "--max-samples", 50)
    assert whole.code == 0, whole.err
    assert whole.data["summaries"][0]["n_scored"] == 4
    assert whole.data["paid_samples"] == 12


def test_several_answers_give_pass_at_k_and_share_no_draw(itas, data):
    arguments = ("--on", "itas/word-problems", "--limit", 10, "--json", "-q")
    result = itas("evaluate", "simulated/atlas-small", *arguments, "--samples", 5)
    assert result.code == 0, result.err
    (summary,) = result.data["summaries"]
    figures = summary["figures"]
    assert (summary["samples_used"], summary["samples_paid"]) == (50, 50)
    assert figures["pass@1"] == pytest.approx(summary["score"]["mean"])
    assert figures["pass@5"] >= figures["pass@1"]
    run = data.parent / result.data["folder"] / "1"
    texts = [json.loads(line)["text"] for line in (run / "sample-1/results.jsonl").read_text().splitlines()]
    others = [json.loads(line)["text"] for line in (run / "sample-2/results.jsonl").read_text().splitlines()]
    assert texts != others
    assert len((run / "results.jsonl").read_text().splitlines()) == 10
    (estimate,) = itas("estimate", "simulated/atlas-small", *arguments[:-1], "--samples", 5).data
    assert (estimate["problems"], estimate["planned_samples"]) == (10, 50)


def test_several_answers_are_resumed_where_they_stopped(itas, data):
    arguments = ("--on", "itas/word-problems", "--limit", 6, "--json", "-q", "--samples", 3)
    cut = itas("evaluate", "simulated/atlas-small", *arguments, "--max-samples", 10)
    assert cut.code == 3
    assert not cut.data["summaries"][0]["is_complete"]
    whole = itas("resume", cut.data["folder"], "--json", "-q", "--max-samples", 100)
    assert whole.code == 0, whole.err
    summary = whole.data["summaries"][0]
    assert summary["is_complete"]
    assert summary["samples_used"] == 18
    assert whole.data["paid_samples"] == 18
    straight = itas("evaluate", "simulated/atlas-small", *arguments)
    assert straight.data["summaries"][0]["figures"] == summary["figures"]


def test_judged_answers_have_no_pass_at_k(itas, data):
    result = itas("evaluate", "simulated/atlas-large", "--on", "own.jsonl", *JUDGE, "--samples", 2, "-q")
    assert result.code == 2
    assert "pass or fail" in " ".join(result.err.split())
