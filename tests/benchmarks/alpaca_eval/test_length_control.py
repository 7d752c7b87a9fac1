"""The length-controlled win rate against the official package, and the regression against its own definition.

`official_length_control.json` was written by ``runs/official_length_control.py`` with alpaca_eval 0.6.6 on the recorded
preferences; the official file of difficulties is made up there from a seed, and here in the same way.
"""

import gzip
import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
from scipy import optimize

from itas.benchmarks.alpaca_eval import Preference, length_controlled
from itas.benchmarks.alpaca_eval.length_control import load_variants
from itas.benchmarks.alpaca_eval.logistic import Sample, fit_logistic, probability
from itas.errors import DataError

OFFICIAL = json.loads(Path(__file__).with_name("official_length_control.json").read_text())
FORMS = ("length_controlled_v1", "length_controlled_noreg", "length_controlled_minimal")


def script():
    """The script that asked the official package; its reading of the data is used here too."""
    path = Path(__file__).parents[3] / "runs/official_length_control.py"
    spec = importlib.util.spec_from_file_location("official_length_control", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def variants(tmp_path_factory):
    path = tmp_path_factory.mktemp("variants") / "df_gamed.csv"
    script().made_up_variants(path, 805)
    return load_variants(path)


@pytest.fixture(scope="module")
def preferences(shared_data):
    found = {}
    for name, annotations in script().recorded(shared_data).items():
        found[name] = [
            Preference(
                index=index,
                value=None if each["preference"] is None else each["preference"] - 1,
                length=len(each["output_2"]),
                baseline_length=len(each["output_1"]),
            )
            for index, each in enumerate(annotations)
        ]
    return found


def test_the_raw_win_rate_of_every_recorded_model_is_the_official_one(preferences):
    assert len(preferences) == len(OFFICIAL) == 30
    for name, found in preferences.items():
        values = np.array([each.value for each in found if each.value is not None])
        official = OFFICIAL[name]
        assert len(values) == official["n_total"]
        assert 100 * values.mean() == pytest.approx(official["win_rate"], abs=1e-5)
        assert 100 * values.std(ddof=1) / len(values) ** 0.5 == pytest.approx(
            official["standard_error"], abs=1e-5
        )


@pytest.mark.parametrize("form", FORMS)
def test_the_length_controlled_win_rate_is_within_a_tenth_of_a_point_of_the_official_one(
    form, preferences, variants
):
    chosen = sorted(preferences)[:: 3 if form == FORMS[0] else 5]
    for name in chosen:
        known = {"variants": variants} if form == FORMS[0] else {}
        if form == FORMS[1]:
            known = {"difficulty": variants.difficulty}
        found = length_controlled(preferences[name], **known)
        assert found is not None
        assert found.form == form
        assert 100 * found.win_rate == pytest.approx(OFFICIAL[name][form], abs=0.1), name
        assert 100 * found.standard_error == pytest.approx(OFFICIAL[name][f"{form}_se"], abs=0.01), name


def test_a_judge_that_counts_characters_only_gives_one_half_at_equal_lengths():
    rng = np.random.default_rng(0)
    lengths = rng.integers(200, 3000, size=(400, 2))
    preferences = [
        Preference(n, float(1 / (1 + np.exp((theirs - own) / 400))), int(own), int(theirs))
        for n, (own, theirs) in enumerate(lengths)
    ]
    longer = [
        Preference(p.index, p.value, p.length, p.baseline_length)
        for p in preferences
        if p.length > p.baseline_length
    ]
    raw = np.mean([each.value for each in longer if each.value is not None])
    assert raw > 0.8
    found = length_controlled(preferences)
    assert found is not None
    assert found.win_rate == pytest.approx(0.5, abs=0.03)


def test_too_few_judgments_give_no_figure():
    preferences = [Preference(n, 0.5, 10 + n, 20) for n in range(9)]
    assert length_controlled(preferences) is None


def test_an_instruction_without_a_known_difficulty_is_an_error():
    preferences = [Preference(n, 0.5, 10 + n, 20) for n in range(20)]
    with pytest.raises(DataError, match="difficulty of instruction 7"):
        length_controlled(preferences, difficulty={n: 0.0 for n in range(20) if n != 7})


@pytest.mark.parametrize("c", [1e-3, 0.05, 1.0, 100.0])
def test_the_regression_finds_the_minimum_that_a_general_solver_finds(c):
    rng = np.random.default_rng(3)
    x = np.column_stack([rng.normal(size=300), rng.normal(size=300), np.ones(300)])
    p = probability(x, np.array([1.2, -0.4, 0.3])) * 0.9 + 0.1 * rng.random(300)
    weight = rng.random(300)

    def objective(v):  # w = v[:3] - v[3:], both >= 0: the penalty becomes smooth
        z = x @ (v[:3] - v[3:])
        return v.sum() + c * np.sum(weight * (p * np.logaddexp(0, -z) + (1 - p) * np.logaddexp(0, z)))

    best = optimize.minimize(
        objective,
        np.full(6, 0.1),
        bounds=[(0, None)] * 6,
        options={"maxiter": 5000, "ftol": 1e-15, "gtol": 1e-10},
    )
    found = fit_logistic(Sample(x, p, weight), c)
    assert found == pytest.approx(best.x[:3] - best.x[3:], abs=2e-4)


def test_a_file_of_variants_that_is_not_one_is_refused(tmp_path):
    path = tmp_path / "df_gamed.csv"
    path.write_text("index,preference\n0,1\n")
    with pytest.raises(DataError, match="instruction_difficulty"):
        load_variants(path)
    with pytest.raises(DataError, match="cannot be read"):
        load_variants(tmp_path / "none.csv")


def test_the_preferences_in_the_matrix_are_those_of_the_annotations(shared_data):
    """Two recorded forms of the same judgments, so that neither is read wrongly."""
    text = gzip.decompress((shared_data / "alpaca_eval/preference_matrix.jsonl.gz").read_bytes()).decode()
    rows = {row.get("model"): row for row in map(json.loads, text.splitlines())}
    assert len(rows) - 1 == 26
    assert all(
        1 <= value <= 2 for row in rows.values() for value in row.get("preference", []) if value is not None
    )
