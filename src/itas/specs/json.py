"""Read JSON that people wrote: the standard's own values, each name once, bounded in size and depth."""

import json
import math
import re
from typing import Any

from itas.errors import SpecError
from itas.specs.limits import (
    MAX_DEPTH,
    MAX_DIGITS,
    check_encodable,
    check_size,
    error_at,
    shown,
    too_deep,
)

# A string (an unterminated one runs to the end) or a bracket. Possessive, so that it stays linear.
_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)


def parse_json(text: str, *, where: str = "") -> object:
    """Read one JSON value.

    Unlike `json.loads`: NaN, Infinity, numbers too large for a float, names given twice, and half
    surrogate pairs are errors, and no text makes it exhaust the stack.

    Args:
        text: At most `MAX_BYTES` in UTF-8, at most `MAX_DEPTH` levels deep.
        where: Name of the file, for messages.

    Raises:
        SpecError: Naming the file and the line.
    """
    check_encodable(text, where=where)
    check_size(len(text.encode("utf-8")), where=where)
    _check_depth(text, where)
    reader = _Reader(text, where)
    try:
        value: object = json.loads(
            text,
            object_pairs_hook=reader.make_mapping,
            parse_constant=reader.refuse_number,
            parse_float=reader.read_float,
            parse_int=reader.read_int,
        )
    except json.JSONDecodeError as error:
        problem = error.msg[:1].lower() + error.msg[1:].removesuffix(" at")
        message = f"not valid JSON: {problem}. Look for a wrong comma, quote or bracket here or just before."
        raise error_at(where, error.lineno, message) from None
    # Escapes such as \ud800 become half characters only now.
    check_encodable(json.dumps(value, ensure_ascii=False), where=where)
    return value


class _Reader:
    """Makes values out of what the decoder found; knows the text only to say where something stands."""

    def __init__(self, text: str, where: str) -> None:
        self._text = text
        self._where = where

    def make_mapping(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        for name, value in pairs:
            if name in mapping:
                raise self._duplicate(name)
            mapping[name] = value
        return mapping

    def refuse_number(self, text: str) -> object:
        message = f"{shown(text)} is not a number that JSON has. Write a finite number or null."
        raise self._error(text, message)

    def read_float(self, text: str) -> float:
        value = float(text)
        if not math.isfinite(value):
            raise self._error(text, f"{shown(text)} is too large. Write a finite number.")
        return value

    def read_int(self, text: str) -> int:
        if len(text) > MAX_DIGITS:
            raise self._error(text, f"a number of {len(text)} digits. At most {MAX_DIGITS} are read.")
        return int(text)

    def _error(self, found: str, message: str) -> SpecError:
        at = re.search(rf"(?<![\w.\"-]){re.escape(found)}", self._text)
        line = self._text.count("\n", 0, at.start()) + 1 if at else 1
        return error_at(self._where, line, message)

    def _duplicate(self, name: str) -> SpecError:
        # The decoder does not say where a name stood. Nearly all JSON is YAML, and that reader does say.
        from itas.specs.yaml import parse_yaml

        try:
            parse_yaml(self._text, where=self._where)
        except SpecError as error:
            if "twice" in str(error):
                return error
        return SpecError(f"{shown(name)} is given twice in one mapping. Keep one.", path=self._where)


def _check_depth(text: str, where: str) -> None:
    depth = 0
    for found in _STRING_OR_BRACKET.finditer(text):
        if found[0] in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise too_deep(where, text.count("\n", 0, found.start()) + 1)
        elif found[0] in "]}":
            depth -= 1
