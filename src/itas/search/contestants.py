"""Who stands in the verdict: the winner, one call, and simple architectures that take as many samples for one
question as the winner does."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from itas.core.architecture import Architecture
from itas.errors import SpecError
from itas.search.bound import BoundSpace
from itas.search.holes import find_fields, find_model
from itas.search.posterior import Posterior
from itas.search.ranking import Ranked, Rankings
from itas.search.records import BASELINES, Baseline, Role, StudySpec

LineUp = tuple[tuple[Architecture, tuple[Role, ...]], ...]
"""Architectures with what they stand for, the winner first."""
_Layers = list[list[dict[str, Any]]]

MOST_OTHER_SINGLES = 4
LEAST_LEAD = 0.02
"""A model of the ranking that is behind the first by less than this is never taken for proven worse."""


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
        *(
            ("other single model" if place else "best single model", spec.space.single(entry.model))
            for place, entry in enumerate(find_singles(rankings))
        ),
    ]
    skipped: dict[str, str] = {}
    for baseline in BASELINES:
        if baseline not in spec.baselines:
            continue
        if baseline == "cheapest":
            named.append((baseline, space.points[cheapest].architecture))
            continue
        try:
            named.append((baseline, build_baseline(baseline, spec, rankings, architecture)))
        except SpecError as error:
            skipped[baseline] = str(error)
    merged: dict[str, tuple[Architecture, tuple[Role, ...]]] = {}
    for role, entry in named:
        kept, roles = merged.get(entry.fingerprint, (entry, ()))
        merged[entry.fingerprint] = (kept, (*roles, role))
    return tuple(merged.values()), skipped


def find_singles(rankings: Rankings) -> tuple[Ranked, ...]:
    """The models whose one call stands in the verdict: the best of the ranking, and at most four others that may
    well be better, as they are within two standard errors of the difference.

    The ranking was made on few problems, so the first of it is often not the best; a winner that is better than
    only that one is not yet better than one call.
    """
    best, *others = rankings.generators

    def is_close(entry: Ranked) -> bool:
        return best.skill - entry.skill <= max(2.0 * math.hypot(best.se, entry.se), LEAST_LEAD)

    return (best, *[entry for entry in others if is_close(entry)][:MOST_OTHER_SINGLES])


def find_cheapest(space: BoundSpace, posterior: Posterior, best: int) -> int:
    """The evaluated point with the fewest samples within one standard deviation of the best."""

    def is_as_good(point: int) -> bool:
        behind, sd = posterior.difference(best, point)
        return point == best or behind <= sd

    points = [point for point in posterior.points.tolist() if is_as_good(point)]
    return min(points, key=lambda point: (int(space.planned_samples[point]), -posterior.of(point).mean))


def build_baseline(
    baseline: Baseline, spec: StudySpec, rankings: Rankings, winner: Architecture
) -> Architecture:
    """A baseline that plans at most as many samples for one question as the winner, with the settings that the
    winner's generators and the components of the space have.

    Raises:
        SpecError: It cannot be built, or would be the same as one call.
    """
    build = _BUILDERS.get(baseline)
    if build is None:
        raise SpecError(f"'{baseline}' is not built but found among the points")
    samples = winner.planned_samples()
    layers = build(_Frame(spec, rankings, winner), samples)
    found = Architecture.parse(
        {"name": baseline, "max_candidates": spec.space.max_candidates, "layers": layers}
    )
    taken = found.planned_samples()
    said = f"{samples} samples" if taken == samples else f"{taken} of {samples} samples"
    return found.model_copy(update={"name": f"{baseline} ({said})"})


@dataclass(frozen=True, slots=True)
class _Frame:
    """What baselines are built from."""

    spec: StudySpec
    rankings: Rankings
    winner: Architecture

    def generator(self, model: str, samples: int) -> dict[str, Any]:
        """With the settings of the winner's generator of that model, else of its first one."""
        found = [
            part for layer in self.winner.layers for part in layer.components if part.type == "generator"
        ]
        chosen = next((part for part in found if model in part.models()), found[0] if found else None)
        if chosen is None:
            settings = self.fields("generator")
        else:
            settings = chosen.model_dump(mode="json", exclude={"model", "samples"})
        if samples > 1 and settings.get("temperature") == 0:
            # Without temperature all samples would be the same answer, and the baseline no more than one call.
            settings = {**settings, "temperature": 0.7}
        return {**settings, "model": model, "samples": samples}

    def fields(self, component_type: str) -> dict[str, Any]:
        return find_fields(self.spec.space.template, component_type)

    def judge(self, component_type: str) -> dict[str, Any]:
        """By the model that the space has for it, else the best fuser, else the best generator."""
        fixed = find_model(self.spec.space.template, component_type)
        ranked = self.rankings.fusers or self.rankings.generators
        if fixed is None and not self.rankings.fusers and self.spec.fusers:
            fixed = self.spec.fusers[0]
        return {**self.fields(component_type), "model": fixed or ranked[0].model}


def _sampled(frame: _Frame, samples: int) -> _Layers:
    if samples < 3:
        raise SpecError(f"a vote needs at least 3 samples, the winner takes {samples}")
    best = frame.rankings.generators[0].model
    return [[frame.generator(best, samples)], [{**frame.fields("vote"), "top_k": 1}]]


def _best_of_n(frame: _Frame, samples: int) -> _Layers:
    count = min(samples - 1, frame.spec.space.max_candidates)
    if count < 2:
        raise SpecError(f"a choice needs at least 2 samples and a judge, the winner takes {samples}")
    best = frame.rankings.generators[0].model
    return [[frame.generator(best, count)], [{**frame.judge("ranker"), "top_k": 1}]]


def _mixture(frame: _Frame, samples: int) -> _Layers:
    count = min(samples - 1, frame.spec.space.max_candidates)
    models = [entry.model for entry in frame.rankings.generators[: max(count, 0)]]
    if len(models) < 2:
        raise SpecError(
            f"a mixture needs at least 2 models and a fuser, found {len(models)} for {samples} samples"
        )
    each, rest = divmod(count, len(models))
    generators = [frame.generator(model, each + (place < rest)) for place, model in enumerate(models)]
    return [generators, [frame.judge("fuser")]]


_BUILDERS: dict[Baseline, Callable[[_Frame, int], _Layers]] = {
    "sampled and voted": _sampled,
    "best of n": _best_of_n,
    "mixture of models": _mixture,
}
