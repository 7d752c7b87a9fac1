"""The JSON Schema accepts what is read, refuses what is refused for its form, and explains every name."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from itas.core.component import component_types
from itas.errors import SpecError
from itas.specs import architecture_schema, load_architecture, load_data, parse_architecture

EXAMPLES = Path(__file__).parents[2] / "examples" / "architectures"
GENERATOR = {"type": "generator", "model": "openai/a"}


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    schema = architecture_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    json.dumps(schema, allow_nan=False)
    return jsonschema.Draft202012Validator(schema)


GOOD: list[dict[str, Any]] = [
    {"layers": [GENERATOR]},
    {"layers": [[GENERATOR]]},
    {"layers": [{"components": [GENERATOR, GENERATOR]}]},
    {"layers": [{"type": "generator", "models": ["openai/a", "openai/b"], "temperature": None}]},
    {"$schema": "x", "name": "n", "description": "d", "rules": "open", "layers": [GENERATOR]},
    {
        "layers": [
            {"type": "unit_test_generator", "model": "openai/a", "count": 5, "show_tests": True},
            {**GENERATOR, "samples": 5},
            {"type": "unit_test_evaluator", "model": "openai/a", "first_k": 1, "top_k": 1},
            {"type": "critic", "model": "openai/a"},
            {"type": "ranker", "model": "openai/a", "top_k": 2},
            {"type": "verifier", "model": "openai/a", "first_k": None},
            [{"type": "fuser", "model": "openai/a"}, {"type": "fuser", "models": ["openai/b"]}],
            {"type": "vote", "answer_kind": "number", "weights": {"openai/a": 2}},
        ]
    },
]
BAD: list[Any] = [
    [],
    {},
    {"layers": []},
    {"layers": [[]]},
    {"layers": ["generator"]},
    {"layers": [{"components": []}]},
    {"layers": [{"components": [GENERATOR], "branches": 1}]},
    {"layers": [{"model": "openai/a"}]},
    {"layers": [{"type": "generator"}]},
    {"layers": [{"type": "generater", "model": "openai/a"}]},
    {"layers": [{**GENERATOR, "models": ["openai/b"]}]},
    {"layers": [{"type": "generator", "models": []}]},
    {"layers": [{"type": "generator", "models": ["a"]}]},
    {"layers": [{"type": "generator", "model": "gpt-4o"}]},
    {"layers": [{**GENERATOR, "sampels": 2}]},
    {"layers": [{**GENERATOR, "samples": 0}]},
    {"layers": [{**GENERATOR, "samples": 1.5}]},
    {"layers": [{**GENERATOR, "temperature": -1}]},
    {"layers": [{**GENERATOR, "temperature": "hot"}]},
    {"layers": [GENERATOR, {"type": "vote", "models": ["openai/a"]}]},
    {"layers": [GENERATOR, {"type": "ranker", "model": "openai/a", "fallback": "random"}]},
    {"layers": [GENERATOR], "rules": "none"},
    {"layers": [GENERATOR], "max_candidates": 0},
    {"layers": [GENERATOR], "layer": []},
    {"layers": [GENERATOR], "name": 3},
]


@pytest.mark.parametrize("data", GOOD, ids=range(len(GOOD)))
def test_what_is_read_is_accepted(data: dict[str, Any], validator: jsonschema.Draft202012Validator):
    validator.validate(data)
    parse_architecture(data)


@pytest.mark.parametrize("data", BAD, ids=range(len(BAD)))
def test_what_is_refused_for_its_form_is_not_accepted(data: Any, validator: jsonschema.Draft202012Validator):
    assert not validator.is_valid(data)
    with pytest.raises(SpecError):
        parse_architecture(data)


def test_every_example_is_accepted_and_read(validator: jsonschema.Draft202012Validator):
    for path in sorted(EXAMPLES.rglob("*.*")):
        validator.validate(load_data(path))
        load_architecture(path)


def test_every_component_and_field_is_there_with_its_meaning():
    definitions = architecture_schema()["$defs"]
    for name, cls in component_types().items():
        if not cls.__module__.startswith("itas."):
            continue
        properties = definitions[name]["properties"]
        assert properties["type"]["const"] == name
        assert set(cls.model_fields) <= set(properties)
        missing = [field for field, schema in properties.items() if not schema.get("description")]
        assert not missing, f"{name} does not say what these mean: {missing}"
    properties = architecture_schema()["properties"]
    assert all(schema.get("description") for schema in properties.values())
