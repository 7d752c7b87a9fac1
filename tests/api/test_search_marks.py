"""What a search says beforehand about its judge, and afterwards about the walls its trials ran behind."""

import json
from pathlib import Path

import pytest

from itas.api.search_spec import make_search
from itas.api.search_work import open_search_benchmark
from itas.cli.main import main

MODELS = ("--model", "simulated/atlas-large", "--model", "simulated/atlas-small")
SMALL = ("--max-trials", "2", "--dev", "6", "--held-out", "6", "--quiet")
ROWS = [
    {
        "input": f"Write add{n}(a, b).",
        "tests": [f"assert add{n}(1, {n}) == {n + 1}"],
        "entry_point": f"add{n}",
    }
    for n in range(40)
]


@pytest.fixture
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "code.jsonl").write_text("\n".join(map(json.dumps, [{"scorer": "code"}, *ROWS])))
    return tmp_path


@pytest.fixture
def open_questions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    rows = [{"input": f"Say something about {n}.", "baseline": "Something."} for n in range(60)]
    (tmp_path / "open.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return tmp_path


def test_a_search_whose_contestants_run_no_code_is_marked_where_their_answers_ran_without_walls(code: Path):
    assert main(["search", "small", "--on", "code.jsonl", *MODELS, *SMALL, "--sandbox", "none"]) in (0, 3)
    (folder,) = [path for path in (code / "runs").iterdir() if not path.is_symlink()]
    assert json.loads((folder / "manifest.json").read_text())["sandbox"] == "none"


def test_the_judge_is_in_the_estimate_of_a_search(open_questions: Path, capsys: pytest.CaptureFixture[str]):
    found: dict[str, dict[str, float]] = {}
    rated, compared = "judge:simulated/euler-large,grading=single", "judge:simulated/euler-large"
    for scorer in ("exact", rated, compared):
        on = "open.jsonl"
        if scorer == "exact":
            on = "exact.jsonl"
            rows = [{"input": f"Say something about {n}.", "target": "x"} for n in range(60)]
            (open_questions / on).write_text("\n".join(map(json.dumps, rows)))
        assert main(["search", "small", "--on", on, "--scorer", scorer, *MODELS, "--describe", "--json"]) == 0
        found[scorer] = json.loads(capsys.readouterr().out)
    samples = [found[scorer]["typical_samples"] for scorer in ("exact", rated, compared)]
    money = [found[scorer]["typical_micro_usd"] for scorer in ("exact", rated, compared)]
    assert samples[0] < samples[1] < samples[2]
    assert money[0] < money[1] < money[2]
    assert samples[2] - samples[0] == pytest.approx(2 * (samples[1] - samples[0]), rel=0.01)


def test_who_judges_counts_for_whether_a_search_costs_anything(open_questions: Path):
    data = {
        "space": "small",
        "on": "open.jsonl",
        "models": ("simulated/atlas-large", "simulated/atlas-small"),
    }
    simulated = make_search({**data, "scorer": "judge:simulated/euler-large"})
    assert simulated.is_all_simulated
    assert not make_search({**data, "scorer": "judge:openai/gpt-4o"}).is_all_simulated
    rows = [{"scorer": {"type": "judge", "judge": "openai/gpt-4o"}}, {"input": "Hello?"}]
    Path("named.jsonl").write_text("\n".join(map(json.dumps, rows)))
    assert not make_search({**data, "on": "named.jsonl"}).is_all_simulated
    assert open_search_benchmark(simulated).metric == "win rate"


def test_a_judge_without_a_price_is_named_under_a_cap_in_dollars(
    open_questions: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-not-a-key-000000000000")
    command = ["search", "small", "--on", "open.jsonl", "--scorer", "judge:openai/nobody-knows-this", *MODELS]
    assert main([*command, "--describe", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["typical_micro_usd"] is None
    assert main([*command, "--max-cost", "5", *SMALL]) == 2
    assert "no price is known for 'openai/nobody-knows-this'" in " ".join(capsys.readouterr().err.split())
