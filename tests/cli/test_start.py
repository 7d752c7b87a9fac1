"""Starting is quick because nothing is imported that is not needed."""

import os
import subprocess
import sys
from typing import Any

import pytest
import typer

from itas.cli.application import COMMANDS, STORE_COMMANDS, application

HEAVY = (
    "numpy", "aiohttp", "genai_prices", "pydantic", "pydantic_settings", "yaml", "orjson", "sqlite3", "dotenv",
    "asyncio", "rich", "importlib.metadata", "opentelemetry", "itas.core", "itas.models", "itas.engine",
    "itas.search", "itas.evaluation", "itas.components", "itas.api",
)  # fmt: skip


def loaded(code: str) -> set[str]:
    """Every module in a new process after it has run this."""
    report = "import sys; print('\\nLOADED', *sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{report}"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.rpartition("LOADED ")[2].split())


def heavy(modules: set[str]) -> set[str]:
    return {name for name in HEAVY if any(each == name or each.startswith(f"{name}.") for each in modules)}


def test_importing_the_package_brings_nothing_else() -> None:
    modules = loaded("import itas")
    assert not heavy(modules)
    assert {each for each in modules if each.startswith("itas")} == {"itas"}


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], [], ["answer", "--help"], ["search", "--help"]])
def test_help_brings_nothing_heavy(arguments: list[str]) -> None:
    modules = loaded(f"from itas.cli.main import main\nmain({arguments!r})")
    by_typer = {"pydantic", "importlib.metadata"} if len(arguments) > 1 else set[str]()  # for the options
    assert heavy(modules) <= by_typer


def test_the_test_itself_notices_a_heavy_import() -> None:
    assert "numpy" in heavy(loaded("import numpy"))


def options(application: typer.Typer, *words: str) -> list[str]:
    command: Any = typer.main.get_command(application)
    for word in words:
        command = command.commands[word]
    return [each.name for each in command.params]


@pytest.mark.parametrize(
    "words", [[each] for each in COMMANDS] + [["store", each] for each in STORE_COMMANDS]
)
def test_a_command_that_is_named_has_all_its_options(words: list[str]) -> None:
    assert options(application(words), *words) == options(application(), *words)


def test_options_of_other_commands_are_not_read() -> None:
    assert options(application([]), "search") == []
    assert options(application(["answer"]), "search") == []
    assert len(options(application(["search"]), "search")) > 10


def test_the_shell_can_complete_options() -> None:
    words = {"_ITAS_COMPLETE": "complete_bash", "COMP_WORDS": "itas search --max-s", "COMP_CWORD": "2"}
    done = subprocess.run(
        [sys.executable, "-m", "itas"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **words},
    )
    assert "--max-samples" in done.stdout.split()
