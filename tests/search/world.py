"""A world without models: architectures are right with a known chance, and answers are kept in a store."""

from collections.abc import Callable, Sequence

from itas.core.architecture import Architecture
from itas.core.observation import Observation
from itas.core.problem import Score, Unscored
from itas.core.seeds import random_for
from itas.search.evaluate import PartialEvaluation

Chance = Callable[[Architecture], float]


class Killed(Exception):
    """The process died here."""


def types_of(architecture: Architecture) -> list[str]:
    return [layer.type for layer in architecture.layers]


def fusing_helps(architecture: Architecture) -> float:
    """Model 0 is right in 50 of 100 cases; more candidates help a fuser and, less, a vote."""
    models = {model: 0.5 - 0.04 * int(model[-1]) for model in architecture.models}
    first = architecture.layers[0]
    base = sum(models[component.models()[0]] for component in first.components) / len(first.components)
    candidates = architecture.widths()[1]
    types = types_of(architecture)
    if "fuser" in types:
        return base + min(0.08 * candidates, 0.35) + (0.05 if "ranker" in types else 0.0)
    if "vote" in types:
        return base + min(0.01 * candidates, 0.06)
    return base


def nothing_helps(architecture: Architecture) -> float:
    return 0.5


class World:
    """What a study is handed instead of models.

    Args:
        chance: Of an architecture to be right.
        cap: Samples that may be bought in all; an evaluation stops before the problem that would pass it.
        dies_after: Evaluations after which the process dies.
    """

    def __init__(
        self, chance: Chance = fusing_helps, *, cap: int | None = None, dies_after: int | None = None
    ) -> None:
        self.chance = chance
        self.cap = cap
        self.dies_after = dies_after
        self.store: dict[tuple[str, str], bool] = {}
        self.paid = 0
        self.calls = 0
        self.log: list[tuple[str, str]] = []

    async def evaluate(self, architecture: Architecture, problems: Sequence[str]) -> list[Observation]:
        self.calls += 1
        if self.dies_after is not None:
            self.dies_after -= 1
            if self.dies_after < 0:
                raise Killed
        found: list[Observation] = []
        for problem in problems:
            key = (architecture.fingerprint, problem)
            planned = architecture.planned_samples()
            paid = 0 if key in self.store else planned
            if self.cap is not None and self.paid + paid > self.cap:
                raise PartialEvaluation(f"{self.cap} samples are bought", found)
            if key not in self.store:
                difficulty = random_for("difficulty", problem).gauss(0.0, 0.1)
                coin = random_for("coin", *key).random()
                self.store[key] = coin < self.chance(architecture) + difficulty
            self.paid += paid
            self.log.append(key)
            found.append(
                Observation(
                    problem_id=problem,
                    outcome=Score(value=float(self.store[key])),
                    samples_used=planned,
                    samples_paid=paid,
                )
            )
        return found


def unscored(problem: str) -> Observation:
    return Observation(problem_id=problem, outcome=Unscored(reason="model_error", detail="timeout"))
