"""Searches on several benchmarks, for less cost, under a price; fronts, gaps, ablations and exports of them."""

import json
from pathlib import Path
from typing import Any

import pytest

from itas.specs import load_architecture
from tests.cli.conftest import Itas

LOGIC, MATHEMATICS = "itas/word-problems:logic", "itas/word-problems:mathematics"
MODELS = ("-m", "simulated/euler-large", "-m", "simulated/atlas-small")
SMALL = ("--limit", 60, "--max-trials", 6, "--quiet")


def run_folder(itas: Itas, *arguments: object) -> Path:
    result = itas("search", "small", *MODELS, *SMALL, *arguments, "--json")
    assert result.code == 0, result.err
    return Path(result.data["folder"])


SPACE = """\
name: fusions
layers:
  - type: generator
    models: {top: {choice: [1, 2], name: K}, of: generators}
    samples: {choice: [2, 3], name: N}
  - name: critic
    choice: {none: null, critic: {type: critic, model: {best: fusers}}}
  - {type: ranker, model: {best: fusers}, top_k: 2}
  - {type: fuser, model: {best: fusers}}
"""


@pytest.fixture
def folder(itas: Itas) -> Path:
    """A finished search whose winner has several parts."""
    Path("space.yaml").write_text(SPACE)
    arguments = ("--on", MATHEMATICS, "--limit", 80, "--max-trials", 6, "--json")
    result = itas("search", "space.yaml", *MODELS, *arguments)
    assert result.code == 0, result.err
    return Path(result.data["folder"])


def events(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "journal.jsonl").read_text().splitlines()]


def test_a_front_has_prices_and_its_points_can_be_written_and_asked(itas: Itas, folder: Path) -> None:
    front = itas("show", folder, "--front", "--json").data
    assert [point["micro_usd"] is not None for point in front] == [True] * len(front)
    assert [point["planned_samples"] for point in front] == sorted(p["planned_samples"] for p in front)
    assert "not proven on held-out ones" in itas("show", folder).out
    point = front[-1]["point"]
    written = itas("show", folder, "--point", point)
    Path("point.yaml").write_text(written.out)
    assert load_architecture(Path("point.yaml")).planned_samples() == front[-1]["planned_samples"]
    assert itas("answer", "point.yaml", "What is 6 times 7?").code == 0
    refused = itas("show", folder, "--point", 9999)
    assert refused.code == 2
    assert "point: no point 9999 is on the front" in refused.err


def test_what_the_goal_gave_up_is_said_in_points_and_money(itas: Itas) -> None:
    folder = run_folder(itas, "--on", MATHEMATICS, "--within", 0.5, "--cost", "usd", "--searcher", "front")
    said = itas("show", folder).out
    study = json.loads((folder / "study.json").read_text())["study"]
    assert study["goal"] == {"within": 0.5, "cost": "usd"}
    assert study["searcher"]["type"] == "front"
    assert "Goal: the cheapest within 50 points" in said


def test_under_a_price_every_architecture_is_cheap_enough(itas: Itas) -> None:
    whole = itas("search", "small", "--on", LOGIC, *MODELS, "--describe", "--json").data
    cheap = itas("search", "small", "--on", LOGIC, *MODELS, "--under", 0.02, "--describe", "--json").data
    assert cheap["space"]["removed"]["over 0.02 dollars a question"] > 0
    assert cheap["space"]["points"] < whole["space"]["points"]
    folder = run_folder(itas, "--on", LOGIC, "--under", 0.02)
    front = itas("show", folder, "--front", "--json").data
    assert all(point["micro_usd"] <= 20_000 for point in front)
    assert (folder / "report.html").is_file()


def test_a_search_on_several_benchmarks_says_how_good_it_is_on_each_and_the_gap(itas: Itas) -> None:
    general = run_folder(itas, "--on", LOGIC, "--on", MATHEMATICS)
    outcome = json.loads((general / "outcome.json").read_text())
    assert set(outcome["parts"]) == {LOGIC, MATHEMATICS}
    assert outcome["search"]["study"]["aggregate"] == "standardised"
    assert outcome["result"]["split"] == [30, 10, 80]
    assert "what counted: standardised" in itas("show", general).out
    alone = run_folder(itas, "--on", LOGIC)
    (gap,) = itas("show", general, "--against", alone, "--json").data
    assert gap["benchmark"] == LOGIC
    assert gap["specific"]["mean"] == pytest.approx(
        json.loads((alone / "outcome.json").read_text())["result"]["contestants"][0]["mean"]
    )
    assert gap["comparison"] is None or gap["comparison"]["n"] >= 20
    assert LOGIC in itas("show", general, "--against", alone).out
    assert itas("show", alone, "--against", general).code == 2
    resumed = itas("resume", general, "--json")
    assert resumed.data["result"]["verdict"] == outcome["result"]["verdict"]


def test_several_benchmarks_may_stand_in_a_study_file(itas: Itas, tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text(
        f"space: small\non: ['{LOGIC}', '{MATHEMATICS}']\nmodels: [simulated/euler-large]\n"
        "aggregate: worst\nlimit: 40\nmax_seconds: 60\n"
    )
    described = itas("search", "study.yaml", "--describe", "--json")
    assert described.code == 0, described.err
    (tmp_path / "study.yaml").write_text(
        f"space: small\non: '{LOGIC}'\nmodels: [simulated/a]\naggregate: mean\n"
    )
    assert "'aggregate' is for several benchmarks" in itas("search", "study.yaml", "--describe").err


def test_an_ablation_of_the_winner_asks_only_held_out_problems_and_pays_nothing_twice(
    itas: Itas, folder: Path
) -> None:
    outcome = json.loads((folder / "outcome.json").read_text())
    before = (folder / "outcome.json").read_bytes()
    result = itas("ablate", folder, "--json")
    assert result.code == 0, result.err
    report = result.data
    winner = outcome["result"]["contestants"][0]
    assert report["held_out"]
    assert report["problems"] == len(winner["observations"])
    assert report["score"]["mean"] == pytest.approx(winner["mean"])
    assert len(report["parts"]) >= 2
    for part in report["parts"]:
        assert part["comparison"]["n"] == report["problems"]
        assert part["comparison"]["n_compared"] == len(report["parts"])
        whole, rest = report["cost_micro_usd"], part["cost_micro_usd"]
        assert part["price_share"] == pytest.approx(1 - rest / whole)
    again = itas("ablate", folder, "--json").data
    assert again["paid_samples"] == report["paid_samples"]  # of both together
    assert again["parts"] == report["parts"]
    assert (folder / "outcome.json").read_bytes() == before
    assert "corrected for the number of parts (Holm)" in itas("show", folder).out


def test_an_ablation_of_any_architecture_has_a_folder_of_its_own(itas: Itas) -> None:
    Path("arch.yaml").write_text(
        "name: ranked\nlayers:\n  - {type: generator, model: simulated/euler-large, samples: 4}\n"
        "  - {type: critic, model: simulated/atlas-small}\n  - {type: ranker, model: simulated/atlas-small}\n"
    )
    report = itas("ablate", "arch.yaml", "--on", MATHEMATICS, "--limit", 60, "--json").data
    parts = {part["without"]: part for part in report["parts"]}
    assert list(parts) == ["critic (layer 2)", "critic and ranker (layers 2 to 3)"]
    assert parts["critic (layer 2)"]["samples_share"] == pytest.approx(1 / 6, abs=0.05)
    assert (
        parts["critic and ranker (layers 2 to 3)"]["price_share"] > parts["critic (layer 2)"]["price_share"]
    )
    assert not report["held_out"]
    assert "adds" in itas("show", report["folder"]).out


def test_a_cap_cuts_an_ablation_short_and_what_is_missing_is_said(itas: Itas, folder: Path) -> None:
    cut = itas("ablate", folder, "--max-samples", 100, "--json")
    assert cut.code == 3
    assert not all(part["is_complete"] for part in cut.data["parts"])
    assert cut.data["paid_samples"] <= 100
    assert all(part["is_complete"] for part in itas("ablate", folder, "--json").data["parts"])


def test_an_ablation_needs_something_to_leave_out_and_a_benchmark(itas: Itas) -> None:
    refused = itas("ablate", "simulated/euler-large", "--on", LOGIC)
    assert refused.code == 2
    assert "nothing can be left out" in refused.err
    assert "'on' is missing" in itas("ablate", "simulated/euler-large").err


@pytest.mark.parametrize("file", ["study.db", "study.log"])
def test_an_export_to_optuna_has_every_trial_with_its_score(itas: Itas, folder: Path, file: str) -> None:
    optuna = pytest.importorskip("optuna")
    result = itas("export", folder, "--optuna", file)
    assert result.code == 0, result.err
    if file.endswith(".db"):
        storage = optuna.storages.RDBStorage(f"sqlite:///{file}")
    else:
        backend = optuna.storages.journal.JournalFileBackend(file)
        storage = optuna.storages.JournalStorage(backend)
    study = optuna.load_study(study_name=folder.resolve().name, storage=storage)
    made = [event for event in events(folder) if event["event"] == "trial"]
    proposed = [
        entry for event in events(folder) if event["event"] == "proposed" for entry in event["trials"]
    ]
    assert len(study.trials) == len(made) == 6
    for trial, entry in zip(study.trials, proposed, strict=True):
        assert {name: str(value) for name, value in trial.params.items()} == {
            name: str(value) for name, value in entry["choices"].items()
        }
        scores = [
            observation["outcome"]["value"]
            for event in made
            if event["trial"] == entry["trial"]
            for observation in event["observations"]
        ]
        assert trial.value == pytest.approx(sum(scores) / len(scores))
    assert itas("export", folder, "--optuna", file).code == 2
