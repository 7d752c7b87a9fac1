"""`itas store`: what is in the call store; removing some of it; recordings out of it and into it."""

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


def list_(*, settings: SettingsFile = None, as_json: AsJson = False) -> None:
    """What is stored, by model: requests, draws, size and age."""
    from dataclasses import asdict
    from datetime import UTC, datetime

    from itas.api.settings import load_settings
    from itas.api.storing import list_store
    from itas.cli.tables import print_json, print_table

    found = run_async(list_store(load_settings(settings)))
    if as_json:
        print_json([asdict(each) for each in found])
        return
    print_table(
        ["model", "requests", "draws", "MB", "oldest", "newest"],
        [
            [
                each.model,
                f"{each.requests:,}",
                f"{each.draws:,}",
                f"{each.bytes / 1e6:.1f}",
                *(f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d}" for at in (each.oldest_s, each.newest_s)),
            ]
            for each in found
        ],
        numbers=(1, 2, 3),
    )


def prune(
    *,
    older_than: Annotated[
        str | None, typer.Option(help="Only what was stored longer ago: 30m, 12h, 90d, 8w.")
    ] = None,
    model: Annotated[
        list[str] | None, typer.Option(help="Only answers of these models; 'openai/*' fits many. Repeatable.")
    ] = None,
    to_size: Annotated[
        str | None, typer.Option(help="The oldest of them, until the file is this small: 500MB, 2GB.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Remove it; without this it is only counted.")] = False,
    settings: SettingsFile = None,
) -> None:
    """Remove stored answers. They would have to be paid for again; what was paid stays in the books."""
    from itas.api.settings import load_settings
    from itas.api.storing import prune_store
    from itas.cli.terminal import out

    pruned = run_async(
        prune_store(
            load_settings(settings),
            older_than=older_than,
            models=tuple(model or ()),
            to_size=to_size,
            is_rehearsal=not yes,
        )
    )
    amount = f"{pruned.draws:,} answers ({pruned.bytes / 1e6:.1f} MB of text)"
    if not yes:
        out().print(f"{amount} would be removed. Nothing was removed: say --yes")
        return
    out().print(f"{amount} removed; the store is {pruned.file_bytes / 1e6:.1f} MB now")


def export(recording: RecordingFile, *, settings: SettingsFile = None) -> None:
    """Write everything that is stored as a recording, which replay/... models answer from."""
    from itas.api.settings import load_settings
    from itas.api.storing import export_store
    from itas.cli.terminal import out

    written = run_async(export_store(load_settings(settings), recording))
    out().print(f"{written.questions:,} questions with {written.draws:,} answers written to {recording}")
    if written.skipped:
        out().print(
            f"{written.skipped:,} questions left out: answers of simulated models, which belong to their "
            "problems, or of servers at another address than in the settings"
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
