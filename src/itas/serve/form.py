"""The form that a caller wants the text in: JSON, or JSON of a schema. The last writer is asked for it, and its text is
checked."""

from dataclasses import dataclass
from typing import Any, cast

import orjson

from itas.serve.refusal import wrong
from itas.serve.schema import Checker

_WHAT = "text, json_object or json_schema"


@dataclass(frozen=True, slots=True)
class Form:
    """A form.

    Attributes:
        data: As chat completions have it; passed on to the provider.
        checker: Of the schema; None where any JSON object will do.
    """

    data: dict[str, Any]
    checker: Checker | None

    def find_fault(self, text: str) -> str | None:
        """What is wrong with a text; None if it has the form."""
        try:
            value = orjson.loads(text)
        except ValueError:
            return "the text is not JSON"
        if self.checker is None:
            return None if isinstance(value, dict) else "the text is not a JSON object"
        return self.checker.find_fault(value)


def read_form(data: dict[str, Any] | None, param: str = "response_format") -> Form | None:
    """The form of a chat request; None for plain text.

    Raises:
        Refusal: 400.
    """
    if data is None or data.get("type") == "text":
        return None
    if data.get("type") == "json_object":
        return Form({"type": "json_object"}, None)
    if data.get("type") != "json_schema":
        raise wrong(f"'type' is {_WHAT}.", param=f"{param}.type", code="invalid_value")
    given = data.get("json_schema")
    fields = cast("dict[str, Any]", given) if isinstance(given, dict) else {}
    schema = fields.get("schema")
    if not isinstance(fields.get("name"), str) or not isinstance(schema, dict):
        raise wrong(
            "A schema has a 'name' and a 'schema'.", param=f"{param}.json_schema", code="invalid_value"
        )
    return Form({"type": "json_schema", "json_schema": fields}, Checker(cast("dict[str, Any]", schema)))


def read_text_format(data: dict[str, Any] | None) -> Form | None:
    """The form of a responses request, which writes the same fields without the inner object.

    Raises:
        Refusal: 400.
    """
    if data is None or data.get("type") != "json_schema":
        return read_form(data, "text.format")
    inner = {name: value for name, value in data.items() if name != "type"}
    return read_form({"type": "json_schema", "json_schema": inner}, "text.format")


def not_in_form(fault: str) -> str:
    """What the caller reads where the text would stand: it was asked for twice and has not the form."""
    return f"The model did not give the form that was asked for ({fault})."
