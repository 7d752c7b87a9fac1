"""Work side by side that is seen through to its end before a failure is raised.

Unlike `core.concurrency.side_by_side`, which cancels the rest at the first failure: calls that are on their
way have been paid for, and what they bring is stored.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

T = TypeVar("T")


async def finish_all(work: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """Run all at once, wait for every one, then give the results in order or raise the first failure."""
    if len(work) == 1:
        return [await work[0]]
    results = await asyncio.gather(*work, return_exceptions=True)
    done: list[T] = []
    for result in results:
        if isinstance(result, BaseException):
            raise result
        done.append(result)
    return done
