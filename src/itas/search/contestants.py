"""Who stands in the verdict: the winner, one call, and simple architectures that take as many samples for one
question as the winner does."""

from collections.abc import Callable
from typing import Any

from itas.core.architecture import Architecture
from itas.errors import SpecError
from itas.search.bound import BoundSpace
from itas.search.holes import find_fields
from itas.search.posterior import Posterior
from itas.search.ranking import Rankings
from itas.search.records import BASELINES, Baseline, Role, StudySpec
from itas.search.space import Space

LineUp = tuple[tuple[Architecture, tuple[Role, ...]], ...]
"""Architectures with what they stand for, the winner first."""
_Layers = list[list[dict[str, Any]]]


def line_up(
    spec: StudySpec, space: BoundSpace, *, winner: int, cheapest: int
) -> tuple[LineUp, dict[str, str]]:
    """Who stands in the verdict, the winner first, equal architectures once; and who cannot, with reasons.

    Args:
        spec: Which baselines are wanted.
        space: Has the points and the ranked models.
        winner: The point that won.
        cheapest: See `find_cheapest`.
    """
    architecture, rankings = space.points[winner].architecture, space.rankings
    named: list[tuple[Role, Architecture]] = [
        ("winner", architecture),
        ("best single model", spec.space.single(rankings.generators[0].model)),
    ]
    skipped: dict[str, str] = {}
    for baseline in BASELINES:
        if baseline not in spec.baselines:
            continue
        if baseline == "cheapest":
            named.append((baseline, space.points[cheapest].architecture))
            continue
        try:
            samples = architecture.planned_samples()
            named.append((baseline, build_baseline(baseline, spec.space, rankings, samples)))
        except SpecError as error:
            skipped[baseline] = str(error)
    merged: dict[str, tuple[Architecture, tuple[Role, ...]]] = {}
    for role, entry in named:
        kept, roles = merged.get(entry.fingerprint, (entry, ()))
        merged[entry.fingerprint] = (kept, (*roles, role))
    return tuple(merged.values()), skipped


def find_cheapest(space: BoundSpace, posterior: Posterior, best: int) -> int:
    """The evaluated point with the fewest samples within one standard deviation of the best."""

    def is_as_good(point: int) -> bool:
        behind, sd = posterior.difference(best, point)
        return point == best or behind <= sd

    points = [point for point in posterior.points.tolist() if is_as_good(point)]
    return min(points, key=lambda point: (int(space.planned_samples[point]), -posterior.of(point).mean))


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
