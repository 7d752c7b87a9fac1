"""Runs the code nobody trusts. Only ever called behind the walls, in a process of its own that ends afterwards.

This file alone may use ``exec`` and catch everything: both are its task. What comes out of a candidate's process
is data; the verdict is made in the tester's process (`run_tests`), or by the caller where a program reads and
prints (`run_program`).
"""

import ast
import atexit
import builtins
import io
import json
import os
import sys
import threading
import traceback
import types
from collections.abc import Callable, Iterator
from typing import Any, NoReturn, cast

from . import wire

_CANDIDATE, _TESTS, _SETUP = "<candidate>", "<tests>", "<setup>"
_LEFT_OUT = frozenset(
    {"__builtins__", "__name__", "__doc__", "__loader__", "__spec__", "__package__", "__file__"}
)


def run_program(job: dict[str, Any]) -> NoReturn:
    """Run a program that reads standard input and prints; ends with its exit code."""
    module = _fresh_module("__main__")
    sys.argv = ["program"]
    sys.stdin = io.TextIOWrapper(io.BufferedReader(io.FileIO(0, closefd=False)), "utf-8")
    sys.stdout = io.TextIOWrapper(io.BufferedWriter(io.FileIO(1, "w", closefd=False)), "utf-8")
    sys.stderr = io.TextIOWrapper(
        io.BufferedWriter(io.FileIO(2, "w", closefd=False)), "utf-8", "backslashreplace", line_buffering=True
    )
    code = 0
    try:
        _run(job["setup"], _SETUP, module)
        _run(job["code"], _CANDIDATE, module)
        for thread in threading.enumerate():
            if thread is not threading.current_thread() and not thread.daemon:
                thread.join()
        atexit._run_exitfuncs()  # pyright: ignore[reportPrivateUsage] - contest programs print in exit hooks
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 0 if error.code is None else 1
        if isinstance(error.code, str):
            sys.stderr.write(error.code)
    except BaseException as error:  # noqa: BLE001 - the program's exceptions are its result
        _write_error(error)
        code = 1
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException as error:  # noqa: BLE001 - the output limit, or an object the program put there
        os.write(2, f"\n{type(error).__name__}: {error}".encode("utf-8", "replace")[:500])
        code = 1
    os._exit(code & 255)


def run_candidate(job: dict[str, Any], questions: int, answers: int) -> NoReturn:
    """Define what the candidate defines, then call its functions as asked until nobody asks."""
    asked = os.fdopen(questions, "rb")
    module = _fresh_module("candidate")

    def reply(message: dict[str, Any]) -> None:
        data = wire.write(message)
        if len(data) > wire.MAX_MESSAGE:
            data = wire.write({"output": len(data)})
        while data:
            data = data[os.write(answers, data) :]

    try:
        _run(job["setup"], _SETUP, module)
        _run(job["code"], _CANDIDATE, module)
        first: dict[str, Any] = {"ok": None}
    except BaseException as error:  # noqa: BLE001 - see above
        first = wire.name_error(error)
    reply(first)
    for line in asked:
        try:
            message = _answer(wire.read(line), module.__dict__)
        except BaseException as error:  # noqa: BLE001 - see above
            message = wire.name_error(error)
            if isinstance(error, wire.CannotCross):
                message["unsendable"] = True
        reply(message)
    os._exit(0)


def _answer(question: dict[str, Any], names: dict[str, Any]) -> dict[str, Any]:
    if "kinds" in question:
        return {"ok": {name: _kind(name, names[name]) for name in question["kinds"] if name in names}}
    if "get" in question:
        return {"ok": wire.encode(names[question["get"]])}
    arguments = wire.decode(question["args"], names.__getitem__)
    named = wire.decode(question["named"], names.__getitem__)
    result = wire.encode(names[question["call"]](*arguments, **named))
    message: dict[str, Any] = {"ok": result}
    try:
        after = wire.encode(arguments)
    except wire.CannotCross:
        return message
    if after != question["args"]:
        message["args"] = after
    return message


def _kind(name: str, value: object) -> str:
    if isinstance(value, types.ModuleType):
        return "module" if value.__name__ == name else "other module"
    if isinstance(value, type):
        return "class"
    return "function" if callable(value) else "value"


def run_tests(job: dict[str, Any], questions: int, answers: int, verdict: int) -> NoReturn:
    """Run the tests against the candidate's functions, which live in another process."""
    candidate = _Far(questions, answers)
    module = _fresh_module("tests")
    record: dict[str, Any] = {"nonce": job.pop("nonce")}
    try:
        candidate.listen()
        _run(job["setup"], _SETUP, module)
        names = _names_to_ask_for(job, module.__dict__)
        module.__dict__.update(candidate.stand_ins(names))
        _run(job["tests"], _TESTS, module)
        candidate.check_unmarked()
        record["verdict"] = "passed"
    except BaseException as error:  # noqa: BLE001 - the tests' exceptions are the verdict
        record |= _failure(error, job["tests"]) | candidate.marks
    _finish(record, verdict)


def run_together(job: dict[str, Any], tests: dict[str, Any], verdict: int) -> NoReturn:
    """The weak form: tests and candidate in one process. A candidate can talk its way to a pass here."""
    module = _fresh_module("candidate")
    record: dict[str, Any] = {"nonce": tests.pop("nonce")}
    try:
        _run(job["setup"], _SETUP, module)
        _run(job["code"], _CANDIDATE, module)
        _run(tests["tests"], _TESTS, module)
        record["verdict"] = "passed"
    except BaseException as error:  # noqa: BLE001 - see above
        record |= _failure(error, tests["tests"])
    _finish(record, verdict)


def _finish(record: dict[str, Any], verdict: int) -> NoReturn:
    os.write(verdict, json.dumps(record).encode())
    os._exit(0)


def _failure(error: BaseException, tests: str) -> dict[str, Any]:
    said = wire.name_error(error)
    line = ""
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename == _TESTS and frame.lineno:
            line = (
                tests.splitlines()[frame.lineno - 1].strip()[:160]
                if frame.lineno <= len(tests.splitlines())
                else ""
            )
    kind = (
        "failed"
        if isinstance(error, AssertionError)
        else "memory"
        if isinstance(error, MemoryError)
        else "error"
    )
    detail = ": ".join(part for part in (said["class"], said["text"]) if part)
    return {"verdict": kind, "detail": f"{detail} [{line}]" if line else detail}


class _Gone(Exception):
    """The candidate's process ended, or talks nonsense."""


class _Far:
    """The candidate in the other process.

    Attributes:
        marks: What went wrong between the processes, for the record.
    """

    def __init__(self, questions: int, answers: int) -> None:
        self.marks: dict[str, Any] = {}
        self._questions = questions
        self._answers = os.fdopen(answers, "rb")

    def listen(self) -> Any:
        """Read one answer; raises what the candidate raised."""
        line = self._answers.readline(wire.MAX_MESSAGE + 1)
        if not line.endswith(b"\n"):
            self.marks["gone"] = "output" if len(line) > wire.MAX_MESSAGE else "early"
            raise _Gone("the candidate's process ended early")
        try:
            answer = wire.read(line)
        except wire.WireError:
            self.marks["gone"] = "nonsense"
            raise
        if "ok" in answer:
            return answer
        if "output" in answer:
            self.marks["gone"] = "output"
            raise _Gone("the answer is too long")
        if answer.get("unsendable"):
            self.marks["unsendable"] = "result"
        error = wire.make_error(answer)
        if isinstance(error, MemoryError):
            self.marks["gone"] = "memory"
        elif "Exception" not in answer.get("error", ()):
            self.marks["gone"] = "early"  # an exit
        raise error

    def check_unmarked(self) -> None:
        """Refuse a pass of tests that swallowed a trouble between the processes as an expected exception."""
        if self.marks:
            raise _Gone("the tests went on although the candidate's process could not answer")

    def ask(self, question: dict[str, Any]) -> Any:
        """Ask and read."""
        data = wire.write(question)
        try:
            while data:
                data = data[os.write(self._questions, data) :]
        except BrokenPipeError:
            self.marks["gone"] = "early"
            raise _Gone("the candidate's process ended early") from None
        return self.listen()

    def stand_ins(self, names: list[str]) -> dict[str, object]:
        """What stands for the candidate's names in the tests."""
        kinds = self.ask({"kinds": names})["ok"]
        return {name: self._stand_in(name, kinds[name]) for name in names if name in kinds}

    def _stand_in(self, name: str, kind: object) -> object:
        if kind == "module" and name in sys.stdlib_module_names:
            return __import__(name)
        if kind == "value":
            return wire.decode(self.ask({"get": name})["ok"])
        if kind == "function":
            return self._function(name)
        return _Unreachable(name, self.marks)

    def _function(self, name: str) -> Callable[..., object]:
        def stand_in(*arguments: object, **named: object) -> object:
            given = list(arguments)
            try:
                question = {"call": name, "args": wire.encode(given), "named": wire.encode(named)}
            except wire.CannotCross:
                self.marks["unsendable"] = "argument"
                raise
            answer = self.ask(question)
            if "args" in answer:
                _change_in_place(given, wire.decode(answer["args"]))
            return wire.decode(answer["ok"])

        stand_in.__name__ = stand_in.__qualname__ = name
        setattr(stand_in, wire.PROXY_MARK, name)
        return stand_in


class _Unreachable:
    """Stands for a class of the candidate; any use says that the test cannot be judged from outside."""

    def __init__(self, name: str, marks: dict[str, Any]) -> None:
        self.__dict__.update(_name=name, _marks=marks)

    def __call__(self, *_: object, **__: object) -> object:
        self.__dict__["_marks"]["unsendable"] = "class"
        raise wire.CannotCross(f"objects of the candidate's class {self.__dict__['_name']}")

    def __getattr__(self, _: str) -> object:
        return self()


def _change_in_place(given: list[Any], after: Any) -> None:
    """Give the tests' own lists, dictionaries and sets the contents that the candidate left."""
    changed = cast("list[Any]", after) if type(after) is list else []
    for old, new in zip(given, changed, strict=False):
        if type(old) is not type(new):
            continue
        if type(old) in (list, bytearray):
            old[:] = new
        elif type(old) in (dict, set):
            old.clear()
            old.update(new)


def _names_to_ask_for(job: dict[str, Any], after_setup: dict[str, Any]) -> list[str]:
    """Names that the tests use and neither they, nor the setup, nor Python define.

    A candidate that defines ``abs`` or ``all`` so must not decide what the tests' ``abs`` does; a built-in name
    is the candidate's only where the caller said so (``entry_points``).
    """
    tests = ast.parse(job["tests"])
    setup = ast.parse(job["setup"])
    used = [node.id for tree in (setup, tests) for node in ast.walk(tree) if isinstance(node, ast.Name)]
    defined = {*_defined(tests.body), *after_setup, *dir(builtins)}
    entry_points: list[str] = job["entry_points"]
    return entry_points + [name for name in dict.fromkeys(used) if name not in {*defined, *entry_points}]


def _defined(body: list[ast.stmt]) -> Iterator[str]:
    """Names that statements at the top of a module bind."""
    for statement in body:
        match statement:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                yield from ((alias.asname or alias.name).partition(".")[0] for alias in names)
            case _:
                yield from (
                    node.id
                    for node in ast.walk(statement)
                    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
                )


def _fresh_module(name: str) -> types.ModuleType:
    """A module known to the import system, as dataclasses and typing expect."""
    module = types.ModuleType(name)
    sys.modules[name] = module
    return module


def _run(source: str, filename: str, module: types.ModuleType) -> None:
    if source:
        exec(compile(source, filename, "exec", dont_inherit=True), module.__dict__)  # noqa: S102 - the task here


def _write_error(error: BaseException) -> None:
    """As the interpreter would, without the lines of this file."""
    shown = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename != __file__]
    text = "".join(
        (
            "Traceback (most recent call last):\n",
            *traceback.format_list(shown),
            *traceback.format_exception_only(error),
        )
    )
    os.write(2, text[-4000:].encode("utf-8", "replace"))
