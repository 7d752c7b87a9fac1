"""A second call beside a late one: at most one, the first answer counts, both are booked, never over a cap."""

import asyncio
from typing import Any

import pytest

from itas.core.messages import user
from itas.core.model import Listen, Model
from itas.core.request import Completion, Request
from itas.errors import BudgetExceeded, ModelError
from itas.models.budget import Budget
from itas.models.chain import build_chain
from itas.models.hedge import HedgePolicy
from itas.models.meter import Tally
from itas.models.pool import ModelPool
from itas.models.prices import Price, Rates
from itas.models.providers.known import ProviderSettings, find_provider
from itas.models.store.memory import MemoryStore
from itas.models.throttle import Throttle
from tests.models.fake_server import Answer, Sent, chat, serving

REQUEST = Request(model="fake/m", messages=user("x"), max_tokens=1)
PRICE = Price(Rates(1_000_000, 1_000_000, 1_000_000))
SOON = HedgePolicy(after_s=0.03)


class Legs:
    """Each call behaves as told: seconds, then a text or a failure; or pieces with seconds between."""

    def __init__(self, *legs: tuple[Any, ...]) -> None:
        self.legs = list(legs)
        self.begun = self.cancelled = 0

    async def sample(
        self, request: Request, *, n: int = 1, first: int = 0, listen: Listen | None = None
    ) -> tuple[Completion, ...]:
        leg = self.legs[self.begun]
        self.begun += 1
        said: list[str] = []
        try:
            for step in leg:
                if isinstance(step, float):
                    await asyncio.sleep(step)
                elif isinstance(step, Exception):
                    raise step
                else:
                    said.append(step)
                    if listen is not None:
                        listen(step)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return (Completion(text="".join(said), cost_micro_usd=3),) * n


def chain(legs: Model, policy: HedgePolicy = SOON, **parts: Any) -> Model:
    parts = {"throttle": Throttle("fake", most=10), "price": PRICE, "is_remote": True, **parts}
    return build_chain(legs, hedge=policy, **parts)


async def test_a_late_call_gets_one_more_and_the_first_answer_counts():
    legs, budget, paid, throttle = (
        Legs((5.0, "slow"), ("quick",)),
        Budget(),
        Tally(),
        Throttle("fake", most=10),
    )
    store = MemoryStore()
    model = chain(legs, budget=budget, paid=paid, throttle=throttle, store=store)
    (completion,) = await model.sample(REQUEST)
    assert completion.text == "quick"
    assert (legs.begun, legs.cancelled, throttle.open) == (2, 1, 0)
    assert (budget.spent_micro_usd, budget.spent_samples, budget.uncertain_samples) == (3, 1, 1)
    assert budget.uncertain_micro_usd > 0
    assert budget.reserved_micro_usd == 0
    totals = await store.totals()
    assert (totals.spent, totals.uncertain, totals.reserved) == (3, budget.uncertain_micro_usd, 0)
    assert paid.all.samples == 1
    assert (await store.stats()).draws == 1
    assert (await model.sample(REQUEST))[0].text == "quick"
    assert legs.begun == 2


async def test_an_answer_in_time_is_asked_for_once():
    legs = Legs(("4",), ("never",))
    await chain(legs).sample(REQUEST)
    assert legs.begun == 1


async def test_there_is_never_a_third_call():
    legs = Legs((0.25, "first"), (5.0, "second"), ("third",))
    (completion,) = await chain(legs).sample(REQUEST)
    assert (completion.text, legs.begun) == ("first", 2)


async def test_where_one_fails_the_other_is_waited_for_and_where_both_fail_the_first_failure_is_told():
    down, broken = ModelError("down", provider="fake"), ModelError("broken", provider="fake")
    legs = Legs((0.1, down), (0.2, "second"))
    assert (await chain(legs).sample(REQUEST))[0].text == "second"
    legs = Legs((0.2, "first"), (down,))
    assert (await chain(legs).sample(REQUEST))[0].text == "first"
    with pytest.raises(ModelError, match="down"):
        await chain(Legs((0.1, down), (broken,))).sample(REQUEST)
    alone = Legs((down,), ("never",))
    with pytest.raises(ModelError, match="down"):
        await chain(alone).sample(REQUEST)
    assert alone.begun == 1


async def test_a_cap_that_leaves_nothing_for_a_second_call_is_kept_and_the_first_goes_on():
    bound = PRICE.bound(REQUEST, 1)
    legs, budget = Legs((0.15, "first"), ("second",)), Budget(max_micro_usd=bound)
    (completion,) = await chain(legs, budget=budget).sample(REQUEST)
    assert (completion.text, legs.begun) == ("first", 1)
    with pytest.raises(BudgetExceeded):
        await chain(Legs(("x",)), budget=budget).sample(REQUEST)


async def test_where_no_place_is_free_there_is_no_second_call():
    legs = Legs((0.1, "first"), ("second",))
    (completion,) = await chain(legs, throttle=Throttle("fake", most=1)).sample(REQUEST)
    assert (completion.text, legs.begun) == ("first", 1)


async def test_after_the_first_piece_was_heard_there_is_no_second_call():
    legs, heard = Legs(("one ", 0.15, "two"), ("other",)), list[str]()
    await chain(legs).sample(REQUEST, listen=heard.append)
    assert (heard, legs.begun) == (["one ", "two"], 1)


@pytest.mark.parametrize(
    "legs, expected",
    [
        ([(0.1, "a", 0.1, "b"), (0.05, 0.1, "c")], ["a", "b"]),
        ([(0.2, "a"), ("c", 0.3, "d")], ["c", "d"]),
    ],
)
async def test_who_speaks_first_goes_on_alone(legs: list[tuple[Any, ...]], expected: list[str]):
    model, heard = Legs(*legs), list[str]()
    (completion,) = await chain(model).sample(REQUEST, listen=heard.append)
    assert heard == expected
    assert completion.text == "".join(expected)
    assert (model.begun, model.cancelled) == (2, 1)


async def test_who_was_silenced_is_not_heard_even_if_he_speaks():
    class Stubborn(Legs):
        async def sample(
            self, request: Request, *, n: int = 1, first: int = 0, listen: Listen | None = None
        ) -> tuple[Completion, ...]:
            try:
                return await super().sample(request, n=n, first=first, listen=listen)
            except asyncio.CancelledError:
                assert listen is not None
                listen("me too")
                raise

    heard: list[str] = []
    await chain(Stubborn((5.0, "slow"), ("c", 0.05, "d"))).sample(REQUEST, listen=heard.append)
    assert heard == ["c", "d"]


async def test_who_spoke_and_broke_off_is_the_failure_and_not_replaced():
    legs, heard = Legs((0.2, "a"), ("c", ModelError("broke", provider="fake"))), list[str]()
    with pytest.raises(ModelError, match="broke") as caught:
        await chain(legs).sample(REQUEST, listen=heard.append)
    assert caught.value.is_cut
    assert heard == ["c"]


async def test_who_leaves_takes_both_calls_with_him():
    legs, throttle = Legs((5.0, "a"), (5.0, "b")), Throttle("fake", most=10)
    call = asyncio.create_task(chain(legs, throttle=throttle).sample(REQUEST))
    await asyncio.sleep(0.1)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await asyncio.sleep(0)
    assert (legs.begun, legs.cancelled, throttle.open) == (2, 2, 0)


async def test_a_quantile_is_learnt_and_few_calls_get_a_second_one():
    slow: list[bool] = []

    def is_slow(sent: Sent) -> bool:
        slow.append(len(slow) % 50 == 30)
        return slow[-1]

    async def behave(sent: Sent) -> Answer:
        await asyncio.sleep(8.0 if is_slow(sent) else 0.005)
        return chat("4")

    async with serving(behave) as server:
        settings = {"openai": ProviderSettings(base_url=server.url, hedge_quantile=0.9)}
        async with ModelPool(settings=settings, environ={"OPENAI_API_KEY": "sk-canary-0123456789"}) as pool:
            for start in range(0, 200, 5):
                requests = [Request(model="openai/gpt-4o", messages=user(str(start + i))) for i in range(5)]
                async with asyncio.timeout(6):
                    await asyncio.gather(*(pool("openai/gpt-4o").sample(each) for each in requests))
            booked = pool.budget.spent_samples + pool.budget.uncertain_samples
            assert pool.budget.spent_samples >= 200
    assert 200 < len(server.sent) <= booked <= 221


@pytest.mark.parametrize(
    "fields, expected",
    [
        ({}, None),
        ({"hedge_after_s": 5}, HedgePolicy(after_s=5.0)),
        ({"hedge_quantile": 0.9}, HedgePolicy(quantile=0.9)),
    ],
)
def test_hedging_is_a_setting_of_a_provider_and_off_by_default(
    fields: dict[str, Any], expected: HedgePolicy | None
):
    provider = find_provider("openai", {"openai": ProviderSettings(**fields)}, {})
    assert provider is not None
    assert provider.hedge == expected
