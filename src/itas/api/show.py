"""An architecture in words: a line per layer, with what it asks and what it keeps."""

from dataclasses import dataclass

from itas.core.architecture import Architecture, Layer
from itas.core.component import Component

_SHOWN = (
    "top_k",
    "first_k",
    "count",
    "answer_kind",
    "temperature",
    "fallback",
    "show_tests",
    "length_control",
)


@dataclass(frozen=True, slots=True)
class LayerLine:
    """One layer for people.

    Attributes:
        number: From 1.
        type: The component type.
        models: ``model x samples`` of each component, equal ones once.
        settings: What differs from the defaults.
        samples: Model samples as planned.
        candidates: Candidates at most after the layer.
    """

    number: int
    type: str
    models: tuple[str, ...]
    settings: str
    samples: int
    candidates: int


def describe_layers(architecture: Architecture) -> tuple[LayerLine, ...]:
    """One line per layer, in order."""
    widths = architecture.widths()
    return tuple(
        LayerLine(
            number=index + 1,
            type=layer.type,
            models=_models(layer),
            settings=_settings(layer.components[0]),
            samples=layer.planned_samples(widths[index]),
            candidates=widths[index + 1],
        )
        for index, layer in enumerate(architecture.layers)
    )


def _models(layer: Layer) -> tuple[str, ...]:
    names = [_with_samples(component) for component in layer.components]
    return tuple(dict.fromkeys(name for name in names if name))


def _with_samples(component: Component) -> str:
    name = ", ".join(component.models())
    samples = getattr(component, "samples", 1)
    return f"{name} x {samples}" if name and samples != 1 else name


def _settings(component: Component) -> str:
    fields = type(component).model_fields
    shown: list[str] = []
    for name in _SHOWN:
        if name in fields and getattr(component, name) != fields[name].default:
            shown.append(f"{name} {getattr(component, name)}")
    if getattr(component, "weights", None):
        shown.append("weighted")
    return ", ".join(shown)
