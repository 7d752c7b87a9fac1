"""Run one architecture on one conversation.

Components of one layer run side by side on the same input. The family decides how their results become
the next state (`engine/merge.py`). A producer that fails while another one of its layer succeeds degrades
the answer; every other failure is the failure of the answer.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from itas.core.architecture import Architecture, Layer
from itas.core.candidate import Draft, State
from itas.core.component import Annotator, Preparer, Producer, Selector
from itas.core.concurrency import elapsed_s, set_elapsed_s, side_by_side
from itas.core.messages import Message
from itas.core.model import ModelSource
from itas.core.rating import Rater, RaterSource
from itas.engine.answer import Answer, ComponentRecord, LayerRecord
from itas.engine.context import Run, RunContext
from itas.engine.merge import (
    attach_critiques,
    check_selection,
    keep_selected,
    make_candidates,
    merge_notes,
    merge_selections,
)
from itas.errors import ContractError, EmptyAnswer, Error, ModelError, ParseError, SpecError

Watch = Callable[[ComponentRecord], None]


async def answer(
    architecture: Architecture,
    conversation: Sequence[Message],
    *,
    models: ModelSource,
    raters: RaterSource | None = None,
    seed: int = 0,
    first_draw: int = 0,
    watch: Watch | None = None,
) -> Answer:
    """Answer one conversation.

    Args:
        architecture: What to do.
        conversation: The caller's messages, the last one from the user; never edited.
        models: Gives the model behind each id.
        raters: Gives the local reward model behind each id; only where the architecture has one.
        seed: Decides ids and orders inside prompts; not the models' own randomness.
        first_draw: Number of the first draw of every request; another number means fresh samples.
        watch: Called with the record of each component when it is done.

    Raises:
        SpecError: The conversation does not end with a message of the user, or a rater is needed and none
            was given.
        ModelError: Nobody in a layer that was needed answered.
        ParseError: A reply stayed unreadable and the component declares no fallback.
        BudgetExceeded: A cap was reached.
    """
    if not conversation or conversation[-1].role != "user":
        raise SpecError("a conversation must end with a message of the user")
    if raters is None and architecture.raters:
        no_rater(architecture.raters[0])
    set_elapsed_s(0.0)
    run = Run(models=models, raters=raters or no_rater, seed=seed, first_draw=first_draw)
    state = State(conversation=tuple(conversation))
    components: list[ComponentRecord] = []
    layers: list[LayerRecord] = []
    for number, layer in enumerate(architecture.layers):
        before = state
        state, records = await _run_layer(run, layer, number, state, watch)
        components += records
        layers.append(_layer_record(number, layer, before, state))
    return Answer(
        text=state.candidates[0].text,
        candidates=state.candidates,
        components=tuple(components),
        layers=tuple(layers),
        calls=tuple(run.calls),
        events=tuple(run.events),
        latency_s=elapsed_s(),
        wall_s=run.now_s(),
    )


def no_rater(rater: str) -> Rater:
    """The source of raters where there is none."""
    raise SpecError(f"'{rater}' is a local reward model, and none can be loaded here")


async def _run_layer(
    run: Run, layer: Layer, number: int, state: State, watch: Watch | None
) -> tuple[State, list[ComponentRecord]]:
    n = len(state.candidates)
    contexts = [
        RunContext(run, component, layer=number, number=index, candidates=n)
        for index, component in enumerate(layer.components)
    ]
    first = layer.components[0]
    try:
        if isinstance(first, Preparer):
            after, counts = await _prepare(layer, state, contexts)
        elif isinstance(first, Producer):
            after, counts = await _produce(layer, number, state, contexts)
        elif isinstance(first, Selector):
            after, counts = await _select(layer, state, contexts)
        elif isinstance(first, Annotator):
            after, counts = await _annotate(layer, state, contexts)
        else:
            raise ContractError(f"'{first.type}' belongs to none of the four families")
    except Error:
        _record_failure(contexts, watch)
        raise
    records = [ctx.record(candidates_out=count) for ctx, count in zip(contexts, counts, strict=True)]
    for ctx, record in zip(contexts, records, strict=True):
        ctx.finish()
        if watch is not None:
            watch(record)
    return after, records


def _record_failure(contexts: list[RunContext], watch: Watch | None) -> None:
    """What a layer took before it failed is told all the same: it was paid for."""
    for ctx in contexts:
        ctx.finish()
        if watch is not None:
            watch(ctx.record(candidates_out=0))


async def _prepare(layer: Layer, state: State, contexts: list[RunContext]) -> tuple[State, list[int]]:
    preparers = [component for component in layer.components if isinstance(component, Preparer)]
    work = [component.prepare(state, ctx) for component, ctx in zip(preparers, contexts, strict=True)]
    found = await side_by_side(work)
    return replace(state, notes=merge_notes(state, found)), [len(notes.tests) for notes in found]


async def _produce(
    layer: Layer, number: int, state: State, contexts: list[RunContext]
) -> tuple[State, list[int]]:
    producers = [component for component in layer.components if isinstance(component, Producer)]
    attempts = await side_by_side(
        [_try_produce(producer, state, ctx) for producer, ctx in zip(producers, contexts, strict=True)]
    )
    failures = [attempt for attempt in attempts if isinstance(attempt, ModelError | ParseError)]
    if len(failures) == len(attempts):
        # A provider that failed says more than one that came back empty: that would count as a wrong answer.
        raise next((each for each in failures if not isinstance(each, EmptyAnswer)), failures[0])
    for attempt, ctx in zip(attempts, contexts, strict=True):
        if isinstance(attempt, ModelError | ParseError):
            ctx.report("degraded", str(attempt))
    written = [
        (index, attempt) for index, attempt in enumerate(attempts) if not isinstance(attempt, Exception)
    ]
    new = make_candidates(number, written)
    kept = state.candidates if producers[0].keeps_candidates else ()
    counts = [0 if isinstance(attempt, Exception) else len(attempt) for attempt in attempts]
    return replace(state, candidates=kept + new), counts


async def _try_produce(
    producer: Producer, state: State, ctx: RunContext
) -> tuple[Draft, ...] | ModelError | ParseError:
    try:
        drafts = await producer.produce(state, ctx)
    except (ModelError, ParseError) as error:
        return error
    if not drafts:
        return ModelError(f"'{producer.type}' wrote nothing", provider=", ".join(producer.models()))
    return drafts


async def _select(layer: Layer, state: State, contexts: list[RunContext]) -> tuple[State, list[int]]:
    n = len(state.candidates)
    selectors = [component for component in layer.components if isinstance(component, Selector)]
    work = [component.select(state, ctx) for component, ctx in zip(selectors, contexts, strict=True)]
    orders = [
        check_selection(component, order, n)
        for component, order in zip(selectors, await side_by_side(work), strict=True)
    ]
    chosen = merge_selections(orders, n)
    kept = keep_selected(state.candidates, chosen, [ctx.marks for ctx in contexts])
    return replace(state, candidates=kept), [len(order) for order in orders]


async def _annotate(layer: Layer, state: State, contexts: list[RunContext]) -> tuple[State, list[int]]:
    annotators = [component for component in layer.components if isinstance(component, Annotator)]
    work = [component.annotate(state, ctx) for component, ctx in zip(annotators, contexts, strict=True)]
    written = list(zip(annotators, await side_by_side(work), strict=True))
    candidates = attach_critiques(state.candidates, written)
    return replace(state, candidates=candidates), [len(critiques) for _, critiques in written]


def _layer_record(number: int, layer: Layer, before: State, after: State) -> LayerRecord:
    texts = {(candidate.text, candidate.origin) for candidate in after.candidates}
    dropped = tuple(
        index
        for index, candidate in enumerate(before.candidates)
        if (candidate.text, candidate.origin) not in texts
    )
    return LayerRecord(number, layer.type, after.candidates, dropped)
