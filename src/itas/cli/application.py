"""The commands and their arguments. Heavy things are imported when a command runs, so that help is instant."""

from typing import Annotated

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

app = typer.Typer(
    name="itas",
    help="Inference-time architecture search: build a strong system out of many model calls, "
    "find out which one pays, prove it, use it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.command("answer")(with_plugins(answering.answer))
app.command("estimate")(with_plugins(answering.estimate))
app.command("evaluate")(with_plugins(answering.evaluate))
app.command("compare")(answering.compare)
app.command("search")(with_plugins(searching.search))
app.command("resume")(with_plugins(searching.resume))
app.command("ablate")(with_plugins(ablating.ablate))
app.command("demo")(searching.demo)
app.command("lab")(lab.lab)
app.command("chat")(with_plugins(chatting.chat))
app.command("serve")(with_plugins(serving.serve))
app.command("view")(with_plugins(viewing.view))
app.command("show")(with_plugins(describing.show))
app.command("report")(with_plugins(reporting.report))
app.command("export")(with_plugins(reporting.export))
app.command("models")(with_plugins(describing.models))
app.command("benchmarks")(with_plugins(describing.benchmarks))
app.command("spaces")(describing.spaces)
app.command("components")(with_plugins(listing.components))
app.command("searchers")(with_plugins(listing.searchers))
app.command("presets")(listing.presets)
app.command("convert")(describing.convert)
app.command("schema")(with_plugins(describing.schema))
app.command("doctor")(describing.doctor)

store = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="The call store: what was asked and answered."
)
store.command("list")(storing.list_)
store.command("size")(storing.size)
store.command("prune")(storing.prune)
store.command("export")(storing.export)
store.command("import")(storing.import_)
app.add_typer(store, name="store")


def _print_version(value: bool) -> None:
    if value:
        from itas import __version__

        typer.echo(f"itas {__version__}")
        raise typer.Exit


@app.callback()
def common(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and leave."),
    ] = False,
) -> None:
    """What stands before the command."""


def run(arguments: list[str]) -> int:
    """Run one command and give its exit code; a wrong use is explained on stderr and gives 2."""
    try:
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
