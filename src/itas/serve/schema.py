"""Check a value against a JSON Schema: the subset that structured outputs use, in bounded time.

Written by hand, because the schema comes from a caller: a full validator follows references over the network and
runs the caller's regular expressions. What is not known here (``pattern``, ``format``, ``not``, ...) is left to the
provider, which was given the same schema.
"""

from typing import Any, cast

from itas.serve.refusal import Refusal, wrong

_MOST_STEPS = 100_000
_DEEPEST = 200
_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "null": (type(None),),
    "integer": (int,),
    "number": (int, float),
}

Schema = dict[str, Any]


class Checker:
    """One schema.

    Args:
        schema: With its own ``$defs`` or ``definitions``; references lead nowhere else.

    Raises:
        Refusal: 400; the schema cannot be used.
    """

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._steps = 0
        self._inspect(schema, 0)

    def find_fault(self, value: object) -> str | None:
        """Where the value first breaks the schema; None if it holds."""
        self._steps = 0
        return self._find(value, self._schema, "$", 0)

    def _inspect(self, node: object, depth: int) -> None:
        if depth > _DEEPEST:
            raise wrong("The schema is too deep.", param="response_format")
        if isinstance(node, dict):
            fields = cast("dict[str, object]", node)
            reference = fields.get("$ref")
            if isinstance(reference, str):
                self._resolve(reference)
            for each in fields.values():
                self._inspect(each, depth + 1)
        elif isinstance(node, list):
            for each in cast("list[object]", node):
                self._inspect(each, depth + 1)

    def _resolve(self, reference: str) -> object:
        if not reference.startswith("#"):
            raise _bad_reference()
        node: object = self._schema
        for part in reference[1:].split("/")[1:]:
            name = part.replace("~1", "/").replace("~0", "~")
            if not isinstance(node, dict) or name not in node:
                raise _bad_reference()
            node = cast("dict[str, object]", node)[name]
        return node

    def _find(self, value: object, schema: object, place: str, depth: int) -> str | None:
        self._steps += 1
        if self._steps > _MOST_STEPS or depth > _DEEPEST:
            return f"{place}: the schema takes too long to check"
        if schema is True or not isinstance(schema, dict):
            return f"{place}: nothing is allowed here" if schema is False else None
        rules = cast("Schema", schema)
        if isinstance(reference := rules.get("$ref"), str):
            fault = self._find(value, self._resolve(reference), place, depth + 1)
            if fault:
                return fault
        return (
            _find_simple(value, rules, place)
            or self._find_combined(value, rules, place, depth)
            or self._find_inside(value, rules, place, depth)
        )

    def _find_combined(self, value: object, rules: Schema, place: str, depth: int) -> str | None:
        for each in _list(rules.get("allOf")):
            if fault := self._find(value, each, place, depth + 1):
                return fault
        for name in ("anyOf", "oneOf"):
            branches = _list(rules.get(name))
            if branches and all(self._find(value, each, place, depth + 1) for each in branches):
                return f"{place}: none of the alternatives fits"
        return None

    def _find_inside(self, value: object, rules: Schema, place: str, depth: int) -> str | None:
        if isinstance(value, dict):
            fields = cast("dict[str, object]", value)
            known = _dict(rules.get("properties"))
            for name in _list(rules.get("required")):
                if name not in fields:
                    return f"{place}: '{name}' is missing"
            for name, each in fields.items():
                rule = known[name] if name in known else rules.get("additionalProperties", True)
                if rule is False:
                    return f"{place}: '{name[:40]}' is not allowed"
                if fault := self._find(each, rule, f"{place}.{name[:40]}", depth + 1):
                    return fault
        if isinstance(value, list) and "items" in rules:
            for number, each in enumerate(cast("list[object]", value)):
                if fault := self._find(each, rules["items"], f"{place}[{number}]", depth + 1):
                    return fault
        return None


def _find_simple(value: object, rules: Schema, place: str) -> str | None:
    types = rules.get("type")
    names = cast("list[object]", types) if isinstance(types, list) else [types] if types is not None else []
    if names and not any(_is_a(value, name) for name in names):
        return f"{place}: expected {' or '.join(map(str, names))}"
    if "enum" in rules and not any(_same(value, each) for each in _list(rules["enum"])):
        return f"{place}: none of the allowed values"
    if "const" in rules and not _same(value, rules["const"]):
        return f"{place}: not the allowed value"
    number = isinstance(value, int | float) and not isinstance(value, bool)
    size = len(cast("list[object]", value)) if isinstance(value, list | str) else None
    bounds: list[tuple[str, float | None, int]] = [
        ("minimum", float(cast("float", value)) if number else None, 1),
        ("maximum", float(cast("float", value)) if number else None, -1),
        ("minItems" if isinstance(value, list) else "minLength", size, 1),
        ("maxItems" if isinstance(value, list) else "maxLength", size, -1),
    ]
    for name, found, sign in bounds:
        bound = rules.get(name)
        if found is not None and isinstance(bound, int | float) and sign * found < sign * bound:
            return f"{place}: breaks {name}"
    return None


def _is_a(value: object, name: object) -> bool:
    if isinstance(value, bool):
        return name == "boolean"
    if name == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _TYPES.get(str(name), ()))


def _same(a: object, b: object) -> bool:
    return a == b and isinstance(a, bool) == isinstance(b, bool)


def _list(value: object) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []


def _dict(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _bad_reference() -> Refusal:
    return wrong("The schema refers to something that is not in it.", param="response_format")
