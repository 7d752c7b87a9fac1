"""Evaluations compared by problem: the architectures of one run, or of several."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from itas.api.evaluation_folder import KIND
from itas.api.runs import find_run
from itas.errors import DataError, SpecError
from itas.evaluation.comparison import Comparison, compare_each
from itas.evaluation.files import (
    RESULTS,
    load_results,
)
from itas.evaluation.records import Evaluation, ProblemResult, to_observations


def compare_runs(runs: Sequence[Path]) -> tuple[Comparison, ...]:
    """Compare evaluation runs by problem, each architecture with the first one of the first run.

    Raises:
        SpecError: Not a run of an evaluation, fewer than two architectures, or different benchmarks.
        DataError: A file is damaged, or no problem has a score from both.
    """
    found: dict[str, tuple[ProblemResult, ...]] = {}
    benchmarks: set[str] = set()
    for run in runs:
        folder, manifest = find_run(run, kind=KIND)
        benchmarks.add(str(manifest.get("benchmark_fingerprint")))
        for place in sorted(each for each in folder.iterdir() if (each / RESULTS).is_file()):
            name = _architecture_name(manifest, place.name)
            found[name if name not in found else f"{name} ({folder.name})"] = load_results(place / RESULTS)
    if len(found) < 2:
        raise SpecError(f"a comparison needs two architectures, found {len(found)} in {len(runs)} run(s)")
    if len(benchmarks) > 1:
        raise SpecError("the runs are on different problems or scorers, so they cannot be compared")
    (reference, baseline), *others = found.items()
    return compare_each(
        {name: [result.to_observation() for result in results] for name, results in others},
        [result.to_observation() for result in baseline],
        name_b=reference,
    )


def compare_evaluations(evaluations: Sequence[Evaluation]) -> tuple[Comparison, ...]:
    if len(evaluations) < 2 or not all(each.scores for each in evaluations):
        return ()
    first, *others = evaluations
    return compare_each(
        {each.architecture.name: to_observations(each) for each in others},
        to_observations(first),
        name_b=first.architecture.name,
    )


def _architecture_name(manifest: dict[str, Any], number: str) -> str:
    try:
        return str(manifest["architectures"][number]["name"])
    except (KeyError, TypeError):
        raise DataError(f"the manifest of the run says nothing about its architecture {number}") from None
