"""The pool: every id gives its model, once, or an error that says what to do."""

import pytest

from itas.core.messages import user
from itas.core.request import Request
from itas.errors import MissingKey, SpecError
from itas.models.budget import Budget
from itas.models.fakes import FunctionModel
from itas.models.pool import ModelPool
from itas.models.prices import FREE
from itas.models.providers.known import ProviderSettings
from tests.models.fake_server import numbered, serving


async def test_plugged_providers_get_the_rest_of_the_id_and_a_whole_chain():
    made: list[str] = []

    def make(name: str) -> FunctionModel:
        made.append(name)
        return FunctionModel(lambda request, number: f"{name} {number}")

    pool = ModelPool(plugged={"fake": make}, environ={})
    request = Request(model="fake/a/b", messages=user("x"))
    for _ in range(2):
        completions = await pool("fake/a/b").sample(request, n=2)
        assert [each.text for each in completions] == ["a/b 0", "a/b 1"]
    assert made == ["a/b"]
    assert pool("fake/a/b") is pool("fake/a/b")
    assert (pool.used.all.samples, pool.paid.all.samples) == (4, 2)
    assert pool.used.by_model["fake/a/b"].samples == 4
    assert pool.find_price("fake/a/b") == FREE
    await pool.close()


@pytest.mark.parametrize(
    "model_id, words",
    [
        ("gpt-4o", "named 'provider/model', found 'gpt-4o'"),
        ("openai/", "named 'provider/model'"),
        ("opnai/gpt-4o", "unknown provider 'opnai'. Did you mean 'openai'\\?"),
        ("nobody/x", "can be added under 'providers'"),
    ],
)
async def test_an_id_that_names_nothing_is_refused_with_a_cure(model_id: str, words: str):
    with pytest.raises(SpecError, match=words):
        ModelPool(environ={})(model_id)


async def test_a_missing_key_is_found_before_anything_is_sent():
    with pytest.raises(MissingKey, match="Set OPENAI_API_KEY"):
        ModelPool(environ={})("openai/gpt-4o")


async def test_a_model_without_a_price_is_refused_under_a_cap_before_anything_is_sent():
    settings = {"mine": ProviderSettings(base_url="http://127.0.0.1:9/v1")}
    pool = ModelPool(settings=settings, environ={}, budget=Budget(max_micro_usd=1_000_000))
    with pytest.raises(SpecError, match="no price is known for 'mine/model'"):
        pool("mine/model")
    await pool.close()


async def test_a_model_on_this_machine_is_free_and_allowed_under_a_cap():
    async with serving(numbered) as server:
        pool = ModelPool(environ={"OLLAMA_HOST": server.url}, budget=Budget(max_micro_usd=1))
        async with pool:
            request = Request(model="ollama/llama3.2", messages=user("2 + 2?"))
            completions = await pool(request.model).sample(request, n=2)
    assert [each.cost_micro_usd for each in completions] == [0, 0]
    assert [sent.path for sent in server.sent] == ["/v1/chat/completions"] * 2
    assert "Authorization" not in server.sent[0].headers


async def test_a_closed_pool_says_so():
    pool = ModelPool(environ={})
    await pool.close()
    await pool.close()
    with pytest.raises(SpecError, match="closed"):
        pool("openai/gpt-4o")
