"""Arguments that several commands share."""

from pathlib import Path
from typing import Annotated, Literal

import typer

SettingsFile = Annotated[
    Path | None, typer.Option("--settings", help="Settings file; itas.yaml in this folder if there is one.")
]
Recording = Annotated[
    Path | None, typer.Option("--recording", help="Recording that replay/... models answer from.")
]
Seed = Annotated[int, typer.Option("--seed", help="Decides every random choice of ours.")]
MaxCost = Annotated[
    float | None, typer.Option("--max-cost", min=0, help="Cap in dollars; it is never passed.")
]
MaxSamples = Annotated[
    int | None, typer.Option("--max-samples", min=1, help="Cap on samples paid for; it is never passed.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")]
On = Annotated[
    str,
    typer.Option(
        "--on", help="Benchmark: a name from 'itas benchmarks', NAME:FILE, or a JSONL or CSV file of yours."
    ),
]
Where = Annotated[
    str | None,
    typer.Option(
        "--where",
        help="Cluster that answers and scores: 'ray' for one on this machine, 'ray://auto' or 'ray://HOST:PORT' "
        "for one that runs. This process otherwise.",
    ),
]
Scorer = Annotated[
    str | None,
    typer.Option(
        "--scorer",
        help="How your own file is scored: exact, number, choice, contains, math, code, regex:PATTERN, "
        "python:FILE.py or judge:provider/model. In a search also the judge of mt_bench and the like.",
    ),
]
Judge = Annotated[
    str | None,
    typer.Option(
        "--judge",
        help="Model that judges the answers of mt_bench, alpaca_eval, arena_hard or your own file, or reads those "
        "of mixeval; then ',grading=pairwise', ',baseline=NAME', ',wording=own', ',orders=one' where wanted.",
    ),
]
Limit = Annotated[
    int | None, typer.Option("--limit", min=1, help="Random subset of that many problems, drawn by the seed.")
]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", help="Folder of run folders; 'runs' by default.")
]
Traced = Annotated[
    bool,
    typer.Option(
        "--trace",
        help="Keep every call with prompt and replies in the run folder (large); see: itas report RUN --problem ID.",
    ),
]
SandboxTier = Annotated[
    Literal["auto", "bwrap", "ns", "ll", "none"],
    typer.Option(
        "--sandbox",
        help="Walls for code of models: the strongest that holds here (auto), or one. 'none' runs it with your rights; "
        "every result says so.",
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before money is spent.")]
PresetModels = Annotated[
    list[str] | None,
    typer.Option("--model", "-m", help="For preset:NAME: a model; give it several times, the best first."),
]
Samples = Annotated[
    int,
    typer.Option(
        "--samples",
        min=1,
        max=10_000,
        help="Answers to every problem; with several there is an unbiased pass@k.",
    ),
]
