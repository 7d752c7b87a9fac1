"""Table: what every point of a space would score on every problem of a landscape, and its true quality."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from itas.core.architecture import Architecture
from itas.core.seeds import derive_seed
from itas.lab.landscape import Landscape
from itas.lab.world import Answers, World
from itas.search.bound import BoundSpace
from itas.search.front import hypervolume, scale_costs

Floats = npt.NDArray[np.float64]
Shares = npt.NDArray[np.float16]

PROBLEMS, DRAWS = 1000, 4


@dataclass(frozen=True, eq=False)
class Table:
    """Chances of all points on all rows.

    Attributes:
        landscape: The world.
        space: The points, bound to the true order of the models.
        world: Simulates anything else in the same world.
        chances: Expected score, shape (points, problems * draws).
    """

    landscape: Landscape
    space: BoundSpace
    world: World
    chances: Shares

    @cached_property
    def truth(self) -> Floats:
        """True quality of every point: mean over all problems and draws; shape (points,)."""
        return self.chances.mean(axis=1, dtype=np.float64)

    @property
    def best(self) -> float:
        """True quality of the best point."""
        return float(self.truth.max())

    @cached_property
    def front_area(self) -> float:
        """Area under the true front of quality against planned samples; see `search/front.py`."""
        scaled = scale_costs(self.space.costs("samples"))
        return hypervolume(scaled, self.truth, float(self.truth.min()))

    def scores(self, point: int, rows: npt.NDArray[np.int64], *, seed: int) -> Floats:
        """One score of a point on each row, in {0, 1} or {0, 0.5, 1}; the same for the same seed."""
        return draw_scores(self.landscape, self.chances[point][rows].astype(np.float64), rows, seed, point)


def draw_scores(
    landscape: Landscape, chances: Floats, rows: npt.NDArray[np.int64], seed: int, name: object
) -> Floats:
    """Scores with these chances: one judgement of right or wrong, or two of preference."""
    rounds = 1 if landscape.scoring == "right" else 2
    wins = np.zeros(len(rows))
    for turn in range(rounds):
        # The draws of all rows are made, so that a row has the same score whichever others are asked for.
        rng = np.random.default_rng(derive_seed(seed, "score", name, turn))
        luck = rng.random(int(rows.max()) + 1 if len(rows) else 0)
        wins += luck[rows] < chances
    return wins / rounds


def make_table(
    landscape: Landscape, space: BoundSpace, *, seed: int = 0, problems: int = PROBLEMS, draws: int = DRAWS
) -> Table:
    """Simulate every point; points that share their first layers are simulated once so far.

    Raises:
        SpecError: The space has a component that the lab cannot simulate.
    """
    world = World(landscape, seed=seed, problems=problems, draws=draws)
    chances = np.empty((len(space), world.rows), dtype=np.float16)
    # In the order of their layers, so that only the candidates along one path are held at a time.
    path: list[tuple[int, Answers]] = []
    for index in sorted(range(len(space)), key=lambda index: space.layer_ids[index]):
        ids = space.layer_ids[index]
        while path and tuple(number for number, _ in path) != ids[: len(path)]:
            path.pop()
        for number in ids[len(path) :]:
            before = path[-1][1] if path else None
            path.append((number, world.step(before, space.layers[number])))
        chances[index] = world.score_chances(path[-1][1])
    return Table(landscape, space, world, chances)


def chances_of(world: World, architecture: Architecture) -> npt.NDArray[np.float32]:
    """Expected score of any architecture on every row; shape (rows,)."""
    return world.score_chances(world.run(architecture.layers))
