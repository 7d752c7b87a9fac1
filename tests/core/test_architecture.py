"""Architectures are checked, frozen values with a fingerprint."""

from typing import Any

import pytest

import itas.components  # noqa: F401 - registers the component types
from itas.core.architecture import Architecture
from itas.errors import SpecError

A, B = "openai/a", "openai/b"
GENERATOR = {"type": "generator", "model": A}
FUSER = {"type": "fuser", "model": A}
RANKER = {"type": "ranker", "model": A}
CRITIC = {"type": "critic", "model": A}
VERIFIER = {"type": "verifier", "model": A}
TESTS = {"type": "unit_test_generator", "model": A}
JUDGED = {"type": "unit_test_evaluator", "model": A}


def parse(*layers: Any, **fields: Any) -> Architecture:
    return Architecture.parse({"layers": list(layers), **fields})


def refusal(*layers: Any, **fields: Any) -> str:
    with pytest.raises(SpecError) as caught:
        parse(*layers, **fields)
    return str(caught.value)


def test_three_ways_to_write_a_layer_mean_the_same() -> None:
    written = [parse(GENERATOR), parse([GENERATOR]), parse({"components": [GENERATOR]})]
    assert len({architecture.fingerprint for architecture in written}) == 1


def test_several_models_stand_for_one_component_each() -> None:
    short = parse({"type": "generator", "models": [A, B], "samples": 2})
    long = parse([{**GENERATOR, "samples": 2}, {"type": "generator", "model": B, "samples": 2}])
    assert short.fingerprint == long.fingerprint
    assert short.models == (A, B)


def test_the_fingerprint_ignores_names_and_sees_everything_that_changes_answers() -> None:
    base = parse(GENERATOR, name="x", description="y")
    assert base.fingerprint == parse(GENERATOR).fingerprint
    others = [
        parse({**GENERATOR, "samples": 2}),
        parse({**GENERATOR, "temperature": 0.1}),
        parse(GENERATOR, FUSER),
    ]
    assert len({base.fingerprint, *(other.fingerprint for other in others)}) == 4


def test_defaults_written_out_do_not_change_the_fingerprint() -> None:
    assert parse(GENERATOR).fingerprint == parse({**GENERATOR, "samples": 1}).fingerprint


def test_an_architecture_comes_back_from_its_own_data() -> None:
    architecture = parse({**GENERATOR, "samples": 5}, CRITIC, RANKER, FUSER)
    again = Architecture.parse(architecture.model_dump(mode="json"))
    assert again == architecture


def test_widths_and_samples_follow_the_layers() -> None:
    architecture = parse(
        {"type": "generator", "models": [A, B], "samples": 3}, CRITIC, RANKER, [FUSER, FUSER]
    )
    assert architecture.widths() == (0, 6, 6, 5, 2)
    assert architecture.planned_samples() == 6 + 1 + 1 + 2
    assert architecture.max_samples() >= architecture.planned_samples()


@pytest.mark.parametrize(
    "layers, expected",
    [
        (
            [{"type": "genrator", "model": A}],
            "layers[0][0]: unknown component 'genrator'. Did you mean 'generator'?",
        ),
        ([{"model": A}], "layers[0][0]: a component needs a 'type'"),
        (["generator"], "layers[0][0]: a component is a mapping with a 'type', found 'generator'"),
        ([GENERATOR, {**RANKER, "topk": 3}], "layers[1][0]: 'ranker' has no 'topk'. Did you mean 'top_k'?"),
        ([GENERATOR, {**RANKER, "top_k": 0}], "layers[1][0].top_k: Input should be greater than"),
        ([{"type": "generator", "model": "gpt-4o"}], "layers[0][0].model"),
        ([[GENERATOR, FUSER]], "layers[0]: one kind of component per layer (rule 1)"),
        (
            [FUSER],
            "layers[0]: 'fuser' needs candidates, but none exist yet (rule 2). Start with a layer of generators.",
        ),
        ([GENERATOR, GENERATOR], "layers[1]: generators stand in the first layer only (rule 2)"),
        ([GENERATOR, CRITIC], "layers[1]: nobody uses the critiques of 'critic' (rule 3)"),
        ([GENERATOR, CRITIC, VERIFIER], "layers[1]: nobody uses the critiques of 'critic' (rule 3)"),
        ([GENERATOR, TESTS, RANKER], "layers[1]: 'unit_test_generator' must stand directly before"),
        ([GENERATOR, JUDGED], "layers[1]: 'unit_test_evaluator' needs tests (rule 4)"),
        ([GENERATOR, TESTS], "layers[1]: 'unit_test_generator' is last"),
        (
            [{**GENERATOR, "samples": 25}, RANKER],
            "layers[1]: 'ranker' would read 25 candidates in one prompt",
        ),
        ([], "layers: at least one is needed, found none"),
    ],
)
def test_a_broken_rule_is_named_with_place_and_cure(layers: list[Any], expected: str) -> None:
    assert expected in refusal(*layers)


def test_critiques_reach_past_a_selector() -> None:
    parse(GENERATOR, CRITIC, VERIFIER, FUSER)


def test_open_rules_allow_generators_later() -> None:
    assert parse(GENERATOR, FUSER, GENERATOR, rules="open").widths()[-1] == 2


def test_tests_may_be_shown_to_the_generators() -> None:
    shown = {**TESTS, "show_tests": True}
    parse(shown, GENERATOR)
    parse(shown, GENERATOR, RANKER, JUDGED)
    assert "'show_tests' only makes sense before the generators" in refusal(GENERATOR, shown, JUDGED)
    assert "tests alone answer nothing" in refusal(shown)


def test_a_component_that_reads_one_candidate_at_a_time_has_no_limit() -> None:
    parse({**GENERATOR, "samples": 100}, TESTS, JUDGED)
    parse({**GENERATOR, "samples": 30}, RANKER, max_candidates=30)
