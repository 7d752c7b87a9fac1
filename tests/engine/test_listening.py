"""The answer is heard while it is written where one draw becomes it, and in one piece everywhere else."""

from typing import Any

import pytest

import itas.components  # noqa: F401 - registers the component types
from itas.core.architecture import Architecture
from itas.core.component import Component, Selector, component_types
from itas.core.messages import user
from itas.core.model import Listen
from itas.core.request import Completion, Request
from itas.engine import answer
from itas.errors import ModelError


class Spoken:
    """Says each of its texts word by word, if somebody listens, and remembers for whom."""

    def __init__(self, *, breaks: bool = False) -> None:
        self.listened: list[bool] = []
        self._breaks = breaks

    async def sample(
        self, request: Request, *, n: int = 1, first: int = 0, listen: Listen | None = None
    ) -> tuple[Completion, ...]:
        self.listened.append(listen is not None)
        text = f"text {len(self.listened)} from {request.model}"
        if listen is not None:
            for word in text.split(" "):
                listen(word + " ")
                if self._breaks:
                    raise ModelError("broke", provider="fake", is_cut=True)
        return (Completion(text=text + " "),) * n


GENERATOR = {"type": "generator", "model": "fake/a"}
FUSER = {"type": "fuser", "model": "fake/b"}


async def hear(*layers: object, model: Spoken | None = None) -> tuple[list[str], str, list[bool]]:
    model = model or Spoken()
    heard: list[str] = []
    architecture = Architecture.parse({"layers": list(layers), "rules": "open"})
    result = await answer(architecture, user("2 + 2?"), models=lambda _: model, listen=heard.append)
    assert "".join(heard) == result.text
    return heard, result.text, model.listened


@pytest.mark.parametrize(
    "layers, asked",
    [
        ([GENERATOR], [True]),
        ([[GENERATOR, GENERATOR], FUSER], [False, False, True]),
        ([GENERATOR, FUSER, FUSER], [False, False, True]),
    ],
)
async def test_a_single_writer_at_the_end_is_heard_while_it_writes(layers: list[Any], asked: list[bool]):
    heard, _, listened = await hear(*layers)
    assert heard == ["text ", f"{len(asked)} ", "from ", f"fake/{'b' if len(asked) > 1 else 'a'} "]
    assert listened == asked


@pytest.mark.parametrize(
    "layers",
    [
        [{**GENERATOR, "samples": 2}],
        [[GENERATOR, GENERATOR]],
        [GENERATOR, {**FUSER, "samples": 2}],
        [{**GENERATOR, "samples": 3}, {"type": "vote"}],
        [GENERATOR, GENERATOR],  # the second one's text is not the first candidate
    ],
)
async def test_any_other_answer_is_heard_in_one_piece_at_the_end(layers: list[Any]):
    heard, text, listened = await hear(*layers)
    assert heard == [text]
    assert not any(listened)


async def test_a_writer_that_breaks_off_is_the_failure_of_the_answer():
    heard: list[str] = []
    architecture = Architecture.parse({"layers": [GENERATOR]})
    model = Spoken(breaks=True)
    with pytest.raises(ModelError) as caught:
        await answer(architecture, user("x"), models=lambda _: model, listen=heard.append)
    assert caught.value.is_cut
    assert heard == ["text "]


async def test_a_model_of_outside_without_the_parameter_is_heard_in_one_piece():
    class Deaf:
        async def sample(self, request: Request, *, n: int = 1, first: int = 0) -> tuple[Completion, ...]:
            return (Completion(text="whole"),) * n

    heard: list[str] = []
    architecture = Architecture.parse({"layers": [GENERATOR]})
    await answer(architecture, user("x"), models=lambda _: Deaf(), listen=heard.append)  # pyright: ignore[reportArgumentType]
    assert heard == ["whole"]


def test_components_that_write_once_ask_for_exactly_one_sample():
    claims: list[Component] = []
    for cls in component_types().values():
        needed = {name for name, field in cls.model_fields.items() if field.is_required()}
        if needed == {"model"} and not issubclass(cls, Selector):
            claims.append(cls.model_validate({"model": "fake/a"}))
    writers = [each for each in claims if each.writes_once(3)]
    assert {each.type for each in writers} >= {"generator", "fuser"}
    assert all(each.max_samples(3) == 1 and each.max_out(3) == 1 for each in writers)
