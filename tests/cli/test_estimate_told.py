"""After an evaluation: what was estimated, and what was paid."""

from dataclasses import replace
from pathlib import Path

import pytest

from itas.api.evaluating import EvaluationReport, evaluate_architectures
from itas.api.settings import Settings
from itas.cli.evaluations import EvaluationProgress, print_evaluations
from itas.core.architecture import Architecture

ONE = Architecture.parse({"name": "one", "layers": [{"type": "generator", "model": "simulated/atlas-large"}]})


async def run(folder: Path) -> EvaluationReport:
    watch = EvaluationProgress(quiet=True, max_samples=None, max_cost=None, ask=False)
    settings = Settings(store=str(folder / "calls.sqlite3"), runs=folder)
    return await evaluate_architectures(
        [ONE], on="itas/word-problems", limit=4, settings=settings, watch=watch
    )


async def test_the_error_of_the_estimate_is_told_where_something_was_paid(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    report = await run(tmp_path)
    assert report.estimated_micro_usd is None
    print_evaluations(report, as_json=False)
    assert "estimated" not in capsys.readouterr().out
    priced = replace(report, estimated_micro_usd=1_200_000, paid_micro_usd=1_310_000)
    print_evaluations(priced, as_json=False)
    assert "estimated $1.20, paid $1.31\n" in capsys.readouterr().out
    again = replace(await run(tmp_path), estimated_micro_usd=1_200_000)
    print_evaluations(again, as_json=False)
    assert "4 of 4 samples were there already" in capsys.readouterr().out
