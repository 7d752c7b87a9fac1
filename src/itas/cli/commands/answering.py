"""`itas answer`, `itas estimate`, `itas evaluate`, `itas compare`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from itas.cli.options import (
    AsJson,
    Limit,
    MaxCost,
    MaxSamples,
    On,
    Output,
    PresetModels,
    Quiet,
    Recording,
    Scorer,
    Seed,
    SettingsFile,
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
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Answer one question with an architecture."""
    from itas.api.answering import answer_conversation, find_architecture
    from itas.api.opening import Caps
    from itas.api.runs import check_writable
    from itas.api.settings import load_settings
    from itas.cli.progress import ProgressLine

    line = ProgressLine(quiet=quiet or as_json)
    if trace is not None:
        check_writable(trace)
    result = run_async(
        answer_conversation(
            find_architecture(architecture, models or ()),
            _read_conversation(question, system),
            settings=load_settings(settings),
            recording=recording,
            seed=seed,
            first_draw=fresh,
            caps=Caps(max_usd=max_cost, max_samples=max_samples),
            watch=lambda record: line.say(_component_line(record)),
        )
    )
    _print_answer(result, as_json=as_json)
    if trace is not None:
        _write_trace(trace, result)


def estimate(
    architectures: Architectures,
    *,
    on: On,
    models: PresetModels = None,
    scorer: Scorer = None,
    limit: Limit = None,
    settings: SettingsFile = None,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Say what evaluating architectures would cost, before anything is paid."""
    from itas.api.evaluating import estimate_evaluations
    from itas.api.settings import load_settings
    from itas.cli.tables import print_json, print_table
    from itas.core.money import format_usd

    estimates = run_async(
        estimate_evaluations(
            [_find(text, models) for text in architectures],
            on=on,
            scorer=scorer,
            limit=limit,
            seed=seed,
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
    limit: Limit = None,
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
            scorer=scorer,
            limit=limit,
            output=output,
            settings=load_settings(settings),
            recording=recording,
            seed=seed,
            first_draw=fresh,
            caps=Caps(max_usd=max_cost, max_samples=max_samples),
            watch=progress,
        )
    )
    return print_evaluations(report, as_json=as_json)


def compare(
    runs: Annotated[
        list[Path], typer.Argument(help="Two or more evaluation runs; each is compared with the first.")
    ],
    *,
    as_json: AsJson = False,
) -> None:
    """Compare evaluations problem by problem: by how much, how sure, at which price."""
    from itas.api.evaluating import compare_runs
    from itas.cli.evaluations import print_comparisons
    from itas.cli.tables import print_json

    comparisons = compare_runs(runs)
    if as_json:
        print_json([each.model_dump(mode="json") for each in comparisons])
    else:
        print_comparisons(comparisons)


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


def _component_line(record: "ComponentRecord") -> str:
    from itas.core.money import format_usd
    from itas.report.words import count

    events = "".join(f", {count} {kind}" for kind, count in record.events.items())
    return (
        f"{record.layer + 1}. {record.type}: {count(record.samples_used, 'sample')}"
        f" ({record.samples_paid} paid, {format_usd(record.cost_micro_usd)}, {record.latency_s:.1f} s){events}"
    )


def _write_trace(path: Path, result: "Answer") -> None:
    from itas.api.runs import json_text, write_text
    from itas.engine.trace import trace_lines
    from itas.models.keys import mask_known

    write_text(path, "".join(json_text(mask_known(each)) + "\n" for each in trace_lines(result)))


def _print_answer(result: "Answer", *, as_json: bool) -> None:
    from itas.cli.tables import print_json
    from itas.cli.terminal import clean, out, progress
    from itas.core.money import format_usd
    from itas.engine.trace import trace_lines
    from itas.report.words import count

    if as_json:
        print_json(list(trace_lines(result))[-1])
        return
    out().print(clean(result.text))
    marked = " (degraded: see --trace)" if result.is_degraded else ""
    progress().print(
        f"{count(result.samples_used, 'sample')}, {result.samples_paid} paid, {format_usd(result.cost_micro_usd)}, "
        f"{result.latency_s:.1f} s{marked}",
        style="dim",
    )
