"""Arguments that several commands share."""

from pathlib import Path
from typing import Annotated

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
Scorer = Annotated[
    str | None, typer.Option("--scorer", help="How your own file is scored: exact, choice, number, regex.")
]
Limit = Annotated[
    int | None, typer.Option("--limit", min=1, help="Random subset of that many problems, drawn by the seed.")
]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", help="Folder of run folders; 'runs' by default.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before money is spent.")]
PresetModels = Annotated[
    list[str] | None,
    typer.Option("--model", "-m", help="For preset:NAME: a model; give it several times, the best first."),
]
