"""`--plugin FILE.py`: every command that reads descriptions takes it, and loads the files before anything else."""

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

PluginFiles = Annotated[
    list[Path] | None,
    typer.Option(
        "--plugin",
        help="Python file of yours with components, models, benchmarks or searchers; may be repeated.",
    ),
]


def with_plugins(command: Callable[..., Any]) -> Callable[..., Any]:
    """The same command with the option ``--plugin``; files named in the settings are loaded too."""

    @functools.wraps(command)
    def run(*args: Any, plugins: list[Path] | None = None, **given: Any) -> Any:
        from itas.api.settings import find_plugins
        from itas.plugins import load_plugins

        load_plugins([*find_plugins(given.get("settings")), *(plugins or ())])
        return command(*args, **given)

    signature = inspect.signature(command)
    option = inspect.Parameter(
        "plugins", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=PluginFiles
    )
    run.__signature__ = signature.replace(parameters=[*signature.parameters.values(), option])  # pyright: ignore[reportAttributeAccessIssue]
    run.__annotations__ = {**command.__annotations__, "plugins": PluginFiles}
    return run
