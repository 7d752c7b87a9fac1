"""The old form of the paper's authors: what had a meaning keeps it, what has none is said."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itas.components import RewardRanker
from itas.errors import SpecError
from itas.specs.legacy import PAIR_RANKER, Conversion, convert_legacy, is_legacy


def old(type: str, **fields: Any) -> dict[str, Any]:
    return {
        "type": type,
        "model": "org/m",
        "model_type": "Together_API",
        "temperature": 0.7,
        "max_tokens": 2048,
        **fields,
    }


GENERATOR = old("generator", samples=3)
RANKER = old("ranker", top_k=2)
CRITIC = old("critic")
FUSER = old("fuser", samples=1)
TESTS = old("unit_test_generator")
EVALUATOR = old("unit_test_evaluator", remove_unit_tests_from_prompt=True)
VERIFIER = old("verifier")
PAIRS = {**RANKER, "model": PAIR_RANKER, "model_type": ""}


def convert(*layers: Any, **top: Any) -> Conversion:
    data = {"name": "x", "layers": [[layer] if "type" in layer else layer for layer in layers], **top}
    assert is_legacy(json.loads(json.dumps(data)))
    return convert_legacy(data)


def fields_of(conversion: Conversion, layer: int) -> dict[str, Any]:
    return conversion.architecture.layers[layer].components[0].model_dump()


# --- what keeps its meaning ---------------------------------------------------------------------------------


def test_a_plain_file_becomes_the_same_architecture_without_a_word():
    conversion = convert(
        GENERATOR, CRITIC, {**RANKER, "use_critiques": True}, {**FUSER, "length_control": True}
    )
    assert conversion.warnings == ()
    assert conversion.architecture.name == "x"
    assert conversion.architecture.planned_samples() == 3 + 1 + 1 + 1
    generator = {"type": "generator", "model": "together/org/m", "temperature": 0.7, "max_tokens": 2048}
    assert fields_of(conversion, 0) == {**generator, "samples": 3}
    ranker = fields_of(conversion, 2)
    assert (ranker["top_k"], ranker["use_critiques"]) == (2, True)
    assert fields_of(conversion, 3)["length_control"] is True


@pytest.mark.parametrize(
    "model_type, provider",
    [
        ("Together_API", "together"),
        ("OpenAI_API", "openai"),
        ("Anthropic_API", "anthropic"),
        ("Google_API", "gemini"),
        ("Groq_API", "groq"),
        ("Bedrock_API", "bedrock"),
        ("vLLM", "vllm"),
    ],
)
def test_every_provider_of_theirs_is_one_of_ours(model_type: str, provider: str):
    conversion = convert({**GENERATOR, "model_type": model_type})
    assert conversion.architecture.models == (f"{provider}/org/m",)
    assert conversion.warnings == ()


def test_bedrock_models_are_named_once_by_their_provider():
    component = {**GENERATOR, "model": "bedrock/meta.llama3-v1:0", "model_type": "Bedrock_API"}
    assert convert(component).architecture.models == ("bedrock/meta.llama3-v1:0",)


def test_tests_in_the_first_layer_are_shown_to_the_generators():
    conversion = convert(
        {**TESTS, "unit_test_cap": 5}, GENERATOR, {**EVALUATOR, "first_pass": True, "top_k": 1}
    )
    assert conversion.warnings == ()
    tests, evaluator = fields_of(conversion, 0), fields_of(conversion, 2)
    assert (tests["show_tests"], tests["count"]) == (True, 5)
    assert (evaluator["first_k"], evaluator["top_k"]) == (1, 1)


def test_tests_before_their_evaluator_are_not_shown():
    conversion = convert(GENERATOR, TESTS, {**EVALUATOR, "first_k": 3})
    assert fields_of(conversion, 1)["show_tests"] is False
    assert (fields_of(conversion, 2)["first_k"], fields_of(conversion, 2)["top_k"]) == (3, None)


def test_the_older_first_pass_gives_way_to_first_k():
    conversion = convert(TESTS, GENERATOR, {**EVALUATOR, "first_pass": True, "first_k": 3})
    assert fields_of(conversion, 2)["first_k"] == 3
    assert conversion.warnings == ("layers[2][0].first_pass: ignored: 'first_k' is given too, and counts.",)
    conversion = convert(TESTS, GENERATOR, {**EVALUATOR, "first_pass": False})
    assert (fields_of(conversion, 2)["first_k"], conversion.warnings) == (None, ())


def test_a_null_is_as_good_as_nothing():
    conversion = convert(TESTS, GENERATOR, {**EVALUATOR, "first_k": None, "top_k": None, "checkpoint": None})
    assert conversion.warnings == ()


def test_layers_may_be_written_in_three_ways():
    plain = convert([GENERATOR, GENERATOR], [FUSER])
    branched = convert({"branches": 1, "models": [GENERATOR, GENERATOR]}, {"branches": 1, "models": [FUSER]})
    assert branched == plain
    bare = convert_legacy({"name": "x", "layers": [GENERATOR, FUSER]})
    assert bare.architecture == convert(GENERATOR, FUSER).architecture
    assert bare.warnings[0].startswith("layers[0]: a component without a list around it")


def test_more_candidates_than_usual_raise_the_limit_and_say_so():
    conversion = convert({**GENERATOR, "samples": 80}, RANKER, FUSER)
    assert conversion.architecture.max_candidates == 80
    (warning,) = conversion.warnings
    assert warning.startswith("layers[1]: 'ranker' reads 80 candidates in one prompt, more than 24")
    assert convert({**GENERATOR, "samples": 80}, VERIFIER).architecture.max_candidates == 24


# --- what is left out, with a word --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "component, key, value, piece",
    [
        (GENERATOR, "top_k", 1, "it means nothing on a generator"),
        (GENERATOR, "checkpoint", "", "models are named by their provider"),
        (GENERATOR, "no_system", True, "no system message is added"),
        (GENERATOR, "use_critiques", True, "it means nothing on a generator"),
        (CRITIC, "samples", 3, "one sample is drawn"),
        (CRITIC, "top_k", 3, "it means nothing on a critic"),
        (RANKER, "samples", 2, "one sample is drawn"),
        (RANKER, "ranker_batch_size", 16, "it only concerns PairRM"),
        (RANKER, "topk", 16, "Did you mean 'top_k'?"),
        (FUSER, "length_contorl", True, "as in the published code. Did you mean 'length_control'?"),
        (FUSER, "top_k_generations", 2, "put a ranker into the layer before"),
        (FUSER, "fuse_generations_count", 1, "say how many answers to write with 'samples'"),
        (FUSER, "ranker_config", {"ranker_checkpoint": PAIR_RANKER}, "put a ranker into the layer before"),
        (FUSER, "remove_unit_tests_from_prompt", True, "tests stand beside the request"),
        (VERIFIER, "batch_num", 2, "asks about all candidates at once"),
        (VERIFIER, "first_pass", True, "it means nothing on a verifier"),
        (VERIFIER, "length_control", True, "it means nothing on a verifier"),
        (VERIFIER, "firstk", 1, "Did you mean 'first_k'?"),
    ],
)  # fmt: skip
def test_what_has_no_meaning_is_left_out_with_one_line(
    component: dict[str, Any], key: str, value: object, piece: str
):
    def layers(changed: dict[str, Any]) -> Conversion:
        if component is GENERATOR:
            return convert(changed)
        return convert(GENERATOR, changed, FUSER)

    conversion = layers({**component, key: value})
    (warning,) = conversion.warnings
    index = 0 if component is GENERATOR else 1
    assert warning.startswith(f"layers[{index}][0].{key}: ")
    assert piece in warning
    assert conversion.architecture == layers(component).architecture


def test_the_same_thing_in_many_places_is_one_line():
    conversion = convert([{**GENERATOR, "top_k": 1}] * 8, {**FUSER, "top_k": 1})
    assert conversion.warnings == (
        "layers[0][0].top_k (and 7 more): ignored: it means nothing on a generator.",
        "layers[1][0].top_k: ignored: it means nothing on a fuser.",
    )


def test_what_happens_anyway_needs_no_word():
    quiet = {"no_system": False, "length_control": False, "samples": 1}
    assert convert(GENERATOR, {**CRITIC, **quiet}, {**RANKER, **quiet}, FUSER).warnings == ()


def test_unknown_names_around_components_are_said():
    conversion = convert({"branches": 2, "modles": [], "models": [GENERATOR]}, custom=True)
    assert conversion.warnings == (
        "layers[0].branches: ignored, as in the published code; the layer stands once.",
        "layers[0].modles: unknown name, ignored. Did you mean 'models'?",
        "custom: unknown name, ignored. Known: layers, name.",
    )


def test_an_odd_name_cannot_write_on_the_terminal():
    (warning,) = convert({**GENERATOR, "\x1b[31m\n": 1}).warnings
    assert warning.isprintable()


def test_a_ranker_told_not_to_use_critiques_is_obeyed_and_the_difference_said():
    conversion = convert(GENERATOR, CRITIC, {**RANKER, "use_critiques": False}, FUSER)
    assert fields_of(conversion, 2)["use_critiques"] is False
    assert conversion.warnings[0].startswith("layers[2][0].use_critiques: kept")
    without = convert(GENERATOR, {**RANKER, "use_critiques": False}, CRITIC, FUSER)
    assert without.warnings == ()


def test_a_ranker_of_pairs_is_a_reward_ranker_and_says_what_it_needs():
    found = convert(GENERATOR, {**PAIRS, "top_k": 3, "ranker_batch_size": 16, "use_critiques": True}, FUSER)
    (ranker,) = found.architecture.layers[1].components
    assert ranker == RewardRanker(model="local/llm-blender/PairRM-hf", top_k=3)
    said = "\n".join(found.warnings)
    assert "needs the extra 'local' (pip install 'itas[local]')" in said
    assert "layers[1][0].ranker_batch_size: ignored" in said
    assert "layers[1][0].use_critiques: ignored" in said


# --- what cannot run ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "layers, message",
    [
        ([[FUSER]], r"^old\.json: layers\[0\]\[0\]: a fuser in the first layer has nothing to fuse"),
        ([[GENERATOR, FUSER, FUSER]], r"layers\[0\]\[1\] \(and 1 more\): a fuser in the first layer"),
        ([[GENERATOR], [CRITIC]], r"layers\[1\]: nobody uses the critiques of 'critic' \(rule 3\)"),
        ([[GENERATOR], [CRITIC], [{**RANKER, "use_critiques": False}]], "nobody uses the critiques"),
        ([[GENERATOR], [CRITIC], [CRITIC], [FUSER]], r"layers\[1\]: nobody uses the critiques"),
        ([[{**PAIRS, "type": "critic"}]], r"layers\[0\]\[0\]\.model: 'llm-blender/PairRM' only ranks"),
        ([[{**GENERATOR, "model_type": ""}]], r"\[0\]\.model_type: unknown provider ''\. Known: Anth"),
        ([[{**GENERATOR, "model_type": "TogetherAPI"}]], r"Did you mean 'Together_API'\? Known: Anth"),
        ([[{**GENERATOR, "model_type": "tgi"}]], r"unknown provider 'tgi'\. Known: Anth"),
        ([[{**GENERATOR, "model_type": None}]], "unknown provider None"),
        ([[{**GENERATOR, "model": None}]], r"layers\[0\]\[0\]\.model: the name of a model is needed"),
        ([[{**GENERATOR, "type": "generater"}]], r"\[0\]\.type: unknown component 'generater'\. Did you"),
        ([[{**GENERATOR, "type": ["generator"]}]], r"layers\[0\]\[0\]\.type: unknown component"),
        ([[{"model": "m", "model_type": "OpenAI_API"}]], r"layers\[0\]\[0\]: a component needs a 'type'"),
        ([[GENERATOR], ["fuser"]], r"layers\[1\]\[0\]: a component is a mapping .*, found 'fuser'"),
        ([[GENERATOR], []], r"layers\[1\]: a layer is a list of components"),
        ([[GENERATOR], {"branches": 1}], r"layers\[1\]: a layer is a list of components"),
        ([[GENERATOR], 3], r"layers\[1\]: a layer is a list of components"),
        ([[GENERATOR], [GENERATOR]], r"layers\[1\]: generators stand in the first layer only"),
        ([[RANKER]], r"layers\[0\]: 'ranker' needs candidates"),
        ([[GENERATOR], [RANKER, FUSER]], r"layers\[1\]: one kind of component per layer"),
        ([[GENERATOR], [EVALUATOR]], r"layers\[1\]: 'unit_test_evaluator' needs tests"),
        ([[{**GENERATOR, "samples": 0}]], r"layers\[0\]\[0\]\.samples: .* greater than 0, found 0"),
        ([[{**GENERATOR, "temperature": "hot"}]], r"layers\[0\]\[0\]\.temperature: .*found 'hot'"),
    ],
)  # fmt: skip
def test_what_cannot_run_is_one_clear_error(layers: list[Any], message: str):
    data = {"name": "x", "layers": layers}
    with pytest.raises(SpecError, match=message) as caught:
        convert_legacy(data, where="old.json")
    assert str(caught.value).startswith("old.json: layers[")


@pytest.mark.parametrize("layers", [None, [], {}, "layers", 3])
def test_without_layers_there_is_nothing(layers: object):
    with pytest.raises(SpecError, match="layers: a list with at least one layer is needed"):
        convert_legacy({"layers": layers})


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        {"layers": "x"},
        {"layers": [{"type": "generator", "model": "openai/a"}]},
        {"layers": [[{"type": "generator", "models": ["openai/a"]}]]},
        {"layers": [{"type": "generator", "models": ["openai/a"]}]},
        {"layers": [{"components": [{"type": "generator", "model": "openai/a"}]}]},
        {"model_type": "x", "layers": []},
    ],
)
def test_our_own_form_is_not_taken_for_the_old_one(data: object):
    assert not is_legacy(data)


# --- anything else ------------------------------------------------------------------------------------------

_ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 10**12),
    st.floats(allow_nan=False),
    st.sampled_from(["", "x", "generator", PAIR_RANKER, "OpenAI_API", "a/b"]),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.sampled_from(["type", "models", "model_type"]), st.text(max_size=3), max_size=2),
)
_NAMES = st.sampled_from(
    [
        *("type", "model", "model_type", "samples", "temperature", "max_tokens", "top_k", "first_k", "x"),
        *("first_pass", "unit_test_cap", "use_critiques", "length_control", "length_contorl", "checkpoint"),
        *("branches", "models"),
    ]
)
_COMPONENTS = st.builds(
    lambda base, odd: {**base, **odd},
    st.sampled_from([GENERATOR, RANKER, CRITIC, FUSER, TESTS, EVALUATOR, VERIFIER]),
    st.dictionaries(_NAMES, _ODD, max_size=2),
)
_LAYERS = st.one_of(
    st.lists(_COMPONENTS, max_size=3),
    _COMPONENTS,
    st.builds(
        lambda models, odd: {"models": models, **odd}, st.lists(_COMPONENTS), st.dictionaries(_NAMES, _ODD)
    ),
    _ODD,
)


@settings(max_examples=300, deadline=None)
@given(st.lists(_LAYERS, max_size=5), _ODD)
def test_anything_converts_or_is_a_spec_error(layers: list[Any], name: object):
    data = {"name": name, "layers": [[GENERATOR], *layers]}
    is_legacy(data)
    with contextlib.suppress(SpecError):
        conversion = convert_legacy(data, where="old.json")
        assert all("\n" not in line and line.startswith(("layers[", "name")) for line in conversion.warnings)
