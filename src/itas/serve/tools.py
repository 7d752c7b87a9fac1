"""Calls of tools: passed through for one call of one model, voted on by the first layer of an ensemble.

A caller's tools are given to every generator of the first layer. Each draw either calls tools or writes a text; what
most draws do is done, ties go to the first. Equal calls have the same names and arguments. Later layers
are left out, since a judge or a fuser has no form for a call; the reply says so.
"""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any, cast

from itas.core.candidate import Candidate, Origin
from itas.core.component import Component
from itas.core.concurrency import set_elapsed_s, side_by_side
from itas.core.messages import Conversation
from itas.core.model import ModelSource
from itas.core.request import Completion
from itas.core.spec import canonical_json
from itas.engine.answer import Answer, ComponentRecord
from itas.engine.context import Run, RunContext, telling
from itas.engine.run import no_rater
from itas.engine.trace import Trace
from itas.engine.writing import Writing, writes_last
from itas.errors import ModelError
from itas.serve.refusal import not_supported
from itas.serve.served import Served

TEXT = "text"
"""What a draw does that calls no tool."""


async def answer_with_tools(
    served: Served,
    conversation: Conversation,
    *,
    models: ModelSource,
    writing: Writing,
    seed: int,
    first_draw: int,
    trace: Trace | None = None,
) -> tuple[Answer, Completion]:
    """One answer, and the draw that it is.

    Raises:
        Refusal: 400; the architecture does not begin with plain generators.
        ModelError: Nobody answered.
    """
    layer = served.architecture.layers[0]
    if not writes_last(layer) or layer.components[0].needs_candidates:
        raise not_supported(
            "tools", f"'{served.id}' does not begin with generators, so it cannot call tools."
        )
    set_elapsed_s(0.0)
    run = Run(models=models, raters=no_rater, seed=seed, first_draw=first_draw)
    contexts = [
        RunContext(run, component, layer=0, number=number, candidates=0, writing=writing)
        for number, component in enumerate(layer.components)
    ]
    with telling(run, trace, served.architecture):
        drawn = await side_by_side(
            [_draw(each, conversation, ctx) for each, ctx in zip(layer.components, contexts, strict=True)]
        )
        draws = [draw for each in drawn if not isinstance(each, ModelError) for draw in each]
        if not draws:
            raise next(each for each in drawn if isinstance(each, ModelError))
        for each, ctx in zip(drawn, contexts, strict=True):
            if isinstance(each, ModelError):
                ctx.report("degraded", str(each))
        chosen = choose(draws)
        records = [
            ctx.record(candidates_out=0 if isinstance(each, ModelError) else len(each))
            for each, ctx in zip(drawn, contexts, strict=True)
        ]
        answer = _answer(run, records, draws, chosen)
        run.tell(answer)
    return answer, chosen


def choose(draws: Sequence[Completion]) -> Completion:
    """The first draw that does what most of those do that call a tool or write anything."""
    useful = [draw for draw in draws if draw.extra or draw.text.strip()] or draws
    deeds = [read_deed(draw) for draw in useful]
    counts = Counter(deeds)
    best = max(counts.values())
    return next(draw for draw, deed in zip(useful, deeds, strict=True) if counts[deed] == best)


def read_deed(draw: Completion) -> str:
    """What a draw does, in one normal form: its calls without their ids, or that it writes a text."""
    calls = read_calls(draw)
    if not calls:
        return TEXT
    return canonical_json([[call.get("type", "function"), _normal(call.get("function"))] for call in calls])


def read_calls(draw: Completion) -> list[dict[str, Any]]:
    """The calls of a draw, as chat completions have them."""
    extra: object = json.loads(draw.extra) if draw.extra else {}
    calls = cast("dict[str, Any]", extra).get("tool_calls") if isinstance(extra, dict) else None
    found = cast("list[object]", calls) if isinstance(calls, list) else []
    return [cast("dict[str, Any]", call) for call in found if isinstance(call, dict)]


async def _draw(
    component: Component, conversation: Conversation, ctx: RunContext
) -> tuple[Completion, ...] | ModelError:
    fields: dict[str, Any] = component.model_dump()
    try:
        return await ctx.ask(
            str(fields["model"]),
            conversation,
            n=int(fields.get("samples", 1)),
            temperature=fields.get("temperature"),
            max_tokens=fields.get("max_tokens"),
        )
    except ModelError as error:
        return error


def _answer(
    run: Run, records: Sequence[ComponentRecord], draws: Sequence[Completion], chosen: Completion
) -> Answer:
    first = [chosen, *(draw for draw in draws if draw is not chosen)]
    candidates = tuple(
        Candidate(draw.text or draw.extra, Origin(0, 0, "", number)) for number, draw in enumerate(first)
    )
    return Answer(
        text=chosen.text,
        candidates=candidates,
        components=tuple(records),
        layers=(),
        calls=tuple(run.calls),
        events=tuple(run.events),
        latency_s=max((record.latency_s for record in records), default=0.0),
        wall_s=run.now_s(),
    )


def _normal(function: object) -> object:
    """A function with its arguments as a value, so that spaces and the order of names make no difference."""
    if not isinstance(function, dict):
        return None
    fields = cast("dict[str, Any]", function)
    arguments = fields.get("arguments")
    try:
        return [fields.get("name"), json.loads(arguments) if isinstance(arguments, str) else arguments]
    except ValueError:
        return [fields.get("name"), arguments]
