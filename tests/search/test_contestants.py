"""Who stands in a verdict, and what baselines are made of."""

from typing import Any

import pytest

import itas.components  # noqa: F401 - registers the component types
from itas.core.architecture import Architecture
from itas.search.contestants import build_baseline, find_singles
from itas.search.ranking import Ranked, Rankings
from itas.search.records import Baseline, StudySpec
from itas.search.space import Space

MODELS = ("fake/a", "fake/b", "fake/c")
RANKINGS = Rankings.provisional(MODELS, ())
WINNER: list[Any] = [
    {"type": "generator", "model": "fake/b", "samples": 6, "temperature": 0.2},
    {"type": "generator", "model": "fake/c", "samples": 5, "temperature": 0.0, "max_tokens": 99},
]


def built(
    baseline: Baseline,
    *,
    layers: list[Any] | None = None,
    winner: list[Any] | None = None,
    rankings: Rankings = RANKINGS,
    fusers: tuple[str, ...] | None = None,
    most: int = 24,
) -> Architecture:
    space = Space.parse(
        {"max_candidates": most, "layers": layers or [{"type": "generator", "model": "fake/a"}]}
    )
    spec = StudySpec(space=space, models=MODELS, fusers=fusers)
    first = Architecture.parse(
        {"layers": [winner or WINNER, {"type": "fuser", "model": "fake/a"}], "max_candidates": 60}
    )
    return build_baseline(baseline, spec, rankings, first)


def ranked(*skills: float, se: float = 0.0) -> Rankings:
    entries = [Ranked(model=f"fake/{place}", skill=skill, se=se) for place, skill in enumerate(skills)]
    return Rankings(generators=tuple(entries))


def test_models_that_may_well_be_better_than_the_first_stand_in_the_verdict():
    def models(rankings: Rankings) -> list[str]:
        return [entry.model[-1] for entry in find_singles(rankings)]

    assert models(ranked(0.7, 0.69, 0.6)) == ["0", "1"]
    assert models(ranked(0.7, 0.6, 0.5, se=0.04)) == ["0", "1"]
    assert models(ranked(*[0.7] * 9)) == ["0", "1", "2", "3", "4"]


def test_a_judge_is_the_one_of_the_space_else_the_best_fuser_else_the_best_model():
    fixed = [
        {"type": "generator", "model": "fake/a", "samples": 4},
        {"type": "ranker", "model": "fake/judge", "top_k": 2},
        {"type": "fuser", "model": {"best": "fusers"}},
    ]
    fusers = Rankings(generators=RANKINGS.generators, fusers=(Ranked(model="fake/f", skill=0.5),))
    cases: list[tuple[Baseline, list[Any] | None, Rankings, tuple[str, ...] | None, str]] = [
        ("best of n", fixed, fusers, None, "fake/judge"),
        ("mixture of models", fixed, fusers, None, "fake/f"),
        ("best of n", None, RANKINGS, ("fake/g",), "fake/g"),
        ("best of n", None, RANKINGS, None, "fake/a"),
    ]
    for baseline, layers, rankings, named, judge in cases:
        found = built(baseline, layers=layers, rankings=rankings, fusers=named)
        assert found.layers[1].components[0].models() == (judge,)


def test_baselines_have_the_settings_of_the_winner():
    parts = built("mixture of models").layers[0].components
    said = [(part.model, part.samples, part.temperature, part.max_tokens) for part in parts]  # pyright: ignore
    assert said == [
        ("fake/a", 4, 0.2, 2048),
        ("fake/b", 4, 0.2, 2048),
        ("fake/c", 3, 0.7, 99),
    ]


def test_a_vote_of_samples_at_temperature_zero_is_a_vote_of_different_samples():
    winner = [{"type": "generator", "model": "fake/b", "samples": 6, "temperature": 0.0}]
    (generator,) = built("sampled and voted", winner=winner).layers[0].components
    assert generator.model_dump()["temperature"] == 0.7


def test_a_baseline_that_cannot_take_all_samples_says_so():
    assert built("best of n", most=9).name == "best of n (10 of 12 samples)"
    assert built("best of n").name == "best of n (12 samples)"


@pytest.mark.parametrize(
    "options, temperature", [([0.0, 0.6, 1.0], 0.6), ([0.0, 0.7], 0.7), ([None, 1.0], 1.0)]
)
def test_an_open_value_of_one_call_is_the_option_nearest_to_the_default(
    options: list[Any], temperature: float
):
    layer = {"type": "generator", "model": "fake/a", "temperature": {"choice": options, "name": "T"}}
    single = Space.parse({"layers": [layer]}).single("fake/b")
    assert single.layers[0].components[0].model_dump()["temperature"] == temperature
