"""Judging side by side until enough have passed."""

import asyncio

import pytest

from itas.components.first_k import judge_until


async def test_without_a_limit_everybody_is_judged():
    async def judge(number: int) -> bool:
        await asyncio.sleep(0)
        return number % 2 == 0

    assert await judge_until(4, judge, bool, None) == {0: True, 1: False, 2: True, 3: False}


async def test_nobody_to_judge_is_fine():
    async def judge(number: int) -> bool:
        raise AssertionError

    assert await judge_until(0, judge, bool, 1) == {}


async def test_who_has_not_started_when_enough_have_passed_never_starts():
    started: list[int] = []

    async def judge(number: int) -> bool:
        started.append(number)
        return True

    findings = await judge_until(1, judge, bool, 1)
    assert (findings, started) == ({0: True}, [0])


async def test_failures_are_raised_as_themselves_and_cancel_the_others():
    cancelled: list[int] = []

    async def judge(number: int) -> bool:
        if number == 1:
            raise LookupError("that one")
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.append(number)
        return True

    with pytest.raises(LookupError, match="that one"):
        await judge_until(3, judge, bool, 1)
    assert sorted(cancelled) == [0, 2]


async def test_a_thousand_candidates_are_no_trouble():
    async def judge(number: int) -> bool:
        await asyncio.sleep(0)
        return number == 999

    assert len(await judge_until(1000, judge, bool, 2)) == 1000
