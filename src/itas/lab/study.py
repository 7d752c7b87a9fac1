"""Whole studies in the lab: ranking, search, finalists, verdict, as users run them, in a world of known truth."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from itas.core.architecture import Architecture
from itas.core.observation import Observation
from itas.core.problem import Score
from itas.core.seeds import derive_seed
from itas.lab.landscape import Landscape
from itas.lab.table import chances_of, draw_scores
from itas.lab.world import World
from itas.search.records import Budget, Compare, StudyResult, StudySpec, paired_margins
from itas.search.space import Space
from itas.search.study import Study

Floats = npt.NDArray[np.float64]

POPULATION = 2000


@dataclass(frozen=True)
class LabStudy:
    """A finished study with what is true about its contestants. Qualities in [0, 1].

    Attributes:
        result: What the study says.
        winner: True quality of the winner.
        single: True quality of one call of the best single model that stood in the verdict.
        recommended: True quality of what it recommends.
    """

    result: StudyResult
    winner: float
    single: float
    recommended: float


@dataclass
class Population:
    """The problems of a landscape, of which a study sees some.

    Attributes:
        landscape: The world's numbers.
        seed: Of the run: which problems are drawn, and the luck of scores.
        size: Problems over which the truth is taken.
    """

    landscape: Landscape
    seed: int
    size: int = POPULATION
    _chances: dict[str, Floats] = field(default_factory=dict[str, Floats], repr=False)

    def __post_init__(self) -> None:
        self._world = World(self.landscape, seed=0, problems=self.size, draws=1)

    def draw_problems(self, count: int) -> tuple[str, ...]:
        """Ids of so many different problems."""
        rng = np.random.default_rng(derive_seed(self.seed, "lab problems"))
        return tuple(f"p{number:04d}" for number in sorted(rng.permutation(self.size)[:count].tolist()))

    def truth(self, architecture: Architecture) -> float:
        """True quality of any architecture."""
        return float(self._find(architecture).mean())

    async def evaluate(self, architecture: Architecture, problems: Sequence[str]) -> tuple[Observation, ...]:
        """`search.evaluate.Evaluate`: one score per problem, the same whenever it is asked again."""
        rows = np.array([int(problem[1:]) for problem in problems], dtype=np.int64)
        chances = self._find(architecture)[rows]
        name = architecture.fingerprint
        scores: list[float] = draw_scores(self.landscape, chances, rows, self.seed, name).tolist()
        planned = architecture.planned_samples()
        return tuple(
            Observation(
                problem_id=problem, outcome=Score(value=score), samples_used=planned, samples_paid=planned
            )
            for problem, score in zip(problems, scores, strict=True)
        )

    def _find(self, architecture: Architecture) -> Floats:
        key = architecture.fingerprint
        if key not in self._chances:
            self._chances[key] = chances_of(self._world, architecture).astype(np.float64)
        return self._chances[key]


async def run_lab_study(
    landscape: Landscape,
    space: Space,
    *,
    seed: int,
    dev: int = 100,
    held_out: int = 300,
    trials: int = 64,
    compare: Compare = paired_margins,
) -> LabStudy:
    """Run one whole study on a landscape.

    Args:
        landscape: The world.
        space: What is searched.
        seed: Of everything.
        dev: Development problems.
        held_out: Held-out problems.
        trials: Cap on trials.
        compare: See `Study`.

    Raises:
        SpecError: The lab cannot simulate a component of the space.
    """
    population = Population(landscape, seed)
    spec = StudySpec.parse({
        "name": f"lab: {landscape.name}",
        "space": space,
        "models": landscape.models,
        "dev": dev,
        "seed": seed,
    })  # fmt: skip
    study = Study(
        spec=spec,
        problems=population.draw_problems(dev + held_out),
        evaluate=population.evaluate,
        budget=Budget(max_trials=trials),
        compare=compare,
    )
    result = await study.run()
    singles = [population.truth(entry.architecture) for entry in result.contestants if entry.is_single]
    return LabStudy(
        result=result,
        winner=population.truth(result.winner.architecture),
        single=max(singles),
        recommended=population.truth(result.recommended),
    )
