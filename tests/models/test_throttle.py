"""The throttle: up slowly, down at once, never above the setting, never below one, never earlier than told."""

import asyncio
import time
from collections import deque
from collections.abc import Mapping
from typing import Any

import pytest

from itas.core.messages import user
from itas.core.request import Request
from itas.errors import ModelError
from itas.models.bucket import Bucket
from itas.models.chain import build_chain
from itas.models.fakes import FunctionModel
from itas.models.limit import rough_tokens
from itas.models.pool import ModelPool
from itas.models.providers.known import ProviderSettings
from itas.models.retry import RetryPolicy
from itas.models.throttle import Throttle
from tests.models.fake_server import Answer, Sent, chat, refusal, serving


def refused(status: int = 429, retry_after_s: float | None = None, *, can_retry: bool = True) -> ModelError:
    return ModelError("no", provider="p", status=status, can_retry=can_retry, retry_after_s=retry_after_s)


async def fill(throttle: Throttle) -> None:
    while throttle.try_enter(1):
        pass


async def test_open_calls_grow_with_answers_up_to_the_setting():
    throttle = Throttle("p", most=40)
    assert throttle.allowed == 25
    for _ in range(100):
        await fill(throttle)
        throttle.note_answer()
        throttle.leave()
    assert throttle.allowed == 40
    await fill(throttle)
    assert throttle.open == 40


async def test_open_calls_do_not_grow_while_nobody_needs_them():
    throttle = Throttle("p", most=40)
    for _ in range(100):
        await throttle.enter(1)
        throttle.note_answer()
        throttle.leave()
    assert throttle.allowed == 25


@pytest.mark.parametrize("status", [429, 503, 529])
async def test_a_refusal_halves_once_for_all_calls_that_were_on_their_way(status: int):
    throttle = Throttle("p", most=16)
    await fill(throttle)
    sent = time.monotonic()
    for _ in range(16):
        throttle.note_failure(refused(status), sent)
    assert throttle.allowed == 8
    throttle.note_failure(refused(status), time.monotonic())
    assert throttle.allowed == 4


async def test_it_never_falls_below_one_and_recovers():
    throttle = Throttle("p", most=8, start=8)
    for _ in range(50):
        await asyncio.sleep(0)
        throttle.note_failure(refused(503), time.monotonic())
    assert throttle.allowed == 1
    for _ in range(200):
        await fill(throttle)
        throttle.note_answer()
        throttle.leave()
    assert throttle.allowed == 8


@pytest.mark.parametrize(
    "error", [refused(500), refused(400), refused(429, can_retry=False), ModelError("x", provider="p")]
)
async def test_other_failures_change_nothing(error: ModelError):
    throttle = Throttle("p", most=8)
    throttle.note_failure(error, time.monotonic())
    assert (throttle.allowed, throttle.pace_per_s) == (8, None)


async def test_a_wait_that_one_call_is_told_holds_all():
    throttle = Throttle("p", most=8)
    throttle.note_failure(refused(503, 0.15), time.monotonic())
    started = time.monotonic()
    assert not throttle.try_enter(1)
    for _ in range(2):
        await throttle.enter(1)
        throttle.leave()
    assert time.monotonic() - started >= 0.14


async def test_a_wait_that_is_too_long_fails_everybody_at_once_and_nothing_is_sent():
    throttle = Throttle("p", most=1)
    await throttle.enter(1)
    waiting = asyncio.create_task(throttle.enter(1))
    await asyncio.sleep(0)
    throttle.note_failure(refused(429, 1e9), time.monotonic())
    with pytest.raises(ModelError, match="left alone for 600 s more; nothing was sent") as caught:
        await waiting
    assert (caught.value.status, caught.value.may_be_billed) == (429, False)
    with pytest.raises(ModelError, match="nothing was sent"):
        await throttle.enter(1)
    assert not throttle.try_enter(1)


async def test_who_leaves_the_queue_takes_no_place_with_him():
    throttle = Throttle("p", most=1)
    await throttle.enter(1)
    tasks = [asyncio.create_task(throttle.enter(1)) for _ in range(3)]
    await asyncio.sleep(0)
    tasks[0].cancel()
    throttle.leave()  # lets the second in
    tasks[1].cancel()  # at the same moment
    await asyncio.wait(tasks[:2])
    async with asyncio.timeout(1):
        await tasks[2]
    assert throttle.open == 1


async def test_calls_are_let_in_in_the_order_of_asking():
    throttle = Throttle("p", most=1)
    await throttle.enter(1)
    order: list[int] = []

    async def call(number: int) -> None:
        await throttle.enter(1)
        order.append(number)
        throttle.leave()

    tasks = [asyncio.create_task(call(number)) for number in range(5)]
    await asyncio.sleep(0)
    throttle.leave()
    await asyncio.gather(*tasks)
    assert order == [0, 1, 2, 3, 4]


async def test_requests_per_minute_are_kept():
    throttle = Throttle("p", most=100, start=100, requests_per_minute=1200)  # 20 a second, 100 at once
    started = time.monotonic()
    for _ in range(106):
        await throttle.enter(1)
        throttle.leave()
    assert 0.25 <= time.monotonic() - started <= 1.0


async def test_tokens_per_minute_are_kept_and_a_call_above_the_limit_is_not_locked_out():
    throttle = Throttle("p", most=100, tokens_per_minute=60_000)  # 1,000 a second, 5,000 at once
    await throttle.enter(20_000)
    throttle.leave()
    assert not throttle.try_enter(1)
    bucket = Bucket(1_000, 5_000, now=0.0)
    bucket.take(20_000, 0.0)
    assert bucket.delay_s(1, 0.0) == pytest.approx(15.001)
    assert bucket.delay_s(20_000, 15.0) == pytest.approx(5.0)
    assert bucket.delay_s(1, 100.0) == 0.0


async def test_what_the_provider_says_is_left_is_not_overdrawn():
    throttle = Throttle("p", most=100)
    throttle.note_limit("requests", limit=100, remaining=3, reset_s=9.7)  # 10 a second
    sent = 0
    while throttle.try_enter(1):
        sent += 1
    assert sent == 3
    started = time.monotonic()
    await throttle.enter(1)
    assert 0.05 <= time.monotonic() - started <= 0.5


@pytest.mark.parametrize(
    "limit, remaining, reset_s", [(0, 0, 1), (10, 10, 1), (10, -1, 1), (10, 11, 1), (10, 5, 0), (10, 5, 1e12)]
)
async def test_nonsense_about_limits_is_passed_over(limit: float, remaining: float, reset_s: float):
    throttle = Throttle("p", most=100)
    throttle.note_limit("requests", limit=limit, remaining=remaining, reset_s=reset_s)
    assert throttle.try_enter(1)


def test_the_tokens_of_a_call_are_the_prompt_and_the_most_it_may_write():
    request = Request(model="a/b", messages=user("x" * 400), max_tokens=50)
    assert rough_tokens(request, 3) == 100 + 150


ENVIRON = {"OPENAI_API_KEY": "sk-canary-0123456789"}


class Limiter:
    """A server that allows so many requests per second, counted with a store of one second, as gateways do."""

    def __init__(self, per_s: float, headers: Mapping[str, str]) -> None:
        self.served = self.refused = 0
        self._bucket = Bucket(per_s, per_s)
        self._headers = headers

    async def __call__(self, sent: Sent) -> Answer:
        now = time.monotonic()
        if self._bucket.delay_s(1, now) > 0:
            self.refused += 1
            return refusal(429, "slow down", headers=dict(self._headers))
        self._bucket.take(1, now)
        self.served += 1
        await asyncio.sleep(0.02)
        return chat("4")


async def storm(calls: int, headers: Mapping[str, str], **settings: Any) -> Limiter:
    limiter = Limiter(50, headers)
    async with serving(limiter) as server:
        chosen = {"openai": ProviderSettings(base_url=server.url, **settings)}
        async with ModelPool(settings=chosen, environ=ENVIRON) as pool:
            requests = [Request(model="openai/gpt-4o", messages=user(f"{i}")) for i in range(calls)]
            answers = await asyncio.gather(*(pool("openai/gpt-4o").sample(each) for each in requests))
    assert [each.text for (each,) in answers] == ["4"] * calls
    assert limiter.served == calls
    return limiter


STORM_HEADERS = [{"retry-after": "1"}, {"retry-after-ms": "200"}, {}]


@pytest.mark.parametrize("headers", STORM_HEADERS, ids=["seconds", "milliseconds", "nothing"])
async def test_a_storm_at_a_limit_of_fifty_a_second_all_succeeds_with_few_extra_requests(
    headers: dict[str, str],
):
    limiter = await storm(300, headers)
    # One round of open calls can be on its way before the first refusal is heard; in a long storm that is little.
    assert limiter.refused <= 15 + 25


@pytest.mark.slow
@pytest.mark.parametrize("headers", STORM_HEADERS, ids=["seconds", "milliseconds", "nothing"])
async def test_a_long_storm_at_a_limit_of_fifty_a_second(headers: dict[str, str]):
    limiter = await storm(1_500, headers)
    assert limiter.refused <= 75


async def test_a_setting_that_fits_the_limit_costs_no_extra_request():
    limiter = await storm(60, {}, requests_per_minute=480)
    assert limiter.refused == 0


async def test_no_call_goes_out_while_the_provider_asks_for_quiet():
    times: deque[float] = deque()

    def behave(sent: Sent) -> Answer:
        times.append(time.monotonic())
        return refusal(429, "wait", headers={"retry-after-ms": "300"}) if len(times) == 1 else chat("4")

    async with serving(behave) as server:
        settings = {"openai": ProviderSettings(base_url=server.url, concurrency=1)}
        pool = ModelPool(
            settings=settings,
            environ=ENVIRON,
            retry=RetryPolicy(first_wait_s=0.01),
        )
        async with pool:
            requests = [Request(model="openai/gpt-4o", messages=user(f"{i}")) for i in range(4)]
            await asyncio.gather(*(pool("openai/gpt-4o").sample(each) for each in requests))
    assert times[1] - times[0] >= 0.3


async def test_without_a_throttle_nothing_waits():
    chain = build_chain(FunctionModel(lambda request, number: "4"))
    assert len(await chain.sample(Request(model="a/b", messages=user("x")), n=3)) == 3
