"""The source keeps to the directions of imports and to what code may do, and both readers find mistakes."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.code_rules import CALLS_THE_USERS_CODE, check_code
from tests.import_rules import ALLOWED, Violation, check_imports

SOURCE = Path(__file__).parent.parent / "src"


def check_tree(check: Callable[[str, str], list[Violation]]) -> str:
    files = sorted((SOURCE / "itas").rglob("*.py"))
    assert files
    found = [
        violation
        for file in files
        for violation in check(file.relative_to(SOURCE).as_posix(), file.read_text(encoding="utf-8"))
    ]
    return "\n".join(f"src/{violation}" for violation in found)


def test_imports_point_one_way():
    violations = check_tree(check_imports)
    assert not violations, f"imports that are not allowed:\n{violations}"


def test_no_code_evaluates_prints_or_catches_everything():
    violations = check_tree(check_code)
    assert not violations, f"forbidden in src:\n{violations}"


# --- the table ----------------------------------------------------------------------------------------------


def test_the_table_has_no_cycle():
    done: set[str] = set()
    while remaining := ALLOWED.keys() - done:
        ready = {part for part in remaining if ALLOWED[part] <= done}
        assert ready, f"these import each other: {sorted(remaining)}"
        done |= ready


def test_nobody_imports_the_command_line_or_the_batteries():
    assert [part for part in ALLOWED if "cli" in ALLOWED[part]] == ["__main__"]
    assert [part for part in ALLOWED if "testing" in ALLOWED[part]] == []


def test_the_five_do_not_know_each_other():
    five = {"models", "components", "sandbox", "benchmarks", "search"}
    assert all(not ALLOWED[part] & five for part in five)


# --- the reader of imports ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "source",
    [
        "import itas.models.cache",
        "import os, itas.models",
        "from itas.models.cache import Cache",
        "from itas import models",
        "from ..models import cache",
        "from .. import models",
        "from ..models.cache import Cache as Memory",
        "def run():\n    from itas.models import cache",
        "async def run():\n    if True:\n        from ..models import cache",
        "class A:\n    def run(self):\n        import itas.models",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from itas.models import cache",
        "import typing\nif typing.TYPE_CHECKING:\n    pass\nelse:\n    from itas.models import cache",
        "try:\n    import itas.models\nexcept ImportError:\n    pass",
        "import importlib\nimportlib.import_module('itas.models.cache')",
    ],
)
def test_a_wrong_arrow_is_found_wherever_it_stands(source: str):
    (violation,) = check_imports("itas/components/ranker.py", source)
    assert "components -> models is not allowed; components may import: core, errors" in str(violation)
    line = next(number for number, text in enumerate(source.splitlines(), 1) if "models" in text)
    assert str(violation).startswith(f"itas/components/ranker.py:{line}: ")


def test_a_relative_import_in_an_init_file_starts_from_its_own_package():
    assert check_imports("itas/components/__init__.py", "from .ranker import Ranker") == []
    (violation,) = check_imports("itas/components/__init__.py", "from ..engine import run")
    assert "components -> engine" in violation.message


@pytest.mark.parametrize(
    "path, source",
    [
        (
            "itas/components/ranker.py",
            "from itas.core.state import State\nfrom itas.errors import ParseError",
        ),
        (
            "itas/components/ranker.py",
            "from . import text\nfrom .text import render\nfrom itas import __version__",
        ),
        ("itas/components/deep/ranker.py", "from ..text import render\nfrom ...core import state"),
        ("itas/core/state.py", "import json\nfrom collections import abc\nfrom pydantic import BaseModel"),
        ("itas/models/openai.py", "import aiohttp\nimport orjson"),
        ("itas/errors.py", "from __future__ import annotations\nimport re"),
        ("itas/__main__.py", "from itas.cli.main import main"),
    ],
)
def test_an_allowed_arrow_is_not_reported(path: str, source: str):
    assert check_imports(path, source) == []


@pytest.mark.parametrize("source", ["import numpy as np", "def f():\n    from aiohttp import web"])
def test_core_imports_only_the_standard_library_and_pydantic(source: str):
    (violation,) = check_imports("itas/core/state.py", source)
    assert "the standard library, pydantic" in violation.message


@pytest.mark.parametrize(
    "source",
    ["import altair as alt", "from optuna.samplers import TPESampler", "class A:\n    import ray"],
)
def test_a_heavy_package_at_the_top_is_found(source: str):
    (violation,) = check_imports("itas/report/figures.py", source)
    assert "inside the function" in violation.message


@pytest.mark.parametrize(
    "source",
    [
        "def draw():\n    import altair",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import altair",
    ],
)
def test_a_heavy_package_inside_a_function_or_for_types_is_fine(source: str):
    assert check_imports("itas/report/figures.py", source) == []


def test_a_part_without_a_row_is_found():
    (violation,) = check_imports("itas/utils/text.py", "")
    assert "no row for 'utils'" in violation.message


def test_an_import_of_a_part_that_nobody_may_import_is_found():
    (violation,) = check_imports("itas/engine/run.py", "from itas.testing import battery")
    assert "engine -> testing" in violation.message


# --- the reader of code -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "source, words",
    [
        ("eval('1')", "'eval' runs text as code"),
        ("def f():\n    exec(text)  # noqa: S102", "'exec' runs text as code"),
        ("import pickle", "'pickle' runs code while it reads"),
        ("def f():\n    from pickle import loads", "'pickle' runs code while it reads"),
        ("import yaml\nyaml.load(text, Loader=yaml.SafeLoader)", "'yaml.load'"),
        ("from yaml import unsafe_load", "'yaml.unsafe_load'"),
        ("import subprocess\nsubprocess.run('ls', shell=True)", "starts a shell"),
        ("run('ls', shell=flag)", "starts a shell"),
        ("import os\nos.system('ls')", "'os.system' starts a shell"),
        ("from asyncio import create_subprocess_shell", "starts a shell"),
        ("try:\n    f()\nexcept:\n    raise", "a bare 'except:'"),
        ("try:\n    f()\nexcept Exception:\n    raise", "'Exception' catches everything"),
        (
            "try:\n    f()\nexcept (ValueError, BaseException) as e:\n    raise",
            "'BaseException' catches everything",
        ),
        ("try:\n    f()\nexcept* Exception:\n    pass", "'Exception' catches everything"),
        ("with contextlib.suppress(Exception):\n    f()", "'Exception' catches everything"),
        ("print('done')", "does not print"),
    ],
)
def test_a_forbidden_thing_is_found(source: str, words: str):
    (violation,) = check_code("itas/engine/run.py", source)
    assert words in violation.message


@pytest.mark.parametrize(
    "source",
    [
        "model.eval()",
        "subprocess.run(['ls'], shell=False)",
        "yaml.safe_load(text)",
        "try:\n    f()\nexcept (ValueError, OSError):\n    pass",
        "TEXT = 'print(eval(x))'  # print(1)",
        "class MyException(Exception):\n    pass",
    ],
)
def test_what_only_looks_like_it_is_not_reported(source: str):
    assert check_code("itas/engine/run.py", source) == []


def test_only_what_calls_the_code_of_users_may_catch_everything_and_nothing_else_is_allowed_there():
    (path,) = CALLS_THE_USERS_CODE
    caught = "try:\n    f()\nexcept Exception:\n    pass"
    assert check_code(path, caught) == []
    for source in ("try:\n    f()\nexcept:\n    pass", "eval('1')", caught.replace("Exc", "BaseExc")):
        assert check_code(path, source)


def test_the_command_line_may_print():
    assert check_code("itas/cli/main.py", "print('done')") == []
