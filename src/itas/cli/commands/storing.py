"""`itas store`: how large the call store is; recordings out of it and into it."""

from pathlib import Path
from typing import Annotated

import typer

from itas.cli.options import AsJson, SettingsFile
from itas.cli.running import run_async

RecordingFile = Annotated[Path, typer.Argument(help="Recording (JSON lines).")]


def size(*, settings: SettingsFile = None, as_json: AsJson = False) -> None:
    """How many calls are stored, and what was paid for them."""
    from dataclasses import asdict

    from itas.api.settings import load_settings
    from itas.api.storing import measure_store
    from itas.cli.tables import print_json, print_table
    from itas.core.money import format_usd

    stats, totals = run_async(measure_store(load_settings(settings)))
    if as_json:
        print_json({"stats": asdict(stats), "totals": asdict(totals)})
        return
    print_table(
        ["store", "requests", "draws", "MB", "damaged", "spent", "uncertain"],
        [
            [
                stats.place,
                f"{stats.requests:,}",
                f"{stats.draws:,}",
                f"{stats.bytes / 1e6:.1f}",
                str(stats.damaged),
                format_usd(totals.spent),
                format_usd(totals.uncertain),
            ]
        ],
        numbers=(1, 2, 3, 4, 5, 6),
    )


def export(recording: RecordingFile, *, settings: SettingsFile = None) -> None:
    """Write everything that is stored as a recording, which replay/... models answer from."""
    from itas.api.settings import load_settings
    from itas.api.storing import export_store
    from itas.cli.terminal import out

    written = run_async(export_store(load_settings(settings), recording))
    out().print(f"{written.questions:,} questions with {written.draws:,} answers written to {recording}")
    if written.skipped:
        out().print(
            f"{written.skipped:,} questions left out: answers of simulated models belong to their problems"
        )


def import_(recording: RecordingFile, *, settings: SettingsFile = None) -> None:
    """Take the answers of a recording into the store; what is there already stays."""
    from itas.api.settings import load_settings
    from itas.api.storing import import_store
    from itas.cli.terminal import out

    taken = run_async(import_store(load_settings(settings), recording))
    out().print(f"{taken.questions:,} questions with {taken.draws:,} answers are in the store")
    if taken.skipped:
        out().print(
            f"{taken.skipped:,} questions left out: they say no temperature or length, so they are no request"
        )
