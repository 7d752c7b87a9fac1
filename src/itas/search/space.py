"""Spaces: architectures with holes, and limits on what one question may take.

What may stand in a hole is described in `search/holes.py`. A space knows no models: `bind` puts ranked lists
into it and gives every valid architecture, once.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Self, cast

from pydantic import Field, JsonValue, PositiveFloat, PositiveInt, model_validator

from itas.core.architecture import Architecture
from itas.core.spec import Spec, digest, suggest
from itas.errors import SpecError
from itas.search.holes import (
    Hole,
    Step,
    Template,
    compile_paths,
    count_paths,
    find_fields,
    parse_template,
    rankings_used,
)
from itas.search.ranking import RankingName, Rankings

if TYPE_CHECKING:
    from itas.search.bound import BoundSpace

Price = Callable[[Architecture], int | None]
"""Estimated cost of one question in millionths of a dollar; None where a model has no price."""

CostKind = Literal["samples", "usd", "tokens", "seconds"]
"""What one question takes: model samples as planned; dollars, tokens or seconds (of the critical path) as estimated."""

Measure = Callable[[Architecture, Rankings], float | None]
"""Estimates what one question takes; the ranked lists say how fast the models were. None where it is not known."""
Measures = Mapping[CostKind, Measure]
"""For ``tokens`` and ``seconds``; handed in like the price, since a space knows no models."""

MOST_POINTS = 100_000
SAMPLED_POINTS = 20_000


class Space(Spec):
    """An architecture with holes.

    Attributes:
        name: For people; not part of the fingerprint.
        description: Likewise.
        rules: As in an architecture.
        max_candidates: Most candidates in one prompt (rule 6).
        max_samples: Most model samples for one question, as planned; None for no limit.
        max_cost_usd: Most dollars for one question, as estimated; needs prices.
        max_tokens: Most tokens for one question, read and written, as estimated.
        max_seconds: Longest critical path for one question, as estimated.
        layers: In order, with holes.
    """

    name: str = "unnamed"
    description: str = ""
    rules: Literal["paper", "open"] = "paper"
    max_candidates: PositiveInt = 24
    max_samples: PositiveInt | None = None
    max_cost_usd: PositiveFloat | None = None
    max_tokens: PositiveInt | None = Field(default=None, exclude_if=lambda limit: limit is None)
    max_seconds: PositiveFloat | None = Field(default=None, exclude_if=lambda limit: limit is None)
    layers: tuple[JsonValue, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _read_holes(self) -> Self:
        _ = self.template
        return self

    @cached_property
    def template(self) -> Template:
        """The layers, parsed."""
        return parse_template(self.layers)

    @cached_property
    def start(self) -> Step | None:
        """The first hole and all ways on from it."""
        return compile_paths(self.template)

    @property
    def holes(self) -> tuple[Hole, ...]:
        """Every hole, in the order of the file."""
        return self.template.holes

    @property
    def raw_count(self) -> int:
        """Ways to fill the holes, before anything is removed."""
        return count_paths(self.start)

    @cached_property
    def rankings_used(self) -> frozenset[RankingName]:
        """Which ranked lists it needs."""
        return rankings_used(self.template)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over everything that decides its points."""
        return digest(self.model_dump(mode="json", exclude={"name", "description"}))

    @property
    def needs_measures(self) -> bool:
        """Which points there are depends on prices, tokens or seconds, which a space does not know."""
        return any(limit is not None for limit in (self.max_cost_usd, self.max_tokens, self.max_seconds))

    def with_options(self, name: str, options: Sequence[JsonValue]) -> "Space":
        """The same space with other options for one hole, for instance other fuser widths.

        Raises:
            SpecError: No hole of that name, or options that cannot stand there.
        """
        if name not in {hole.name for hole in self.holes}:
            raise SpecError(f"no hole is named '{name}'. {suggest(name, [h.name for h in self.holes])}")
        replaced = [_replace(layer, name, options) for layer in self.layers]
        return Space.parse({**self.model_dump(mode="json"), "layers": replaced})

    def bind(
        self,
        rankings: Rankings,
        *,
        price: Price | None = None,
        measures: Measures | None = None,
        most: int = MOST_POINTS,
        sampled: int = SAMPLED_POINTS,
    ) -> "BoundSpace":
        """Every valid architecture of the space, each once.

        Args:
            rankings: The models, best first.
            price: Needed for `max_cost_usd`.
            measures: Needed for `max_tokens` and `max_seconds`.
            most: Up to so many ways all are made; of more, some are drawn at random, each at most once.
            sampled: How many points are drawn then; always the same ones for the same space.

        Raises:
            SpecError: A component is wrong, prices are missing, or no point is left (with the reasons).
        """
        from itas.search.bound import bind_space

        return bind_space(self, rankings, price=price, measures=measures or {}, most=most, sampled=sampled)

    def single(self, model: str) -> Architecture:
        """One call of one model, with the settings that the generators of this space have."""
        return self._build([[{**find_fields(self.template, "generator"), "model": model}]], f"{model} once")

    def fusing(self, fuser: str, generators: Sequence[str]) -> Architecture:
        """One answer of each generator, fused by `fuser`, with the settings of this space."""
        generator = find_fields(self.template, "generator")
        return self._build(
            [
                [{**generator, "model": model} for model in generators],
                [{**find_fields(self.template, "fuser"), "model": fuser}],
            ],
            f"{fuser} fuses",
        )

    def _build(self, layers: list[list[dict[str, Any]]], name: str) -> Architecture:
        return Architecture.parse({"name": name, "max_candidates": self.max_candidates, "layers": layers})


def _replace(data: JsonValue, name: str, options: Sequence[JsonValue]) -> JsonValue:
    if isinstance(data, list):
        return [_replace(item, name, options) for item in data]
    if not isinstance(data, dict):
        return data
    key = "pool" if "pool" in data else "choice"
    if data.get("name") == name and key in data:
        return cast("JsonValue", {**data, key: list(options)})
    return {label: _replace(value, name, options) for label, value in data.items()}
