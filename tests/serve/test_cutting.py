"""Caps and deadlines of one request: the best answer so far, marked, within them."""

import time

import pytest

from itas.core.messages import user
from itas.core.request import Request
from itas.errors import ModelError
from itas.models.chain import build_chain
from itas.models.fakes import FunctionModel
from itas.models.prices import FREE, Price, Rates
from itas.models.retry import RetryPolicy
from tests.serve.running import Writer, architecture, running

RANKED = architecture(
    {"type": "generator", "models": ["test/a", "test/b"]},
    {"type": "fuser", "model": "test/c"},
    {"type": "fuser", "model": "test/d"},
    name="fused",
)


async def test_within_the_deadline_the_best_answer_so_far_is_given():
    models = {"test/a": Writer("quick"), "test/b": Writer("quick too"), "test/c": Writer("slow", first_s=5)}
    async with running(models) as server:
        started = time.monotonic()
        got = await server.chat("fused", itas={"deadline_s": 0.3})
        took = time.monotonic() - started
    assert got.status == 200
    assert got.text == "quick"
    assert got.data["itas"]["cut"] == "deadline"
    assert got.headers["x-itas-cut"] == "true"
    assert took < 0.6
    assert [part["type"] for part in got.data["itas"]["components"]] == ["generator", "generator", "fuser"]


async def test_a_generator_that_is_too_slow_does_not_lose_the_answer_of_the_other():
    models = {
        "test/a": Writer("slow", first_s=5),
        "test/b": Writer("quick"),
        "test/c": Writer("never", first_s=5),
    }
    async with running(models) as server:
        got = await server.chat("fused", itas={"deadline_s": 0.3})
    assert (got.text, got.data["itas"]["cut"]) == ("quick", "deadline")


async def test_a_deadline_before_any_answer_is_a_408_that_is_not_tried_again():
    async with running(Writer(first_s=5)) as server:
        got = await server.chat("fused", itas={"deadline_s": 0.1})
    assert (got.status, got.error["code"]) == (408, "deadline_exceeded")
    assert got.headers["x-should-retry"] == "false"


async def test_a_stream_that_is_cut_keeps_what_was_said_and_says_why():
    models = {
        "test/a": Writer("x"),
        "test/b": Writer("y"),
        "test/c": Writer("one two three four", word_s=0.2),
    }
    async with running(models) as server:
        got = await server.chat("fused", stream=True, itas={"deadline_s": 0.3})
    assert got.streamed == "one two "
    assert got.events[-1]["choices"][0]["finish_reason"] == "length"
    assert got.events[-1]["itas"]["cut"] == "deadline"


@pytest.mark.parametrize("most,text,asked", [(1, "a", 1), (2, "a", 2), (3, "c", 3), (4, "d", 4)])
async def test_a_cap_on_samples_is_never_passed(most: int, text: str, asked: int):
    models = {f"test/{name}": Writer(name) for name in "abcd"}
    async with running(models, served=[RANKED]) as server:
        got = await server.chat("fused", itas={"max_samples": most})
    assert got.text == text
    assert sum(len(model.asked) for model in models.values()) == asked
    assert got.data["itas"]["cut"] == (None if most == 4 else "budget")


async def test_a_cap_in_dollars_is_never_passed_and_needs_prices():
    price = Price(Rates(1_000_000, 1_000_000, 1_000_000))
    models = {f"test/{name}": Writer(name) for name in "abcd"}
    async with running(models, served=[RANKED], price=price) as server:
        refused = await server.chat("fused", itas={"max_cost_usd": 0.000001})
    assert (refused.status, refused.error["code"]) == (429, "budget_exceeded")
    assert not any(model.asked for model in models.values())
    async with running(Writer(), price=None) as server:
        unpriced = await server.chat(itas={"max_cost_usd": 1})
    assert (unpriced.status, unpriced.error["code"]) == (400, "invalid_value")
    async with running(Writer(), price=FREE) as server:
        assert (await server.chat(itas={"max_cost_usd": 1})).status == 200


async def test_answers_to_one_request_share_its_caps():
    model = Writer()
    async with running(model) as server:
        got = await server.chat(n=4, itas={"max_samples": 3})
        streamed = await server.chat(n=4, itas={"max_samples": 3}, stream=True)
    assert len(model.asked) == 6
    assert [each["index"] for each in got.data["choices"]] == [0, 1, 2]
    assert got.data["itas"]["cut"] == "budget"
    assert got.headers["x-itas-cut"] == "true"
    ended = [
        choice["index"] for each in streamed.events for choice in each["choices"] if choice["finish_reason"]
    ]
    assert ended == [0, 1, 2]


async def test_answers_share_a_cap_in_dollars():
    price = Price(Rates(1_000_000, 1_000_000, 1_000_000))
    bound = price.bound(Request(model="test/a", messages=user("What is 6 x 7?"), max_tokens=5), 1)
    assert bound is not None
    model = Writer(cost_micro_usd=bound)
    async with running(model, price=price) as server:
        got = await server.chat(n=5, max_tokens=5, itas={"max_cost_usd": 2.5 * bound / 1e6})
    assert len(model.asked) == 2
    assert len(got.data["choices"]) == 2
    assert got.data["itas"]["paid_usd"] <= 2.5 * bound / 1e6


@pytest.mark.parametrize("is_billed,asked", [(True, 2), (False, 4)], ids=["perhaps billed", "surely not"])
async def test_attempts_that_fail_and_may_be_billed_count_against_the_caps_of_the_request(
    is_billed: bool, asked: int
):
    calls = 0

    def fail(request: Request, draw: int) -> str:
        nonlocal calls
        calls += 1
        raise ModelError("busy", provider="test", can_retry=True, may_be_billed=is_billed)

    chain = build_chain(FunctionModel(fail), retry=RetryPolicy(attempts=4, first_wait_s=0.01))
    async with running(chain) as server:
        got = await server.chat(itas={"max_samples": 2})
    assert calls == asked
    assert got.error["code"] == ("budget_exceeded" if is_billed else "provider_error")
