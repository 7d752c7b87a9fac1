"""Our own models pass the battery, and the battery finds the mistakes that it is there for."""

from typing import Any

import pytest

from itas.benchmarks.word_problems import word_problems
from itas.core.request import Completion, Request
from itas.models.fakes import FunctionModel
from itas.models.simulated import SimulatedPool
from itas.testing.gullible import GullibleModel
from itas.testing.model_battery import check_model


def numbered() -> FunctionModel:
    return FunctionModel(lambda request, number: f"draw {number}")


async def test_a_model_of_a_function_passes():
    await check_model(numbered, is_deterministic=True)


async def test_simulated_models_pass():
    name = SimulatedPool((), 1).names[0]
    problems = word_problems(3, 1)
    await check_model(lambda: SimulatedPool(problems, 1).model(name), id=name, is_deterministic=True)


async def test_the_scripted_judge_passes():
    await check_model(lambda: GullibleModel(lambda text: True), is_deterministic=True)


class Wrong:
    """Gives what it was made with."""

    def __init__(self, *, more: int = 0, kind: type = tuple, **tags: Any) -> None:
        self.more, self.kind = more, kind
        for name, value in tags.items():
            setattr(self, name, value)

    async def sample(self, request: Request, *, n: int = 1, first: int = 0) -> Any:
        return self.kind(Completion(text="a") for _ in range(n + self.more))


class Forgetful(Wrong):
    drawn = 0

    async def sample(self, request: Request, *, n: int = 1, first: int = 0) -> Any:
        Forgetful.drawn += n
        return tuple(Completion(text=f"{Forgetful.drawn} {number}") for number in range(n))


class Mumbling(Wrong):
    async def sample(self, request: Request, *, n: int = 1, first: int = 0, listen: Any = None) -> Any:
        if listen is not None:
            listen("something else")
        return tuple(Completion(text="a") for _ in range(n))


class Stored(Wrong):
    async def sample(self, request: Request, *, n: int = 1, first: int = 0) -> Any:
        return tuple(Completion(text="a", is_stored=True) for _ in range(n))


@pytest.mark.parametrize(
    "model, words",
    [
        (Wrong(more=1), "it gives 2 of 1 samples"),
        (Wrong(more=-1), "it gives 0 of 1 samples"),
        (Wrong(kind=list), "it gives list, not a tuple"),
        (Wrong(price=3), "its price is 3, not a Price"),
        (Wrong(edition=2), "its edition is 2, not a text"),
        (Forgetful(), "draws 0 to 3 are"),
        (Mumbling(), "what is heard is not the text"),
        (Stored(), "says that it was stored"),
    ],
)
async def test_a_mistake_is_found(model: Any, words: str):
    with pytest.raises(AssertionError, match=words):
        await check_model(lambda: model, is_deterministic=True)
