"""What is given when time or money ends after there is something to give: the best answer so far."""

from collections.abc import Sequence
from dataclasses import replace

from itas.core.architecture import Layer
from itas.core.candidate import Candidate, Origin, State
from itas.core.component import Producer
from itas.engine.answer import ComponentRecord, Cut
from itas.engine.context import Run
from itas.engine.merge import make_candidates
from itas.errors import DeadlineExceeded, Error


def cut_layer(
    run: Run,
    layer: Layer,
    number: int,
    before: State,
    *,
    because: Cut,
    heard: Sequence[str],
    error: Error | None,
) -> tuple[State, list[ComponentRecord]]:
    """The state as if the layer had ended now: what its components had written, else what stood before it.

    Args:
        run: Knows what the components of the layer had done.
        layer: Which was cut off.
        number: Its number.
        before: The state in front of it.
        because: Why.
        heard: Pieces of the answer that were heard already; they cannot be taken back.
        error: What to raise where there is nothing to give; a passed deadline if None.

    Raises:
        Error: There is nothing to give.
    """
    records: list[ComponentRecord] = []
    for index, ctx in enumerate(run.contexts):
        ctx.finish()
        records.append(ctx.record(candidates_out=len(run.written.get(index, ()))))
    run.cut = because
    if heard:
        component = layer.components[0]
        origin = Origin(number, 0, ", ".join(component.models()), 0, tuple(range(len(before.candidates))))
        return replace(before, candidates=(Candidate("".join(heard), origin),)), records
    new = make_candidates(number, sorted(run.written.items()))
    first = layer.components[0]
    kept = before.candidates
    if new and isinstance(first, Producer) and not first.keeps_candidates:
        kept = ()
    if not kept and not new:
        raise error or DeadlineExceeded("the deadline passed before there was any answer")
    return replace(before, candidates=kept + new), records
