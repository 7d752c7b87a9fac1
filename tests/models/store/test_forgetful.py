"""The store of a process that runs for weeks: of bounded size, with exact sums."""

from itas.core.messages import user
from itas.core.request import Completion, Request
from itas.models.store.contract import Intent, Settlement
from itas.models.store.forgetful import ForgetfulStore


def question(number: int) -> Request:
    return Request(model="test/a", messages=user(f"{number}: {'x' * 1000}"))


async def test_it_forgets_the_oldest_and_keeps_the_newest():
    store = ForgetfulStore(most_bytes=100_000)
    for number in range(500):
        await store.put(question(number), {0: Completion(text="y" * 1000)})
    stats = await store.stats()
    assert 5 <= stats.requests <= 15
    assert await store.find(question(499).key, [0])
    assert not await store.find(question(0).key, [0])


async def test_a_question_that_is_asked_again_and_again_does_not_grow_for_ever():
    store = ForgetfulStore(most_bytes=100_000)
    for number in range(500):
        await store.put(question(1), {number: Completion(text="y" * 1000)})
        await store.put(question(2), {number: Completion(text="y" * 1000)})
    assert (await store.stats()).draws <= 60


async def test_settled_purchases_leave_their_sum_and_nothing_else():
    store = ForgetfulStore()
    for number in range(100):
        id = store.new_intent_id()
        request = question(number)
        await store.open_intent(Intent(id, "run", request.model, request.key, 0, 1, 10))
        await store.put(request, {0: Completion(text="y")}, settles=Settlement(id, "spent", 7, 1))
    totals = await store.totals("run")
    assert (totals.spent, totals.samples, totals.reserved) == (700, 100, 0)
    assert not store._ledger


async def test_what_is_larger_than_the_whole_store_is_given_out_all_the_same():
    store = ForgetfulStore(most_bytes=10)
    kept = await store.put(question(1), {0: Completion(text="y" * 1000)})
    assert kept[0].text == "y" * 1000
