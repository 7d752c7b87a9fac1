"""One answer to an ask: the architecture run once as the caller wants, or its first layer with the caller's tools."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from itas.core.execution import CodeRunner
from itas.core.model import ModelSource
from itas.core.rating import RaterSource
from itas.core.request import Completion
from itas.core.spec import canonical_json
from itas.engine import Answer, ComponentRecord
from itas.engine.run import answer as run_architecture
from itas.engine.trace import Trace
from itas.engine.writing import Writing
from itas.serve.ask import Ask
from itas.serve.form import Form, not_in_form
from itas.serve.outcome import Choice, make_choice
from itas.serve.served import Served
from itas.serve.tools import answer_with_tools, read_calls

Hear = Callable[[int, str], None]
"""Hears a piece of the text of one choice."""
Watch = Callable[[ComponentRecord], None]


class Making(NamedTuple):
    """What all answers to one ask have in common.

    Attributes:
        ask: What is wanted.
        served: Who answers.
        models: Where its models come from.
        raters: Its reward models.
        runner: Its sandbox.
        note: Told of every component that is done.
        hear: Hears the text; nobody does if None.
        ends_at: When the caller's time is over, by the monotonic clock.
    """

    ask: Ask
    served: Served
    models: ModelSource
    raters: RaterSource | None
    runner: CodeRunner | None
    note: Watch
    hear: Hear | None
    ends_at: float | None

    @property
    def ends_in(self) -> float | None:
        """Seconds that are left."""
        return None if self.ends_at is None else self.ends_at - time.monotonic()


async def make_answer(
    making: Making, number: int, *, first_draw: int, trace: Trace | None
) -> tuple[Choice, Answer]:
    """Make one of the answers.

    Args:
        making: What they have in common.
        number: Among them.
        first_draw: Number of its first draw.
        trace: Told what happens.

    Raises:
        Refusal: 400; tools were given to an architecture that cannot call them.
        Error: As `itas.engine.answer`.
    """
    ask, hear = making.ask, making.hear
    if ask.tools is not None:
        return await _call_tools(making, number, first_draw=first_draw, trace=trace)
    answer = await run_architecture(
        making.served.architecture,
        ask.conversation,
        models=making.models,
        raters=making.raters,
        runner=making.runner,
        seed=ask.seed or 0,
        first_draw=first_draw,
        watch=making.note,
        listen=None if hear is None else partial(hear, number),
        writing=make_writing(ask),
        may_be_cut=True,
        may_be_empty=True,
        deadline_s=making.ends_in,
        trace=trace,
    )
    if ask.form is not None and answer.candidates:
        return choose_in_form(answer, ask.form, ask.stop, number), answer
    return make_choice(answer, ask.stop, number), answer


async def _call_tools(
    making: Making, number: int, *, first_draw: int, trace: Trace | None
) -> tuple[Choice, Answer]:
    ask = making.ask
    async with asyncio.timeout(making.ends_in):
        answer, chosen = await answer_with_tools(
            making.served,
            ask.conversation,
            models=making.models,
            writing=make_writing(ask) or Writing(),
            seed=ask.seed or 0,
            first_draw=first_draw,
            trace=trace,
        )
    for record in answer.components:
        making.note(record)
    return make_call_choice(answer, chosen, ask.stop, number), answer


def make_writing(ask: Ask) -> Writing | None:
    """What the caller says about the text, for whoever writes it; None for nothing."""
    extra = dict(ask.tools or {})
    if ask.form is not None:
        extra["response_format"] = ask.form.data
    if not extra and not ask.stop and ask.temperature is None and ask.max_tokens is None:
        return None
    return Writing(
        temperature=ask.temperature,
        max_tokens=ask.max_tokens,
        stop=ask.stop,
        extra=canonical_json(extra) if extra else "",
        check=None if ask.form is None or ask.tools is not None else ask.form.find_fault,
    )


def choose_in_form(answer: Answer, form: Form, stops: Sequence[str], index: int) -> Choice:
    """The best candidate that has the form; where none has, no text, and why."""
    faults = [form.find_fault(candidate.text) for candidate in answer.candidates]
    for candidate, fault in zip(answer.candidates, faults, strict=True):
        if fault is None:
            return make_choice(replace(answer, text=candidate.text), stops, index)
    choice = make_choice(answer, stops, index)
    return replace(choice, text="", refusal=not_in_form(faults[0] or ""))


def make_call_choice(answer: Answer, chosen: Completion, stops: Sequence[str], index: int) -> Choice:
    """A draw that may call tools, as the caller gets it."""
    calls = tuple(read_calls(chosen))
    return Choice(chosen.text, "tool_calls", calls, index) if calls else make_choice(answer, stops, index)
