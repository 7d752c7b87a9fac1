"""`itas view`: the run folders as pages that update by themselves."""

from pathlib import Path
from typing import Annotated

import typer

from itas.cli.options import SettingsFile
from itas.cli.running import run_async


def view(
    folder: Annotated[Path, typer.Argument(help="Folder of the run folders.")] = Path("runs"),
    *,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 for any that is free.")] = 8765,
    host: Annotated[
        str, typer.Option("--host", help="127.0.0.1 or ::1; never another machine.")
    ] = "127.0.0.1",
    settings: SettingsFile = None,
) -> int:
    """Show all runs in the browser: watch, stop and resume them, open and compare what they found."""
    from itas.api.viewing import serve_view
    from itas.cli.terminal import clean, progress

    def ready(address: str) -> None:
        progress().print(clean(f"open {address}"), soft_wrap=True)
        progress().print(
            "end with Ctrl-C; runs that were resumed on the page stop with it, and can be resumed"
        )

    run_async(serve_view(folder, host=host, port=port, settings=settings, ready=ready))
    return 0
