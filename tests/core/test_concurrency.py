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
