"""Evaluation runs read back: for reports, exports and comparisons."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from itas.api.comparing import compare_runs
from itas.api.evaluation_folder import ARCHITECTURE, KIND
from itas.api.runs import find_run
from itas.core.architecture import Architecture
from itas.errors import DataError, SpecError
from itas.evaluation.comparison import Comparison
from itas.evaluation.files import RESULTS, SUMMARY, load_results, load_summary
from itas.evaluation.records import Evaluation, ProblemResult, Summary
from itas.report.evaluation_facts import Evaluated

COMPARISONS = "comparisons.json"


@dataclass(frozen=True, slots=True)
class EvaluatedRun:
    """Everything that an evaluation run left."""

    folder: Path
    manifest: dict[str, Any]
    contestants: tuple[Evaluated, ...]
    comparisons: tuple[Comparison, ...]


def load_evaluated(run: Path) -> EvaluatedRun:
    """Read an evaluation run; one that has not finished gives what is there.

    Raises:
        SpecError: Not the folder of an evaluation, or nothing was answered yet.
        DataError: A file in it is damaged.
    """
    folder, manifest = find_run(run, kind=KIND)
    places = sorted(
        (each for each in folder.iterdir() if (each / RESULTS).is_file()),
        key=lambda each: (len(each.name), each.name),
    )
    found = tuple(each for place in places if (each := _load(place, manifest)) is not None)
    if not found:
        raise SpecError("no problem was answered yet. Go on with: itas resume", path=str(folder))
    return EvaluatedRun(folder, manifest, found, _comparisons(folder))


def load_side_by_side(runs: Sequence[Path]) -> tuple[tuple[Evaluated, ...], tuple[Comparison, ...]]:
    """The architectures of several runs with the comparisons of `compare_runs`.

    Raises:
        SpecError, DataError: See `compare_runs`.
    """
    comparisons = compare_runs(runs)
    found: dict[str, Evaluated] = {}
    for run in runs:
        loaded = load_evaluated(run)
        for each in loaded.contestants:
            name = each.name if each.name not in found else f"{each.name} ({loaded.folder.name})"
            found[name] = Evaluated(name, each.summary, each.results, each.architecture)
    return tuple(found.values()), comparisons


def _load(place: Path, manifest: dict[str, Any]) -> Evaluated | None:
    results = load_results(place / RESULTS)
    if not results:
        return None
    architecture = _architecture(place / ARCHITECTURE)
    is_done = (place / SUMMARY).is_file()
    summary = load_summary(place / SUMMARY) if is_done else _so_far(architecture, results, manifest)
    known = dict(manifest.get("architectures", {})).get(place.name, {})
    return Evaluated(str(dict(known).get("name", summary.architecture)), summary, results, architecture)


def _architecture(path: Path) -> Architecture:
    try:
        return Architecture.model_validate_json(path.read_bytes())
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None
    except ValidationError as error:
        raise DataError(f"{path}: no architecture: {error.errors(include_url=False)[0]['msg']}") from None


def _so_far(
    architecture: Architecture, results: tuple[ProblemResult, ...], manifest: dict[str, Any]
) -> Summary:
    """The numbers of a run that is not finished."""
    evaluation = Evaluation(
        architecture=architecture,
        fingerprint=architecture.fingerprint,
        benchmark=str(manifest.get("benchmark", "")),
        benchmark_fingerprint=str(manifest.get("benchmark_fingerprint", "")),
        problem_ids=tuple(result.problem_id for result in results),
        results=results,
    )
    asked = int(manifest.get("problems", len(results)))
    return evaluation.summarise().model_copy(
        update={"n_problems": max(asked, len(results)), "is_complete": len(results) >= asked}
    )


def _comparisons(folder: Path) -> tuple[Comparison, ...]:
    path = folder / COMPARISONS
    if not path.is_file():
        return ()
    try:
        return tuple(TypeAdapter(list[Comparison]).validate_json(path.read_bytes()))
    except ValidationError:
        raise DataError(f"{path}: no comparisons of an evaluation") from None
