"""Scorers by name, as files and the command line write them."""

from typing import Any, cast

from itas.benchmarks.scorers.choice import Choice
from itas.benchmarks.scorers.exact import Exact
from itas.benchmarks.scorers.number import Number
from itas.benchmarks.scorers.number_or_choice import NumberOrChoice
from itas.benchmarks.scorers.regex import Regex
from itas.benchmarks.scorers.rule import Rule
from itas.core.spec import parse_as, suggest
from itas.errors import SpecError

RULES: dict[str, type[Rule]] = {rule.type: rule for rule in (Exact, Number, Choice, NumberOrChoice, Regex)}


def parse_scorer(data: object, *, where: str = "scorer") -> Rule:
    """Make a scorer from ``number``, ``regex:PATTERN`` or ``{"type": "number", "tolerance": 0.01}``.

    Args:
        data: What a file or the command line gave.
        where: Prefix of the paths in the message.

    Raises:
        SpecError: Unknown type or field, or a value that is wrong.
    """
    if isinstance(data, Rule):
        return data
    fields: dict[str, Any]
    if isinstance(data, str):
        name, colon, pattern = data.partition(":")
        fields = {"pattern": pattern} if colon else {}
        if colon and name != "regex":
            raise SpecError(f"only 'regex' takes a value after a colon, found {data!r}", path=where)
    elif isinstance(data, dict):
        fields = {str(key): value for key, value in cast("dict[object, Any]", data).items()}
        name = str(fields.pop("type", ""))
    else:
        raise SpecError(f"a scorer is a name or a mapping with a 'type', found {data!r}", path=where)
    if name not in RULES:
        raise SpecError(f"unknown scorer '{name}'. {suggest(name, list(RULES))}", path=where)
    return parse_as(RULES[name], fields, where=where)
