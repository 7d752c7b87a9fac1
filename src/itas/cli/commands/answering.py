"""`itas answer`, `itas estimate`, `itas evaluate`, `itas compare`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from itas.cli.options import (
    AsJson,
    Judge,
    Limit,
    MaxCost,
    MaxSamples,
    On,
    Output,
    PresetModels,
    Quiet,
    Recording,
    Samples,
    SandboxTier,
    Scorer,
    Seed,
    SettingsFile,
    Traced,
    Where,
    Yes,
)
from itas.cli.running import run_async

if TYPE_CHECKING:
    from itas.core.architecture import Architecture
    from itas.core.messages import Message
    from itas.engine import Answer, ComponentRecord

Architectures = Annotated[
    list[str], typer.Argument(help="Architecture files, preset:NAME, or model ids for one call.")
]


def answer(
    architecture: Annotated[str, typer.Argument(help="Architecture file, preset:NAME, or a model id.")],
    question: Annotated[
        str | None, typer.Argument(help="The question; read from stdin if left out or '-'.")
    ] = None,
    *,
    models: PresetModels = None,
    system: Annotated[str | None, typer.Option("--system", help="System message.")] = None,
    fresh: Annotated[
        int,
        typer.Option(
            "--fresh", min=0, max=2**40, help="Number of the first draw: ask anew, not from the store."
        ),
    ] = 0,
    trace: Annotated[
        Path | None, typer.Option("--trace", help="Write every call and event to this file (JSON lines).")
    ] = None,
    settings: SettingsFile = None,
    recording: Recording = None,
    seed: Seed = 0,
    max_cost: MaxCost = None,
    max_samples: MaxSamples = None,
    sandbox: SandboxTier = "auto",
    stream: Annotated[
        bool | None,
        typer.Option(
            "--stream/--no-stream", help="Print the answer while it is written; on a terminal it is."
        ),
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Answer one question with an architecture."""
    from itas.api.answering import answer_conversation, find_architecture
    from itas.api.opening import Caps
    from itas.api.settings import load_settings
    from itas.cli.progress import ProgressLine
    from itas.cli.streaming import StreamedText

    line = ProgressLine(quiet=quiet or as_json)
    text = StreamedText.choose(stream, as_json=as_json)
    with text:
        result = run_async(
            answer_conversation(
                find_architecture(architecture, models or ()),
                _read_conversation(question, system),
                settings=load_settings(settings),
                recording=recording,
                seed=seed,
                first_draw=fresh,
                caps=Caps(max_usd=max_cost, max_samples=max_samples),
                sandbox=sandbox,
                watch=lambda record: text.interrupt(lambda: line.say(component_line(record))),
                listen=text.listen,
                trace=trace,
            )
        )
    _print_answer(result, as_json=as_json, is_shown=text.is_shown)


def estimate(
    architectures: Architectures,
    *,
    on: On,
    models: PresetModels = None,
    scorer: Scorer = None,
    judge: Judge = None,
    limit: Limit = None,
    samples: Samples = 1,
    settings: SettingsFile = None,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Say what evaluating architectures would cost, before anything is paid."""
    from itas.api.evaluation_estimate import estimate_evaluations
    from itas.api.settings import load_settings
    from itas.cli.tables import print_json, print_table
    from itas.core.money import format_usd

    estimates = run_async(
        estimate_evaluations(
            [_find(text, models) for text in architectures],
            on=on,
            scorer=_scorer(scorer, judge),
            limit=limit,
            seed=seed,
            samples=samples,
            settings=load_settings(settings),
        )
    )
    if as_json:
        print_json([each.model_dump(mode="json") for each in estimates])
        return
    print_table(
        ["architecture", "problems", "samples", "at most", "price", "at most", "without a price"],
        [
            [
                each.name,
                f"{each.problems:,}",
                f"{each.planned_samples:,}",
                f"{each.max_samples:,}",
                format_usd(each.planned_micro_usd),
                format_usd(each.max_micro_usd),
                ", ".join(each.unpriced),
            ]
            for each in estimates
        ],
        numbers=(1, 2, 3, 4, 5),
    )


def evaluate(
    architectures: Architectures,
    *,
    on: On,
    models: PresetModels = None,
    scorer: Scorer = None,
    judge: Judge = None,
    limit: Limit = None,
    samples: Samples = 1,
    output: Output = None,
    settings: SettingsFile = None,
    recording: Recording = None,
    seed: Seed = 0,
    fresh: Annotated[
        int,
        typer.Option(
            "--fresh", min=0, max=2**40, help="Number of the first draw: measure again with new samples."
        ),
    ] = 0,
    max_cost: MaxCost = None,
    max_samples: MaxSamples = None,
    sandbox: SandboxTier = "auto",
    where: Where = None,
    trace: Traced = False,
    yes: Yes = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> int:
    """Evaluate architectures on a benchmark; several are compared with the first."""
    from itas.api.evaluating import evaluate_architectures
    from itas.api.opening import Caps
    from itas.api.settings import load_settings
    from itas.cli.evaluations import EvaluationProgress, print_evaluations

    progress = EvaluationProgress(
        quiet=quiet or as_json, max_samples=max_samples, max_cost=max_cost, ask=not yes
    )
    report = run_async(
        evaluate_architectures(
            [_find(text, models) for text in architectures],
            on=on,
            scorer=_scorer(scorer, judge),
            limit=limit,
            output=output,
            settings=load_settings(settings),
            recording=recording,
            seed=seed,
            first_draw=fresh,
            samples=samples,
            caps=Caps(max_usd=max_cost, max_samples=max_samples),
            sandbox=sandbox,
            where=where,
            trace=trace,
            watch=progress,
        )
    )
    return print_evaluations(report, as_json=as_json)


def compare(
    runs: Annotated[
        list[Path], typer.Argument(help="Two or more evaluation runs; each is compared with the first.")
    ],
    *,
    report: Annotated[
        Path | None, typer.Option("--report", help="Write a page with all of them side by side to this file.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compare evaluations problem by problem: by how much, how sure, at which price."""
    from itas.api.comparing import compare_runs
    from itas.cli.evaluations import print_comparisons
    from itas.cli.tables import print_json

    comparisons = compare_runs(runs)
    if as_json:
        print_json([each.model_dump(mode="json") for each in comparisons])
    else:
        print_comparisons(comparisons)
    if report is not None:
        from itas.api.reporting import write_comparison
        from itas.cli.terminal import clean, progress

        progress().print(clean(f"report: {write_comparison(runs, report)}"))


def _scorer(scorer: str | None, judge: str | None) -> str | None:
    from itas.errors import SpecError

    if judge is None:
        return scorer
    if scorer is not None:
        raise SpecError("give either --scorer or --judge", path="judge")
    return f"judge:{judge.removeprefix('judge:')}"


def _find(text: str, models: list[str] | None) -> "Architecture":
    from itas.api.answering import find_architecture
    from itas.specs import is_preset_reference

    return find_architecture(text, models or () if is_preset_reference(text) else ())


def _read_conversation(question: str | None, system: str | None) -> "tuple[Message, ...]":
    from itas.core.messages import Message
    from itas.errors import SpecError

    text = sys.stdin.read() if question is None or question == "-" else question
    if not text.strip():
        raise SpecError("the question is empty. Give it as an argument or on stdin")
    messages = [] if system is None else [Message(role="system", content=system)]
    return (*messages, Message(role="user", content=text))


def component_line(record: "ComponentRecord") -> str:
    from itas.core.money import format_usd
    from itas.report.words import count

    events = "".join(f", {count} {kind}" for kind, count in record.events.items())
    saved = f" of {record.samples_planned}" if record.samples_saved else ""
    return (
        f"{record.layer + 1}. {record.type}: {count(record.samples_used, 'sample')}{saved}"
        f" ({record.samples_paid} paid, {format_usd(record.cost_micro_usd)}, {record.latency_s:.1f} s){events}"
    )


def _print_answer(result: "Answer", *, as_json: bool, is_shown: bool) -> None:
    from itas.cli.tables import print_json
    from itas.cli.terminal import clean, out, progress
    from itas.core.money import format_usd
    from itas.engine.trace import trace_lines
    from itas.report.words import count

    if as_json:
        print_json(list(trace_lines(result))[-1])
        return
    if not is_shown:
        out().print(clean(result.text))
    saved = f" ({result.samples_saved} saved)" if result.samples_saved else ""
    marked = " (degraded: see --trace)" if result.is_degraded else ""
    hostile = sum(any(mark.kind == "hostile" for mark in each.marks) for each in result.candidates)
    if hostile:
        marked += f" ({count(hostile, 'answer')} at the end looks hostile: see --trace)"
    if result.event_counts.get("no_walls"):
        marked += " (generated code was run WITHOUT a sandbox)"
    progress().print(
        f"{count(result.samples_used, 'sample')}{saved}, {result.samples_paid} paid, "
        f"{format_usd(result.cost_micro_usd)}, {result.latency_s:.1f} s{marked}",
        style="dim",
    )
