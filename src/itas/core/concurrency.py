"""Work side by side that fails as itself, and the length of its critical path.

Every task carries the seconds its chain of calls took, as recorded when their answers were drawn; work side
by side takes as long as its slowest part. So an answer out of the call store still knows its latency.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from contextvars import ContextVar
from typing import Any, TypeVar, cast

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

    The first failure cancels the others and is raised as itself, not as an exception group.
    """
    if len(work) == 1:
        return [await work[0]]
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_timed(item)) for item in work]
    except BaseExceptionGroup as failures:
        raise _first(failures) from None
    done = [task.result() for task in tasks]
    set_elapsed_s(max((seconds for _, seconds in done), default=elapsed_s()))
    return [result for result, _ in done]


async def _timed(work: Coroutine[Any, Any, T]) -> tuple[T, float]:
    return await work, elapsed_s()


def _first(failures: BaseExceptionGroup[BaseException]) -> BaseException:
    failure = failures.exceptions[0]
    while isinstance(failure, BaseExceptionGroup):
        failure = cast("BaseExceptionGroup[BaseException]", failure).exceptions[0]
    return failure
