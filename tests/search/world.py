"""A world without models: architectures are right with a known chance, and answers are kept in a store."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from itas.core.architecture import Architecture
from itas.core.observation import Observation
from itas.core.problem import Score, Unscored
from itas.core.seeds import random_for
from itas.core.spec import canonical_json
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


def draws_of(architecture: Architecture) -> dict[str, int]:
    """The questions that an architecture asks of one problem, and how many draws of each, as planned.

    A question is a component after all that stands before it; a draw of it is never bought twice.
    """
    found: dict[str, int] = {}
    before = ""
    for layer, n in zip(architecture.layers, architecture.widths(), strict=False):
        for component in layer.components:
            question = before + canonical_json(component.model_dump(mode="json", exclude={"samples"}))
            found[question] = found.get(question, 0) + component.planned_samples(n)
        before += canonical_json(layer.model_dump(mode="json"))
    return found


class World:
    """What a study is handed instead of models.

    Args:
        chance: Of an architecture to be right.
        cap: Samples that may be bought in all; an evaluation stops before the problem that would pass it.
        dies_after: Evaluations after which the process dies.
        again: How often a question takes one more draw of each kind than planned.
        watched: A journal; how many lines it had at every purchase is remembered.
    """

    def __init__(
        self,
        chance: Chance = fusing_helps,
        *,
        cap: int | None = None,
        dies_after: int | None = None,
        again: float = 0.0,
        watched: Path | None = None,
    ) -> None:
        self.chance = chance
        self.cap = cap
        self.dies_after = dies_after
        self.again = again
        self.watched = watched
        self.store: dict[tuple[str, str], int] = {}
        self._draws: dict[str, dict[str, int]] = {}
        self.paid = 0
        self.calls = 0
        self.log: list[tuple[str, str]] = []
        self.purchases: list[tuple[int, tuple[str, str], int]] = []

    def as_of(self, line: int) -> "World":
        """What a process that died after so many lines of the watched journal leaves behind."""
        world = World(self.chance, cap=self.cap, again=self.again)
        for written, question, count in self.purchases:
            if written <= line:
                world.store[question] = world.store.get(question, 0) + count
                world.paid += count
        return world

    async def evaluate(self, architecture: Architecture, problems: Sequence[str]) -> list[Observation]:
        self.calls += 1
        if self.dies_after is not None:
            self.dies_after -= 1
            if self.dies_after < 0:
                raise Killed
        found: list[Observation] = []
        planned = self._plan(architecture)
        for problem in problems:
            draws = planned
            if self.again:
                draws = {
                    question: count + (random_for("again", problem, question).random() < self.again)
                    for question, count in planned.items()
                }
            missing = {
                (problem, question): count - self.store.get((problem, question), 0)
                for question, count in draws.items()
            }
            paid = sum(max(count, 0) for count in missing.values())
            if self.cap is not None and self.paid + paid > self.cap:
                raise PartialEvaluation(f"{self.cap} samples are bought", found)
            self._buy(missing)
            difficulty = random_for("difficulty", problem).gauss(0.0, 0.1)
            coin = random_for("coin", architecture.fingerprint, problem).random()
            is_right = coin < self.chance(architecture) + difficulty
            self.log.append((architecture.fingerprint, problem))
            found.append(
                Observation(
                    problem_id=problem,
                    outcome=Score(value=float(is_right)),
                    samples_used=sum(draws.values()),
                    samples_paid=paid,
                )
            )
            if self.watched is not None:
                await asyncio.sleep(0)  # so that evaluations side by side are under way together
        return found

    def _plan(self, architecture: Architecture) -> dict[str, int]:
        if architecture.fingerprint not in self._draws:
            self._draws[architecture.fingerprint] = draws_of(architecture)
        return self._draws[architecture.fingerprint]

    def _buy(self, missing: Mapping[tuple[str, str], int]) -> None:
        lines = 0 if self.watched is None else self.watched.read_bytes().count(b"\n")
        for question, count in missing.items():
            if count > 0:
                self.store[question] = self.store.get(question, 0) + count
                self.paid += count
                self.purchases.append((lines, question, count))


def unscored(problem: str) -> Observation:
    return Observation(problem_id=problem, outcome=Unscored(reason="model_error", detail="timeout"))
