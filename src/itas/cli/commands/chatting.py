"""`itas chat`: a conversation with an architecture in the terminal."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from itas.cli.options import (
    MaxCost,
    MaxSamples,
    PresetModels,
    Quiet,
    Recording,
    SandboxTier,
    Seed,
    SettingsFile,
)
from itas.cli.running import run_async

if TYPE_CHECKING:
    from itas.api.chatting import Chat
    from itas.cli.progress import ProgressLine
    from itas.core.architecture import Architecture
    from itas.engine import Answer

HELP = "/new begins anew, /quit ends (so does Ctrl-D)"


def chat(
    architecture: Annotated[str, typer.Argument(help="Architecture file, preset:NAME, or a model id.")],
    *,
    models: PresetModels = None,
    system: Annotated[str | None, typer.Option("--system", help="System message.")] = None,
    settings: SettingsFile = None,
    recording: Recording = None,
    seed: Seed = 0,
    max_cost: MaxCost = None,
    max_samples: MaxSamples = None,
    sandbox: SandboxTier = "auto",
    quiet: Quiet = False,
) -> None:
    """Talk to an architecture: one question a line, also from stdin; the answer is shown while it is written."""
    from itas.api.answering import find_architecture
    from itas.api.chatting import open_chat
    from itas.api.opening import Caps
    from itas.api.settings import load_settings

    found = find_architecture(architecture, models or ())
    read = load_settings(settings)
    caps = Caps(max_usd=max_cost, max_samples=max_samples)

    async def talk() -> None:
        async with open_chat(
            found, settings=read, system=system, recording=recording, seed=seed, caps=caps, sandbox=sandbox
        ) as opened:
            await _talk(opened, found, quiet=quiet)

    run_async(talk())


async def _talk(chat: "Chat", architecture: "Architecture", *, quiet: bool) -> None:
    from itas.cli.progress import ProgressLine
    from itas.cli.terminal import clean
    from itas.core.money import add_prices, format_usd
    from itas.errors import BudgetExceeded, Error
    from itas.models.keys import redact

    line = ProgressLine(quiet=quiet)
    is_person = sys.stdin.isatty()
    if is_person:
        line.say(f"{architecture.name}: {architecture.planned_samples()} samples a turn; {HELP}")
    costs: list[int | None] = []
    while (question := _read(is_person=is_person)) is not None:
        if question == "/quit":
            return
        if question == "/new":
            chat.forget()
            line.say("begun anew")
        elif question.startswith("/"):
            line.say(f"unknown: {clean(question[:40])}. {HELP}", always=True)
        elif question:
            try:
                answer = await _ask(chat, question, line)
            except BudgetExceeded:
                raise
            except Error as error:
                if not is_person:
                    raise
                line.say(f"error: {clean(redact(str(error)))}", always=True)
                continue
            costs.append(answer.cost_micro_usd)
            line.say(f"{_facts(answer)}; all turns: {format_usd(add_prices(costs))}")


async def _ask(chat: "Chat", question: str, line: "ProgressLine") -> "Answer":
    from itas.cli.commands.answering import component_line
    from itas.cli.streaming import StreamedText

    text = StreamedText(is_on=True)
    with text:
        return await chat.ask(
            question,
            watch=lambda record: text.interrupt(lambda: line.say(component_line(record))),
            listen=text.listen,
        )


def _read(*, is_person: bool) -> str | None:
    """The next question; None at the end. A line that ends in a backslash goes on in the next."""
    lines: list[str] = []
    while True:
        try:
            text = input("> " if is_person and not lines else "") if is_person else _next_line()
        except EOFError:
            return "\n".join(lines) if lines else None
        if not text.endswith("\\"):
            return "\n".join([*lines, text]).strip()
        lines.append(text[:-1])


def _next_line() -> str:
    text = sys.stdin.readline()
    if not text:
        raise EOFError
    return text.rstrip("\n")


def _facts(answer: "Answer") -> str:
    from itas.core.money import format_usd
    from itas.report.words import count

    marked = ", degraded" if answer.is_degraded else ""
    price = format_usd(answer.cost_micro_usd)
    return f"{count(answer.samples_used, 'sample')}, {price}, {answer.wall_s:.1f} s{marked}"
