"""The work behind every route: find what is asked for, wait for its turn, answer within the caller's limits."""

import asyncio
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from itas.core.concurrency import side_by_side
from itas.core.execution import CodeRunner
from itas.core.model import ModelSource
from itas.core.rating import RaterSource
from itas.core.seeds import derive_seed
from itas.engine import Answer, ComponentRecord
from itas.engine.trace import Trace
from itas.engine.trace import Traces as TracesTogether
from itas.errors import BudgetExceeded, DeadlineExceeded, Error
from itas.serve.access import Access
from itas.serve.ask import Ask
from itas.serve.limits import Limits
from itas.serve.making import Hear, Making, Watch, make_answer
from itas.serve.metrics import Metrics
from itas.serve.outcome import Choice, Outcome
from itas.serve.purse import FindPrice, Purse
from itas.serve.refusal import Refusal, no_such_model, too_late
from itas.serve.served import Served
from itas.serve.traces import Story, Traces
from itas.serve.turns import Turns

_STRIDE = 2**16
"""Draws of two answers stand so far apart that no architecture takes that many of one request."""
_DRAW_BITS = 40


@dataclass(frozen=True, slots=True)
class Opened:
    """What answers are made with.

    Attributes:
        models: Gives the model behind each id.
        find_price: Price of a model, for the caps of a request.
        raters: Local reward models.
        runner: The sandbox.
        render_trace: Makes the page of a trace from its id and its lines; none are made if None.
        telemetry: Told what happens in every answer, beside the trace that is kept.
    """

    models: ModelSource
    find_price: FindPrice
    raters: RaterSource | None = None
    runner: CodeRunner | None = None
    render_trace: Callable[[str, list[dict[str, Any]]], str] | None = None
    telemetry: Trace | None = None


@dataclass(slots=True)
class Visit:
    """One request from outside.

    Attributes:
        request_id: Ours, in every reply.
        caller: Whose key it was; see `Access.find_caller`.
        started: By the monotonic clock.
        trace_id: Opens the trace of the work, also of work that failed; empty where none was begun.
    """

    request_id: str
    caller: str
    started: float
    trace_id: str = ""

    def headers(self) -> list[tuple[bytes, bytes]]:
        """Of every reply."""
        found = [
            (b"x-request-id", self.request_id.encode("ascii")),
            (b"x-content-type-options", b"nosniff"),
        ]
        if self.trace_id:
            found.append((b"x-itas-trace-id", self.trace_id.encode("ascii")))
        return found


class Service:
    """Answers asks. Belongs to one event loop.

    Args:
        served: By id.
        limits: Of the operator.
        access: Who may ask.
        traces: Where traces go.
    """

    def __init__(self, served: dict[str, Served], *, limits: Limits, access: Access, traces: Traces) -> None:
        self.served = served
        self.limits = limits
        self.access = access
        self.traces = traces
        self.metrics = Metrics()
        self.turns = Turns(concurrency=limits.concurrency, queue=limits.queue)
        self.opened: Opened | None = None
        self._start = secrets.token_hex(8)
        self._tokens = 0
        self._draws = Random(secrets.randbits(128))  # nobody gains by guessing the number of a draw

    def new_token(self) -> str:
        """Part of an id that nobody has to guess."""
        self._tokens += 1
        return f"{self._start}{self._tokens:012x}"

    def new_request_id(self) -> str:
        """Name of one request from outside."""
        return f"req_{self.new_token()}"

    def find(self, id: str) -> Served:
        """What is served under an id.

        Raises:
            Refusal: 404.
        """
        found = self.served.get(id)
        if found is None:
            raise no_such_model(id)
        return found

    def admit(self, ask: Ask, visit: Visit) -> Served:
        """What answers an ask that is well formed; from here on it has a trace.

        Raises:
            Refusal: No such model, or the queue is full.
        """
        served = self.find(ask.model)
        self.turns.check()
        visit.trace_id = self.traces.new_id()
        return served

    async def answer(
        self, ask: Ask, visit: Visit, *, hear: Hear | None = None, watch: Watch | None = None
    ) -> Outcome:
        """All answers to one ask that was admitted.

        Raises:
            Refusal: The deadline passed without an answer, or tools were given to who cannot call them.
            Error: As `itas.engine.answer`.
        """
        served = self.served[ask.model]
        stories = [Story() for _ in range(ask.n)]
        try:
            made = await self._in_turn(ask, served, visit, stories, hear, watch)
        except (Refusal, Error, asyncio.CancelledError) as failure:
            reason = "the caller left, or the server closed" if not str(failure) else str(failure)
            for story in stories:
                story.end(reason)
            raise
        finally:
            self.traces.keep(visit.trace_id, caller=visit.caller, model=served.id, stories=stories)
        return Outcome(
            choices=tuple([choice for choice, _ in made]),
            answers=tuple([answer for _, answer in made]),
            served=served,
            trace_id=visit.trace_id,
            not_applied=not_applied(ask, served),
            asked=ask.n,
        )

    def count(self, ask: Ask, visit: Visit, status: int) -> None:
        """Count a request that is done; 499 stands for a client that left."""
        if ask.model in self.served:
            self.metrics.request(ask.model, status, time.monotonic() - visit.started)

    async def _in_turn(
        self,
        ask: Ask,
        served: Served,
        visit: Visit,
        stories: Sequence[Story],
        hear: Hear | None,
        watch: Watch | None,
    ) -> list[tuple[Choice, Answer]]:
        deadline_s = ask.options.deadline_s
        ends_at = None if deadline_s is None else visit.started + deadline_s
        if not self.turns.may_enter(ask.n):
            await self._enter(ask.n, ends_at)
        try:
            making = self._making(ask, served, ends_at, None if ask.is_held_back else hear, watch)
            first = self._first_draw(ask, served)
            if ask.n == 1:
                return [await make_answer(making, 0, first_draw=first, trace=self._trace_of(stories[0]))]
            return _those_made(
                await side_by_side(
                    [
                        _try(
                            making,
                            number,
                            first_draw=first + number * served.most_draws,
                            trace=self._trace_of(story),
                        )
                        for number, story in enumerate(stories)
                    ]
                )
            )
        except (DeadlineExceeded, TimeoutError):
            raise too_late() from None
        finally:
            self.turns.leave(ask.n)

    async def _enter(self, answers: int, ends_at: float | None) -> None:
        if ends_at is None:
            await self.turns.enter(answers)
            return
        try:
            async with asyncio.timeout(ends_at - time.monotonic()):
                await self.turns.enter(answers)
        except TimeoutError:
            raise too_late() from None

    def _making(
        self, ask: Ask, served: Served, ends_at: float | None, hear: Hear | None, watch: Watch | None
    ) -> Making:
        opened = self.opened
        assert opened is not None
        count = self.metrics.component

        def note(record: ComponentRecord) -> None:
            count(served.id, record)
            if watch is not None:
                watch(record)

        return Making(
            ask, served, _models_for(ask, opened), opened.raters, opened.runner, note, hear, ends_at
        )

    def _trace_of(self, story: Story) -> Trace:
        assert self.opened is not None
        telemetry = self.opened.telemetry
        return story if telemetry is None else TracesTogether((story, telemetry))

    def _first_draw(self, ask: Ask, served: Served) -> int:
        """Number of the first draw: fresh, or the same for the same seed."""
        if ask.options.reuse or served.is_replayed:
            return 0
        if ask.seed is not None:
            return derive_seed("served", ask.seed) % 2**_DRAW_BITS * _STRIDE
        return self._draws.getrandbits(_DRAW_BITS) * _STRIDE


def _models_for(ask: Ask, opened: Opened) -> ModelSource:
    """Where the models of one request come from: under its own caps, if it has any."""
    options = ask.options
    if options.max_cost_usd is None and options.max_samples is None:
        return opened.models
    return Purse(
        opened.models, opened.find_price, max_usd=options.max_cost_usd, max_samples=options.max_samples
    )


async def _try(
    making: Making, number: int, *, first_draw: int, trace: Trace
) -> tuple[Choice, Answer] | BudgetExceeded | DeadlineExceeded | TimeoutError:
    try:
        return await make_answer(making, number, first_draw=first_draw, trace=trace)
    except (BudgetExceeded, DeadlineExceeded, TimeoutError) as error:
        return error


def _those_made(
    tried: Sequence[tuple[Choice, Answer] | BudgetExceeded | DeadlineExceeded | TimeoutError],
) -> list[tuple[Choice, Answer]]:
    """The answers that could be made within the caps; what kept the first one back if there is none."""
    made = [each for each in tried if isinstance(each, tuple)]
    if not made:
        raise next(each for each in tried if not isinstance(each, tuple))
    return made


def not_applied(ask: Ask, served: Served) -> tuple[str, ...]:
    """Fields that this architecture has no place for: nobody who writes plainly writes last."""
    missed: list[str] = []
    if ask.temperature is not None and not served.ends_with_writer:
        missed.append("temperature")
    if ask.max_tokens is not None and not served.has_writer:
        missed.append("max_tokens")
    if ask.form is not None and not served.has_writer:
        missed.append("response_format")
    if ask.tools is not None and len(served.architecture.layers) > 1:
        missed.append("layers after the first")
    return tuple(missed)
