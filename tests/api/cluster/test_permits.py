"""Places at a provider hold over all workers, go where they are wanted, and most calls ask nobody for one."""

import asyncio
import time
from typing import Any

import pytest

from itas.api.cluster.leases import SharedThrottle
from itas.api.cluster.permits import Permits
from itas.errors import ModelError
from itas.models.providers.known import Provider, ProviderSettings, find_provider
from tests.api.cluster.doors import Door


def _provider(**limits: Any) -> Provider:
    mine = ProviderSettings(base_url="http://127.0.0.1:1/v1", needs_key=False, **limits)
    found = find_provider("mine", {"mine": mine}, {})
    assert found is not None
    return found


class _Crowd:
    """Workers that call through one actor, and what they saw."""

    def __init__(self, workers: int, *, way_s: float = 0.0, **limits: Any) -> None:
        self.permits = Permits()
        self.door = Door(self.permits, way_s=way_s)
        provider = _provider(**limits)
        self.throttles = [SharedThrottle(provider, self.door, f"w{number}") for number in range(workers)]
        self.open = self.most = 0
        self.calls = [0] * workers

    async def call(self, worker: int, count: int, latency_s: float = 0.002) -> None:
        throttle = self.throttles[worker]
        for _ in range(count):
            await throttle.enter(10)
            self.open += 1
            self.most = max(self.most, self.open)
            try:
                await asyncio.sleep(latency_s)
                throttle.note_answer()
            finally:
                self.open -= 1
                throttle.leave()
            self.calls[worker] += 1

    async def all_call(self, callers: int, count: int, latency_s: float = 0.002) -> None:
        workers = range(len(self.throttles))
        await asyncio.gather(*(self.call(each, count, latency_s) for each in workers for _ in range(callers)))

    async def until_quiet(self) -> None:
        async with asyncio.timeout(5):
            while any(each.open for each in self.permits._throttles.values()):  # noqa: ASYNC110
                await asyncio.sleep(0.02)


async def test_all_workers_together_never_have_more_calls_open_than_the_provider_stands():
    crowd = _Crowd(4, concurrency=5)
    await crowd.all_call(8, 40)
    assert crowd.most == 5
    assert await crowd.permits.figures() == {"mine": 5}
    await crowd.until_quiet()


async def test_a_worker_that_is_alone_asks_a_few_times_for_many_calls():
    crowd = _Crowd(1, concurrency=24)
    await crowd.all_call(24, 40)
    assert crowd.calls == [960]
    assert crowd.most == 24
    assert crowd.door.calls < 48
    await crowd.until_quiet()


async def test_a_worker_that_comes_later_gets_its_share():
    crowd = _Crowd(2, concurrency=8)
    first = asyncio.gather(*(crowd.call(0, 1000) for _ in range(8)))
    await asyncio.sleep(0.2)
    second = asyncio.gather(*(crowd.call(1, 100) for _ in range(8)))
    before = crowd.calls[0]
    await second
    assert crowd.calls[0] - before < 4 * 800, "it waited for the first one's places"
    assert crowd.most == 8
    first.cancel()
    await asyncio.wait([first])
    await crowd.until_quiet()


async def test_places_that_nobody_uses_go_back():
    crowd = _Crowd(2, concurrency=2)
    await crowd.call(0, 1)
    await crowd.until_quiet()
    await asyncio.wait_for(crowd.call(1, 1), 2)


async def test_the_places_of_a_lost_worker_are_free_and_late_messages_of_it_change_nothing():
    crowd = _Crowd(2, concurrency=2)
    lost = crowd.throttles[0]
    await lost.enter(1)
    await lost.enter(1)
    waiting = asyncio.create_task(crowd.call(1, 4))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    await crowd.permits.forget("w0")
    await asyncio.wait_for(waiting, 2)
    lost.leave()
    await asyncio.sleep(0.1)
    assert crowd.permits._throttles["mine"].open >= 0
    with pytest.raises(ModelError, match="left alone"):
        await asyncio.gather(*(lost.enter(1) for _ in range(3)))


async def test_starts_that_are_counted_by_the_minute_are_counted_over_all_workers():
    crowd = _Crowd(3, concurrency=50, requests_per_minute=60 * 40)
    started = time.monotonic()
    await crowd.all_call(10, 9)  # 270 calls; 200 may begin at once, then 40 a second
    assert time.monotonic() - started > 1.6


async def test_a_refusal_that_one_worker_meets_slows_all_of_them():
    crowd = _Crowd(2, concurrency=16)
    await asyncio.gather(*(crowd.call(each, 30) for each in (0, 1) for _ in range(8)))
    refused = crowd.throttles[0]
    await refused.enter(1)
    now = time.monotonic()
    refused.note_failure(
        ModelError("no", provider="mine", status=429, can_retry=True, retry_after_s=0.6), now
    )
    refused.leave()
    await asyncio.sleep(0.3)  # a beat
    await crowd.call(1, 1)
    assert time.monotonic() - now > 0.59
    assert crowd.throttles[1]._each_asks, "the pace that follows holds for every call of every worker"


async def test_what_a_provider_says_about_its_limits_reaches_the_actor():
    crowd = _Crowd(2, concurrency=16)
    one = crowd.throttles[0]
    await one.enter(1)
    one.note_limit("requests", limit=100, remaining=0, reset_s=60)
    one.note_answer()
    one.leave()
    await asyncio.sleep(0.05)
    throttle = crowd.permits._throttles["mine"]
    assert throttle.is_strict
    assert not throttle.try_enter(1)


async def test_a_call_that_is_cancelled_while_it_waits_leaves_no_place_behind():
    crowd = _Crowd(2, concurrency=1, way_s=0.01)
    holder = asyncio.create_task(crowd.call(0, 1, 0.2))
    await asyncio.sleep(0.05)
    waiting = [asyncio.create_task(crowd.call(1, 1)) for _ in range(3)]
    await asyncio.sleep(0.02)
    for each in waiting:
        each.cancel()
    await holder
    await crowd.until_quiet()
    await asyncio.wait_for(crowd.call(1, 2), 2)


async def test_an_actor_that_is_gone_is_an_error_for_whoever_waits():
    class Gone:
        async def enter(self, *arguments: object) -> None:
            raise ConnectionError("the actor is gone")

    throttle = SharedThrottle(_provider(), Door(Gone()), "w0")
    with pytest.raises(ConnectionError):
        await throttle.enter(1)


async def test_however_many_workers_ask_the_actor_hears_no_more_than_it_can(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("itas.api.cluster.permits._MOST_PER_S", 50)
    crowd = _Crowd(10, concurrency=1000, requests_per_minute=60 * 10_000)
    started = time.monotonic()
    await crowd.all_call(20, 10, latency_s=0.01)
    assert sum(crowd.calls) == 2000
    assert crowd.door.calls < 2 * 50 * (time.monotonic() - started) + 4 * 10
