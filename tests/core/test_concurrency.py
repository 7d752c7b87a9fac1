"""Work side by side fails as itself and knows its critical path."""

import asyncio

import pytest

from itas.core.concurrency import elapsed_s, set_elapsed_s, side_by_side
from itas.errors import ParseError


async def step(seconds: float, result: str = "") -> str:
    await asyncio.sleep(0)
    set_elapsed_s(elapsed_s() + seconds)
    return result


async def chain(*seconds: float) -> str:
    for item in seconds:
        await step(item)
    return "done"


async def test_results_come_in_the_order_of_the_work() -> None:
    assert await side_by_side([step(3, "a"), step(1, "b"), step(2, "c")]) == ["a", "b", "c"]


async def test_side_by_side_takes_as_long_as_its_slowest_part() -> None:
    set_elapsed_s(1.0)
    await side_by_side([chain(1, 2), chain(4), chain(0.5)])
    assert elapsed_s() == 5.0


async def test_nested_work_adds_up_along_the_slowest_branch() -> None:
    async def branch() -> str:
        await side_by_side([chain(1), chain(3)])
        return await step(1)

    set_elapsed_s(0.0)
    await side_by_side([branch(), chain(2)])
    assert elapsed_s() == 4.0


async def test_a_failure_is_raised_as_itself_and_stops_the_others() -> None:
    stopped: list[bool] = []

    async def fail() -> str:
        await asyncio.sleep(0)
        raise ParseError("no RANKING line", "text")

    async def wait() -> str:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            stopped.append(True)
            raise
        return ""

    with pytest.raises(ParseError, match="no RANKING line"):
        await side_by_side([wait(), side_by_side([fail(), wait()])])
    assert stopped == [True, True]


async def test_a_cancellation_is_heard_while_others_are_being_stopped() -> None:
    reached: list[str] = []

    async def slow_to_stop() -> str:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.05)
        return ""

    async def fail() -> str:
        await asyncio.sleep(0)
        raise ParseError("no RANKING line", "text")

    async def work() -> None:
        try:
            await side_by_side([slow_to_stop(), fail()])
        except ParseError:
            reached.append("went on")
        await asyncio.sleep(60)

    task = asyncio.create_task(work())
    await asyncio.sleep(0.02)  # the failure is there, the other one still stops
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert reached == []


async def test_a_failure_leaves_no_trace_of_cancellation_on_the_caller() -> None:
    async def fail() -> str:
        raise ParseError("no RANKING line", "text")

    with pytest.raises(ParseError):
        await side_by_side([chain(1), fail()])
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
