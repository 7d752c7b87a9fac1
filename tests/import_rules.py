"""Which part of ``itas`` may import which, and a reader of the source that finds imports against it.

Every import counts, wherever it stands: at the top, in a function, relative, under ``TYPE_CHECKING``.
"""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = "itas"

_EVERYTHING = frozenset({
    "errors", "core", "models", "components", "sandbox", "benchmarks", "search",
    "specs", "engine", "evaluation", "serve", "view", "report", "plugins", "lab",
})  # fmt: skip
_OUTLETS = frozenset({"errors", "core", "engine", "evaluation", "models", "specs", "search"})

# Part of the package -> the other parts it may import. A part without a row here may not exist.
ALLOWED: dict[str, frozenset[str]] = {
    "errors": frozenset(),
    "core": frozenset({"errors"}),
    # These five do not know each other.
    "models": frozenset({"errors", "core"}),
    "components": frozenset({"errors", "core"}),
    "sandbox": frozenset({"errors", "core"}),
    "benchmarks": frozenset({"errors", "core"}),
    "search": frozenset({"errors", "core"}),
    "specs": frozenset({"errors", "core", "components"}),
    "engine": frozenset({"errors", "core", "models", "sandbox"}),
    "evaluation": frozenset({"errors", "core", "models", "sandbox", "engine", "benchmarks", "specs"}),
    "lab": frozenset({"errors", "core", "components", "search"}),
    "serve": _OUTLETS,
    "view": frozenset({"errors", "core", "report"}),
    "report": _OUTLETS,
    "testing": frozenset({"errors", "core", "models", "components", "benchmarks", "search", "engine"}),
    # Files of the user, which may register in these rooms.
    "plugins": frozenset({"errors", "core", "components", "models", "benchmarks", "search"}),
    # One public function behind each command: puts the rooms together.
    "api": _EVERYTHING,
    "cli": _EVERYTHING | {"api"},
    "__init__": frozenset(),
    "__main__": frozenset({"cli"}),
}

# Parts that import nothing from outside but the standard library and these.
STANDARD_LIBRARY_AND: dict[str, frozenset[str]] = {
    "errors": frozenset({"pydantic", "pydantic_core"}),
    "core": frozenset({"pydantic", "pydantic_core"}),
}

# Packages of the extras: they may be missing, and are slow to import. Only inside functions, or for types.
HEAVY = frozenset({
    "altair", "jinja2", "vl_convert", "pandas",
    "fastapi", "httptools", "starlette", "uvicorn", "uvloop", "prometheus_client",
    "math_verify", "latex2sympy2_extended", "sympy",
    "inspect_ai", "lm_eval",
    "arro3", "asyncpg", "optuna", "ray",
    "botorch", "datasets", "scipy", "statsmodels", "torch", "transformers",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Import:
    """One imported module: absolute name, where, and whether importing the file runs it."""

    module: str
    line: int
    at_import_time: bool


@dataclass(frozen=True, slots=True)
class Violation:
    path: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


def check_imports(path: str, source: str) -> list[Violation]:
    """Compare the imports of one file with the table.

    Args:
        path: Path of the file below the directory that holds the package, like ``itas/core/state.py``.
        source: Its text.
    """
    part = part_of(path)
    if part not in ALLOWED:
        return [Violation(path, 1, f"no row for '{part}' in ALLOWED of tests/import_rules.py")]
    messages = ((found.line, _objection(part, found)) for found in find_imports(path, source))
    return [Violation(path, line, message) for line, message in messages if message]


def part_of(path: str) -> str:
    """Name the part of the package that a file belongs to: ``core`` for ``itas/core/state.py``."""
    return Path(path).with_suffix("").parts[1]


def find_imports(path: str, source: str) -> Iterator[Import]:
    """List every module that a file imports; ``from package import name`` counts as ``package.name``."""
    package = Path(path).parent.parts
    for node, at_import_time in _walk(ast.parse(source, path), at_import_time=True):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, node.lineno, at_import_time)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, package)
            for alias in node.names:
                yield Import(f"{base}.{alias.name}", node.lineno, at_import_time)
        elif isinstance(node, ast.Call) and (name := _dynamic_import(node, package)):
            yield Import(name, node.lineno, at_import_time)


def _objection(part: str, found: Import) -> str:
    top, _, rest = found.module.partition(".")
    if top == ROOT:
        target = rest.partition(".")[0]
        if target not in ALLOWED or target in {
            part,
            "__init__",
        }:  # the same part, or a name such as __version__
            return ""
        if target in ALLOWED[part]:
            return ""
        return f"{part} -> {target} is not allowed; {part} may import: {_listed(ALLOWED[part])}"
    if top in sys.stdlib_module_names:
        return ""
    if part in STANDARD_LIBRARY_AND and top not in STANDARD_LIBRARY_AND[part]:
        known = _listed(STANDARD_LIBRARY_AND[part])
        return (
            f"{part} -> {top} is not allowed; from outside, {part} may import: the standard library, {known}"
        )
    if top in HEAVY and found.at_import_time:
        return f"{top} is optional and heavy; import it inside the function that uses it"
    return ""


def _walk(node: ast.AST, *, at_import_time: bool) -> Iterator[tuple[ast.AST, bool]]:
    for child in ast.iter_child_nodes(node):
        yield child, at_import_time
        if isinstance(child, ast.If) and _is_type_checking(child.test):
            for statement in child.body:
                yield statement, False
                yield from _walk(statement, at_import_time=False)
            for statement in child.orelse:
                yield statement, at_import_time
                yield from _walk(statement, at_import_time=at_import_time)
        else:
            deferred = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from _walk(child, at_import_time=at_import_time and not deferred)


def _is_type_checking(test: ast.expr) -> bool:
    name = test.attr if isinstance(test, ast.Attribute) else test.id if isinstance(test, ast.Name) else ""
    return name == "TYPE_CHECKING"


def _absolute(node: ast.ImportFrom, package: tuple[str, ...]) -> str:
    if not node.level:
        return node.module or ""
    base = package[: len(package) - node.level + 1]
    return ".".join([*base, *([node.module] if node.module else [])])


def _dynamic_import(node: ast.Call, package: tuple[str, ...]) -> str:
    """Read ``import_module("a.b")`` and ``__import__("a.b")`` where the name is written out."""
    function = node.func
    called = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    if called not in {"import_module", "__import__"} or not node.args:
        return ""
    name = node.args[0]
    if not (isinstance(name, ast.Constant) and isinstance(name.value, str)):
        return ""
    level = len(name.value) - len(name.value.lstrip("."))
    return _absolute(ast.ImportFrom(name.value.lstrip("."), [], level), package)


def _listed(names: frozenset[str]) -> str:
    return ", ".join(sorted(names)) or "nothing"
