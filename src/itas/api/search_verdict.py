"""The outcome of a finished study: means by contestant and benchmark, and who is compared with whom."""

from collections.abc import Sequence

from itas.api.search_outcome import Outcome, Truth
from itas.api.search_spec import SearchSpec
from itas.benchmarks.benchmark import Benchmark
from itas.benchmarks.mixture import part_of
from itas.core.observation import Observation
from itas.evaluation.comparison import Comparison, compare, correct_for_many, mean_scores
from itas.evaluation.statistics import MeanEstimate, estimate_mean
from itas.report.verdict import name_contestant, name_inside
from itas.search import (
    Contestant,
    Margin,
    StudyEstimate,
    StudyResult,
)


def conclude(
    search: SearchSpec,
    benchmark: Benchmark,
    result: StudyResult,
    truth: Truth | None,
    estimate: StudyEstimate | None,
) -> Outcome:
    comparisons = _comparisons(result)
    quality: dict[str, MeanEstimate] = {
        entry.architecture.fingerprint: estimate_mean(list(scores.values()))
        for entry in result.contestants
        if (scores := mean_scores(entry.observations))
    }
    return Outcome(
        search=search,
        result=result,
        benchmark=benchmark.name,
        benchmark_fingerprint=benchmark.fingerprint,
        benchmark_problems=len(benchmark.problems),
        quality=quality,
        comparisons=comparisons,
        parts=_parts(result),
        truth=truth,
        estimate=estimate,
    )


def _parts(result: StudyResult) -> dict[str, dict[str, MeanEstimate]]:
    """Held-out means by benchmark, where there are several."""
    found: dict[str, dict[str, MeanEstimate]] = {}
    for entry in result.contestants:
        scores: dict[str, list[float]] = {}
        for problem, score in mean_scores(entry.observations).items():
            if (part := part_of(problem)) is not None:
                scores.setdefault(part, []).append(score)
        for part, values in scores.items():
            found.setdefault(part, {})[entry.architecture.fingerprint] = estimate_mean(values)
    return found


def _comparisons(result: StudyResult) -> tuple[Comparison, ...]:
    """The winner against one call of each single model, the question of the study; the winner against the
    baselines, and the baselines against each single model, each family corrected for its number."""
    winner, *others = result.contestants
    singles = [other for other in others if other.is_single]
    baselines = [other for other in others if not other.is_single]
    found = [_compare(winner, other) for other in singles if _share_scores(winner, other)]
    found += correct_for_many(
        [_compare(winner, other) for other in baselines if _share_scores(winner, other)]
    )
    for single in singles:
        family = [_compare(other, single) for other in baselines if _share_scores(other, single)]
        found += correct_for_many(family)
    return tuple(found)


def _compare(a: Contestant, b: Contestant) -> Comparison:
    return compare(a.observations, b.observations, name_a=name_contestant(a), name_b=name_inside(b))


def _share_scores(a: Contestant, b: Contestant) -> bool:
    return bool(mean_scores(a.observations).keys() & mean_scores(b.observations).keys())


def compare_margins(
    winner: Sequence[Observation], others: Sequence[Sequence[Observation]]
) -> tuple[Margin, ...]:
    """`search.Compare` by `evaluation.comparison`."""
    found = [compare(winner, other) for other in others]
    return tuple(
        Margin(difference=each.difference, low=each.low, high=each.high, n=each.n, verdict=each.verdict)
        for each in (correct_for_many(found) if len(found) > 1 else found)
    )
