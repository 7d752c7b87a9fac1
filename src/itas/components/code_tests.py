"""Tests that can be run: how they are asked for, and how they are read.

Source: Chen et al. 2022, arXiv:2207.10397 (CodeT), which lets a model complete ``assert`` behind a function's
head. Deviation: a question in words, for functions and for programs that read and print.
"""

import ast
import builtins
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, cast

from itas.components.reading import plain_lines
from itas.components.text import MATERIAL, RandomFor, judge_pieces, render_blocks
from itas.core.code import find_blocks, parse_python
from itas.core.execution import CallTest, CodeTest, InputTest
from itas.core.messages import Conversation
from itas.errors import ParseError

PROMPT = """\
Task: write tests that can be run.

Write {count} tests for the code that the request below asks for. Each test is run by itself against code that \
others wrote for the request, and a correct solution passes all of them: test only results that you are sure of. \
Cover the usual cases, the edges, and the mistakes that are easily made. If the request asks for a function or a \
class, call it by the name and with the arguments that the request gives it; if the request names none, choose \
one name and keep to it. If the request asks for a program that reads input and prints, give inputs and the \
exact outputs. Do not write the solution.

{material}

{blocks}

Reply with one fenced block and nothing else. For a function or a class, with one assertion for each test:
```python
assert name(arguments) == value
```
For a program:
```json
[{{"input": "text that is read", "output": "text that is printed"}}]
```"""

FEWEST, MOST = 5, 10

_LONGEST_REPLY = 200_000
_LONGEST_TEST = 10_000
_SETTING_UP = (ast.Assign, ast.AnnAssign, ast.AugAssign)
_PYTHON = ("python", "py", "python3", "")


def render_code_test_writing(conversation: Conversation, random: RandomFor, *, count: int | None) -> str:
    """The question for tests that can be run."""
    return PROMPT.format(
        count=f"{FEWEST} to {MOST}" if count is None else f"exactly {count}",
        material=MATERIAL,
        blocks=render_blocks(judge_pieces(conversation), random),
    )


def parse_code_tests(text: str, count: int | None) -> tuple[CodeTest, ...]:
    """Read the first fenced block that holds tests: pairs of input and output, or assertions.

    An assertion, a statement that holds one, and a function ``test...`` are a test each, with the imports of the
    standard library and the assignments above it. Functions and classes are left out: a test that brings its own
    solution tests nothing. More tests than asked for, and a test that stands there twice, are left out too.

    Raises:
        ParseError: There is no block with tests, or one of the pairs is none.
    """
    most = MOST if count is None else count
    if len(text) > _LONGEST_REPLY:
        raise ParseError(f"a reply of more than {_LONGEST_REPLY:,} characters", text)
    text_read = plain_lines(text)
    blocks = find_blocks(text_read) or [("", text_read)]
    for language, block in blocks:
        tests = dict.fromkeys(_tests_of(language, block, text))
        if tests:
            return tuple(tests)[:most]
    raise ParseError("no fenced block with assertions, or with inputs and outputs", text)


def find_entry_point(tests: Sequence[CodeTest]) -> str | None:
    """The function that most assertions call, which is what a candidate is to define; None if they call none."""
    calls: Counter[str] = Counter()
    for test in tests:
        tree = parse_python(test.code) if isinstance(test, CallTest) else None
        called = {
            node.func.id
            for node in (() if tree is None else ast.walk(tree))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        calls.update(name for name in sorted(called) if not hasattr(builtins, name))
    return calls.most_common(1)[0][0] if calls else None


def _tests_of(language: str, block: str, text: str) -> list[CodeTest]:
    if language in ("json", "") and block.lstrip().startswith("["):
        pairs = _parse_pairs(block, text)
        if pairs or language == "json":
            return pairs
    return list(_assertions(block)) if language in _PYTHON else []


def _parse_pairs(block: str, text: str) -> list[CodeTest]:
    try:
        found: Any = json.loads(block)
    except (ValueError, RecursionError):
        return []
    tests: list[CodeTest] = []
    for pair in cast("list[Any]", found) if isinstance(found, list) else []:
        if not isinstance(pair, dict):
            return []
        fields = cast("dict[str, Any]", pair)
        given, printed = fields.get("input"), fields.get("output")
        if not isinstance(given, str) or not isinstance(printed, str):
            raise ParseError("a test needs an 'input' and an 'output', both texts", text)
        if max(len(given), len(printed)) <= _LONGEST_TEST and _can_be_written(given + printed):
            tests.append(InputTest(stdin=given, expected=printed))
    return tests


def _can_be_written(text: str) -> bool:
    """Whether there is no half of a character in it."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _assertions(block: str) -> Iterator[CodeTest]:
    tree = parse_python(block)
    if tree is None:
        return
    lines = block.encode().split(b"\n")
    above: list[str] = []
    for statement in tree.body:
        piece = _source(lines, statement)
        if isinstance(statement, _SETTING_UP) or _imports_known(statement):
            above.append(piece)
            continue
        if isinstance(statement, ast.FunctionDef) and statement.name.startswith("test"):
            piece = f"{piece}\n{statement.name}()"
        elif isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        code = "\n".join([*above, piece])
        if _says_something(statement) and len(code) <= _LONGEST_TEST:
            yield CallTest(code=code)


def _source(lines: list[bytes], statement: ast.stmt) -> str:
    """The text of a statement; its columns count bytes."""
    first, last = statement.lineno - 1, (statement.end_lineno or statement.lineno) - 1
    kept = lines[first : last + 1]
    kept[-1] = kept[-1][: statement.end_col_offset]
    kept[0] = kept[0][statement.col_offset :]
    return b"\n".join(kept).decode()


def _imports_known(statement: ast.stmt) -> bool:
    match statement:
        case ast.Import(names=names):
            modules = [name.name for name in names]
        case ast.ImportFrom(module=str(module), level=0):
            modules = [module]
        case _:
            return False
    return all(module.partition(".")[0] in sys.stdlib_module_names for module in modules)


def _says_something(statement: ast.stmt) -> bool:
    """Whether it asserts something, and calls something: ``assert True`` is no test."""
    kinds = {type(node) for node in ast.walk(statement)}
    return ast.Assert in kinds and ast.Call in kinds
