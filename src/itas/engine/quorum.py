"""Side by side, without waiting for stragglers for ever: once enough have succeeded, the others get a grace."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Literal, TypeVar

from itas.core.concurrency import elapsed_s, set_elapsed_s, side_by_side, stop

T = TypeVar("T")
Late = Literal["late"]


async def with_grace(
    work: Sequence[Coroutine[Any, Any, T]],
    *,
    quorum: int,
    grace_s: float | None,
    is_good: Callable[[T], bool],
) -> list[T | Late]:
    """Run all at once and give the results in order.

    Args:
        work: What to run. A failure that is raised cancels the rest and is raised as itself.
        quorum: So many good results start the grace.
        grace_s: Seconds that the others then still have; what is not done is cancelled and ``late``. None to
            wait for all.
        is_good: Whether a result counts.
    """
    if grace_s is None or len(work) == 1:
        return list(await side_by_side(work))
    loop = asyncio.get_running_loop()
    tasks = [asyncio.ensure_future(_timed(item)) for item in work]
    pending: set[asyncio.Task[tuple[T, float]]] = set(tasks)
    end_s: float | None = None
    try:
        while pending:
            wait_s = None if end_s is None else max(0.0, end_s - loop.time())
            done, pending = await asyncio.wait(pending, timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
            if not done:
                break
            good = sum(is_good(task.result()[0]) for task in tasks if task.done())  # raises a failure
            if end_s is None and good >= quorum:
                end_s = loop.time() + grace_s
    finally:
        await stop(tasks)
    finished = [task.result() for task in tasks if task not in pending]
    latest_s = max((seconds for _, seconds in finished), default=elapsed_s())
    set_elapsed_s(latest_s + (grace_s if pending else 0.0))
    return ["late" if task in pending else task.result()[0] for task in tasks]


async def _timed(work: Coroutine[Any, Any, T]) -> tuple[T, float]:
    return await work, elapsed_s()
