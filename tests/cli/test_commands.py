"""The commands do what they say."""

import json
from pathlib import Path

from itas.specs import load_architecture
from tests.cli.conftest import Itas

QUESTION = "What is 2 + 3?"


def test_an_answer_goes_to_stdout_and_its_price_to_stderr(itas: Itas, architecture: Path) -> None:
    result = itas("answer", architecture, QUESTION)
    assert result.code == 0
    assert "simulated" in result.out.lower()
    assert "5 samples" in result.err


def test_an_answer_as_json_is_one_object(itas: Itas, architecture: Path) -> None:
    result = itas("answer", architecture, QUESTION, "--json")
    assert result.data["samples_used"] == 5
    assert [record["type"] for record in result.data["components"]] == ["generator", "vote"]
    assert result.err == ""


def test_a_trace_holds_every_call(itas: Itas, architecture: Path, tmp_path: Path) -> None:
    itas("answer", architecture, QUESTION, "--trace", "trace.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "trace.jsonl").read_text().splitlines()]
    calls = [line for line in lines if line["kind"] == "call"]
    assert sum(len(call["draws"]) for call in calls) == 5
    assert calls[0]["request"]["messages"][-1]["content"] == QUESTION
    assert lines[-1]["kind"] == "answer"


def test_a_model_id_is_an_architecture_of_one_call(itas: Itas) -> None:
    assert itas("answer", "simulated/atlas-large", QUESTION, "--json").data["samples_used"] == 1


def test_evaluating_leaves_a_folder_that_can_be_shown_and_compared(itas: Itas, architecture: Path) -> None:
    one = itas(
        "evaluate",
        architecture,
        "simulated/pebble-tiny",
        "--on",
        "itas/word-problems",
        "--limit",
        60,
        "--json",
    )
    assert one.code == 0
    folder = one.data["folder"]
    assert one.data["summaries"][0]["n_scored"] == 60
    assert one.data["summaries"][0]["samples_used"] == 300
    assert one.data["comparisons"][0]["verdict"] == "worse"
    shown = itas("show", folder)
    assert "five-votes" in shown.out
    assert "simulated models" in shown.out
    other = itas("evaluate", "simulated/atlas-large", "--on", "itas/word-problems", "--limit", 60, "--json")
    compared = itas("compare", folder, other.data["folder"], "--json")
    assert [each["n"] for each in compared.data] == [60, 60]


def test_the_same_evaluation_again_gives_the_same_results(itas: Itas, architecture: Path) -> None:
    first, second = (
        itas("evaluate", architecture, "--on", "itas/word-problems", "--limit", 30, "--json").data
        for _ in range(2)
    )
    read = [Path(each["folder"], "1", "results.jsonl").read_text().splitlines() for each in (first, second)]
    outcomes = [
        sorted((json.loads(line)["problem_id"], str(json.loads(line)["outcome"])) for line in lines)
        for lines in read
    ]
    assert outcomes[0] == outcomes[1]


def test_a_cap_on_samples_stops_an_evaluation_with_code_3(itas: Itas, architecture: Path) -> None:
    result = itas(
        "evaluate", architecture, "--on", "itas/word-problems", "--limit", 30, "--max-samples", 40, "--json"
    )
    assert result.code == 3
    summary = result.data["summaries"][0]
    assert summary["samples_paid"] <= 40
    assert not summary["is_complete"]


def test_an_evaluation_that_met_its_cap_says_how_to_go_on(itas: Itas, architecture: Path) -> None:
    words = ("--on", "itas/word-problems", "--limit", 10)
    result = itas("evaluate", "simulated/euler-large", architecture, *words, "--max-samples", 10)
    assert result.code == 3  # also where the second architecture was not asked at all
    folder = result.out.split("\nin ")[-1].strip()
    assert f"go on with a higher cap: itas resume {folder} --max-samples MORE" in result.err
    more = itas("resume", folder, "--max-samples", 100)
    assert more.code == 0
    assert "a cap was reached" not in more.err


def test_an_evaluation_without_any_score_says_why_and_not_that_a_cap_was_reached(
    itas: Itas, tmp_path: Path
) -> None:
    (tmp_path / "broken.py").write_text("def score(answer, target):\n    raise ValueError('no such table')\n")
    (tmp_path / "rows.jsonl").write_text(
        '{"scorer": "python:broken.py"}\n{"input": "Say a.", "target": "a"}\n'
    )
    result = itas("evaluate", "simulated/euler-large", "--on", "rows.jsonl")
    assert result.code == 1
    assert "rows-00001 unscored (scorer_error): score: ValueError: no such table" in result.err
    assert "nothing but failures came" in result.err
    assert "a cap was reached" not in result.err
    assert "score 0.0" not in result.err


def test_an_estimate_asks_nobody(itas: Itas, architecture: Path, tmp_path: Path) -> None:
    result = itas(
        "estimate", architecture, "openai/gpt-4o", "--on", "itas/word-problems", "--limit", 100, "--json"
    )
    ours, real = result.data
    assert ours["planned_samples"] == 500
    assert real["planned_micro_usd"] > 0
    assert real["max_micro_usd"] >= real["planned_micro_usd"]
    assert not (tmp_path / ".itas").exists()


def test_an_old_architecture_is_converted(itas: Itas, tmp_path: Path) -> None:
    old = {
        "name": "old",
        "layers": [
            [{"type": "generator", "model": "gpt-4o", "model_type": "OpenAI_API", "samples": 3, "top_k": 1}],
            [{"type": "fuser", "model": "gpt-4o", "model_type": "OpenAI_API"}],
        ],
    }
    (tmp_path / "old.json").write_text(json.dumps(old))
    result = itas("convert", "old.json", "-o", "new.yaml")
    assert result.code == 0
    assert "warning" in result.err
    assert load_architecture(tmp_path / "new.yaml").models == ("openai/gpt-4o",)


def test_an_architecture_is_shown_with_its_samples(itas: Itas, architecture: Path) -> None:
    result = itas("show", architecture)
    assert "simulated/euler-large x 5" in result.out
    assert "5 samples a question as planned" in result.out
    assert itas("show", architecture, "--json").data["planned_samples"] == 5


def test_models_benchmarks_schema_and_doctor_answer(itas: Itas) -> None:
    assert {"openai", "simulated"} <= {line["name"] for line in itas("models", "--json").data}
    assert "simulated/atlas-large" in itas("models", "simulated").out
    assert itas("benchmarks", "--json").data[0]["name"] == "itas/word-problems"
    assert itas("schema").data["$schema"].startswith("https://json-schema.org/")
    assert itas("doctor").code == 0


def test_a_control_character_of_a_model_is_not_printed(itas: Itas, tmp_path: Path) -> None:
    recording = [
        {"format": "itas-recording", "version": 1},
        {
            "model": "evil",
            "messages": [{"role": "user", "content": "hi"}],
            "any_parameters": True,
            "draws": [{"text": "\x1b]0;title\x07\x1b[2J safe \u202e text"}],
        },
    ]
    (tmp_path / "r.jsonl").write_text("\n".join(json.dumps(line) for line in recording))
    result = itas("answer", "replay/evil", "hi", "--recording", "r.jsonl")
    assert result.code == 0
    assert "safe" in result.out
    assert not {"\x1b", "\x07", "\u202e"} & set(result.out + result.err)
