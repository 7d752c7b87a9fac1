"""Ablation: an architecture with one part left out at a time, to find out what each adds and costs."""

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import ValidationError

from itas.core.architecture import Architecture, Layer
from itas.errors import SpecError

_MOST_TOGETHER = 3


@dataclass(frozen=True, slots=True)
class Ablation:
    """What is left when one part is gone.

    Attributes:
        without: What was left out, for people: ``critic (layer 2)``.
        architecture: The rest, which follows the rules; its name says what is missing.
    """

    without: str
    architecture: Architecture


def list_ablations(architecture: Architecture, *, members: bool = True) -> tuple[Ablation, ...]:
    """Every layer left out in turn, then every component of a layer that has several.

    Where the rest breaks a rule of construction, the fewest neighbouring layers that go with it are left out too:
    a critic with its only reader, tests with their evaluator. The layer that writes the first candidates stays.

    Args:
        architecture: What is taken apart.
        members: Leave out single components too.
    """
    found: dict[str, Ablation] = {}
    for ablation in [*_layers(architecture), *(_members(architecture) if members else ())]:
        found.setdefault(ablation.architecture.fingerprint, ablation)
    return tuple(found.values())


def _layers(architecture: Architecture) -> Iterator[Ablation]:
    layers = architecture.layers
    for number in range(len(layers)):
        for start, end in _windows(number, len(layers)):
            rest = _build(architecture, layers[:start] + layers[end:])
            if rest is not None:
                yield _name(architecture, _say(layers[start:end], start), rest)
                break


def _windows(number: int, count: int) -> Iterator[tuple[int, int]]:
    """Stretches of layers around one, short ones first."""
    for length in range(1, _MOST_TOGETHER + 1):
        for start in range(number - length + 1, number + 1):
            if start >= 0 and start + length <= count:
                yield start, start + length


def _members(architecture: Architecture) -> Iterator[Ablation]:
    for number, layer in enumerate(architecture.layers):
        if len(layer.components) < 2:
            continue
        for place, component in enumerate(layer.components):
            kept = layer.components[:place] + layer.components[place + 1 :]
            layers = (
                *architecture.layers[:number],
                Layer(components=kept, quorum=min(layer.quorum, len(kept)), grace_s=layer.grace_s),
                *architecture.layers[number + 1 :],
            )
            rest = _build(architecture, layers)
            if rest is not None:
                who = ", ".join(component.models()) or component.type
                yield _name(architecture, f"{component.type} {who} (layer {number + 1})", rest)


def _build(architecture: Architecture, layers: tuple[Layer, ...]) -> Architecture | None:
    """The architecture with these layers; None where they break a rule."""
    try:
        return Architecture(
            name=architecture.name,
            rules=architecture.rules,
            max_candidates=architecture.max_candidates,
            layers=layers,
        )
    except (ValidationError, SpecError):
        return None


def _say(layers: tuple[Layer, ...], start: int) -> str:
    types = " and ".join(layer.type for layer in layers)
    place = f"layer {start + 1}" if len(layers) == 1 else f"layers {start + 1} to {start + len(layers)}"
    return f"{types} ({place})"


def _name(architecture: Architecture, without: str, rest: Architecture) -> Ablation:
    return Ablation(without, rest.model_copy(update={"name": f"{architecture.name} without {without}"}))
