"""Optuna's samplers behind our `ask`: the tree-structured Parzen estimator and NSGA-II. Needs the extra ``optuna``.

Source: Bergstra et al. 2011 (TPE); Deb et al. 2002 (NSGA-II); Akiba et al. 2019, arXiv:1907.10902 (Optuna).
A study of Optuna is made anew from the history at every `ask`, so a resumed search proposes what it would have
proposed. Its samplers repeat themselves on finite spaces and know no validity: what was tried before or cannot
be built is drawn again, and where that does not help, a random point is taken. Recommendations go by our posterior.
"""

from collections.abc import Sequence
from random import Random
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from pydantic import PositiveInt

from itas.errors import SpecError
from itas.search.bound import BoundSpace
from itas.search.history import History, Proposal
from itas.search.searchers.base import Searcher, draw, untried

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.samplers import BaseSampler
    from optuna.study import Study

_ATTEMPTS = 8


class _OptunaSearcher(Searcher):
    """What both have in common."""

    directions: ClassVar[tuple[Literal["maximize", "minimize"], ...]] = ("maximize",)

    def ask(self, history: History, rng: Random, *, space: BoundSpace, batch: int) -> tuple[Proposal, ...]:
        open_points = untried(history, space)
        if not open_points:
            return ()
        study = self._remake(history, space, seed=rng.getrandbits(31))
        distributions = _distributions(space)
        taken: list[int] = []
        repeats_itself = False
        for _ in range(min(batch, len(open_points))):
            point = None if repeats_itself else _draw_new(study, distributions, space, history, taken)
            if point is None:
                repeats_itself = True
                (point,) = draw(sorted(set(open_points) - set(taken)), 1, rng)
            taken.append(point)
        return self.propose(taken, history)

    def sampler(self, seed: int) -> "BaseSampler":
        """The sampler of Optuna."""
        raise NotImplementedError

    def values(self, mean: float, point: int, space: BoundSpace) -> tuple[float, ...]:
        """What Optuna is told about a point."""
        return (mean,)

    def attributes(self, number: int) -> dict[str, Any]:
        """What the sampler itself would have written to the trial with that number."""
        return {}

    def _remake(self, history: History, space: BoundSpace, *, seed: int) -> "Study":
        try:
            import optuna
        except ImportError:
            raise SpecError(f"the searcher '{self.type}' needs optuna: pip install 'itas[optuna]'") from None
        from optuna.trial import TrialState, create_trial

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        study = optuna.create_study(directions=self.directions, sampler=self.sampler(seed))
        distributions = _distributions(space)
        for number, point in enumerate(history.asked):
            scores = history.scores.get(point)
            params = _params(space, point)
            study.add_trial(
                create_trial(
                    state=TrialState.COMPLETE if scores else TrialState.FAIL,
                    values=self.values(float(np.mean(list(scores.values()))), point, space)
                    if scores
                    else None,
                    params=params,
                    distributions={name: distributions[name] for name in params},
                    system_attrs=self.attributes(number),
                )
            )
        return study


class Tpe(_OptunaSearcher):
    """Optuna's tree-structured Parzen estimator.

    Attributes:
        first_points: Random points before it is asked.
        multivariate: Look at all holes together.
    """

    type: ClassVar = "tpe"

    first_points: PositiveInt = 10
    multivariate: bool = True

    def sampler(self, seed: int) -> "BaseSampler":
        """See the base class."""
        import warnings

        from optuna.exceptions import ExperimentalWarning
        from optuna.samplers import TPESampler

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            return TPESampler(
                seed=seed,
                n_startup_trials=self.first_points,
                multivariate=self.multivariate,
                group=self.multivariate,
                constant_liar=True,
            )


class Nsga2(_OptunaSearcher):
    """Optuna's NSGA-II: quality against samples for one question.

    Attributes:
        population: Points of one generation.
    """

    type: ClassVar = "nsga2"
    directions: ClassVar = ("maximize", "minimize")

    population: PositiveInt = 20

    def sampler(self, seed: int) -> "BaseSampler":
        """See the base class."""
        from optuna.samplers import NSGAIISampler

        return NSGAIISampler(seed=seed, population_size=self.population)

    def values(self, mean: float, point: int, space: BoundSpace) -> tuple[float, ...]:
        """See the base class."""
        return (mean, float(space.planned_samples[point]))

    def attributes(self, number: int) -> dict[str, Any]:
        """See the base class."""
        return {"NSGAIISampler:generation": number // self.population}


def _distributions(space: BoundSpace) -> dict[str, "BaseDistribution"]:
    """Numbers keep their order; words have none. The values are numbers of options."""
    from optuna.distributions import CategoricalDistribution, IntDistribution

    found: dict[str, BaseDistribution] = {}
    for hole in space.space.holes:
        count = len(hole.options)
        is_ordered = hole.numbers is not None and count > 1
        found[hole.name] = (
            IntDistribution(0, count - 1) if is_ordered else CategoricalDistribution(range(count))
        )
    return found


def _params(space: BoundSpace, point: int) -> dict[str, int]:
    codes: Sequence[int] = space.codes[point].tolist()
    return {hole.name: code for hole, code in zip(space.space.holes, codes, strict=True) if code >= 0}


def _draw_new(
    study: "Study",
    distributions: dict[str, "BaseDistribution"],
    space: BoundSpace,
    history: History,
    taken: Sequence[int],
) -> int | None:
    from optuna.trial import TrialState

    for _ in range(_ATTEMPTS):
        trial = study.ask(distributions)
        chosen = np.array([trial.params[hole.name] for hole in space.space.holes], dtype=np.int64)
        matching = np.flatnonzero(((space.codes < 0) | (space.codes == chosen)).all(axis=1))
        if len(matching) and int(matching[0]) not in history.asked and int(matching[0]) not in taken:
            return int(matching[0])
        study.tell(trial, state=TrialState.FAIL)
    return None
