"""The fakes count, remember and fail as told."""

import pytest

from itas.core.messages import user
from itas.core.request import Completion, Request
from itas.errors import ModelError
from itas.models.fakes import Asked, FunctionModel, ScriptedModel

REQUEST = Request(model="fake/m", messages=user("2 + 2?"))


async def test_a_function_sees_request_and_number_and_gives_texts_or_completions():
    replies = {0: "zero", 1: Completion(text="one", cost_micro_usd=1)}
    model = FunctionModel(lambda request, number: replies[number])
    zero, one = await model.sample(REQUEST, n=2)
    assert (zero.text, one.cost_micro_usd) == ("zero", 1)
    assert model.asked == [Asked(REQUEST, first=0, n=2)]
    assert (model.calls, model.samples, model.requests) == (1, 2, (REQUEST,))


async def test_an_exception_is_raised_whether_given_or_thrown():
    error = ModelError("down", provider="fake")

    async def throw(request: Request, number: int) -> str:
        raise error

    for model in (FunctionModel(lambda request, number: error), FunctionModel(throw)):
        with pytest.raises(ModelError, match="down"):
            await model.sample(REQUEST)
        assert model.calls == 1


async def test_a_script_ends_with_an_error():
    model = ScriptedModel(["a", "b"])
    assert [each.text for each in await model.sample(REQUEST, n=2)] == ["a", "b"]
    assert model.left == 0
    with pytest.raises(ModelError, match="no reply left for draw 0 of 'fake/m'"):
        await model.sample(REQUEST)
