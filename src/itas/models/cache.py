"""Cache: a list of draws per request.

Asking for draws 0..9 when 0..4 are known buys five, with one inner call. Draws that are being fetched already
are waited for, not asked again, by all who ask in this process. The inner model stores what it buys, and looks
out for what other processes bought meanwhile (see `purchase.py`).
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from itas.core.concurrency import side_by_side
from itas.core.model import Listen, Model
from itas.core.request import Completion, Request
from itas.errors import ModelError
from itas.models.finish import finish_all
from itas.models.listening import Ear
from itas.models.store.contract import CallStore, store_key


@dataclass(eq=False, slots=True)
class _Flight:
    """Draws of one request being fetched, and how many wait for them."""

    key: str
    numbers: tuple[int, ...]
    task: asyncio.Task[dict[int, Completion]] = field(init=False)
    waiting: list[asyncio.Future[None]] = field(default_factory=list[asyncio.Future[None]])
    pieces: list[str] = field(default_factory=list[str])
    ears: list[Ear] = field(default_factory=list[Ear])

    def hear(self, piece: str) -> None:
        """Tell all who listen."""
        self.pieces.append(piece)
        for ear in tuple(self.ears):
            ear(piece)

    def join(self, ear: Ear) -> None:
        """One more who waits; what was said before comes at once."""
        if ear.listen is not None:
            ear("".join(self.pieces))
            self.ears.append(ear)

    def leave(self, ear: Ear) -> None:
        """Who does not wait any more hears nothing any more."""
        if ear in self.ears:
            self.ears.remove(ear)


class Cached:
    """Gives stored draws, and has the missing ones bought, each once.

    Args:
        inner: Buys and stores.
        store: Where stored draws are found.
        edition: Of the model; see `store_key`.
    """

    def __init__(self, inner: Model, store: CallStore, *, edition: str = "") -> None:
        self._inner = inner
        self._store = store
        self._edition = edition
        self._flights: dict[tuple[str, int], _Flight] = {}

    async def sample(
        self, request: Request, *, n: int = 1, first: int = 0, listen: Listen | None = None
    ) -> tuple[Completion, ...]:
        """See `core.model.Model.sample`."""
        if listen is not None and n != 1:
            raise ValueError("a listener hears one draw: n must be 1")
        numbers = range(first, first + n)
        if n == 1 and (request.key, first) not in self._flights:
            ear = Ear(listen)
            flight = self._start(request, (first,), is_heard=listen is not None)
            draw = (await self._wait(flight, ear, is_mine=True))[first]
            ear.finish(draw.text)
            return (draw,)
        joined = dict.fromkeys(
            flight for number in numbers if (flight := self._flights.get((request.key, number)))
        )
        new = tuple(number for number in numbers if (request.key, number) not in self._flights)
        started = [self._start(request, new, is_heard=listen is not None)] if new else []
        ear = Ear(listen)
        waits = [self._join(request, flight, ear) for flight in joined]
        waits += [self._wait(flight, ear, is_mine=True) for flight in started]
        found: dict[int, Completion] = {}
        for draws in await side_by_side(waits):
            found |= draws
        ear.finish(found[first].text)
        return tuple(found[number] for number in numbers)

    async def _join(self, request: Request, flight: _Flight, ear: Ear) -> dict[int, Completion]:
        try:
            return await self._wait(flight, ear, is_mine=False)
        except ModelError as error:
            if not error.is_cut or ear.has_heard:
                raise
        # It broke off while somebody else heard it, so it was not asked again. Nothing was heard here.
        (number,) = flight.numbers
        return {number: (await self.sample(request, first=number, listen=ear.listen))[0]}

    def _start(self, request: Request, numbers: tuple[int, ...], *, is_heard: bool) -> _Flight:
        flight = _Flight(request.key, numbers)
        listen = flight.hear if is_heard else None
        flight.task = asyncio.create_task(self._fly(flight, request, listen))
        for number in numbers:
            self._flights[request.key, number] = flight
        return flight

    async def _fly(self, flight: _Flight, request: Request, listen: Listen | None) -> dict[int, Completion]:
        try:
            return await self._fetch(request, flight.numbers, listen)
        finally:  # who waits is woken in the next turn, when this task is done
            self._forget(flight)
            for landed in flight.waiting:
                if not landed.done():
                    landed.set_result(None)

    async def _wait(self, flight: _Flight, ear: Ear, *, is_mine: bool) -> dict[int, Completion]:
        landed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        flight.waiting.append(landed)
        flight.join(ear)
        try:
            if not flight.task.done():
                await landed
        finally:
            flight.waiting.remove(landed)
            flight.leave(ear)
            if not flight.waiting:
                await self._abandon(flight)
        draws = flight.task.result()
        if is_mine:
            return draws
        return {number: draw.model_copy(update={"is_stored": True}) for number, draw in draws.items()}

    async def _abandon(self, flight: _Flight) -> None:
        """Nobody waits: stop the call, and be done only when its books are closed.

        Who asks from now on starts anew instead of joining a call that is being stopped.
        """
        if not flight.task.done():
            self._forget(flight)
            flight.task.cancel()
            await asyncio.wait([flight.task])
        if not flight.task.cancelled():
            flight.task.exception()  # seen, also when whoever waited has left

    def _forget(self, flight: _Flight) -> None:
        for number in flight.numbers:
            if self._flights.get((flight.key, number)) is flight:
                del self._flights[flight.key, number]

    async def _fetch(
        self, request: Request, numbers: Sequence[int], listen: Listen | None
    ) -> dict[int, Completion]:
        found = await self._store.find(store_key(request, self._edition), numbers)
        runs = _runs([number for number in numbers if number not in found])
        if len(runs) == 1:
            bought = await self._inner.sample(request, n=len(runs[0]), first=runs[0].start, listen=listen)
            found.update(zip(runs[0], bought, strict=True))
        elif runs:
            parts = await finish_all(
                [self._inner.sample(request, n=len(run), first=run.start, listen=listen) for run in runs]
            )
            for run, completions in zip(runs, parts, strict=True):
                found.update(zip(run, completions, strict=True))
        return found


def _runs(numbers: Sequence[int]) -> list[range]:
    """Ascending numbers as ranges without gaps."""
    runs: list[range] = []
    for number in numbers:
        if runs and runs[-1].stop == number:
            runs[-1] = range(runs[-1].start, number + 1)
        else:
            runs.append(range(number, number + 1))
    return runs
