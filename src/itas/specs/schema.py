"""The JSON Schema of architecture files, for editors: which names there are, what they mean, what they take.

It knows the form of a file. The rules of construction (which layer may follow which) are only checked when an
architecture is read.
"""

import inspect
import re
from typing import Any

from itas import components
from itas.core.architecture import Architecture, Layer
from itas.core.component import Component, component_types

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_SECTION = re.compile(r"^Attributes:\n(?P<lines>(?:[ \t]+.*\n?|\n)*)", re.MULTILINE)
_ATTRIBUTE = re.compile(r"^ {4}(?P<name>\w+): (?P<text>.*(?:\n {5,}.*)*)", re.MULTILINE)


def architecture_schema() -> dict[str, Any]:
    """The schema of an architecture file, with every component type that is registered now."""
    assert components.__all__  # importing the package has registered its types
    definitions: dict[str, Any] = {}
    for name, cls in component_types().items():
        definitions[name] = _component_schema(name, cls, definitions)
    definitions["component"] = {"oneOf": [_ref(name) for name in component_types()]}
    definitions["components"] = {"type": "array", "minItems": 1, "items": _ref("component")}
    definitions["layer"] = _layer_schema()
    return {
        "$schema": DIALECT,
        "title": "itas architecture",
        "description": _summary(Architecture),
        **_architecture_fields(),
        "$defs": definitions,
    }


def _architecture_fields() -> dict[str, Any]:
    own = Architecture.model_json_schema()
    texts = _attribute_texts(Architecture)
    properties = {name: _described(schema, texts.get(name)) for name, schema in own["properties"].items()}
    properties["layers"] = {
        "description": texts.get("layers", ""),
        "type": "array",
        "minItems": 1,
        "items": _ref("layer"),
    }
    properties["$schema"] = {"type": "string", "description": "Address of this schema, for editors."}
    return {
        "type": "object",
        "properties": properties,
        "required": ["layers"],
        "additionalProperties": False,
    }


def _layer_schema() -> dict[str, Any]:
    own = Layer.model_json_schema()["properties"]
    texts = _attribute_texts(Layer)
    return {
        "description": "Components of one type, side by side: a list of them, one alone, or 'components:'.",
        "oneOf": [
            _ref("components"),
            _ref("component"),
            {
                "type": "object",
                "properties": {
                    "components": _ref("components"),
                    **{name: _described(own[name], texts.get(name)) for name in ("quorum", "grace_s")},
                },
                "required": ["components"],
                "additionalProperties": False,
            },
        ],
    }


def _component_schema(name: str, cls: type[Component], definitions: dict[str, Any]) -> dict[str, Any]:
    own = cls.model_json_schema(ref_template="#/$defs/{model}")
    definitions.update(own.get("$defs", {}))
    texts = _attribute_texts(cls)
    properties: dict[str, Any] = {"type": {"const": name, "description": _summary(cls)}}
    for field, schema in own.get("properties", {}).items():
        properties[field] = _described(schema, texts.get(field))
    required = ["type", *own.get("required", [])]
    schema: dict[str, Any] = {
        "title": name,
        "description": _summary(cls),
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }
    if "model" in required:
        required.remove("model")
        properties["models"] = {
            "description": "Several models: the component stands once for each.",
            "type": "array",
            "minItems": 1,
            "items": {key: value for key, value in properties["model"].items() if key != "description"},
        }
        schema["oneOf"] = [{"required": ["model"]}, {"required": ["models"]}]
    return {**schema, "required": required}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/$defs/{name}"}


def _described(schema: dict[str, Any], text: str | None) -> dict[str, Any]:
    rest = {key: value for key, value in schema.items() if key != "title"}
    known = rest.get("description")
    if text and known:
        text = f"{text} ({known})"
    return {"description": text, **{k: v for k, v in rest.items() if k != "description"}} if text else rest


def _summary(cls: type) -> str:
    return " ".join(inspect.cleandoc(cls.__doc__ or "").partition("\n\n")[0].split())


def _attribute_texts(cls: type) -> dict[str, str]:
    """What the docstring says under ``Attributes:``, by name."""
    section = _SECTION.search(inspect.cleandoc(cls.__doc__ or ""))
    found = _ATTRIBUTE.finditer(section["lines"]) if section else ()
    return {attribute["name"]: " ".join(attribute["text"].split()) for attribute in found}
