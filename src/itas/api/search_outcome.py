"""What a search leaves in its folder, and how it is read back."""

from pathlib import Path

from pydantic import Field, PositiveInt

from itas.api.runs import find_run
from itas.api.search_spec import SearchSpec
from itas.core.architecture import Architecture
from itas.core.spec import Spec
from itas.errors import DataError, SpecError
from itas.evaluation.comparison import Comparison
from itas.evaluation.statistics import MeanEstimate
from itas.plugins import check_plugins
from itas.search import (
    StudyEstimate,
    StudyResult,
    read_journal,
)
from itas.specs import load_data  # brings the component types

KIND = "search"
JOURNAL = "journal.jsonl"
STUDY = "study.json"
ESTIMATE = "estimate.json"
OUTCOME = "outcome.json"
WINNER = "winner.yaml"
REPORT = "report.html"
CALLS = "calls.sqlite3"


class Truth(Spec):
    """Simulated truth: what an architecture scores on many other problems of the same generator.

    Attributes:
        problems: How many; none of them was in the search.
        quality: Mean score with its interval, by fingerprint of the architecture.
    """

    problems: PositiveInt
    quality: dict[str, MeanEstimate]


class Outcome(Spec):
    """A finished search with everything a reader wants to know.

    Attributes:
        search: What was asked.
        result: What was found.
        benchmark: Name of the benchmark.
        benchmark_fingerprint: Of its problems, targets and scorer.
        benchmark_problems: How many it has.
        quality: Held-out mean of every contestant with its interval, by fingerprint of its architecture.
        comparisons: The winner against one call, the winner against the baselines, the baselines against one
            call; the last two families each corrected for their number.
        parts: Of several benchmarks: for each, the held-out mean of every contestant, by fingerprint.
        truth: For simulated models on generated problems.
        estimate: What it was expected to take when it began; None of searches before this was kept.
    """

    search: SearchSpec
    result: StudyResult
    benchmark: str
    benchmark_fingerprint: str
    benchmark_problems: PositiveInt
    quality: dict[str, MeanEstimate] = Field(default_factory=dict[str, MeanEstimate])
    comparisons: tuple[Comparison, ...] = ()
    parts: dict[str, dict[str, MeanEstimate]] = Field(default_factory=dict[str, dict[str, MeanEstimate]])
    truth: Truth | None = None
    estimate: StudyEstimate | None = None


def load_search(folder: Path) -> SearchSpec:
    """What a run folder searches.

    Raises:
        SpecError: It was begun with a plugin that is not loaded.
        DataError: The file is missing or damaged, or a plugin has changed.
    """
    _, manifest = find_run(folder)
    check_plugins(manifest.get("plugins", []), where=str(folder))
    try:
        return SearchSpec.parse(load_data(folder / STUDY), where=str(folder / STUDY))
    except SpecError as error:
        raise DataError(str(error)) from None


def load_estimate(folder: Path) -> StudyEstimate | None:
    """What a search was expected to take when it began; None where that was not kept.

    Raises:
        DataError: The file is damaged.
    """
    path = folder / ESTIMATE
    if not path.is_file():
        return None
    try:
        return StudyEstimate.model_validate_json(path.read_bytes())
    except ValueError as error:
        raise DataError(f"{path}: damaged: {error}") from None


def load_outcome(folder: Path) -> Outcome:
    """What a finished search found.

    Raises:
        SpecError: The search has not finished; the message says how to go on.
        DataError: The file is damaged.
    """

    path = folder / OUTCOME
    if not path.is_file():
        events = len(read_journal(folder / JOURNAL)) if (folder / JOURNAL).is_file() else 0
        raise SpecError(
            f"{folder}: the search has not finished ({events} events). Go on with: itas resume {folder}"
        )
    _, manifest = find_run(folder)
    check_plugins(manifest.get("plugins", []), where=str(folder), only_read=True)
    try:
        return Outcome.model_validate_json(path.read_bytes())
    except ValueError as error:
        raise DataError(f"{path}: damaged: {error}") from None


def find_front_point(outcome: Outcome, point: int) -> Architecture:
    """The architecture of a point of the front, named after the study.

    Raises:
        SpecError: No such point on the front.
    """
    front = outcome.result.front
    found = next((each.architecture for each in front if each.point == point), None)
    if found is None:
        known = ", ".join(str(each.point) for each in front if each.architecture is not None)
        raise SpecError(f"no point {point} is on the front. Known: {known or 'none'}", path="point")
    return found.model_copy(update={"name": f"{outcome.search.study.name}-point-{point}"})
