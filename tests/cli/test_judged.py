"""Judged benchmarks from the command line, on simulated models: figures, files, caps, and what is refused."""

import json

import pytest

QUESTIONS = (
    '{"question_id": 1, "category": "writing", "turns": ["Describe a harbour.", "In four words."]}\n'
    '{"question_id": 2, "category": "stem", "turns": ["Why is the sea salty?", "Does it get saltier?"]}\n'
)
ON = ("--on", "mt_bench:.", "--judge", "simulated/euler-large")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "question.jsonl").write_text(QUESTIONS)
    return tmp_path


def test_an_evaluation_with_a_judge_writes_figures_and_official_files(itas, folder):
    result = itas("evaluate", "simulated/atlas-large", *ON, "--json", "-q")
    assert result.code == 0, result.err
    (summary,) = result.data["summaries"]
    assert summary["is_simulated"]
    assert summary["figures"]["judgments"] == 4
    assert summary["figures"]["wording"] == "own"
    assert summary["samples_used"] >= 8
    run = folder / result.data["folder"] / "1"
    answers = [
        json.loads(line)
        for line in (run / "model_answer/simulated_atlas-large.jsonl").read_text().splitlines()
    ]
    assert [len(row["choices"][0]["turns"]) for row in answers] == [2, 2]
    assert (run / "model_judgment/simulated_euler-large_single.jsonl").is_file()
    manifest = json.loads((run.parent / "manifest.json").read_text())
    assert manifest["judging"]["options"]["judge"] == "simulated/euler-large"


def test_the_table_shows_the_figures_and_points_out_relatives(itas, folder):
    result = itas("evaluate", "simulated/euler-small", *ON, "-q")
    assert result.code == 0, result.err
    said = " ".join(result.out.split())
    assert "mt_bench (simulated models)" in said
    assert "official figures" in said
    assert "the judge is a relative of simulated/euler-small and may favour it" in said


def test_asking_again_costs_nothing_and_gives_the_same(itas, folder):
    first = itas("evaluate", "simulated/atlas-large", *ON, "--json", "-q").data
    again = itas("evaluate", "simulated/atlas-large", *ON, "--json", "-q").data
    assert again["paid_samples"] == 0
    assert again["summaries"][0]["figures"] == first["summaries"][0]["figures"]


def test_the_judge_is_in_the_estimate_and_under_the_cap(itas, folder):
    (estimate,) = itas("estimate", "simulated/atlas-large", *ON, "--json").data
    assert (estimate["planned_samples"], estimate["max_samples"]) == (8, 12)
    result = itas("evaluate", "simulated/atlas-large", *ON, "--json", "-q", "--max-samples", 7)
    assert result.code == 3
    assert result.data["paid_samples"] <= 7
    assert result.data["summaries"][0]["n_scored"] == 1


def test_what_is_missing_or_wrong_is_said_with_the_cure(itas, folder):
    for arguments, words in (
        (("--on", "mt_bench:."), "Give --judge provider/model"),
        (("--on", "mt_bench"), "needs the path of its data"),
        (("--on", "mt_bench:.", "--judge", "gpt-4"), "a model is named provider/model"),
        (("--on", "mt_bench:.", "--judge", "simulated/nobody"), "unknown model"),
        ((*ON, "--scorer", "number"), "either --scorer or --judge"),
        (("--on", "itas/word-problems", "--judge", "simulated/euler-large"), "brings its own scorer"),
        (("--on", "mt_bench:.", "--judge", "simulated/euler-large,wording=official"), "judge_prompts.jsonl"),
    ):
        result = itas("evaluate", "simulated/atlas-large", *arguments, "-q")
        assert result.code == 2, arguments
        assert words in " ".join(result.err.split()), result.err
    assert not (folder / "runs").exists()


def test_the_listing_has_all_of_them(itas):
    names = {each["name"] for each in itas("benchmarks", "--json").data}
    assert {
        "mt_bench:PATH",
        "alpaca_eval:PATH",
        "arena_hard:PATH",
        "mixeval:PATH",
        "mixeval_hard:PATH",
    } <= names
