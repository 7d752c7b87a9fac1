"""Judge candidates side by side and stop as soon as enough of them have passed."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

from itas.core.concurrency import side_by_side

T = TypeVar("T")


async def judge_until(
    count: int,
    judge: Callable[[int], Awaitable[T]],
    has_passed: Callable[[T], bool],
    first_k: int | None,
) -> dict[int, T]:
    """Run ``judge(0) .. judge(count - 1)`` at once; cancel what still runs when `first_k` have passed.

    Which candidates these are then depends on who answers first: the price of not waiting. Without
    `first_k` the order in which calls finish changes nothing.

    Returns:
        The findings by candidate; those that were cancelled are not in it.
    """
    findings: dict[int, T] = {}
    passed = 0

    async def run(number: int) -> None:
        nonlocal passed
        findings[number] = finding = await judge(number)
        passed += has_passed(finding)
        if first_k is not None and passed >= first_k:
            raise _Enough

    with suppress(_Enough):
        await side_by_side([run(number) for number in range(count)])
    return findings


class _Enough(Exception):
    """Makes the task group cancel the calls that still run; never leaves this file."""
