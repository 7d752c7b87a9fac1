"""Finding the code in a model's reply.

The rules, in order. Blocks between fences count that are marked as Python; where none is, those without a mark. Of
these, the last that defines the wanted name; else the last that is Python and defines anything at the top; else the
last that is Python; else the last. So a usage example after the solution, or a first try before it, is left
out. A fence that is never closed reaches to the end. A reply without fences is code if it is Python and does
something more than name a value.
"""

import ast
import re
import textwrap
import warnings

_FENCE = re.compile(r"^([ \t]*)(`{3,}|~{3,})[ \t]*([^\s`]*)[^\n`]*$", re.MULTILINE)
_PYTHON = frozenset({"python", "py", "python3", "py3", "python2", "pycon", "{python}"})
_MAX_CHARS = 1_000_000


def extract_code(text: str, *, entry_point: str | None = None) -> str | None:
    """The code of a reply, by the rules above; None where there is none.

    Args:
        text: The whole reply. Parsed, never run.
        entry_point: Name that the code should define.
    """
    text = text[:_MAX_CHARS].replace("\r\n", "\n").replace("\r", "\n")
    blocks = find_blocks(text)
    if not blocks:
        tree = parse_python(text) if not _FENCE.search(text) else None
        return text.strip("\n") if tree is not None and _does_something(tree) else None
    marked = [code for language, code in blocks if language in _PYTHON]
    codes = marked or [code for language, code in blocks if not language]
    if not codes:
        return None
    trees = [(code, tree) for code in codes if (tree := parse_python(code)) is not None]
    wanted = [code for code, tree in trees if entry_point and entry_point in _names_of(tree)]
    defining = [code for code, tree in trees if _names_of(tree)]
    return [*codes, *(code for code, _ in trees), *defining, *wanted][-1] if trees else codes[-1]


def find_blocks(text: str) -> list[tuple[str, str]]:
    """Language and content of every fenced block that holds anything."""
    blocks: list[tuple[str, str]] = []
    at = 0
    while opening := _FENCE.search(text, at):
        indent, fence, language = opening.groups()
        closing = re.compile(rf"^[ \t]*{fence[0]}{{{len(fence)},}}[ \t]*$", re.MULTILINE).search(
            text, opening.end()
        )
        content = text[opening.end() + 1 : closing.start() if closing else len(text)]
        if indent:
            content = textwrap.dedent(content)
        if content.strip():
            blocks.append((language.lower(), content.rstrip("\n")))
        if closing is None:
            break
        at = closing.end()
    return blocks


def parse_python(code: str) -> ast.Module | None:
    """The code as a tree; None where it is no Python. Nothing is run."""
    with warnings.catch_warnings():  # an odd escape in a reply is nobody's concern
        warnings.simplefilter("ignore")
        try:
            return ast.parse(code)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


def _names_of(tree: ast.Module) -> set[str]:
    """Functions and classes at the top; an assigned lambda counts."""
    names: set[str] = set()
    for statement in tree.body:
        match statement:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Lambda()):
                names.add(name)
            case _:
                pass
    return names


def _does_something(tree: ast.Module) -> bool:
    """Whether there is more than bare words: "Yes" and "3" are Python too."""
    return any(
        not isinstance(statement, ast.Expr) or isinstance(statement.value, ast.Call)
        for statement in tree.body
    )
