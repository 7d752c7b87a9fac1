"""Scorers by name, as files and the command line write them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from itas.benchmarks.judge.options import read_judge_options
from itas.benchmarks.scorers.choice import Choice
from itas.benchmarks.scorers.code_tests import CodeTests
from itas.benchmarks.scorers.contains import Contains
from itas.benchmarks.scorers.exact import Exact
from itas.benchmarks.scorers.judge import Judge
from itas.benchmarks.scorers.mathematics import Math
from itas.benchmarks.scorers.number import Number
from itas.benchmarks.scorers.number_or_choice import NumberOrChoice
from itas.benchmarks.scorers.python_function import PythonFunction
from itas.benchmarks.scorers.recipe import Recipe
from itas.benchmarks.scorers.regex import Regex
from itas.benchmarks.scorers.rule import Rule
from itas.core.spec import parse_as, suggest
from itas.errors import SpecError

RULES: dict[str, type[Rule]] = {
    rule.type: rule for rule in (Exact, Number, Choice, NumberOrChoice, Regex, Contains, Math, PythonFunction)
}
RECIPES: dict[str, type[Recipe]] = {CodeTests.type: CodeTests, Judge.type: Judge}
"""Scorers that are made from whole rows; only for the user's own data."""


def parse_scorer(data: object, *, where: str = "scorer") -> Rule:
    """Make a scorer from ``number``, ``regex:PATTERN`` or ``{"type": "number", "tolerance": 0.01}``.

    Args:
        data: What a file or the command line gave.
        where: Prefix of the paths in the message.

    Raises:
        SpecError: Unknown type or field, or a value that is wrong.
    """
    found = parse_any_scorer(data, where=where)
    if isinstance(found, Recipe):
        raise SpecError(f"'{found.type}' is for data of your own only", path=where)
    return found


def parse_any_scorer(data: object, *, where: str = "scorer", folder: Path | None = None) -> Rule | Recipe:
    """As `parse_scorer`, or a recipe.

    Args:
        data: What a file or the command line gave.
        where: Prefix of the paths in the message.
        folder: Files that a scorer names are beside this; the working folder if None.

    Raises:
        SpecError: Unknown type or field, or a value that is wrong.
    """
    if isinstance(data, Rule | Recipe):
        return data
    fields: dict[str, Any]
    if isinstance(data, str):
        name, colon, value = data.partition(":")
        if colon and name not in _READ_VALUE:
            raise SpecError(
                f"only 'regex' takes a value after a colon, or 'python' or 'judge', found {data!r}",
                path=where,
            )
        fields = _READ_VALUE[name](value, where) if colon else {}
    elif isinstance(data, dict):
        fields = {str(key): value for key, value in cast("dict[object, Any]", data).items()}
        name = str(fields.pop("type", ""))
    else:
        raise SpecError(f"a scorer is a name or a mapping with a 'type', found {data!r}", path=where)
    known: dict[str, type[Rule] | type[Recipe]] = {**RULES, **RECIPES}
    if name not in known:
        raise SpecError(f"unknown scorer '{name}'. {suggest(name, list(known))}", path=where)
    for path in ("file", "rubric"):
        if name in ("python", "judge") and folder is not None and isinstance(fields.get(path), str):
            fields[path] = str(folder / fields[path])
    return parse_as(known[name], fields, where=where)


def _pattern(value: str, where: str) -> dict[str, Any]:
    return {"pattern": value}


def _function(value: str, where: str) -> dict[str, Any]:
    file, colon, function = value.rpartition(":")
    return {"file": file, "function": function} if colon and function.isidentifier() else {"file": value}


_READ_VALUE: dict[str, Callable[[str, str], dict[str, Any]]] = {
    "regex": _pattern,
    "python": _function,
    "judge": lambda value, where: read_judge_options(value, where=where),
}
"""What stands behind the colon, as fields."""
