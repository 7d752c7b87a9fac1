"""A worker as the coordinator sees it: what it was given, and what it hands over."""

import asyncio
from collections.abc import Callable
from typing import Any

from itas.api.cluster.job import Errand, Handful, Paid, Plan, Said

_MOST_GIVEN = 1000


class Hand:
    """One worker.

    Args:
        name: Of the worker.
        node: On which it is to be.
        actor: Its handle.
        lost: Kinds of errors that say that it is gone.
        on_loss: Told once if it is gone.

    Attributes:
        pid: Of its process; 0 until it has started.
        errands: What it was given and has not handed over, by ticket.
        most: Problems of one evaluation that it may work on at the same time.
        rejections: Calls so far that providers refused because of their limits.
        paid: By it so far, as far as it was heard.
    """

    def __init__(
        self,
        name: str,
        node: str,
        actor: Any,
        *,
        lost: tuple[type[Exception], ...],
        on_loss: Callable[["Hand", Exception], None],
    ) -> None:
        self.name = name
        self.node = node
        self.actor = actor
        self.pid = 0
        self.errands: dict[int, Errand] = {}
        self.most = 1
        self.rejections = 0
        self.paid = Paid()
        self._lost = lost
        self._on_loss = on_loss
        self._asked: dict[int, asyncio.Future[Said | None]] = {}
        self._told: set[int] = set()
        self._plans: dict[int, Plan] = {}
        self._to_give: list[Errand] = []
        self._listening: asyncio.Task[None] | None = None

    async def do(self, errand: Errand, plan: Plan) -> Said | None:
        """Have an errand done; None if the worker was lost before it had handed over what came of it."""
        found: asyncio.Future[Said | None] = asyncio.get_running_loop().create_future()
        self._asked[errand.ticket] = found
        self.errands[errand.ticket] = errand
        if errand.architecture not in self._told:
            self._told.add(errand.architecture)
            self._plans[errand.architecture] = plan
        if not self._to_give:  # those of one moment go over together
            asyncio.get_running_loop().call_soon(self._give)
        self._to_give.append(errand)
        if self._listening is None:
            self._listening = asyncio.create_task(self._listen())
        return await found

    def lose(self) -> None:
        """It is gone: whoever waits for it hears that."""
        for found in self._asked.values():
            if not found.done():
                found.set_result(None)
        self._asked.clear()
        self.errands.clear()

    def stop_listening(self) -> None:
        """Nothing more is taken from it."""
        if self._listening is not None:
            self._listening.cancel()

    def _give(self) -> None:
        plans, self._plans = self._plans, {}
        errands, self._to_give = self._to_give, []
        for begin in range(0, len(errands), _MOST_GIVEN):
            self.actor.give.remote(plans, errands[begin : begin + _MOST_GIVEN], self.most)
            plans = {}

    async def _listen(self) -> None:
        while True:
            try:
                handful: Handful = await self.actor.take.remote()
            except self._lost as error:
                self._on_loss(self, error)
                return
            self.rejections, self.paid = handful.rejections, handful.paid
            for said in handful.said:
                self.errands.pop(said.ticket, None)
                found = self._asked.pop(said.ticket, None)
                if found is not None and not found.done():
                    found.set_result(said)
