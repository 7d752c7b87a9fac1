"""A worker: answers and scores problems on one node, with models, sandbox and call store of its own.

It keeps no results: each goes back to the coordinator, and what was paid for is in the call store.
"""

import asyncio
import contextlib
import os
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from itas.api.cluster.job import Job, Paid
from itas.api.cluster.permits import SharedThrottle
from itas.api.cluster.place import machine_mark
from itas.api.opening import open_models, open_sandbox
from itas.core.architecture import Architecture
from itas.core.messages import Conversation
from itas.core.problem import Problem
from itas.core.rating import Rater
from itas.core.stopping import Stop
from itas.errors import Error
from itas.evaluation.evaluate import evaluate
from itas.models.pool import ModelPool
from itas.sandbox import Sandbox

_DRAIN_S = 300.0


class Worker:
    """Runs as an actor.

    Args:
        job: Where what it works on lies, as the one item of a list: it is fetched when the plugins are loaded.
        plugins: Files to load, which may define what the job is made of.
        name: Of this worker, for the permits.
        permits: Handle of the actor that hands out places at providers.
    """

    def __init__(self, job: list[Any], plugins: tuple[Path, ...], name: str, permits: Any) -> None:
        self._reference = job[0]
        self._plugins = plugins
        self._name = name
        self._permits = permits
        self._stop = Stop()
        self._opened = contextlib.AsyncExitStack()
        self._models: ModelPool | None = None
        self._sandbox: Sandbox | None = None
        self._before = Paid()
        self._at_work: set[asyncio.Future[Any]] = set()

    async def start(self) -> dict[str, Any]:
        """Open everything; says which machine and program this is, or the error."""
        try:
            return await self._start()
        except Error as error:
            return {"error": pack(error)}

    async def _start(self) -> dict[str, Any]:
        from itas.plugins import load_plugins

        load_plugins(self._plugins)
        job: Job = await self._reference
        self._job = job
        self._sandbox = await self._opened.enter_async_context(
            open_sandbox(job.sandbox, needed=job.runs_code)
        )
        self._models = await self._opened.enter_async_context(
            open_models(
                job.settings,
                problems=job.benchmark.problems,
                recording=job.recording,
                seed=job.seed,
                caps=job.caps,
                run=job.ledger,
                throttles=lambda provider: SharedThrottle(provider, self._permits, self._name),
            )
        )
        for model in job.models:
            self._models(model)
        self._before = Paid.of(self._models.budget)
        return {"mark": machine_mark(job.settings.store), "version": version("itas"), "pid": os.getpid()}

    async def solve(
        self, architecture: Architecture, problem: Problem, first_draw: int, raters: dict[str, Any]
    ) -> dict[str, Any]:
        """Answer and score one problem: its result as JSON, that a cap was reached, or an error."""
        assert self._models is not None
        self._stop.install()
        task = asyncio.ensure_future(
            evaluate(
                architecture,
                replace(self._job.benchmark, problems=(problem,)),
                models=self._models,
                raters=lambda id: ActorRater(raters[id]),
                runner=self._sandbox,
                seed=self._job.seed,
                first_draw=first_draw,
                concurrency=1,
            )
        )
        self._at_work.add(task)
        try:
            found = await task
        except Error as error:
            return {"error": pack(error)}
        finally:
            self._at_work.discard(task)
        if not found.results:
            return {"stopped_by": found.stopped_by}
        return {"result": found.results[0].model_dump_json(), "rejections": self._models.rejections}

    async def close(self) -> Paid:
        """Let no new call begin, wait for those on their way, close the books; says what this worker paid."""
        self._stop.request()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_DRAIN_S):
                await self._stop.wait_idle()
        for task in self._at_work:
            task.cancel()
        if self._at_work:
            await asyncio.wait(tuple(self._at_work))
        paid = self._paid()
        await self._opened.aclose()
        return paid

    def _paid(self) -> Paid:
        return Paid() if self._models is None else Paid.of(self._models.budget).less(self._before)


class RaterActor:
    """One local reward model, where Ray has put it; runs as an actor.

    Args:
        id: Of the model.
        source: Makes the source of raters; `itas.models.local.LocalRaters` if None.
    """

    def __init__(self, id: str, source: Any = None) -> None:
        if source is None:
            from itas.models.local import LocalRaters as source
        self._rater: Rater = source()(id)

    async def rate(self, conversation: Conversation, texts: Sequence[str]) -> tuple[float, ...]:
        """See `core.rating.Rater`."""
        return await self._rater.rate(conversation, texts)

    async def ready(self) -> bool:
        """The model is loaded."""
        return True


class ActorRater:
    """The same from afar."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle

    async def rate(self, conversation: Conversation, texts: Sequence[str]) -> tuple[float, ...]:
        """See `core.rating.Rater.rate`."""
        return await self._handle.rate.remote(conversation, tuple(texts))


def pack(error: Error) -> tuple[str, str]:
    """An error as it goes over: its kind and what it says."""
    return type(error).__name__, str(error)


def unpack(packed: tuple[str, str]) -> Error:
    """The error again, without what its kind knows besides the message."""
    from itas import errors

    kind = getattr(errors, packed[0], Error)
    error: Error = Exception.__new__(kind)
    Exception.__init__(error, packed[1])
    return error
