"""One part left out at a time: the rest runs, and the first candidates stay."""

from itas.core.architecture import Architecture
from itas.search.ablation import list_ablations

MODELS = ["simulated/a", "simulated/b", "simulated/c"]
ENSEMBLE = {"type": "generator", "models": MODELS}
CRITIC = {"type": "critic", "model": "simulated/a"}
RANKER = {"type": "ranker", "model": "simulated/a", "top_k": 2}
FUSER = {"type": "fuser", "model": "simulated/a"}
TESTS = [
    {"type": "unit_test_generator", "model": "simulated/a"},
    {"type": "unit_test_evaluator", "model": "simulated/a"},
]


def build(*layers: object) -> Architecture:
    return Architecture.parse({"name": "whole", "layers": list(layers)})


def without(architecture: Architecture, *, members: bool = False) -> dict[str, list[str]]:
    return {
        each.without: [layer.type for layer in each.architecture.layers]
        for each in list_ablations(architecture, members=members)
    }


def test_every_layer_is_left_out_once() -> None:
    assert without(build(ENSEMBLE, CRITIC, RANKER, FUSER)) == {
        "critic (layer 2)": ["generator", "ranker", "fuser"],
        "ranker (layer 3)": ["generator", "critic", "fuser"],
        "fuser (layer 4)": ["generator", "critic", "ranker"],
    }


def test_a_critic_goes_with_its_only_reader() -> None:
    assert without(build(ENSEMBLE, CRITIC, FUSER)) == {
        "critic (layer 2)": ["generator", "fuser"],
        "critic and fuser (layers 2 to 3)": ["generator"],
    }


def test_tests_and_their_evaluator_go_together_and_once() -> None:
    assert without(build(ENSEMBLE, *TESTS, FUSER)) == {
        "unit_test_generator and unit_test_evaluator (layers 2 to 3)": ["generator", "fuser"],
        "fuser (layer 4)": ["generator", "unit_test_generator", "unit_test_evaluator"],
    }


def test_members_of_a_layer_are_left_out_one_by_one() -> None:
    found = list_ablations(build(ENSEMBLE, FUSER))
    names = [each.without for each in found]
    assert names == ["fuser (layer 2)", *(f"generator {model} (layer 1)" for model in MODELS)]
    assert [component.models() for component in found[1].architecture.layers[0].components] == [
        ("simulated/b",),
        ("simulated/c",),
    ]
    assert found[1].architecture.name == "whole without generator simulated/a (layer 1)"


def test_one_call_has_nothing_to_leave_out() -> None:
    assert list_ablations(build({"type": "generator", "model": "simulated/a"})) == ()


def test_what_costs_nothing_is_left_out_too() -> None:
    found = without(build({"type": "generator", "model": "simulated/a", "samples": 5}, {"type": "vote"}))
    assert found == {"vote (layer 2)": ["generator"]}
