"""Several answers to every problem: their mean, and the chance that one of k passes.

Each repeat is an evaluation with draws of its own. Together they are one evaluation again, in which the score of a
problem is the mean over its answers; so the interval, which is over problems, knows that answers to one problem
are alike.
"""

from collections.abc import Sequence

import numpy as np
from pydantic import JsonValue

from itas.benchmarks.pass_at_k import pass_at_k
from itas.core.architecture import Architecture
from itas.core.problem import Outcome, Score
from itas.evaluation.records import Evaluation, ProblemResult
from itas.evaluation.statistics import estimate_mean

_SHOWN = (1, 5, 10, 50, 100, 500, 1000)


def first_draw_of(architecture: Architecture, repeat: int, *, first_draw: int = 0) -> int:
    """Number of the first draw of a repeat, from 0, so that no two repeats share a draw: one answer takes at most
    `max_samples` draws of the same request."""
    return first_draw + repeat * architecture.max_samples()


def merge_repeats(repeats: Sequence[Evaluation], *, wanted: int) -> Evaluation:
    """All of them as one evaluation.

    Args:
        repeats: In order, at least one; of the same architecture on the same problems.
        wanted: How many there were to be; fewer where a cap was reached, and the whole is then marked as stopped.
    """
    first = repeats[0]
    if wanted == 1:
        return first
    by_id: dict[str, list[ProblemResult]] = {id_: [] for id_ in first.problem_ids}
    for repeat in repeats:
        for result in repeat.results:
            by_id[result.problem_id].append(result)
    there = {id_: results for id_, results in by_id.items() if results}
    return first.model_copy(
        update={
            "results": tuple(_merge(results) for results in there.values()),
            "stopped_by": repeats[-1].stopped_by,
            "figures": _figures([_values(results) for results in there.values()], wanted),
        }
    )


def _merge(results: Sequence[ProblemResult]) -> ProblemResult:
    answered = [result for result in results if result.text is not None] or list(results)
    return answered[0].model_copy(
        update={
            "outcome": _outcome(results),
            "components": tuple(record for result in results for record in result.components),
            "latency_s": float(np.mean([result.latency_s for result in answered])),
            "wall_s": sum(result.wall_s for result in results),
        }
    )


def _outcome(results: Sequence[ProblemResult]) -> Outcome:
    """The mean of the scores; without any, why the first has none."""
    values = _values(results)
    if not values:
        return results[0].outcome
    passed = sum(value == 1.0 for value in values)
    return Score(value=sum(values) / len(values), answer=f"{passed} of {len(values)} right")


def _values(results: Sequence[ProblemResult]) -> list[float]:
    return [result.outcome.value for result in results if isinstance(result.outcome, Score)]


def _figures(values: Sequence[Sequence[float]], wanted: int) -> dict[str, JsonValue]:
    """``pass@k`` with its 95 % interval for some k up to `wanted`, over the problems with k scored answers."""
    found: dict[str, JsonValue] = {"samples per problem": wanted}
    for k in sorted({*(k for k in _SHOWN if k < wanted), wanted}):
        each = [pass_at_k([[value == 1.0 for value in one]], k) for one in values if len(one) >= k]
        if not each:
            continue
        mean = estimate_mean(each)
        found |= {f"pass@{k}": mean.mean, f"pass@{k} interval": [mean.low, mean.high]}
        if len(each) < len(values):
            found[f"pass@{k} problems"] = len(each)
    return found
