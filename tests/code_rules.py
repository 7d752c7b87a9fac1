"""What no file of the package may do: evaluate text, unpickle, start a shell, catch everything, print.

The linter knows most of these too; here ``noqa`` changes nothing. Two files are exempt, each for its reason:
`RUNS_BEHIND_WALLS` from everything, `CALLS_THE_USERS_CODE` from naming what it catches.
"""

import ast
from collections.abc import Iterator

from tests.import_rules import Violation, part_of

RUNS_BEHIND_WALLS = frozenset({"itas/sandbox/inside/running.py"})
"""Runs a candidate's code, and only ever runs behind the walls of the sandbox itself."""
CALLS_THE_USERS_CODE = frozenset({"itas/benchmarks/scorers/python_function.py"})
"""Calls a function that a user wrote: what that raises cannot be named, may be derived straight from Exception, and
must not end an evaluation that is paid for. It becomes `Unscored` with the reason, never a value."""
MAY_PRINT = frozenset({"cli"})

CATCHES_EXCEPTION = "'Exception' catches everything; name what is expected"
_CATCHES_ALL = frozenset({"Exception", "BaseException"})
_UNPICKLES = frozenset({"pickle", "cPickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"})
_UNSAFE_YAML = frozenset({"load", "load_all", "full_load", "full_load_all", "unsafe_load", "unsafe_load_all"})
_SHELLS = frozenset({
    "os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput",
    "asyncio.create_subprocess_shell",
})  # fmt: skip


def check_code(path: str, source: str) -> list[Violation]:
    """Find what is forbidden in one file; ``path`` as for ``check_imports``."""
    if path in RUNS_BEHIND_WALLS:
        return []
    part = part_of(path)
    found = {
        (node.lineno, message)
        for node in ast.walk(ast.parse(source, path))
        if isinstance(node, ast.stmt | ast.expr | ast.excepthandler)
        for message in _objections(part, node)
        if not (path in CALLS_THE_USERS_CODE and message == CATCHES_EXCEPTION)
    }
    return [Violation(path, line, message) for line, message in sorted(found)]


def _objections(part: str, node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Call():
            yield from _in_call(part, node)
        case ast.ExceptHandler(type=None):
            yield "a bare 'except:' catches everything; name what is expected"
        case ast.ExceptHandler(type=caught) if caught is not None:
            yield from _in_caught(caught)
        case ast.Import(names=names):
            yield from (_pickle(alias.name) for alias in names if _top(alias.name) in _UNPICKLES)
        case ast.ImportFrom(module=str(module), names=names):
            if _top(module) in _UNPICKLES:
                yield _pickle(module)
            for alias in names:
                yield from _forbidden_name(f"{module}.{alias.name}")
        case ast.Attribute():
            yield from _forbidden_name(_dotted(node))


def _in_call(part: str, node: ast.Call) -> Iterator[str]:
    name = _dotted(node.func)
    if name in {"eval", "exec", "builtins.eval", "builtins.exec"}:
        yield f"'{name}' runs text as code"
    if name in {"print", "builtins.print"} and part not in MAY_PRINT:
        yield "library code does not print; write an event or a log record"
    if name in {"suppress", "contextlib.suppress"}:
        for argument in node.args:
            yield from _in_caught(argument)
    for keyword in node.keywords:
        if keyword.arg == "shell" and not (
            isinstance(keyword.value, ast.Constant) and keyword.value.value is False
        ):
            yield "'shell=' starts a shell; pass the arguments as a list"


def _in_caught(caught: ast.expr) -> Iterator[str]:
    for each in caught.elts if isinstance(caught, ast.Tuple) else [caught]:
        name = _dotted(each).removeprefix("builtins.")
        if name in _CATCHES_ALL:
            yield f"'{name}' catches everything; name what is expected"


def _forbidden_name(name: str) -> Iterator[str]:
    module, _, attribute = name.rpartition(".")
    if module == "yaml" and attribute in _UNSAFE_YAML:
        yield f"'{name}' builds any object a file asks for; use safe_load"
    if name in _SHELLS:
        yield f"'{name}' starts a shell; pass the arguments as a list"


def _pickle(module: str) -> str:
    return f"'{module}' runs code while it reads; use JSON"


def _top(module: str) -> str:
    return module.partition(".")[0]


def _dotted(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=attribute):
            return f"{_dotted(value)}.{attribute}"
        case _:
            return ""
