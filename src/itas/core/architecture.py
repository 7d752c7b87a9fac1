"""An architecture: layers in order, frozen, checked, with a fingerprint."""

from functools import cached_property
from typing import Any, Literal, Self, cast

from pydantic import (
    Field,
    NonNegativeFloat,
    PositiveInt,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
    model_validator,
)

from itas.core.component import AnyComponent, Producer, Selector
from itas.core.spec import Spec, digest


class Layer(Spec):
    """Components that run side by side on the same input. All are of one type (rule 1).

    Attributes:
        components: At least one.
        quorum: So many of a layer that writes answers must have answered; with fewer the answer fails.
        grace_s: Seconds to wait for the others once the quorum has answered; who is late is left out and
            counted as degraded. All are waited for if it is not set.
    """

    components: tuple[AnyComponent, ...] = Field(min_length=1)
    quorum: PositiveInt = 1
    grace_s: NonNegativeFloat | None = None

    @model_serializer(mode="wrap")
    def _without_defaults(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """As before these two existed where they are not used, so that fingerprints stay."""
        fields = serialize(self)
        return {
            name: value
            for name, value in fields.items()
            if name == "components" or value != Layer.model_fields[name].default
        }

    @property
    def type(self) -> str:
        """The one component type of this layer."""
        return self.components[0].type

    def max_out(self, n: int) -> int:
        """Upper bound on candidates after the layer had `n`."""
        outs = [component.max_out(n) for component in self.components]
        first = self.components[0]
        if isinstance(first, Producer):
            kept = n if first.keeps_candidates else 0
            return kept + sum(outs)
        if isinstance(first, Selector):
            return max(outs)
        return n

    def max_samples(self, n: int) -> int:
        """Upper bound on model samples of the layer for `n` candidates."""
        return sum(component.max_samples(n) for component in self.components)

    def planned_samples(self, n: int) -> int:
        """Samples of the layer for `n` candidates when every reply is readable."""
        return sum(component.planned_samples(n) for component in self.components)


class Architecture(Spec):
    """What to do with a question: layers of components.

    A layer is written as a list of components, as one component, or as ``{components: [...]}``. A component
    may name several ``models:``; it then stands once for each.

    Attributes:
        name: For people; not part of the fingerprint.
        description: For people too.
        rules: ``paper`` or ``open`` (generators may stand in later layers too).
        max_candidates: Most candidates that may stand in one prompt (rule 6).
        layers: In order.
    """

    name: str = "unnamed"
    description: str = ""
    rules: Literal["paper", "open"] = "paper"
    max_candidates: PositiveInt = 24
    layers: tuple[Layer, ...] = Field(min_length=1)

    @field_validator("layers", mode="before")
    @classmethod
    def _expand_layers(cls, value: object) -> object:
        if not isinstance(value, (list, tuple)):
            return value
        return [_expand_layer(layer) for layer in cast("list[object]", value)]

    @model_validator(mode="after")
    def _follow_rules(self) -> Self:
        from itas.core.rules import check_rules

        check_rules(self)
        return self

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over everything that changes answers, 64 hexadecimal digits."""
        return digest(self.model_dump(mode="json", exclude={"name", "description"}))

    @property
    def models(self) -> tuple[str, ...]:
        """Every model it may ask, sorted, each once."""
        found = {
            model for layer in self.layers for component in layer.components for model in component.models()
        }
        return tuple(sorted(found))

    @property
    def raters(self) -> tuple[str, ...]:
        """Every local reward model it may use, sorted, each once."""
        found = {
            rater for layer in self.layers for component in layer.components for rater in component.raters()
        }
        return tuple(sorted(found))

    @property
    def runs_code(self) -> bool:
        """Whether some component runs code of candidates, so that a sandbox is needed."""
        return any(component.runs_code for layer in self.layers for component in layer.components)

    def widths(self) -> tuple[int, ...]:
        """Upper bound on candidates *before* each layer, and after the last; length layers + 1."""
        counts = [0]
        for layer in self.layers:
            counts.append(layer.max_out(counts[-1]))
        return tuple(counts)

    def max_samples(self) -> int:
        """Upper bound on model samples for one question, asking again included."""
        widths = self.widths()
        return sum(layer.max_samples(n) for layer, n in zip(self.layers, widths[:-1], strict=True))

    def planned_samples(self) -> int:
        """Model samples for one question when every reply is readable; what call budgets count."""
        widths = self.widths()
        return sum(layer.planned_samples(n) for layer, n in zip(self.layers, widths[:-1], strict=True))


def _expand_layer(layer: object) -> object:
    if isinstance(layer, Layer):
        return layer
    if isinstance(layer, dict) and "components" in layer:
        fields = cast("dict[str, Any]", layer)
        return {**fields, "components": _expand_components(fields["components"])}
    components = cast("object", layer) if isinstance(layer, (list, tuple)) else [cast("object", layer)]
    return {"components": _expand_components(components)}


def _expand_components(components: object) -> object:
    if not isinstance(components, (list, tuple)):
        return components
    expanded: list[object] = []
    for component in cast("list[object]", components):
        fields = cast("dict[str, Any]", component) if isinstance(component, dict) else {}
        # A component with both `model` and `models` stays as it is, and is refused: one of them is a mistake.
        if isinstance(fields.get("models"), (list, tuple)) and "model" not in fields:
            rest = {key: value for key, value in fields.items() if key != "models"}
            expanded.extend({**rest, "model": model} for model in fields["models"])
        else:
            expanded.append(cast("object", component))
    return expanded
