"""The pool: every id gives its model, once, or an error that says what to do."""

import asyncio
from typing import Any

import pytest

from itas.core.messages import user
from itas.core.request import Completion, Request
from itas.errors import BudgetExceeded, MissingKey, SpecError
from itas.models.budget import Budget
from itas.models.fakes import FunctionModel
from itas.models.pool import ModelPool
from itas.models.prices import FREE, Price, Rates
from itas.models.providers.known import ProviderSettings
from itas.models.store.memory import MemoryStore
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
    assert pool.find_price("fake/a/b") == FREE
    await pool.close()


class Simulated(FunctionModel):
    """Like a simulated model: its prices are made up, and its answers depend on a seed."""

    price = Price(Rates(1_000_000, 1_000_000, 1_000_000))

    def __init__(self, seed: int) -> None:
        self.edition = f"seed {seed}"
        super().__init__(lambda request, number: Completion(text=f"{seed}", cost_micro_usd=5))


async def test_a_plugged_model_with_a_price_is_kept_under_the_cap():
    pool = ModelPool(
        plugged={"simulated": lambda name: Simulated(1)}, budget=Budget(max_micro_usd=60), environ={}
    )
    requests = [Request(model="simulated/m", messages=user(str(i)), max_tokens=20) for i in range(9)]
    for request in requests[:5]:
        await pool("simulated/m").sample(request)
    with pytest.raises(BudgetExceeded):
        await asyncio.gather(*(pool("simulated/m").sample(request) for request in requests))
    assert pool.budget.spent_micro_usd <= 60
    assert (await pool.store.totals()).spent == pool.budget.spent_micro_usd
    assert pool.find_price("simulated/m") == Simulated.price


async def test_two_editions_of_a_model_do_not_share_their_draws():
    store = MemoryStore()
    request = Request(model="simulated/m", messages=user("x"))
    texts: list[str] = []
    for seed in (1, 2, 1):
        pool = ModelPool(
            plugged={"simulated": lambda name, seed=seed: Simulated(seed)}, store=store, environ={}
        )
        texts.append((await pool("simulated/m").sample(request))[0].text)
    assert texts == ["1", "2", "1"]
    assert (await store.stats()).draws == 2


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


async def test_free_calls_over_a_network_are_remembered_so_that_a_cap_on_samples_holds_after_a_resume():
    store = MemoryStore()
    async with serving(numbered) as server:
        for number in range(2):
            before = await store.totals("r")
            budget = Budget(max_samples=5, spent_samples=before.samples)
            environ = {"OLLAMA_HOST": server.url}
            async with ModelPool(environ=environ, store=store, budget=budget, run="r") as pool:
                requests = [Request(model="ollama/m", messages=user(f"{number} {i}")) for i in range(3)]
                for request in requests[: 3 if number == 0 else 2]:
                    await pool("ollama/m").sample(request)
        assert budget.spent_samples == 5
        with pytest.raises(BudgetExceeded, match="cap is 5 samples"):
            await budget.reserve("ollama/m", micro_usd=0, samples=1)
    totals = await store.totals("r")
    assert (totals.samples, totals.spent, totals.reserved) == (5, 0, 0)


async def test_a_free_model_on_this_machine_leaves_no_trace_in_the_ledger():
    pool = ModelPool(plugged={"fake": lambda name: FunctionModel(lambda request, number: "x")}, environ={})
    await pool("fake/m").sample(Request(model="fake/m", messages=user("x")))
    assert (await pool.store.totals()).samples == 0


async def test_a_closed_pool_says_so():
    pool = ModelPool(environ={})
    await pool.close()
    await pool.close()
    with pytest.raises(SpecError, match="closed"):
        pool("openai/gpt-4o")


def test_open_calls_begin_where_the_settings_name_them():
    def allowed(**settings: Any) -> float:
        pool = ModelPool(
            settings={"mine": ProviderSettings(base_url="http://127.0.0.1:9/v1", needs_key=False, **settings)}
        )
        pool("mine/a")
        return pool._throttles["mine"].allowed

    assert allowed() < 50
    assert allowed(concurrency=300) == 300
