"""The coordinator: gives every problem to a worker, and to another one if that is lost.

One process asks, journals and recommends, as on one machine; here is what it hands its problems to. A worker that
is lost takes nothing along but its calls in flight: whatever had come back is in the call store, where the
next worker finds it.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from itas.api.cluster.job import Job, Paid
from itas.api.cluster.permits import Permits
from itas.api.cluster.place import check_marks, connect, load_ray, machine_mark, on_node
from itas.api.cluster.worker import RaterActor, Worker, unpack
from itas.core.architecture import Architecture
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
_START_S = 300.0


@dataclass(slots=True)
class _Hand:
    """A worker as the coordinator sees it."""

    name: str
    node: str
    actor: Any
    pid: int = 0
    at_work: int = 0
    rejections: int = 0


class Cluster:
    """Made by `open_cluster`.

    Attributes:
        paid: By all workers so far that were closed in good order, and before.
        losses: Workers that were lost.
    """

    def __init__(self, job: Job) -> None:
        self._ray = load_ray()
        self._job = job
        self._reference = self._ray.put(job)
        self._plugins = tuple(plugin.path for plugin in loaded_plugins())
        # On the node of the coordinator: on another one it could be lost, and every call with it.
        here = on_node(self._ray.get_runtime_context().get_node_id(), can_move=False)
        self._permits = (
            self._ray.remote(num_cpus=0, max_concurrency=100_000)(Permits)
            .options(scheduling_strategy=here)
            .remote()
        )
        self._hands: list[_Hand] = []
        self._raters: dict[str, Any] = {}
        self._count = 0
        self._replacing = asyncio.Lock()
        self.paid = Paid()
        self.losses = 0

    @property
    def rejections(self) -> int:
        """Calls that providers refused because of their limits, as far as it was heard."""
        return sum(hand.rejections for hand in self._hands)

    async def start(self) -> None:
        """Start workers on every node and wait until all are open.

        Raises:
            SpecError: A node has another version, another machine's file as the store, or lacks a key or a sandbox.
        """
        for node, count in self._nodes().items():
            self._hands += [self._new_hand(node) for _ in range(count)]
        async with asyncio.timeout(_START_S):
            await asyncio.gather(*(self._check_or_drop(hand) for hand in tuple(self._hands)))
        if not self._hands:
            raise Error("no worker could be started on any node of the cluster; see Ray's logs")

    async def solve(self, architecture: Architecture, problem: Problem, first_draw: int) -> ProblemResult:
        """Have a problem answered and scored.

        Raises:
            BudgetExceeded: A cap was reached.
            Error: What the worker said.
        """
        raters = {id: await self._rater(id) for id in architecture.raters}
        for _ in range(_MOST_LOSSES):
            hand = min(self._hands, key=lambda each: each.at_work)
            hand.at_work += 1
            try:
                said = await hand.actor.solve.remote(architecture, problem, first_draw, raters)
            except self._lost() as error:
                await self._replace(hand, error)
                continue
            finally:
                hand.at_work -= 1
            if "error" in said:
                raise unpack(said["error"])
            if "result" not in said:
                raise BudgetExceeded(f"a cap was reached ({said['stopped_by']})")
            hand.rejections = said["rejections"]
            return ProblemResult.model_validate_json(said["result"])
        raise Error(
            f"problem {problem.id}: {_MOST_LOSSES} workers were lost while they had it. "
            "Perhaps it needs more memory than a node has; leave it out, or look into Ray's logs"
        )

    async def close(self) -> None:
        """Let every worker finish its calls and close its books."""
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

    async def _close(self, hand: _Hand) -> None:
        try:
            paid = await hand.actor.close.remote()
            self.paid = self.paid.plus(paid)  # not in one line: others close meanwhile
        except self._lost() as error:
            _log.warning("worker %s was lost while it closed: %s", hand.name, _first_line(error))

    def _nodes(self) -> dict[str, int]:
        """Workers by living node."""
        return {
            str(node["NodeID"]): max(
                1, min(_MOST_PER_NODE, int(node["Resources"].get("CPU", 1)) // _CPUS_PER_WORKER)
            )
            for node in self._ray.nodes()
            if node["Alive"]
        }

    def _new_hand(self, node: str) -> _Hand:
        self._count += 1
        name = f"{self._job.ledger}-{self._count}"
        actor = (
            self._ray.remote(num_cpus=0, max_concurrency=10_000, max_restarts=0)(Worker)
            .options(scheduling_strategy=on_node(node))
            .remote([self._reference], self._plugins, name, self._permits)
        )
        return _Hand(name, node, actor)

    async def _check_or_drop(self, hand: _Hand) -> None:
        try:
            await self._check(hand)
        except self._lost() as error:  # a node that is dying; the others do its work
            _log.warning("worker %s could not start: %s", hand.name, _first_line(error))
            self._hands.remove(hand)

    async def _check(self, hand: _Hand) -> None:
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
        hand.pid = said["pid"]

    async def _replace(self, hand: _Hand, error: Exception) -> None:
        """The worker is lost; what it was doing is done by others, once there is one."""
        async with self._replacing:
            if hand not in self._hands:  # another problem of the same worker was here first
                return
            self.losses += 1
            _log.warning("worker %s is lost (%s); its problems go to others", hand.name, _first_line(error))
            self._hands.remove(hand)
            await self._permits.forget.remote(hand.name)
            self._ray.kill(hand.actor)
            while True:
                nodes = self._nodes()
                taken = [each.node for each in self._hands]
                node = min(nodes, key=lambda each: taken.count(each) / nodes[each])
                if self._hands and taken.count(node) >= nodes[node]:
                    return  # a node less
                fresh = self._new_hand(node)
                try:
                    async with asyncio.timeout(_START_S):
                        await self._check(fresh)
                except self._lost() as again:  # a node that is dying
                    _log.warning("worker %s could not start: %s", fresh.name, _first_line(again))
                    await asyncio.sleep(1)
                    continue
                self._hands.append(fresh)
                return

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
        return (exceptions.RayActorError, exceptions.NodeDiedError, exceptions.ObjectLostError)


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
