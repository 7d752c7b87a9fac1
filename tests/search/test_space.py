"""Spaces: what may stand in them, what they count, what they refuse."""

import time
from pathlib import Path

import pytest
from pydantic import ValidationError

from itas.core.architecture import Architecture
from itas.errors import SpecError
from itas.search.bound import BoundSpace
from itas.search.ranking import Ranked, Rankings, vote_weight
from itas.search.shipped import load_space, read_shipped_space, shipped_spaces
from itas.search.space import Space
from itas.specs import load_data, parse_yaml

GENERATOR = {"type": "generator", "model": "simulated/a"}


def rankings(count: int) -> Rankings:
    return Rankings.provisional([f"simulated/m{number}" for number in range(count)])


# --- the published spaces -----------------------------------------------------------------------------------


def test_the_published_spaces_have_exactly_the_published_number_of_points(ten_models: Rankings):
    assert len(load_space("paper-3192").bind(ten_models)) == 3192
    assert len(load_space("paper-9576").bind(ten_models)) == 9576


def test_the_space_for_code_chooses_by_tests_and_never_fuses(ten_models: Rankings):
    bound = load_space("code").bind(ten_models)
    # One call; 3 x 5 with tests first; 3 x 5 x 3 with a check afterwards, less 2 x 2 over the limit.
    assert len(bound) == 1 + 15 + 45 - 4
    types = {tuple(layer.type for layer in point.architecture.layers) for point in bound.points}
    assert types == {
        ("generator",),
        ("unit_test_generator", "generator", "unit_test_evaluator"),
        ("generator", "unit_test_generator", "unit_test_evaluator"),
        ("generator", "verifier"),
    }
    assert {point.architecture.runs_code for point in bound.points} == {True, False}
    assert max(point.architecture.widths()[-2] for point in bound.points) == 3000


def test_the_open_space_has_what_the_published_one_leaves_out(ten_models: Rankings):
    bound = load_space("open").bind(ten_models)
    assert len(bound) == 19_619
    chosen = [point.choices for point in bound.points]
    many = [choices for choices in chosen if choices["build"] == "many samples"]
    assert max(int(choices["samples"]) for choices in many) == 80
    assert {choices["choose"] for choices in many} == {"vote", "ranker", "unit tests"}
    endings = {str(choices["ending"]) for choices in chosen if "ending" in choices}
    assert endings == {"vote", "weighted vote", "cascade", "rank", "fuse"}
    assert sum(choices["build"] == "one call" for choices in chosen) == 1
    cascades = [point for point in bound.points if point.choices.get("ending") == "cascade"]
    assert len(cascades) == 50
    assert {cascades[0].architecture.layers[-1].type} == {"cascade"}


def test_what_is_removed_from_the_published_space_is_what_does_not_fit_into_24_candidates(
    paper_space: BoundSpace,
):
    assert paper_space.removed == {"put over 24 candidates into one prompt (rule 6)": (50 - 38) * 84}


def test_binding_the_larger_published_space_takes_less_than_two_seconds(ten_models: Rankings):
    start = time.perf_counter()
    bound = load_space("paper-9576").bind(ten_models)
    assert len(bound.points) == 9576
    assert time.perf_counter() - start < 2.0


def test_fewer_models_give_fewer_points_and_the_reason_is_counted():
    bound = load_space("paper-3192").bind(rankings(4))
    # K 1..4 with N 1..5 all fit; widths 2 and 4 remain: 2 + 4 + 8 patterns.
    assert len(bound) == 20 * 14
    assert bound.removed["want more generators than are ranked (4)"] > 0
    assert bound.removed["want more fusers than are ranked (4)"] > 0
    assert len(bound) + sum(bound.removed.values()) == bound.raw


def test_the_widths_can_be_set():
    space = load_space("paper-3192")
    for name in ("fusers1", "fusers2", "fusers3"):
        space = space.with_options(name, [2, 4])
    assert len(space.bind(rankings(10))) == 38 * 14
    with pytest.raises(SpecError, match=r"no hole is named 'fuser1'. Did you mean 'fusers1'\?"):
        space.with_options("fuser1", [2])


@pytest.mark.parametrize("name", shipped_spaces())
@pytest.mark.parametrize("count", [1, 2, 10])
def test_every_shipped_space_can_be_bound_to_few_and_many_models(name: str, count: int):
    if name.startswith("paper") and count == 1:
        with pytest.raises(SpecError, match="want more fusers than are ranked"):
            load_space(name).bind(rankings(count))
        return
    bound = load_space(name).bind(rankings(count))
    assert len(bound) > 3
    assert bound.features.min() >= 0.0
    assert bound.features.max() <= 1.0


def test_the_open_space_contains_what_the_published_one_leaves_out():
    bound = load_space("open").bind(rankings(4))
    types = {
        tuple(layer.type for layer in bound.architecture_of(index).layers) for index in range(len(bound))
    }
    assert ("generator",) in types
    assert ("generator", "vote") in types
    assert ("generator", "fuser") in types
    assert ("generator", "critic", "ranker", "fuser", "critic", "ranker", "fuser") in types


# --- points -------------------------------------------------------------------------------------------------


def test_every_point_builds_and_plans_what_the_space_says(small_space: BoundSpace):
    fingerprints = set()
    for point in small_space.points:
        assert point.architecture.planned_samples() == point.planned_samples
        fingerprints.add(point.architecture.fingerprint)
        assert small_space.index_of(point.architecture) == point.index
    assert len(fingerprints) == len(small_space)


def test_every_way_that_was_removed_by_a_rule_is_refused_by_the_architecture(small_space: BoundSpace):
    wide = Space.parse({**small_space.space.model_dump(mode="json"), "max_candidates": 100})
    fitting = {point.label for point in small_space.points}
    removed = [point for point in wide.bind(small_space.rankings).points if point.label not in fitting]
    assert len(removed) == sum(small_space.removed.values())
    for point in removed:
        data = {**point.architecture.model_dump(mode="json"), "max_candidates": 24}
        with pytest.raises(SpecError, match="rule 6"):
            Architecture.parse(data)


def test_choices_name_open_holes_only(small_space: BoundSpace):
    (one,) = [point for point in small_space.points if point.choices.get("calls") == "one"]
    assert one.choices == {"calls": "one"}
    fused = next(p for p in small_space.points if p.choices.get("judge") == "critic + ranker")
    assert [layer.type for layer in fused.architecture.layers] == ["generator", "critic", "ranker", "fuser"]
    assert fused.label.startswith("calls=many K=1 N=1 ending=fuse")


def test_equal_architectures_are_one_point():
    space = Space.parse({"layers": [{**GENERATOR, "samples": {"choice": {"few": 1, "one": 1, "two": 2}}}]})
    bound = space.bind(rankings(1))
    assert len(bound) == 2
    assert bound.removed == {"are the same as another architecture": 1}


def test_a_hole_that_is_used_again_has_the_same_choice_holes_inside_it_included():
    judge = {
        "name": "judge",
        "choice": [
            None,
            {"type": "ranker", "model": {"best": "fusers"}, "top_k": {"choice": [2, 3], "name": "keep"}},
        ],
    }
    fuser = {"type": "fuser", "model": {"best": "fusers"}}
    space = Space.parse(
        {"layers": [{**GENERATOR, "samples": 4}, judge, fuser, {**fuser, "samples": 3}, {"same": "judge"}]}
    )
    bound = space.bind(rankings(2))
    shapes = [[layer.type for layer in point.architecture.layers] for point in bound.points]
    assert shapes[0] == ["generator", "fuser", "fuser"]
    assert shapes[1:] == [["generator", "ranker", "fuser", "fuser", "ranker"]] * 2
    last = [point.architecture.layers[-1].components[0].max_out(9) for point in bound.points[1:]]
    assert last == [2, 3]


def test_models_come_from_the_ranked_lists_best_first():
    ranked = Rankings(
        generators=(
            Ranked(model="simulated/good", skill=0.9, n=50),
            Ranked(model="simulated/bad", skill=0.3, n=50),
        ),
        fusers=(Ranked(model="simulated/fuses", skill=0.5),),
    )
    space = Space.parse(
        {
            "layers": [
                {"type": "generator", "models": {"top": {"choice": [1, 2], "name": "K"}, "of": "generators"}},
                {"type": "fuser", "model": {"top": 1, "of": "fusers"}},
            ]
        }
    )
    first, second = space.bind(ranked).points
    assert first.architecture.models == ("simulated/fuses", "simulated/good")
    assert second.architecture.layers[0].components[1].models() == ("simulated/bad",)


def test_models_may_be_a_choice_of_their_own():
    space = Space.parse(
        {"layers": [{"type": "generator", "model": {"pool": ["simulated/a", "simulated/b"], "name": "who"}}]}
    )
    bound = space.bind(rankings(0))
    assert [point.choices["who"] for point in bound.points] == ["simulated/a", "simulated/b"]


def test_votes_are_weighted_by_the_log_odds_of_the_ranking_within_bounds():
    assert vote_weight(0.25, 0, chance=0.25) == 0.05
    assert vote_weight(0.5, 0, chance=0.25) == pytest.approx(1.099, abs=1e-3)
    assert vote_weight(1.0, 10_000, chance=0.25) == 4.0
    assert vote_weight(0.1, 50, chance=0.25) == 0.05
    space = Space.parse(
        {"layers": [{**GENERATOR, "samples": 3}, {"type": "vote", "weights": {"skill": "generators"}}]}
    )
    (point,) = space.bind(rankings(2)).points
    assert point.architecture.model_dump()["layers"][1]["components"][0]["weights"] == {
        "simulated/m0": 1.099,
        "simulated/m1": 1.099,
    }


# --- limits -------------------------------------------------------------------------------------------------


def test_what_stands_beside_the_components_of_a_layer_reaches_every_point():
    generators = {"type": "generator", "models": {"top": {"choice": [2, 3], "name": "K"}, "of": "generators"}}
    space = Space(layers=({"components": [generators], "quorum": 2, "grace_s": {"choice": [1.5, 4.0]}},))
    layers = [point.architecture.layers[0] for point in space.bind(rankings(3)).points]
    assert {(len(layer.components), layer.quorum, layer.grace_s) for layer in layers} == {
        (2, 2, 1.5),
        (2, 2, 4.0),
        (3, 2, 1.5),
        (3, 2, 4.0),
    }


def test_a_quorum_that_a_point_cannot_reach_removes_that_point():
    generators = {"type": "generator", "models": {"top": {"choice": [1, 2], "name": "K"}, "of": "generators"}}
    bound = Space(layers=({"components": generators, "quorum": 2},)).bind(rankings(2))
    assert [point.choices for point in bound.points] == [{"K": 2}]
    assert sum(bound.removed.values()) == 1
    assert "quorum" in next(iter(bound.removed))


def test_an_unknown_name_beside_the_components_of_a_layer_is_refused_with_its_place():
    space = Space.parse({"layers": [{"components": [GENERATOR], "quorums": 1}]})
    with pytest.raises(SpecError, match=r"layers\[0\].*quorums"):
        space.bind(rankings(1))


def test_points_beyond_a_limit_are_removed_beforehand_and_counted():
    layers = [{**GENERATOR, "samples": {"choice": [1, 5, 9], "name": "N"}}]
    bound = Space.parse({"layers": layers, "max_samples": 5}).bind(rankings(1))
    assert [point.planned_samples for point in bound.points] == [1, 5]
    assert bound.removed == {"over 5 samples a question": 1}

    def price(architecture: Architecture) -> int | None:
        samples = architecture.planned_samples()
        return None if samples == 1 else 1000 * samples

    cheap = Space.parse({"layers": layers, "max_cost_usd": 0.005}).bind(rankings(1), price=price)
    assert [point.planned_samples for point in cheap.points] == [5]
    assert cheap.removed == {"have a model without a price": 1, "over 0.005 dollars a question": 1}


def test_a_limit_in_dollars_without_prices_is_refused():
    with pytest.raises(SpecError, match=r"max_cost_usd: a limit in dollars needs prices"):
        Space.parse({"layers": [GENERATOR], "max_cost_usd": 1}).bind(rankings(1))


def test_a_space_without_any_point_says_why():
    with pytest.raises(SpecError, match=r"no point .* Removed: 1 want more generators than are ranked \(0\)"):
        Space.parse({"layers": [{"type": "generator", "model": {"best": "generators"}}]}).bind(rankings(0))


def test_a_space_that_is_too_large_is_sampled_without_repeating_a_point():
    axes = {"temperature": {"choice": [round(0.01 * i, 2) for i in range(100)]}}
    layers = [
        {**GENERATOR, **axes, "samples": {"choice": list(range(1, 101))}},
        {"type": "fuser", "model": "simulated/a", **axes},
    ]
    space = Space.parse({"layers": layers, "max_candidates": 50})
    assert space.raw_count == 1_000_000
    bound = space.bind(rankings(1), sampled=400)
    assert bound.is_sampled
    assert len({point.architecture.fingerprint for point in bound.points}) == len(bound) == 400
    again = space.bind(rankings(1), sampled=400)
    assert again.fingerprint == bound.fingerprint


def test_ways_are_counted_without_making_them():
    hole = {"choice": list(range(1, 1001))}
    layers = [{**GENERATOR, "samples": hole, "max_tokens": hole}] + [
        {"type": "fuser", "model": "simulated/a", "samples": hole, "max_tokens": hole} for _ in range(4)
    ]
    assert Space.parse({"layers": layers}).raw_count == 1000**10


# --- mistakes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "layers, message",
    [
        (
            [{**GENERATOR, "samples": {"choice": []}}],
            r"layers\[0\].samples.choice: at least one option, found none",
        ),
        (
            [{**GENERATOR, "samples": {"choice": [1], "nmae": "N"}}],
            r"layers\[0\].samples: 'choice' has no 'nmae'. Did you mean 'name'\?",
        ),
        (
            [
                {
                    **GENERATOR,
                    "samples": {"choice": [1], "name": "N"},
                    "temperature": {"choice": [0], "name": "N"},
                }
            ],
            r"layers\[0\].temperature.name: every hole has its own name, 'N' is taken by layers\[0\].samples",
        ),
        (
            [{**GENERATOR, "samples": {"same": "N"}}],
            r"layers\[0\].samples.same: names a hole that stands before",
        ),
        (
            [{"type": "generator", "models": {"top": 3, "of": "generator"}}],
            r"layers\[0\].models.of: one of generators, fusers, found 'generator'",
        ),
        (
            [{"type": "generator", "models": {"top": 3}}],
            r"layers\[0\].models: write {top: how many, of: generators}",
        ),
        ([{"typ": "generator"}], r"layers\[0\]: a layer is a component with a 'type'"),
        (
            [{**GENERATOR, "samples": {"layers": []}}],
            r"layers\[0\].samples: 'layers' may stand only where a layer",
        ),
    ],
)
def test_a_mistake_in_the_holes_is_found_when_reading(layers: list[object], message: str):
    with pytest.raises(SpecError, match=message):
        Space.parse({"layers": layers})


@pytest.mark.parametrize(
    "layers, message",
    [
        (
            [{**GENERATOR, "samples": {"choice": [1, 0]}}],
            r"layers\[0\]: .*samples: Input should be greater than 0",
        ),
        (
            [
                GENERATOR,
                {"choice": [None, {"layers": [{"type": "ranker", "model": "simulated/a", "topk": 1}]}]},
            ],
            r"layers\[1\].choice\[1\].layers\[0\]: .*'ranker' has no 'topk'. Did you mean 'top_k'",
        ),
        ([GENERATOR, {"type": "rankr"}], r"layers\[1\]: .*unknown component 'rankr'. Did you mean 'ranker'"),
        (
            [{"type": "generator", "model": {"top": 2, "of": "generators"}}],
            r"layers\[0\].model.top: 'model' takes one model, found 2. Write 'models' for several",
        ),
        (
            [{"type": "generator", "models": {"top": "two", "of": "generators"}}],
            r"layers\[0\].models.top: a whole number of at least 1, found 'two'",
        ),
    ],
)
def test_a_mistake_in_a_component_is_found_when_binding(layers: list[object], message: str):
    with pytest.raises(SpecError, match=message):
        Space.parse({"layers": layers}).bind(rankings(3))


def test_an_unknown_space_is_refused_with_the_nearest():
    with pytest.raises(SpecError, match=r"no space is named 'paper-3129'. Did you mean 'paper-3192'\?"):
        load_space("paper-3129")


def test_unknown_names_of_a_space_are_refused():
    with pytest.raises(SpecError, match=r"unknown name 'max_sample'. Did you mean 'max_samples'\?"):
        Space.parse({"layers": [GENERATOR], "max_sample": 3})
    with pytest.raises(ValidationError):
        Space.model_validate({"layers": []})


# --- sharing ------------------------------------------------------------------------------------------------


def test_nothing_known_means_everything_is_to_be_bought(paper_space: BoundSpace):
    assert (paper_space.sharing.marginal([]) == paper_space.planned_samples).all()


def test_more_samples_continue_a_list_of_draws_and_layers_in_common_are_free():
    layers = [
        {**GENERATOR, "samples": {"choice": [2, 5], "name": "N"}},
        {
            "choice": {
                "none": None,
                "fused": {
                    "type": "fuser",
                    "models": {"top": {"choice": [1, 2], "name": "width"}, "of": "fusers"},
                },
            },
            "name": "end",
        },
    ]
    bound = Space.parse({"layers": layers}).bind(rankings(2))
    number = {point.label: point.index for point in bound.points}
    left = bound.sharing.marginal([number["N=2 end=fused width=1"]])
    assert left[number["N=2 end=none"]] == 0
    assert left[number["N=5 end=none"]] == 3
    assert left[number["N=2 end=fused width=2"]] == 1
    assert left[number["N=5 end=fused width=1"]] == 3 + 1
    assert bound.sharing.marginal([number["N=5 end=none"]])[number["N=2 end=fused width=1"]] == 1


# --- a space of one's own -----------------------------------------------------------------------------------


def test_the_example_space_can_be_bound_and_all_its_points_build():
    path = Path(__file__).parents[2] / "examples" / "spaces" / "panel.yaml"
    bound = Space.parse(load_data(path)).bind(rankings(1))
    # 3 models x 3 temperatures x {1, 2, 4} samples x {alone, with a second} x 4 endings, within 12 samples.
    assert bound.raw == len(bound) == 3 * 3 * 3 * 2 * 4
    assert {point.architecture.planned_samples() <= 12 for point in bound.points} == {True}


def test_spaces_that_come_with_the_package_can_be_copied_into_a_file_of_ones_own():
    for name in shipped_spaces():
        assert Space.parse(parse_yaml(read_shipped_space(name))) == load_space(name)
