"""The cache buys each draw once, whoever asks, and gives up a call only when nobody waits for it."""

import asyncio

import pytest

from itas.core.messages import user
from itas.core.request import Completion, Request
from itas.errors import ModelError
from itas.models.budget import Budget
from itas.models.chain import build_chain
from itas.models.fakes import FunctionModel
from itas.models.meter import Tally
from itas.models.store.memory import MemoryStore
from itas.models.throttle import Throttle

REQUEST = Request(model="fake/m", messages=user("2 + 2?"))


def numbered(request: Request, number: int) -> str:
    return f"draw {number}"


async def test_asking_for_ten_when_five_are_known_buys_five_with_one_call():
    model = FunctionModel(numbered)
    chain = build_chain(model)
    await chain.sample(REQUEST, n=5)
    ten = await chain.sample(REQUEST, n=10)
    assert [each.text for each in ten] == [f"draw {number}" for number in range(10)]
    assert [each.is_stored for each in ten] == [True] * 5 + [False] * 5
    assert [(asked.first, asked.n) for asked in model.asked] == [(0, 5), (5, 5)]


async def test_ten_samples_are_never_copies_of_one():
    texts = iter(range(100))
    chain = build_chain(FunctionModel(lambda request, number: str(next(texts))))
    completions = await chain.sample(REQUEST, n=10)
    assert len({each.text for each in completions}) == 10


async def test_a_gap_in_the_middle_is_bought_without_its_neighbours():
    model = FunctionModel(numbered)
    store = MemoryStore()
    chain = build_chain(model, store=store)
    await store.put(REQUEST, {1: Completion(text="one"), 3: Completion(text="three")})
    five = await chain.sample(REQUEST, n=5)
    assert [each.text for each in five] == ["draw 0", "one", "draw 2", "three", "draw 4"]
    assert sorted((asked.first, asked.n) for asked in model.asked) == [(0, 1), (2, 1), (4, 1)]


async def test_identical_questions_in_flight_are_asked_once_and_paid_once():
    gate = asyncio.Event()

    async def slow(request: Request, number: int) -> str:
        await gate.wait()
        return numbered(request, number)

    model, used, paid = FunctionModel(slow), Tally(), Tally()
    chain = build_chain(model, used=used, paid=paid)
    tasks = [asyncio.create_task(chain.sample(REQUEST, n=3)) for _ in range(20)]
    tasks.append(asyncio.create_task(chain.sample(REQUEST, n=2, first=2)))
    await asyncio.sleep(0.01)
    gate.set()
    results = await asyncio.gather(*tasks)
    assert [(asked.first, asked.n) for asked in model.asked] == [(0, 3), (3, 1)]
    assert sum(not each.is_stored for result in results for each in result) == 4
    assert (used.all.samples, paid.all.samples) == (62, 4)


async def test_a_cancelled_waiter_does_not_kill_the_call_of_the_others():
    gate = asyncio.Event()

    async def slow(request: Request, number: int) -> str:
        await gate.wait()
        return "answer"

    chain = build_chain(FunctionModel(slow))
    first, second = (asyncio.create_task(chain.sample(REQUEST)) for _ in range(2))
    await asyncio.sleep(0.01)
    first.cancel()
    await asyncio.sleep(0)
    gate.set()
    assert (await second)[0].text == "answer"
    assert first.cancelled()


async def test_when_the_last_waiter_goes_the_call_is_stopped_and_the_next_one_starts_anew():
    stopped = asyncio.Event()

    async def slow_once(request: Request, number: int) -> str:
        if model.calls > 1:
            return "answer"
        try:
            await asyncio.sleep(60)
        finally:
            stopped.set()
        return "never"

    model = FunctionModel(slow_once)
    chain = build_chain(model)
    waiters = [asyncio.create_task(chain.sample(REQUEST)) for _ in range(2)]
    await asyncio.sleep(0.01)
    for waiter in waiters:
        waiter.cancel()
    again = asyncio.create_task(chain.sample(REQUEST))
    await asyncio.wait(waiters)
    assert stopped.is_set()
    assert (await again)[0].text == "answer"


async def test_a_failure_reaches_all_waiters_and_is_not_remembered():
    replies = [ModelError("down", provider="fake"), "answer"]

    async def fail_once(request: Request, number: int) -> str | Exception:
        await asyncio.sleep(0.01)
        return replies.pop(0)

    chain = build_chain(FunctionModel(fail_once))
    results = await asyncio.gather(*(chain.sample(REQUEST) for _ in range(5)), return_exceptions=True)
    assert [str(each) for each in results] == ["fake: down"] * 5
    assert (await chain.sample(REQUEST))[0].text == "answer"


async def test_what_another_process_bought_during_the_wait_for_a_slot_is_not_bought_again():
    store, paid, budget = MemoryStore(), Tally(), Budget()
    model, throttle = FunctionModel(numbered), Throttle("fake", most=1)
    chain = build_chain(model, store=store, throttle=throttle, paid=paid, budget=budget, is_remote=True)
    await throttle.enter(0)
    tasks = [asyncio.create_task(chain.sample(REQUEST, n=n)) for n in (1, 6)]
    await asyncio.sleep(0.01)
    await store.put(REQUEST, {number: Completion(text=f"theirs {number}") for number in (0, 3)})
    throttle.leave()
    one, six = await asyncio.gather(*tasks)
    assert one[0].text == "theirs 0"
    assert [each.text for each in six] == ["theirs 0", "draw 1", "draw 2", "theirs 3", "draw 4", "draw 5"]
    assert [(asked.first, asked.n) for asked in model.asked] == [(1, 2), (4, 2)]
    assert paid.all.samples == budget.spent_samples == (await store.totals()).samples == 4
    assert (budget.reserved_micro_usd, budget.uncertain_samples) == (0, 0)


async def test_an_answer_is_stored_before_it_is_given_out():
    store = MemoryStore()
    chain = build_chain(FunctionModel(numbered), store=store)
    await chain.sample(REQUEST, n=2)
    assert {n: each.text for n, each in (await store.find(REQUEST.key, [0, 1, 2])).items()} == {
        0: "draw 0",
        1: "draw 1",
    }


async def test_a_draw_that_comes_from_a_recording_is_neither_stored_again_nor_paid():
    store, paid = MemoryStore(), Tally()
    recorded = Completion(text="old", is_stored=True)
    chain = build_chain(FunctionModel(lambda request, number: recorded), store=store, paid=paid)
    assert (await chain.sample(REQUEST))[0].is_stored
    assert (await store.stats()).draws == 0
    assert paid.all.samples == 0


async def test_a_failed_question_leaves_no_unseen_exception_when_its_waiter_left(
    caplog: pytest.LogCaptureFixture,
):
    async def fail(request: Request, number: int) -> str:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            raise ModelError("broken off", provider="fake") from None
        return ""

    task = asyncio.create_task(build_chain(FunctionModel(fail)).sample(REQUEST))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not caplog.records
