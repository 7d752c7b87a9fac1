"""Run one architecture on one conversation.

Components of one layer run side by side on the same input. The family decides how their results become
the next state (`engine/merge.py`). A producer that fails while another one of its layer succeeds degrades
the answer; every other failure is the failure of the answer.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

from itas.core.architecture import Architecture, Layer
from itas.core.candidate import Draft, State
from itas.core.component import Annotator, Component, Preparer, Producer, Selector
from itas.core.concurrency import elapsed_s, set_elapsed_s, side_by_side
from itas.core.execution import CodeRunner
from itas.core.messages import Message
from itas.core.model import Listen, ModelSource
from itas.core.rating import Rater, RaterSource
from itas.engine.answer import Answer, ComponentRecord, LayerRecord
from itas.engine.context import Run, RunContext, telling
from itas.engine.cut import cut_layer
from itas.engine.fitting import describe_fitting, fit_candidates, unknown_length
from itas.engine.merge import (
    attach_critiques,
    check_selection,
    keep_selected,
    make_candidates,
    merge_notes,
    merge_selections,
)
from itas.engine.quorum import with_grace
from itas.engine.trace import Trace
from itas.engine.writing import Writing, writing_of
from itas.errors import (
    BudgetExceeded,
    ContractError,
    EmptyAnswer,
    Error,
    ModelError,
    ParseError,
    SpecError,
)
from itas.models.listening import Ear

Watch = Callable[[ComponentRecord], None]


async def answer(
    architecture: Architecture,
    conversation: Sequence[Message],
    *,
    models: ModelSource,
    raters: RaterSource | None = None,
    runner: CodeRunner | None = None,
    seed: int = 0,
    first_draw: int = 0,
    watch: Watch | None = None,
    listen: Listen | None = None,
    writing: Writing | None = None,
    may_be_cut: bool = False,
    may_be_empty: bool = False,
    deadline_s: float | None = None,
    trace: Trace | None = None,
) -> Answer:
    """Answer one conversation.

    Args:
        architecture: What to do.
        conversation: The caller's messages, the last one from the user; never edited.
        models: Gives the model behind each id.
        raters: Gives the local reward model behind each id; only where the architecture has one.
        runner: The sandbox; only where a component runs code.
        seed: Decides ids and orders inside prompts; not the models' own randomness.
        first_draw: Number of the first draw of every request; another number means fresh samples.
        watch: Called with the record of each component when it is done.
        listen: Hears the text of the answer: while it is written where the last layer is one component that
            writes it in one draw, in one piece at the end otherwise.
        writing: What the caller says about the form of the answer.
        may_be_cut: A cap that is reached after there is something to answer with ends the answer (`Answer.cut`)
            instead of failing it.
        may_be_empty: Where every draw of the first writers is empty, so is the answer, instead of failing: it was
            paid for, and who asks again pays again.
        deadline_s: Seconds after which it ends the same way.
        trace: Is told every call and event while it happens.

    Raises:
        SpecError: The conversation does not end with a message of the user, or a rater or a sandbox is
            needed and none was given.
        SandboxError: Code could not be run safely, so it was not run.
        ModelError: Nobody in a layer that was needed answered.
        ParseError: A reply stayed unreadable and the component declares no fallback.
        EmptyAnswer: Every draw was empty; with `may_be_empty` only where there were candidates before.
        BudgetExceeded: A cap was reached; with `may_be_cut` only where there is nothing to answer with.
        DeadlineExceeded: Likewise.
    """
    if not conversation or conversation[-1].role != "user":
        raise SpecError("a conversation must end with a message of the user")
    if raters is None and architecture.raters:
        no_rater(architecture.raters[0])
    if runner is None and architecture.runs_code:
        raise SpecError("a component runs code of candidates and no sandbox was given. Give a 'runner'")
    set_elapsed_s(0.0)
    run = Run(models=models, raters=raters or no_rater, seed=seed, first_draw=first_draw, runner=runner)
    run.may_be_cut = may_be_cut
    run.context_tokens = getattr(models, "context_tokens", unknown_length)
    heard: list[str] = []
    ear = Ear(None if listen is None else _remembering(listen, heard))
    state = State(conversation=tuple(conversation))
    components: list[ComponentRecord] = []
    layers: list[LayerRecord] = []
    with telling(run, trace, architecture):
        for number, layer in enumerate(architecture.layers):
            before = state
            hears = number == len(architecture.layers) - 1 and _writes_alone(layer, len(state.candidates))
            run.contexts = [
                RunContext(
                    run,
                    component,
                    layer=number,
                    number=index,
                    candidates=len(state.candidates),
                    listen=ear.listen if hears else None,
                    writing=writing_of(number, architecture, writing),
                )
                for index, component in enumerate(layer.components)
            ]
            run.written.clear()
            is_over = False
            try:
                async with asyncio.timeout(None if deadline_s is None else deadline_s - run.now_s()):
                    state, records = await _run_layer(run, layer, number, state, watch)
            except TimeoutError:
                state, records = cut_layer(
                    run, layer, number, before, because="deadline", heard=heard, error=None
                )
                is_over = True
            except BudgetExceeded as error:
                if not may_be_cut:
                    raise
                state, records = cut_layer(
                    run, layer, number, before, because="budget", heard=heard, error=error
                )
                is_over = True
            except EmptyAnswer:
                if not may_be_empty or before.candidates:
                    raise
                records = [ctx.record(candidates_out=0) for ctx in run.contexts]
                is_over = True
            components += records
            layers.append(_layer_record(number, layer, before, state))
            run.tell(layers[-1])
            if is_over:
                break
        text = state.candidates[0].text if state.candidates else ""
        ear.finish(text)
        found = Answer(
            text=text,
            candidates=state.candidates,
            components=tuple(components),
            layers=tuple(layers),
            calls=tuple(run.calls),
            events=tuple(run.events),
            latency_s=elapsed_s(),
            wall_s=run.now_s(),
            cut=run.cut,
        )
        run.tell(found)
    return found


def no_rater(rater: str) -> Rater:
    """The source of raters where there is none."""
    raise SpecError(f"'{rater}' is a local reward model, and none can be loaded here")


def _remembering(listen: Listen, heard: list[str]) -> Listen:
    def hear(piece: str) -> None:
        heard.append(piece)
        listen(piece)

    return hear


def _writes_alone(layer: Layer, n: int) -> bool:
    """Whether the text of one draw of this layer becomes the answer as it is."""
    component = layer.components[0]
    if len(layer.components) > 1 or (n and isinstance(component, Producer) and component.keeps_candidates):
        return False
    return component.writes_once(n)


async def _run_layer(
    run: Run, layer: Layer, number: int, state: State, watch: Watch | None
) -> tuple[State, list[ComponentRecord]]:
    contexts = run.contexts
    first = layer.components[0]
    try:
        if isinstance(first, Preparer):
            after, counts = await _prepare(layer, state, contexts)
        elif isinstance(first, Producer):
            after, counts = await _produce(run, layer, number, state)
        elif isinstance(first, Selector):
            after, counts = await _select(run, layer, state)
        elif isinstance(first, Annotator):
            after, counts = await _annotate(run, layer, state)
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
    return replace(state, notes=merge_notes(state, found)), [
        len(notes.tests) + len(notes.code_tests) for notes in found
    ]


async def _produce(run: Run, layer: Layer, number: int, state: State) -> tuple[State, list[int]]:
    contexts = run.contexts
    producers = [component for component in layer.components if isinstance(component, Producer)]
    found = await with_grace(
        [
            _try_produce(run, index, producer, _fit(run, index, producer, state))
            for index, producer in enumerate(producers)
        ],
        quorum=layer.quorum,
        grace_s=layer.grace_s,
        is_good=lambda attempt: not isinstance(attempt, Error),
    )
    attempts = [
        _late(layer, producers[index]) if each == "late" else each for index, each in enumerate(found)
    ]
    failures = [attempt for attempt in attempts if isinstance(attempt, Error)]
    if len(failures) == len(attempts):
        # A provider that failed says more than one that came back empty: that would count as a wrong answer.
        raise next((each for each in failures if not isinstance(each, EmptyAnswer)), failures[0])
    if len(attempts) - len(failures) < layer.quorum:
        raise _no_quorum(layer, number, failures)
    for attempt, ctx in zip(attempts, contexts, strict=True):
        if isinstance(attempt, Error):
            ctx.report("degraded", str(attempt))
            run.cut = "budget" if isinstance(attempt, BudgetExceeded) else run.cut
    written = [
        (index, attempt) for index, attempt in enumerate(attempts) if not isinstance(attempt, Exception)
    ]
    new = make_candidates(number, written)
    kept = state.candidates if producers[0].keeps_candidates else ()
    counts = [0 if isinstance(attempt, Exception) else len(attempt) for attempt in attempts]
    return replace(state, candidates=kept + new), counts


def _late(layer: Layer, producer: Producer) -> ModelError:
    return ModelError(
        f"no answer within {layer.grace_s:g} s after {layer.quorum} had answered (grace_s)",
        provider=", ".join(producer.models()),
    )


def _no_quorum(layer: Layer, number: int, failures: Sequence[Error]) -> ModelError:
    count = len(layer.components)
    return ModelError(
        f"layers[{number}]: {count - len(failures)} of {count} answered, and quorum is {layer.quorum}. The first "
        f"failure: {failures[0]}",
        provider=", ".join(sorted({each.provider for each in failures if isinstance(each, ModelError)}))
        or "itas",
    )


def _fit(run: Run, index: int, component: Component, state: State) -> State:
    """What the component can read of the state; what is left out is counted."""
    fitted = fit_candidates(component, state, run.context_tokens)
    left_out = describe_fitting(state.candidates, fitted.candidates)
    if left_out:
        run.contexts[index].report("dropped", left_out)
    return fitted


async def _try_produce(
    run: Run, index: int, producer: Producer, state: State
) -> tuple[Draft, ...] | ModelError | ParseError | BudgetExceeded:
    try:
        drafts = await producer.produce(state, run.contexts[index])
    except (ModelError, ParseError) as error:
        return error
    except BudgetExceeded as error:
        if not run.may_be_cut:
            raise
        return error
    if not drafts:
        return ModelError(f"'{producer.type}' wrote nothing", provider=", ".join(producer.models()))
    run.written[index] = drafts
    return drafts


async def _select(run: Run, layer: Layer, state: State) -> tuple[State, list[int]]:
    n = len(state.candidates)
    contexts = run.contexts
    selectors = [component for component in layer.components if isinstance(component, Selector)]
    seen = [_fit(run, index, component, state) for index, component in enumerate(selectors)]
    work = [
        component.select(part, ctx) for component, part, ctx in zip(selectors, seen, contexts, strict=True)
    ]
    orders = [
        check_selection(component, order, len(part.candidates))
        for component, part, order in zip(selectors, seen, await side_by_side(work), strict=True)
    ]
    chosen = merge_selections(orders, n)
    kept = keep_selected(state.candidates, chosen, [ctx.marks for ctx in contexts])
    return replace(state, candidates=kept), [len(order) for order in orders]


async def _annotate(run: Run, layer: Layer, state: State) -> tuple[State, list[int]]:
    contexts = run.contexts
    annotators = [component for component in layer.components if isinstance(component, Annotator)]
    seen = [_fit(run, index, component, state) for index, component in enumerate(annotators)]
    count = min(len(part.candidates) for part in seen)  # a candidate that not every critic can read goes
    work = [
        component.annotate(replace(part, candidates=part.candidates[:count]), ctx)
        for component, part, ctx in zip(annotators, seen, contexts, strict=True)
    ]
    written = list(zip(annotators, await side_by_side(work), strict=True))
    candidates = attach_critiques(state.candidates[:count], written)
    return replace(state, candidates=candidates), [len(critiques) for _, critiques in written]


def _layer_record(number: int, layer: Layer, before: State, after: State) -> LayerRecord:
    texts = {(candidate.text, candidate.origin) for candidate in after.candidates}
    dropped = tuple(
        index
        for index, candidate in enumerate(before.candidates)
        if (candidate.text, candidate.origin) not in texts
    )
    return LayerRecord(number, layer.type, after.candidates, dropped)
