"""The work behind every route: find what is asked for, wait for its turn, answer within the caller's limits."""

import asyncio
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from itas.core.component import Producer
from itas.core.concurrency import side_by_side
from itas.core.execution import CodeRunner
from itas.core.model import ModelSource
from itas.core.rating import RaterSource
from itas.core.request import Completion
from itas.core.seeds import derive_seed
from itas.core.spec import canonical_json
from itas.engine import Answer, ComponentRecord
from itas.engine.run import answer as run_architecture
from itas.engine.telemetry import find_telemetry
from itas.engine.writing import Writing, writes_last
from itas.errors import BudgetExceeded, DeadlineExceeded
from itas.serve.access import Access
from itas.serve.ask import Ask
from itas.serve.form import Form, not_in_form
from itas.serve.limits import Limits
from itas.serve.metrics import Metrics
from itas.serve.outcome import Choice, Outcome, make_choice
from itas.serve.purse import FindPrice, Purse
from itas.serve.refusal import Refusal, no_such_model
from itas.serve.served import Served
from itas.serve.tools import answer_with_tools, read_calls
from itas.serve.traces import Traces
from itas.serve.turns import Turns

Hear = Callable[[int, str], None]
"""Hears a piece of the text of one choice."""
Watch = Callable[[ComponentRecord], None]

_STRIDE = 2**16
"""Draws of two answers stand so far apart that no architecture takes that many of one request."""
_DRAWS = 2**40


@dataclass(frozen=True, slots=True)
class Opened:
    """What answers are made with.

    Attributes:
        models: Gives the model behind each id.
        find_price: Price of a model, for the caps of a request.
        raters: Local reward models.
        runner: The sandbox.
        render_trace: Makes the page of a trace from its id and its lines; none are made if None.
    """

    models: ModelSource
    find_price: FindPrice
    raters: RaterSource | None = None
    runner: CodeRunner | None = None
    render_trace: Callable[[str, list[dict[str, Any]]], str] | None = None


@dataclass(slots=True)
class Visit:
    """One request from outside.

    Attributes:
        request_id: Ours, in every reply.
        caller: Whose key it was; see `Access.find_caller`.
        started: By the monotonic clock.
    """

    request_id: str
    caller: str
    started: float

    def headers(self) -> list[tuple[bytes, bytes]]:
        """Of every reply."""
        return [
            (b"x-request-id", self.request_id.encode("ascii")),
            (b"x-content-type-options", b"nosniff"),
        ]


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

    async def answer(
        self, ask: Ask, visit: Visit, *, hear: Hear | None = None, watch: Watch | None = None
    ) -> Outcome:
        """All answers to one ask.

        Raises:
            Refusal: The queue is full, or the deadline passed without an answer.
            Error: As `itas.engine.answer`.
        """
        served = self.find(ask.model)
        self.turns.check()
        trace_id = self.traces.new_id()
        made = await self._in_turn(ask, served, visit, None if ask.is_held_back else hear, watch)
        answers = tuple(answer for _, answer in made)
        self.traces.keep(trace_id, caller=visit.caller, model=served.id, answers=answers)
        return Outcome(
            choices=tuple(choice for choice, _ in made),
            answers=answers,
            served=served,
            trace_id=trace_id,
            not_applied=not_applied(ask, served),
            asked=ask.n,
        )

    def count(self, ask: Ask, visit: Visit, status: int) -> None:
        """Count a request that is done; 499 stands for a client that left."""
        if ask.model in self.served:
            self.metrics.request(ask.model, status, time.monotonic() - visit.started)

    async def _in_turn(
        self, ask: Ask, served: Served, visit: Visit, hear: Hear | None, watch: Watch | None
    ) -> list[tuple[Choice, Answer]]:
        deadline_s = ask.options.deadline_s
        ends_at = None if deadline_s is None else visit.started + deadline_s
        await self._enter(ask.n, ends_at)
        try:
            making = _Making(ask, served, self._models_for(ask), ends_at, hear, watch)
            if ask.n == 1:
                return [await self._one(making, 0)]
            return _those_made(await side_by_side([self._try(making, number) for number in range(ask.n)]))
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

    def _models_for(self, ask: Ask) -> ModelSource:
        """Where the models of one request come from: under its own caps, if it has any."""
        opened = self.opened
        assert opened is not None
        options = ask.options
        if options.max_cost_usd is None and options.max_samples is None:
            return opened.models
        return Purse(
            opened.models, opened.find_price, max_usd=options.max_cost_usd, max_samples=options.max_samples
        )

    async def _try(
        self, making: "_Making", number: int
    ) -> tuple[Choice, Answer] | BudgetExceeded | DeadlineExceeded | TimeoutError:
        try:
            return await self._one(making, number)
        except (BudgetExceeded, DeadlineExceeded, TimeoutError) as error:
            return error

    async def _one(self, making: "_Making", number: int) -> tuple[Choice, Answer]:
        opened = self.opened
        assert opened is not None
        ask, served, hear = making.ask, making.served, making.hear

        def note(record: ComponentRecord) -> None:
            self.metrics.component(served.id, record)
            if making.watch is not None:
                making.watch(record)

        seed, draw = ask.seed or 0, first_draw(ask, served, number)
        ends_in = None if making.ends_at is None else making.ends_at - time.monotonic()
        if ask.tools is not None:
            writing = make_writing(ask)
            async with asyncio.timeout(ends_in):
                answer, chosen = await answer_with_tools(
                    served,
                    ask.conversation,
                    models=making.models,
                    writing=writing,
                    seed=seed,
                    first_draw=draw,
                )
            for record in answer.components:
                note(record)
            return make_call_choice(answer, chosen, ask.stop, number), answer
        answer = await run_architecture(
            served.architecture,
            ask.conversation,
            models=making.models,
            raters=opened.raters,
            runner=opened.runner,
            seed=seed,
            first_draw=draw,
            watch=note,
            listen=None if hear is None else lambda piece: hear(number, piece),
            writing=make_writing(ask),
            may_be_cut=True,
            deadline_s=ends_in,
            trace=find_telemetry(),
        )
        return make_choice(in_form(answer, ask.form), ask.stop, number), answer


@dataclass(frozen=True, slots=True)
class _Making:
    """What all answers to one ask have in common."""

    ask: Ask
    served: Served
    models: ModelSource
    ends_at: float | None
    hear: Hear | None
    watch: Watch | None


def _those_made(
    tried: Sequence[tuple[Choice, Answer] | BudgetExceeded | DeadlineExceeded | TimeoutError],
) -> list[tuple[Choice, Answer]]:
    """The answers that could be made within the caps; what kept the first one back if there is none."""
    made = [each for each in tried if isinstance(each, tuple)]
    if not made:
        raise next(each for each in tried if not isinstance(each, tuple))
    return made


def make_writing(ask: Ask) -> Writing:
    """What the caller says about the text, for whoever writes it."""
    extra = dict(ask.tools or {})
    if ask.form is not None:
        extra["response_format"] = ask.form.data
    return Writing(
        temperature=ask.temperature,
        max_tokens=ask.max_tokens,
        stop=ask.stop,
        extra=canonical_json(extra) if extra else "",
        check=None if ask.form is None or ask.tools is not None else ask.form.find_fault,
    )


def in_form(answer: Answer, form: Form | None) -> Answer:
    """The answer, with the best candidate that has the form.

    Raises:
        Refusal: 502; none of them has.
    """
    if form is None:
        return answer
    faults = [form.find_fault(candidate.text) for candidate in answer.candidates]
    good = next((each for each, fault in zip(answer.candidates, faults, strict=True) if fault is None), None)
    if good is None:
        raise not_in_form(faults[0] or "")
    return replace(answer, text=good.text)


def make_call_choice(answer: Answer, chosen: Completion, stops: Sequence[str], index: int) -> Choice:
    """A draw that may call tools, as the caller gets it."""
    calls = tuple(read_calls(chosen))
    return Choice(chosen.text, "tool_calls", calls, index) if calls else make_choice(answer, stops, index)


def too_late() -> Refusal:
    """The deadline passed before there was any answer."""
    return Refusal(
        408,
        "The deadline passed before there was any answer. Give more time in 'itas.deadline_s'.",
        kind="timeout_error",
        param="itas.deadline_s",
        code="deadline_exceeded",
        headers={"x-should-retry": "false"},
    )


def first_draw(ask: Ask, served: Served, number: int) -> int:
    """Number of the first draw of one answer: fresh, or the same for the same seed."""
    if ask.options.reuse or served.is_replayed:
        start = 0
    elif ask.seed is not None:
        start = derive_seed("served", ask.seed) % _DRAWS * _STRIDE
    else:
        start = secrets.randbelow(_DRAWS) * _STRIDE
    return start + number * max(served.architecture.max_samples(), 1)


def not_applied(ask: Ask, served: Served) -> tuple[str, ...]:
    """Fields that this architecture has no place for: nobody who writes plainly writes last."""
    missed: list[str] = []
    last = served.architecture.layers[-1]
    if ask.temperature is not None and not (isinstance(last.components[0], Producer) and writes_last(last)):
        missed.append("temperature")
    if ask.max_tokens is not None and not any(writes_last(layer) for layer in served.architecture.layers):
        missed.append("max_tokens")
    if ask.form is not None and not any(writes_last(layer) for layer in served.architecture.layers):
        missed.append("response_format")
    if ask.tools is not None and len(served.architecture.layers) > 1:
        missed.append("layers after the first")
    return tuple(missed)
