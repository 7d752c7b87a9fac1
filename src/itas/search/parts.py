"""Several benchmarks in one study: what a score on each counts, and what an architecture is worth on all of them.

Nothing here changes what is stored or shown: observations keep their scores, and results have the mean of every
benchmark. Only what the search looks at is weighted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from itas.search.bound import BoundSpace
from itas.search.history import History
from itas.search.journal import Journal
from itas.search.ledger import observations_of
from itas.search.posterior import posterior_of
from itas.search.ranking import Rankings
from itas.search.records import Aggregate, number_scores, scores_of
from itas.search.split import Split

LEAST_SPREAD = 0.1
"""Of the scores of one model on one benchmark: where it is (nearly) always right or wrong, it says little."""

Numbered = tuple[tuple[int, float], ...]


class Parts:
    """The parts of one study.

    Args:
        aggregate: What counts.
        names: Problem id -> its benchmark; empty for a study of one benchmark, in which everything stays as it is.
        rankings: Its first model is the one that gains are over.
        journal: Has what that model scored alone.
        split: The problems, as trials number them: those to search on, then the fresh ones.
    """

    def __init__(
        self,
        aggregate: Aggregate,
        names: Mapping[str, str],
        rankings: Rankings,
        journal: Journal,
        split: Split,
    ) -> None:
        self._is_worst = aggregate == "worst" and bool(names)
        self._of = [names.get(problem, "") for problem in (*split.search, *split.fresh)]
        self._alone = _alone(rankings, journal, names)
        spread = {
            part: max(float(np.std(scores, ddof=1)) if len(scores) > 1 else 0.0, LEAST_SPREAD)
            for part, scores in self._alone.items()
        }
        self._spread = spread
        self._weights: list[float] | None = None
        if aggregate == "standardised" and len(spread) > 1:
            scale = float(np.mean([1.0 / each for each in spread.values()]))
            self._weights = [1.0 / spread[part] / scale for part in self._of]

    def numbered(self, scores: Mapping[str, float], problems: Sequence[str]) -> Numbered:
        """Scores by the number of their problem, as much as they count."""
        found = number_scores(scores, problems)
        if self._weights is None:
            return found
        return tuple((number, score * self._weights[number]) for number, score in found)

    def worth(self, history: History, space: BoundSpace, points: Sequence[int]) -> dict[int, float] | None:
        """The worst gain of each point over the best single model, in standard deviations of that model's scores;
        None where the mean is what counts. Points without a score on some benchmark are left out."""
        if not self._is_worst:
            return None
        gains: dict[int, list[float]] = {point: [] for point in points}
        for part, alone in self._alone.items():
            posterior = posterior_of(self._only(history, part), space)
            if posterior is None:
                continue
            known = set(posterior.points.tolist())
            for point in known & gains.keys():
                gain = posterior.of(point).mean - float(np.mean(alone))
                gains[point].append(gain / self._spread[part])
        complete = {point: min(found) for point, found in gains.items() if len(found) == len(self._alone)}
        return complete or None

    def _only(self, history: History, part: str) -> History:
        trials = [
            replace(trial, scores=tuple(entry for entry in trial.scores if self._of[entry[0]] == part))
            for trial in history.trials
        ]
        return History(history.n_problems, tuple(trials))


def _alone(rankings: Rankings, journal: Journal, names: Mapping[str, str]) -> dict[str, list[float]]:
    """Scores of the best single model by benchmark."""
    found: dict[str, list[float]] = {part: [] for part in dict.fromkeys(names.values())}
    best = rankings.generators[0].model
    event = journal.find("ranked", of="generators", model=best) if names else None
    if event is not None:
        for problem, score in scores_of(observations_of(event)).items():
            found[names[problem]].append(score)
    return {part: scores for part, scores in found.items() if scores}
