"""A worker: answers and scores problems on one node, with models, sandbox and call store of its own.

It keeps no results: each goes back to the coordinator, and what was paid for is in the call store. It is given more
problems than it may work on at once, so that the next one begins without a way to the coordinator and back.
"""

import asyncio
import contextlib
import logging
import os
from collections import Counter, defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from itas.api.cluster.job import Errand, Handful, Job, Paid, Plan, Said
from itas.api.cluster.leases import SharedThrottle
from itas.api.cluster.place import machine_mark, this_node
from itas.api.opening import open_models, open_sandbox
from itas.core.messages import Conversation
from itas.core.problem import Problem
from itas.core.rating import Rater
from itas.core.stopping import Stop
from itas.errors import Error
from itas.evaluation.evaluate import evaluate
from itas.models.pool import ModelPool
from itas.sandbox import Sandbox

_log = logging.getLogger(__name__)

_DRAIN_S = 300.0
_GATHER_S = 0.01
"""While there is more to do, results are gathered for so long before they are handed over."""

_Line = tuple[int, int]
"""Errands of one evaluation: its architecture and first draw."""


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
        self._plans: dict[int, Plan] = {}
        self._lines: defaultdict[_Line, deque[Errand]] = defaultdict(deque)
        self._running: Counter[_Line] = Counter()
        self._at_work: set[asyncio.Future[Any]] = set()
        self._most = 1
        self._done: list[Said] = []
        self._has_done = asyncio.Event()

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
        self._problems = {problem.id: problem for problem in job.benchmark.problems}
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
        return {
            "mark": machine_mark(job.settings.store),
            "version": version("itas"),
            "pid": os.getpid(),
            "node": this_node(),
        }

    async def give(self, plans: Mapping[int, Plan], errands: Sequence[Errand], most: int) -> None:
        """Take errands; those of one evaluation begin in their order.

        Args:
            plans: Architectures that this worker has not been told, by number.
            errands: What to do.
            most: Problems of one evaluation at the same time.
        """
        self._plans.update(plans)
        self._most = most
        for errand in errands:
            self._lines[errand.architecture, errand.first_draw].append(errand)
        for line in tuple(self._lines):
            self._begin(line)

    async def take(self) -> Handful:
        """Wait until something is done, and hand it over."""
        while not self._done:
            self._has_done.clear()
            await self._has_done.wait()
        if self._lines:
            await asyncio.sleep(_GATHER_S)
        said, self._done = tuple(self._done), []
        return Handful(said, 0 if self._models is None else self._models.rejections, self._paid())

    async def close(self) -> Paid:
        """Let no new call begin, wait for those on their way, close the books; says what this worker paid."""
        self._lines.clear()
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

    def _begin(self, line: _Line) -> None:
        waiting = self._lines[line]
        while waiting and self._running[line] < self._most and not self._stop.is_requested:
            self._running[line] += 1
            errand = waiting.popleft()
            task = asyncio.ensure_future(self._solve(errand))
            self._at_work.add(task)
            task.add_done_callback(lambda task, errand=errand: self._end(line, errand, task))
        if not waiting:
            del self._lines[line]

    def _end(self, line: _Line, errand: Errand, task: asyncio.Future[Said]) -> None:
        self._at_work.discard(task)
        self._running[line] -= 1
        if task.cancelled():
            return
        if (fault := task.exception()) is not None:
            _log.error("worker %s: problem failed", self._name, exc_info=fault)
            what = f"worker {self._name} failed: {type(fault).__name__}: {fault}. See Ray's logs"
            self._done.append(Said(errand.ticket, error=("Error", what)))
        else:
            self._done.append(task.result())
        self._has_done.set()
        if line in self._lines:
            self._begin(line)

    async def _solve(self, errand: Errand) -> Said:
        assert self._models is not None
        self._stop.install()
        plan = self._plans[errand.architecture]
        problem = errand.problem if isinstance(errand.problem, Problem) else self._problems[errand.problem]
        try:
            found = await evaluate(
                plan.architecture,
                replace(self._job.benchmark, problems=(problem,)),
                models=self._models,
                raters=lambda id: ActorRater(plan.raters[id]),
                runner=self._sandbox,
                seed=self._job.seed,
                first_draw=errand.first_draw,
                concurrency=1,
            )
        except Error as error:
            return Said(errand.ticket, error=pack(error))
        if not found.results:
            return Said(errand.ticket, stopped_by=found.stopped_by)
        return Said(errand.ticket, result=found.results[0].model_dump_json())

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
