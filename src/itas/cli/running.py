"""The one door from the command line into async code."""

import asyncio
from collections.abc import Coroutine
from typing import Any, ClassVar, TypeVar

from itas.errors import Error

T = TypeVar("T")


class Interrupted(Error):
    """The user pressed Ctrl-C; calls in flight were stopped and booked."""

    exit_code: ClassVar[int] = 130

    def __init__(self) -> None:
        super().__init__(
            "interrupted; everything that was paid for is in the call store, so the same command goes on from there"
        )


def run_async(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end.

    Raises:
        Interrupted: On Ctrl-C, after everything has been stopped and settled.
    """
    try:
        return asyncio.run(work)
    except KeyboardInterrupt:
        raise Interrupted from None
