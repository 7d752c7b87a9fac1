"""How long one question will take, said before it is asked: the sum over layers of the slowest call in each.

Components of a layer run side by side, and so do the samples inside one; only what a component asks one after the
other adds up. A call takes as long as one call of that model took where it was measured, in proportion to the
assumed length of the reply; where nothing was measured, what is assumed here. Waiting for limits is not in it.
"""

import math
from collections.abc import Mapping

from itas.core.architecture import Architecture
from itas.core.component import Component
from itas.evaluation.estimate import Lengths, reply_tokens

FIRST_TOKEN_S = 0.5
TOKENS_PER_S = 50.0
"""Assumed of a model that was not measured."""
_IN_A_ROW = {"verifier": 2, "reflector": 2}
"""Calls that a component makes one after the other for one candidate, where it is not one."""


def estimate_seconds(
    architecture: Architecture,
    *,
    measured: Mapping[str, float] | None = None,
    lengths: Lengths | None = None,
) -> float:
    """Seconds of the critical path of one question.

    Args:
        architecture: What is to be run.
        measured: Mean seconds of one plain answer, by model.
        lengths: Assumed lengths; the defaults if None.
    """
    assumed = lengths or Lengths()
    widths = architecture.widths()[:-1]
    return sum(
        max(_seconds(component, n, measured or {}, assumed) for component in layer.components)
        for layer, n in zip(architecture.layers, widths, strict=True)
    )


def _seconds(component: Component, n: int, measured: Mapping[str, float], lengths: Lengths) -> float:
    models = component.models()
    if not models or not component.planned_samples(n):
        return 0.0
    tokens = reply_tokens(component, n, lengths)
    usual = FIRST_TOKEN_S + lengths.answer / TOKENS_PER_S
    slowest = max(measured.get(model, usual) for model in models)
    return _calls_in_a_row(component) * slowest * tokens / lengths.answer


def _calls_in_a_row(component: Component) -> int:
    size = getattr(component, "round_size", None)
    if isinstance(size, int):  # samples in rounds, until they agree
        return math.ceil(getattr(component, "samples", size) / size)
    return _IN_A_ROW.get(component.type, 1)
