"""Work side by side that fails as itself, and the length of its critical path.

Every task carries the seconds its chain of calls took, as recorded when their answers were drawn; work side
by side takes as long as its slowest part. So an answer out of the call store still knows its latency.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from contextvars import ContextVar
from typing import Any, TypeVar

T = TypeVar("T")

_elapsed_s: ContextVar[float] = ContextVar("elapsed_s", default=0.0)


def elapsed_s() -> float:
    """Seconds on the critical path of this task so far."""
    return _elapsed_s.get()


def set_elapsed_s(seconds: float) -> None:
    """Put this task at `seconds` on its critical path."""
    _elapsed_s.set(seconds)


async def side_by_side(work: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """Run all at once and give the results in order.

    The first failure cancels the others and is raised as itself. Not an `asyncio.TaskGroup`: before Python 3.13
    that one can swallow a cancellation which arrives while it unwinds, so that Ctrl-C would go unheard.
    """
    if len(work) == 1:
        return [await work[0]]
    tasks = [asyncio.ensure_future(_timed(item)) for item in work]
    try:
        if tasks:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        failed = next((task for task in tasks if task.done() and task.exception() is not None), None)
        if failed is not None:
            failed.result()
    finally:
        await stop(tasks)
    done = [task.result() for task in tasks]
    set_elapsed_s(max((seconds for _, seconds in done), default=elapsed_s()))
    return [result for result, _ in done]


async def stop(tasks: Sequence[asyncio.Future[Any]]) -> None:
    """Cancel what still runs, and be done only when it has stopped."""
    running = [task for task in tasks if not task.done()]
    for task in running:
        task.cancel()
    if running:
        await asyncio.wait(running)
    for task in tasks:
        if task.done() and not task.cancelled():
            task.exception()  # seen, so that nobody is warned of failures beside the one that was raised


async def _timed(work: Coroutine[Any, Any, T]) -> tuple[T, float]:
    return await work, elapsed_s()
