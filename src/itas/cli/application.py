"""The commands and their arguments. Heavy things are imported when a command runs, so that help is instant."""

import inspect
import os
from collections.abc import Callable, Collection, Mapping
from typing import Annotated, Any

import typer

from itas.cli.commands import (
    ablating,
    answering,
    chatting,
    describing,
    lab,
    listing,
    reporting,
    searching,
    serving,
    storing,
    viewing,
)
from itas.cli.plugging import with_plugins

Command = Callable[..., Any]

COMMANDS: Mapping[str, Command] = {
    "answer": with_plugins(answering.answer),
    "estimate": with_plugins(answering.estimate),
    "evaluate": with_plugins(answering.evaluate),
    "compare": answering.compare,
    "search": with_plugins(searching.search),
    "resume": with_plugins(searching.resume),
    "ablate": with_plugins(ablating.ablate),
    "demo": searching.demo,
    "lab": lab.lab,
    "chat": with_plugins(chatting.chat),
    "serve": with_plugins(serving.serve),
    "view": with_plugins(viewing.view),
    "show": with_plugins(describing.show),
    "report": with_plugins(reporting.report),
    "export": with_plugins(reporting.export),
    "models": with_plugins(describing.models),
    "benchmarks": with_plugins(describing.benchmarks),
    "spaces": describing.spaces,
    "components": with_plugins(listing.components),
    "searchers": with_plugins(listing.searchers),
    "presets": listing.presets,
    "convert": describing.convert,
    "schema": with_plugins(describing.schema),
    "doctor": describing.doctor,
}
STORE_COMMANDS: Mapping[str, Command] = {
    "list": storing.list_,
    "size": storing.size,
    "prune": storing.prune,
    "export": storing.export,
    "import": storing.import_,
}


def application(named: Collection[str] | None = None) -> typer.Typer:
    """All commands; options are read only of those that are `named` (None: of all).

    Reading the options of every command takes typer longer than everything else that a start does.
    """
    app = typer.Typer(
        name="itas",
        help="Inference-time architecture search: build a strong system out of many model calls, "
        "find out which one pays, prove it, use it.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    store = typer.Typer(
        no_args_is_help=True, rich_markup_mode=None, help="The call store: what was asked and answered."
    )
    _add(app, COMMANDS, named)
    _add(store, STORE_COMMANDS, named)
    app.add_typer(store, name="store")
    app.callback()(_common)
    return app


def _add(group: typer.Typer, commands: Mapping[str, Command], named: Collection[str] | None) -> None:
    for name, command in commands.items():
        is_read = named is None or name in named
        group.command(name, help=inspect.getdoc(command))(command if is_read else _not_named)


def _not_named() -> None:
    """Stands for a command of which only the name and the first sentence are shown."""


def _print_version(value: bool) -> None:
    if value:
        from itas import __version__

        typer.echo(f"itas {__version__}")
        raise typer.Exit


def _common(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and leave."),
    ] = False,
) -> None:
    """What stands before the command."""


def run(arguments: list[str]) -> int:
    """Run one command and give its exit code; a wrong use is explained on stderr and gives 2."""
    try:
        is_completing = (
            "_ITAS_COMPLETE" in os.environ
        )  # the shell asks for options; the words stand elsewhere
        app = application(None if is_completing else arguments)
        result = app(args=arguments, prog_name="itas", standalone_mode=False)
    except typer.Abort:
        return 130
    except typer.TyperException as error:
        show = getattr(error, "show", None)
        if show is not None:
            show()
        else:
            typer.echo(f"Error: {error.format_message()}", err=True)
        return 2
    return result if isinstance(result, int) else 0
