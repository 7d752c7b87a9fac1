"""Who stands against the winner: simple architectures that take as many samples for one question as it does."""

from collections.abc import Callable
from typing import Any

from itas.core.architecture import Architecture
from itas.errors import SpecError
from itas.search.holes import find_fields
from itas.search.ranking import Rankings
from itas.search.records import Baseline
from itas.search.space import Space

_Layers = list[list[dict[str, Any]]]


def build_baseline(baseline: Baseline, space: Space, rankings: Rankings, samples: int) -> Architecture:
    """A baseline that plans at most `samples` for one question, with the settings of the space's own components.

    Raises:
        SpecError: It cannot be built, or would be the same as one call.
    """
    build = _BUILDERS.get(baseline)
    if build is None:
        raise SpecError(f"'{baseline}' is not built but found among the points")
    layers = build(space, rankings, samples)
    return Architecture.parse(
        {"name": f"{baseline} ({samples} samples)", "max_candidates": space.max_candidates, "layers": layers}
    )


def _sampled(space: Space, rankings: Rankings, samples: int) -> _Layers:
    if samples < 3:
        raise SpecError(f"a vote needs at least 3 samples, the winner takes {samples}")
    best = rankings.generators[0].model
    generator = {**find_fields(space.template, "generator"), "model": best, "samples": samples}
    return [[generator], [{**find_fields(space.template, "vote"), "top_k": 1}]]


def _best_of_n(space: Space, rankings: Rankings, samples: int) -> _Layers:
    count = min(samples - 1, space.max_candidates)
    if count < 2:
        raise SpecError(f"a choice needs at least 2 samples and a judge, the winner takes {samples}")
    best = rankings.generators[0].model
    generator = {**find_fields(space.template, "generator"), "model": best, "samples": count}
    ranker = {**find_fields(space.template, "ranker"), "model": _judge(rankings), "top_k": 1}
    return [[generator], [ranker]]


def _mixture(space: Space, rankings: Rankings, samples: int) -> _Layers:
    count = min(samples - 1, space.max_candidates)
    models = [entry.model for entry in rankings.generators[:count]]
    if len(models) < 2:
        raise SpecError(
            f"a mixture needs at least 2 models and a fuser, found {len(models)} for {samples} samples"
        )
    each = count // len(models)
    generator = find_fields(space.template, "generator")
    fuser = {**find_fields(space.template, "fuser"), "model": _judge(rankings)}
    return [[{**generator, "model": model, "samples": each} for model in models], [fuser]]


def _judge(rankings: Rankings) -> str:
    return (rankings.fusers or rankings.generators)[0].model


_BUILDERS: dict[str, Callable[[Space, Rankings, int], _Layers]] = {
    "sampled and voted": _sampled,
    "best of n": _best_of_n,
    "mixture of models": _mixture,
}
