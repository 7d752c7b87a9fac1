"""One architecture for several benchmarks, held against the winners of searches on single ones."""

from collections.abc import Sequence
from pathlib import Path

from itas.api.runs import find_run
from itas.api.search_outcome import KIND, Outcome, load_outcome
from itas.benchmarks.mixture import own_id, part_of, short_name
from itas.core.observation import Observation
from itas.core.spec import Spec
from itas.errors import SpecError
from itas.evaluation.comparison import Comparison, compare, mean_scores
from itas.evaluation.statistics import MeanEstimate, estimate_mean

LEAST_SHARED = 20
"""Held-out problems that both searches must have in common to be compared problem by problem."""


class Gap(Spec):
    """What one benchmark loses by having no architecture of its own.

    Attributes:
        benchmark: Which.
        general: Held-out mean of the general winner on it.
        specific: Held-out mean of the winner of the search on it alone.
        comparison: The specific one against the general one, on problems that both searches held out; None where
            these are too few: then the two means are of different problems.
    """

    benchmark: str
    general: MeanEstimate
    specific: MeanEstimate
    comparison: Comparison | None

    @property
    def difference(self) -> float:
        """Specific minus general; by problem where that can be said."""
        if self.comparison is not None:
            return self.comparison.difference
        return self.specific.mean - self.general.mean


def find_gaps(general: Path, others: Sequence[Path]) -> tuple[Gap, ...]:
    """The gap on every benchmark that a search on it alone is given for.

    Only held-out problems take part: none was searched on by the search whose winner answers it.

    Raises:
        SpecError: Not a search on several benchmarks, or one on a benchmark that is none of them.
    """
    folder, _ = find_run(general, kind=KIND)
    whole = load_outcome(folder)
    if not whole.parts:
        raise SpecError(
            "the search is on one benchmark, so there is no gap to those on single ones", path=str(folder)
        )
    return tuple(_gap(whole, load_outcome(find_run(other, kind=KIND)[0]), str(other)) for other in others)


def _gap(whole: Outcome, alone: Outcome, where: str) -> Gap:
    name = short_name(alone.benchmark)
    if name not in whole.parts:
        raise SpecError(f"a search on '{name}', which is none of: {', '.join(whole.parts)}", path=where)
    general = [
        each.model_copy(update={"problem_id": own_id(each.problem_id)})
        for each in whole.result.winner.observations
        if part_of(each.problem_id) == name
    ]
    specific = alone.result.winner.observations
    shared = mean_scores(general).keys() & mean_scores(specific).keys()
    comparison = None
    if len(shared) >= LEAST_SHARED and _same_problems(whole, alone):
        comparison = compare(specific, general, name_a=f"the winner for {name}", name_b="the general winner")
    return Gap(
        benchmark=name,
        general=_mean(general),
        specific=_mean(specific),
        comparison=comparison,
    )


def _same_problems(whole: Outcome, alone: Outcome) -> bool:
    """Ids of generated or drawn problems say the same only for the same seed."""
    return whole.search.study.seed == alone.search.study.seed


def _mean(observations: Sequence[Observation]) -> MeanEstimate:
    scores = list(mean_scores(observations).values())
    if not scores:
        raise SpecError("a winner has no score on held-out problems")
    return estimate_mean(scores)
