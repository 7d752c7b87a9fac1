"""Deadlines: one timer serves all requests of a client, each still ends at its own time, as a TimeoutError."""

import asyncio
import time

import pytest

from itas.models.providers.deadlines import Alarm, Deadlines
from itas.models.providers.known import Provider, ProviderSettings, find_provider


def a_provider(**limits: float) -> Provider:
    settings = ProviderSettings.model_validate(
        {"base_url": "http://127.0.0.1:9/v1", "needs_key": False, **limits}
    )
    found = find_provider("mine", {"mine": settings}, {})
    assert found is not None
    return found


async def wait_inside(deadlines: Deadlines, seconds: float = 60) -> float:
    started = time.monotonic()
    with pytest.raises(TimeoutError):
        async with deadlines:
            await asyncio.sleep(seconds)
    return time.monotonic() - started


async def test_each_request_ends_at_its_own_time():
    alarm = Alarm()
    late = wait_inside(Deadlines(a_provider(timeout_s=0.3), alarm))
    soon = wait_inside(Deadlines(a_provider(timeout_s=0.1), alarm))
    seconds = await asyncio.gather(late, soon)
    assert seconds[0] >= 0.3
    assert 0.1 <= seconds[1] < 0.3


async def test_what_is_heard_moves_the_deadline_but_never_beyond_the_end():
    alarm = Alarm()
    provider = a_provider(timeout_s=0.5, first_byte_timeout_s=0.1, between_bytes_timeout_s=0.2)
    deadlines = Deadlines(provider, alarm)
    started = time.monotonic()

    async def listen() -> None:
        async with deadlines:
            while True:
                deadlines.heard()
                await asyncio.sleep(0.05)

    with pytest.raises(TimeoutError):
        await listen()
    assert 0.5 <= time.monotonic() - started < 1.5
    assert deadlines.describe() == "no complete answer within 0.5 s"


async def test_a_cancelled_request_is_cancelled_and_not_late():
    alarm = Alarm()
    task = asyncio.create_task(wait_inside(Deadlines(a_provider(timeout_s=0.2), alarm)))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.sleep(0.3)  # when it would have rung


async def test_a_request_that_is_late_and_cancelled_at_once_is_cancelled():
    alarm = Alarm()

    async def work() -> None:
        async with Deadlines(a_provider(timeout_s=0.05), alarm):
            time.sleep(0.1)  # noqa: ASYNC251 - the loop stands still beyond the deadline
            task.cancel()
            await asyncio.sleep(0)
            await asyncio.sleep(60)

    task = asyncio.create_task(work())
    with pytest.raises(asyncio.CancelledError):
        await task
