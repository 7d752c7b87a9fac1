"""The coordinator: gives every problem to a worker, and to another one if that is lost.

One process asks, journals and recommends, as on one machine; here is what it hands its problems to. A worker that
is lost takes nothing along but its calls in flight: whatever had come back is in the call store, where the
next worker finds it. Nodes that join later get workers too.
"""

import asyncio
import contextlib
import itertools
import logging
import time
from collections import Counter
from collections.abc import AsyncGenerator
from importlib.metadata import version
from typing import Any

from itas.api.cluster.hands import Hand
from itas.api.cluster.job import Errand, Job, Paid, Plan
from itas.api.cluster.permits import Permits
from itas.api.cluster.place import check_marks, connect, load_ray, machine_mark, on_node, this_node
from itas.api.cluster.worker import RaterActor, Worker, unpack
from itas.core.architecture import Architecture
from itas.core.concurrency import stop
from itas.core.problem import Problem
from itas.errors import BudgetExceeded, Error, SpecError
from itas.evaluation.records import ProblemResult
from itas.plugins import loaded_plugins

_log = logging.getLogger(__name__)

_MOST_LOSSES = 10
"""Of one problem: then it is the problem that ends workers."""
_CPUS_PER_WORKER = 8
_MOST_PER_NODE = 8
"""Each has two connections to the call store; a node has 20 at most."""
_AHEAD = 4
"""A worker is given a problem more for each so many that it works on, and one more."""
_START_S = 300.0
_GRACE_S = 20.0
"""Once one worker is ready, the others are waited for so long; those that take longer join later."""
_LOOK_S = 5.0
_LONGEST_LOOK_S = 60.0
_MOST_FAILED_STARTS = 5
"""On one node, one after the other: then it is left alone."""


class Cluster:
    """Made by `open_cluster`.

    Attributes:
        paid: By all workers so far that were closed in good order or are lost, and before.
        losses: Workers that were lost after they had started.
        repeated: Problems that were given to another worker because of that.
    """

    def __init__(self, job: Job) -> None:
        self._ray = load_ray()
        self._job = job
        self._reference = self._ray.put(job)
        self._problems = {problem.id: problem for problem in job.benchmark.problems}
        self._plugins = tuple(plugin.path for plugin in loaded_plugins())
        # On the node of the coordinator: on another one it could be lost, and every call with it.
        self._permits = (
            self._ray.remote(num_cpus=0, max_concurrency=100_000)(Permits)
            .options(scheduling_strategy=on_node(this_node()))
            .remote()
        )
        self._hands: list[Hand] = []
        self._plans: dict[tuple[str, str], tuple[int, Plan]] = {}
        self._raters: dict[str, Any] = {}
        self._tickets = itertools.count()
        self._names = itertools.count(1)
        self._failed_starts: Counter[str] = Counter()
        self._change = asyncio.Condition()
        self._look = asyncio.Event()
        self._starting: dict[asyncio.Task[None], str] = {}  # with the node
        self._is_started = False
        self._tending: asyncio.Task[None] | None = None
        self._failure: Error | None = None
        self.paid = Paid()
        self.losses = 0
        self.repeated = 0

    @property
    def rejections(self) -> int:
        """Calls that providers refused because of their limits, as far as it was heard."""
        return sum(hand.rejections for hand in self._hands)

    def paid_elsewhere(self) -> tuple[int, int]:
        """Samples and micro-dollars paid by all workers, as far as it was heard."""
        paid = sum((hand.paid for hand in self._hands), self.paid)
        return paid.samples, paid.micro_usd

    def room(self, concurrency: int) -> int:
        """Problems to have under way so that workers, all together, always work on `concurrency`."""
        return concurrency + concurrency // _AHEAD + len(self._hands)

    async def start(self) -> None:
        """Start workers on every node and wait until all are open.

        Raises:
            SpecError: A node has another version, another machine's file as the store, or lacks a key or a sandbox.
        """
        for node, count in (await self._nodes()).items():
            for _ in range(count):
                self._launch(node)
        end_s = time.monotonic() + _START_S
        while not self._hands and self._starting:
            await self._wait_for_starts(asyncio.FIRST_COMPLETED, max(0.0, end_s - time.monotonic()))
            if time.monotonic() > end_s:
                break
        if not self._hands:
            raise Error("no worker could be started on any node of the cluster; see Ray's logs")
        await self._wait_for_starts(asyncio.FIRST_EXCEPTION, _GRACE_S)
        self._is_started = True
        self._tending = asyncio.create_task(self._tend())

    async def _wait_for_starts(self, what: str, timeout_s: float) -> None:
        if starting := dict(self._starting):
            done, _ = await asyncio.wait(starting, timeout=timeout_s, return_when=what)
            for task in done:
                task.result()

    async def solve(self, architecture: Architecture, problem: Problem, first_draw: int) -> ProblemResult:
        """Have a problem answered and scored.

        Raises:
            BudgetExceeded: A cap was reached.
            Error: What the worker said.
        """
        number, plan = await self._plan(architecture)
        is_known = self._problems.get(problem.id) == problem
        for _ in range(_MOST_LOSSES):
            hand = await self._free_hand()
            errand = Errand(next(self._tickets), number, problem.id if is_known else problem, first_draw)
            said = await hand.do(errand, plan)
            if said is None:
                self.repeated += 1
                continue
            if said.error is not None:
                raise unpack(said.error)
            if not said.result:
                raise BudgetExceeded(f"a cap was reached ({said.stopped_by})")
            return ProblemResult.model_validate_json(said.result)
        raise Error(
            f"problem {problem.id}: {_MOST_LOSSES} workers were lost while they had it. "
            "Perhaps it needs more memory than a node has; leave it out, or look into Ray's logs"
        )

    async def close(self) -> None:
        """Let every worker finish its calls and close its books."""
        await stop([*self._starting, *([self._tending] if self._tending else [])])
        for hand in self._hands:
            hand.stop_listening()
        closing = [asyncio.ensure_future(self._close(hand)) for hand in self._hands]
        try:
            if closing:
                await asyncio.wait(closing)
        finally:
            for actor in (*(hand.actor for hand in self._hands), *self._raters.values(), self._permits):
                self._ray.kill(actor)
            self._hands.clear()

    async def most_open(self) -> dict[str, int]:
        """Most calls that were open at once at each provider, over all nodes."""
        return await self._permits.figures.remote()

    async def times_asked(self) -> int:
        """Messages about places at providers so far."""
        return await self._permits.times_asked.remote()

    async def _close(self, hand: Hand) -> None:
        paid = hand.paid
        try:
            paid = await hand.actor.close.remote()
        except self._lost() as error:
            _log.warning("worker %s was lost while it closed: %s", hand.name, _first_line(error))
        self.paid = self.paid.plus(paid)  # not in one line: others close meanwhile

    async def _free_hand(self) -> Hand:
        """The one with the least to do; waits while there is none."""
        async with self._change:
            await self._change.wait_for(lambda: self._hands or self._failure)
        if not self._hands:
            assert self._failure is not None
            raise self._failure
        return min(self._hands, key=lambda each: len(each.errands) / each.most)

    async def _plan(self, architecture: Architecture) -> tuple[int, Plan]:
        key = (architecture.fingerprint, architecture.name)
        if key not in self._plans:
            raters = {id: await self._rater(id) for id in architecture.raters}
            self._plans.setdefault(key, (len(self._plans), Plan(architecture, raters)))
        return self._plans[key]

    # Workers that come and go -----------------------------------------------------------------------------

    async def _nodes(self) -> dict[str, int]:
        """Workers by living node."""
        return {
            str(node["NodeID"]): max(
                1, min(_MOST_PER_NODE, int(node["Resources"].get("CPU", 1)) // _CPUS_PER_WORKER)
            )
            for node in await asyncio.to_thread(self._ray.nodes)
            if node["Alive"]
        }

    def _new_hand(self, node: str) -> Hand:
        name = f"{self._job.ledger}-{next(self._names)}"
        actor = (
            self._ray.remote(num_cpus=0, max_concurrency=10_000, max_restarts=0)(Worker)
            .options(scheduling_strategy=on_node(node))
            .remote([self._reference], self._plugins, name, self._permits)
        )
        return Hand(name, node, actor, lost=self._lost(), on_loss=self._lose)

    async def _begin(self, hand: Hand) -> None:
        """Wait until a worker is open, and put it to work; it is dropped if its node is dying."""
        try:
            await self._check(hand)
        except self._lost() as error:  # the others do its work
            _log.warning("worker %s could not start: %s", hand.name, _first_line(error))
            self._failed_starts[hand.node] += 1
            return
        self._failed_starts.pop(hand.node, None)
        self._hands.append(hand)
        self._share_out()
        async with self._change:
            self._change.notify_all()

    async def _check(self, hand: Hand) -> None:
        said = await hand.actor.start.remote()
        if "error" in said:
            raise unpack(said["error"])
        if said["version"] != version("itas"):
            raise SpecError(
                f"node {hand.node[:8]} has itas {said['version']}, here it is {version('itas')}. Install the same "
                "on every node",
                path="--where",
            )
        store = self._job.settings.store
        check_marks(store, machine_mark(store), said["mark"], node=hand.node[:8])
        hand.pid, hand.node = said["pid"], said["node"]

    def _share_out(self) -> None:
        """All workers together work on as many problems at once as the settings say, and each on one at least."""
        if self._hands:
            least, more = divmod(self._job.settings.concurrency, len(self._hands))
            for place, hand in enumerate(self._hands):
                hand.most = max(1, least + (place < more))

    def _lose(self, hand: Hand, error: Exception) -> None:
        """The worker is lost; what it was doing is done by others."""
        _log.warning("worker %s is lost (%s); its problems go to others", hand.name, _first_line(error))
        self.losses += 1
        self.paid = self.paid.plus(hand.paid)
        self._hands.remove(hand)
        self._share_out()
        self._permits.forget.remote(hand.name)
        self._ray.kill(hand.actor)
        hand.lose()
        self._look.set()

    async def _tend(self) -> None:
        """Start workers where some are missing: in place of those that are lost, and on nodes that have joined."""
        pause_s = _LOOK_S
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await self._look.wait()
            self._look.clear()
            nodes = await self._nodes()
            there = Counter((*(hand.node for hand in self._hands), *self._starting.values()))
            missing = [
                node
                for node, count in nodes.items()
                if self._failed_starts[node] < _MOST_FAILED_STARTS
                for _ in range(count - there[node])
            ]
            for node in missing:
                self._launch(node)
            is_busy = missing or self._starting or not self._hands
            pause_s = _LOOK_S if is_busy else min(2 * pause_s, _LONGEST_LOOK_S)
            if not self._hands and not self._starting:
                self._failure = self._failure or Error("no node of the cluster is left; see Ray's logs")
                async with self._change:
                    self._change.notify_all()

    def _launch(self, node: str) -> None:
        task = asyncio.create_task(self._begin_or_refuse(self._new_hand(node)))
        self._starting[task] = node
        task.add_done_callback(self._starting.pop)

    async def _begin_or_refuse(self, hand: Hand) -> None:
        """Once the run goes on, a node on which it cannot go on is left alone, and the log says why."""
        try:
            async with asyncio.timeout(_START_S):
                await self._begin(hand)
        except (Error, TimeoutError) as error:
            if not self._is_started and isinstance(error, Error):
                raise
            _log.warning("node %s is not used: %s", hand.node[:8], _first_line(error))
            self._failed_starts[hand.node] = _MOST_FAILED_STARTS
            self._failure = error if isinstance(error, Error) else self._failure
            self._ray.kill(hand.actor)

    async def _rater(self, id: str) -> Any:
        if id not in self._raters:
            has_gpu = self._ray.cluster_resources().get("GPU", 0) >= 1
            actor = self._ray.remote(num_cpus=0, num_gpus=int(has_gpu), max_restarts=5, max_task_retries=5)(
                RaterActor
            ).remote(id, self._job.raters)
            self._raters[id] = actor
            await actor.ready.remote()
        return self._raters[id]

    def _lost(self) -> tuple[type[Exception], ...]:
        exceptions = self._ray.exceptions
        return (
            exceptions.RayActorError,
            exceptions.ActorUnschedulableError,
            exceptions.NodeDiedError,
            exceptions.ObjectLostError,
        )


@contextlib.asynccontextmanager
async def open_cluster(where: str, job: Job) -> AsyncGenerator[Cluster]:
    """Workers on every node of a cluster while the block runs.

    Args:
        where: ``ray`` for one on this machine, ``ray://ADDRESS`` for one that runs.
        job: What the workers work on.

    Raises:
        SpecError: See `Cluster.start` and `place.connect`.
    """
    is_ours = connect(where)
    try:
        cluster = Cluster(job)
        try:
            await cluster.start()
            yield cluster
        finally:
            await cluster.close()
    finally:
        if is_ours:
            load_ray().shutdown()


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
