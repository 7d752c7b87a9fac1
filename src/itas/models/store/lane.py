"""A lane: jobs of one event loop, done in batches and in order, one batch at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, TypeVar

from itas.errors import StoreError
from itas.models.store.worker import Result

J = TypeVar("J")


class Lane(Generic[J]):
    """While one batch is on its way, the next one collects.

    Args:
        do: Does some of the first jobs, at least one, and gives one result for each that it did; must not raise.
    """

    def __init__(self, do: Callable[[Sequence[J]], Awaitable[Sequence[Result]]]) -> None:
        self._do = do
        self._jobs: list[tuple[J, asyncio.Future[Any] | None]] = []
        self._running: asyncio.Task[None] | None = None
        self.is_closed = False

    def ask(self, work: J) -> "asyncio.Future[Any]":
        """Queue a job; it is done even if nobody waits for its result any more."""
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._add(work, future)
        return future

    def tell(self, work: J) -> None:
        """Queue a job whose result nobody awaits."""
        self._add(work, None)

    async def close(self) -> None:
        """Finish what is queued."""
        self.is_closed = True
        if self._running is not None:
            await asyncio.shield(self._running)

    def _add(self, work: J, future: "asyncio.Future[Any] | None") -> None:
        if self.is_closed:
            raise StoreError("the call store is closed")
        self._jobs.append((work, future))
        if self._running is None:
            self._running = asyncio.create_task(self._run())

    async def _run(self) -> None:
        try:
            while self._jobs:
                results = await self._do([work for work, _ in self._jobs])
                done, self._jobs = self._jobs[: len(results)], self._jobs[len(results) :]
                for (_, future), (is_good, value) in zip(done, results, strict=True):
                    if future is None or future.done():
                        continue
                    if is_good:
                        future.set_result(value)
                    else:
                        future.set_exception(value)
        finally:  # after a bug in `do`, or when the loop ends, nobody may wait for ever
            self._running = None
            for _, future in self._jobs:
                if future is not None and not future.done():
                    future.cancel()
            self._jobs = []
