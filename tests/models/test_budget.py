"""A cap is a cap: under concurrency, retries, failures and cancelling."""

import asyncio
from random import Random

import pytest

from itas.core.messages import user
from itas.core.request import Completion, Request
from itas.errors import BudgetExceeded, ModelError, SpecError
from itas.models.budget import Budget
from itas.models.chain import build_chain
from itas.models.fakes import FunctionModel, ScriptedModel
from itas.models.prices import Price, Rates
from itas.models.retry import RetryPolicy
from itas.models.store.contract import Intent, LedgerTotals, Opening, SharedCaps
from itas.models.store.memory import MemoryStore

PRICE = Price(Rates(1_000_000, 1_000_000, 1_000_000))  # a micro-dollar a token


def question(number: int = 0, max_tokens: int = 100) -> Request:
    return Request(model="fake/m", messages=user(f"{number:04d}"), max_tokens=max_tokens)


BOUND = PRICE.bound(question(), 1)


def costing(micro_usd: int) -> Completion:
    return Completion(text="answer", cost_micro_usd=micro_usd)


async def test_two_hundred_callers_at_once_never_overshoot_and_use_the_cap_up():
    rng = Random(1)
    at_provider = true_cost = most = 0

    async def bill(request: Request, number: int) -> Completion:
        nonlocal at_provider, true_cost, most
        at_provider += BOUND
        most = max(most, true_cost + at_provider)
        await asyncio.sleep(rng.random() / 100)
        cost = rng.randint(1, BOUND)
        at_provider -= BOUND
        true_cost += cost
        return costing(cost)

    cap = 40 * BOUND
    budget = Budget(max_micro_usd=cap)
    chain = build_chain(FunctionModel(bill), budget=budget, price=PRICE)
    results = await asyncio.gather(*(chain.sample(question(i)) for i in range(200)), return_exceptions=True)
    assert all(isinstance(each, tuple | BudgetExceeded) for each in results)
    assert budget.spent_micro_usd == true_cost <= cap
    assert most <= cap
    assert true_cost > cap - 2 * BOUND
    assert budget.reserved_micro_usd == 0


async def test_a_call_that_can_never_fit_is_refused_before_it_is_sent():
    model = FunctionModel(lambda request, number: "answer")
    chain = build_chain(model, budget=Budget(max_micro_usd=BOUND - 1), price=PRICE)
    with pytest.raises(
        BudgetExceeded,
        match=r"needs up to \$0\.000120 .* the cap is \$0\.000119, with \$0 spent\. .*--max-cost",
    ):
        await chain.sample(question())
    assert model.calls == 0


async def test_a_cap_on_samples_holds_too_and_stored_ones_do_not_count():
    budget = Budget(max_samples=5)
    chain = build_chain(FunctionModel(lambda request, number: "answer"), budget=budget)
    await chain.sample(question(), n=3)
    await chain.sample(question(), n=5)
    assert budget.spent_samples == 5
    with pytest.raises(
        BudgetExceeded, match=r"1 sample for .* the cap is 5 samples, with 5 samples spent\. .* Raise the cap"
    ):
        await chain.sample(question(1))


async def test_what_was_spent_before_counts():
    chain = build_chain(
        FunctionModel(lambda request, number: "answer"),
        budget=Budget(max_micro_usd=100 + BOUND, spent_micro_usd=101),
        price=PRICE,
    )
    with pytest.raises(BudgetExceeded):
        await chain.sample(question())


async def test_an_unknown_price_is_refused_under_a_cap_in_dollars_and_names_model_and_cure():
    model = FunctionModel(lambda request, number: "answer")
    chain = build_chain(model, budget=Budget(max_micro_usd=10**9), price=None)
    with pytest.raises(SpecError, match=r"no price is known for 'fake/m'.*settings \(prices\)"):
        await chain.sample(question())
    assert model.calls == 0
    await build_chain(model, budget=Budget(max_samples=1), price=None).sample(question())


async def test_every_attempt_of_a_retry_has_its_own_reservation_and_the_lost_one_stays_in_the_books():
    lost = ModelError("timed out", provider="fake", can_retry=True, may_be_billed=True)
    busy = ModelError("busy", provider="fake", can_retry=True)
    store, budget = MemoryStore(), Budget()
    chain = build_chain(
        ScriptedModel([lost, busy, costing(7)]),
        store=store,
        budget=budget,
        price=PRICE,
        retry=RetryPolicy(first_wait_s=0.001),
        run="r1",
    )
    await chain.sample(question())
    assert (budget.spent_micro_usd, budget.uncertain_micro_usd) == (7, BOUND)
    assert (budget.spent_samples, budget.uncertain_samples) == (1, 1)
    assert (budget.paid_micro_usd, budget.paid_samples) == (7 + BOUND, 2)
    totals = await store.totals("r1")
    assert (totals.spent, totals.uncertain, totals.reserved, totals.samples) == (7, BOUND, 0, 2)
    assert (await store.totals("another")).spent == 0


async def test_a_retry_does_not_pass_the_cap():
    lost = ModelError("timed out", provider="fake", can_retry=True, may_be_billed=True)
    model = ScriptedModel([lost, lost, lost])
    chain = build_chain(
        model,
        budget=Budget(max_micro_usd=2 * BOUND),
        price=PRICE,
        retry=RetryPolicy(first_wait_s=0.001),
    )
    with pytest.raises(BudgetExceeded, match="uncertain"):
        await chain.sample(question())
    assert model.calls == 2


async def test_a_cancelled_call_is_booked_as_uncertain():
    async def hang(request: Request, number: int) -> str:
        await asyncio.sleep(60)
        return "never"

    store, budget = MemoryStore(), Budget()
    chain = build_chain(FunctionModel(hang), store=store, budget=budget, price=PRICE)
    task = asyncio.create_task(chain.sample(question()))
    await asyncio.sleep(0.01)
    assert (await store.totals()).reserved == BOUND
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (budget.uncertain_micro_usd, budget.reserved_micro_usd) == (BOUND, 0)
    assert (await store.totals()).uncertain == BOUND


async def test_a_cancelled_wait_for_money_costs_nothing_and_blocks_nobody():
    budget = Budget(max_micro_usd=100)
    first = await budget.reserve("fake/m", micro_usd=60, samples=1)
    second, third = (asyncio.create_task(budget.reserve("fake/m", micro_usd=50, samples=1)) for _ in range(2))
    await asyncio.sleep(0)
    second.cancel()
    first.settle(micro_usd=50, samples=1)
    assert (await third).is_open
    assert second.cancelled()
    assert budget.reserved_micro_usd == 50


async def test_money_granted_to_somebody_who_was_just_cancelled_goes_to_the_next():
    budget = Budget(max_micro_usd=100)
    first = await budget.reserve("fake/m", micro_usd=100, samples=1)
    second, third = (
        asyncio.create_task(budget.reserve("fake/m", micro_usd=100, samples=1)) for _ in range(2)
    )
    await asyncio.sleep(0)
    first.release()
    second.cancel()
    async with asyncio.timeout(5):
        assert (await third).is_open
    with pytest.raises(asyncio.CancelledError):
        await second


async def test_waiters_are_refused_when_what_they_waited_for_was_spent():
    budget = Budget(max_micro_usd=100)
    first = await budget.reserve("fake/m", micro_usd=60, samples=1)
    waiting = asyncio.create_task(budget.reserve("fake/m", micro_usd=50, samples=1))
    await asyncio.sleep(0)
    first.settle(micro_usd=60, samples=1)
    with pytest.raises(BudgetExceeded):
        await waiting


async def test_a_provider_that_ignores_the_limit_is_booked_in_full_and_reported():
    budget = Budget(max_micro_usd=10 * BOUND)
    chain = build_chain(ScriptedModel([costing(BOUND + 5)]), budget=budget, price=PRICE)
    await chain.sample(question())
    assert (budget.spent_micro_usd, budget.overrun_micro_usd) == (BOUND + 5, 5)


async def test_after_an_overrun_more_is_reserved_for_that_model_and_one_warning_names_it(
    caplog: pytest.LogCaptureFixture,
):
    store, budget = MemoryStore(), Budget(max_micro_usd=7 * BOUND)
    replies = [
        costing(2 * BOUND),
        costing(3 * BOUND),
        ModelError("lost", provider="fake", may_be_billed=True),
    ]
    model = ScriptedModel(replies)
    chain = build_chain(model, store=store, budget=budget, price=PRICE)
    await chain.sample(question(0))
    await chain.sample(question(1))
    assert budget.overrun_micro_usd == BOUND + BOUND, "the second one had two bounds reserved"
    (warning,) = [record for record in caplog.records if record.levelname == "WARNING"]
    assert all(text in warning.message for text in ("'fake/m'", "$0.000120", "$0.000240"))
    with pytest.raises(BudgetExceeded, match=r"needs up to \$0\.000360"):
        await chain.sample(question(2))
    other = await budget.reserve("fake/other", micro_usd=BOUND, samples=1)
    assert other.micro_usd == BOUND
    other.release()
    roomy = Budget(max_micro_usd=100 * BOUND)
    first = await roomy.reserve("fake/m", micro_usd=BOUND, samples=1)
    first.settle(micro_usd=3 * BOUND, samples=1)
    chain = build_chain(model, store=store, budget=roomy, price=PRICE)
    with pytest.raises(ModelError, match="lost"):
        await chain.sample(question(3))
    assert roomy.uncertain_micro_usd == (await store.totals()).uncertain == 3 * BOUND


async def test_a_model_without_a_price_cannot_overrun(caplog: pytest.LogCaptureFixture):
    budget = Budget(max_samples=9)
    await build_chain(ScriptedModel([costing(5)]), budget=budget, price=None).sample(question())
    assert (budget.spent_micro_usd, budget.overrun_micro_usd, caplog.records) == (5, 0, [])


async def test_a_reservation_that_shrinks_lets_the_next_one_in():
    budget = Budget(max_micro_usd=100, max_samples=10)
    first = await budget.reserve("fake/m", micro_usd=100, samples=5)
    waiting = asyncio.create_task(budget.reserve("fake/m", micro_usd=60, samples=3))
    await asyncio.sleep(0)
    first.shrink(micro_usd=40, samples=2)
    assert (await waiting).is_open
    assert (budget.reserved_micro_usd, budget.remaining_samples) == (100, 5)


async def test_a_bug_behind_the_purchase_does_not_leave_a_reservation_open():
    budget = Budget(max_micro_usd=BOUND)
    chain = build_chain(ScriptedModel([ValueError("bug")]), budget=budget, price=PRICE)
    with pytest.raises(ValueError, match="bug"):
        await chain.sample(question())
    assert (budget.reserved_micro_usd, budget.uncertain_micro_usd) == (0, BOUND)


async def test_a_purchase_that_is_cancelled_while_it_is_written_down_is_void():
    class Slow(MemoryStore):
        async def open_intent(self, intent: Intent, *, caps: SharedCaps | None = None) -> Opening:
            opening = await super().open_intent(intent, caps=caps)
            await asyncio.sleep(60)
            return opening

    store, budget = Slow(), Budget()
    model = FunctionModel(lambda request, number: "answer")
    chain = build_chain(model, store=store, budget=budget, price=PRICE)
    task = asyncio.create_task(chain.sample(question()))
    await asyncio.sleep(0.01)
    assert (await store.totals()).reserved == BOUND
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await store.totals() == LedgerTotals()
    assert (budget.paid_micro_usd, budget.reserved_micro_usd, model.calls) == (0, 0, 0)


async def test_what_was_stored_meanwhile_costs_nothing_also_where_the_model_is_not_remote():
    store = MemoryStore()
    model = FunctionModel(lambda request, number: f"ours {number}")
    blocked = Budget(max_micro_usd=3 * BOUND)
    chain = build_chain(model, store=store, budget=blocked, price=PRICE)
    first = await blocked.reserve("fake/m", micro_usd=3 * BOUND, samples=1)
    waiting = asyncio.create_task(chain.sample(question(), n=3))
    await asyncio.sleep(0.01)
    await store.put(question(), {1: Completion(text="theirs 1")})
    first.release()
    assert [each.text for each in await waiting] == ["ours 0", "theirs 1", "ours 2"]
    assert (blocked.paid_samples, blocked.reserved_micro_usd) == (2, 0)


async def test_a_run_without_a_name_does_not_share_its_cap():
    store = MemoryStore()
    for number in range(2):
        chain = build_chain(
            FunctionModel(lambda request, number: "answer"),
            store=store,
            budget=Budget(max_micro_usd=BOUND),
            price=PRICE,
        )
        await chain.sample(question(number))
    named = build_chain(
        FunctionModel(lambda request, number: "answer"),
        store=store,
        budget=Budget(max_micro_usd=BOUND),
        price=PRICE,
        run="r1",
    )
    await named.sample(question(2))
    again = build_chain(
        FunctionModel(lambda request, number: "answer"),
        store=store,
        budget=Budget(max_micro_usd=BOUND),
        price=PRICE,
        run="r1",
    )
    with pytest.raises(BudgetExceeded, match="Nothing was sent"):
        await again.sample(question(3))
