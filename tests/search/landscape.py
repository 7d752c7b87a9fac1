"""A landscape with known truth: smooth over the features of a space, answers right or wrong by chance.

What is modelled: problems differ in difficulty, architectures suit problems differently (smoothly in their
features), a point has a little of its own, and one answer is one coin. Truth is the mean chance over a large
population of problems, of which a search sees a part.
"""

import numpy as np

from itas.search.bound import BoundSpace

POPULATION = 1500


class Landscape:
    """Chances of every point on every problem of a population, and coins for them.

    Args:
        space: Whose points.
        seed: Of landscape and coins.
        spread: Standard deviation of the points' quality in logits, about 4 times that in scores.
    """

    def __init__(
        self,
        space: BoundSpace,
        seed: int,
        *,
        spread: float = 0.16,
        taste_size: float = 0.15,
        n_problems: int = 100,
    ) -> None:
        rng = np.random.default_rng([7, seed])
        x = space.features
        bend = rng.normal(size=(x.shape[1], 6)) * 0.9
        waves = np.cos(x @ bend * 2.0 + rng.uniform(0, 6.28, 6))
        peak = rng.uniform(0.3, 0.9, x.shape[1])
        smooth = -((x - peak) ** 2) @ rng.gamma(2.0, 1.0, x.shape[1]) + waves @ rng.normal(size=6) * 0.3
        smooth = spread * (smooth - smooth.mean()) / smooth.std() + rng.normal(size=len(x)) * 0.01
        difficulty = rng.normal(size=POPULATION) * 1.6
        taste = (
            np.cos(x @ rng.normal(size=(x.shape[1], 5)) * 2.0) @ rng.normal(size=(5, POPULATION)) * taste_size
        )
        chance = 1.0 / (1.0 + np.exp(-(0.3 + smooth[:, None] - difficulty + taste)))
        self.truth = chance.mean(axis=1)
        shown = rng.permutation(POPULATION)[:n_problems]
        self.seen = chance[:, shown].mean(axis=1)
        coins = rng.uniform(size=(len(x), n_problems))
        self.scores = (coins < chance[:, shown]).astype(np.float64)

    def regret(self, point: int) -> float:
        """Points (of 100) below the best."""
        return 100.0 * float(self.truth.max() - self.truth[point])
