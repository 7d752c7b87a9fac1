"""What every searcher is: a frozen spec with `ask`, which proposes and remembers nothing."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from random import Random
from typing import Any, ClassVar

import numpy as np
from pydantic import PositiveInt, SerializerFunctionWrapHandler, model_serializer

from itas.core.extension import Registry
from itas.core.spec import Spec
from itas.search.bound import BoundSpace
from itas.search.history import History, Proposal


class Searcher(Spec, ABC):
    """Proposes what to try next. A subclass with a `type` is registered under it.

    Attributes:
        problems: How many of the development problems one trial runs on; None for all of them.
    """

    type: ClassVar[str]

    problems: PositiveInt | None = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        name = cls.__dict__.get("type")
        if isinstance(name, str):
            searcher_registry.add(name, cls)

    @model_serializer(mode="wrap")
    def _with_type(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {"type": self.type, **serialize(self)}

    @abstractmethod
    def ask(self, history: History, rng: Random, *, space: BoundSpace, batch: int) -> tuple[Proposal, ...]:
        """Up to `batch` proposals, fewer or none when nothing is left to try.

        Depends on the arguments only. Never proposes a pair of point and problem that was asked before, nor
        a point whose trial failed.
        """

    def first_problems(self, history: History) -> tuple[int, ...]:
        """The problems of a trial of a new point: the same for all of them."""
        return tuple(range(min(self.problems or history.n_problems, history.n_problems)))

    def propose(self, points: Iterable[int], history: History) -> tuple[Proposal, ...]:
        """Every point on the first problems."""
        return tuple(Proposal(point, self.first_problems(history)) for point in points)


searcher_registry: Registry[type[Searcher]] = Registry("searcher", "itas.searchers")


def untried(history: History, space: BoundSpace) -> list[int]:
    """Points that were never proposed, in order."""
    return [point for point in range(len(space)) if point not in history.asked]


def draw(points: Sequence[int], count: int, rng: Random) -> list[int]:
    """`count` different points, or all."""
    return rng.sample(points, min(count, len(points)))


def neighbours(space: BoundSpace, place: int, axis: int) -> list[int]:
    """Points that differ from a place in one hole, and in the holes that this opens or closes."""
    own = space.codes[place]
    if own[axis] < 0:
        return []
    same = (space.codes == own) | (space.codes < 0) | (own < 0)
    same[:, axis] = (space.codes[:, axis] != own[axis]) & (space.codes[:, axis] >= 0)
    return [int(point) for point in np.flatnonzero(same.all(axis=1))]


def left_problems(history: History, point: int) -> list[int]:
    """Problems that a point was not run on, in order; none if its trial failed."""
    if point in history.failed:
        return []
    asked = history.asked[point]
    return [problem for problem in range(history.n_problems) if problem not in asked]
