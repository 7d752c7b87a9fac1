"""What a caller says about the form of the answer, added to the requests that ask for the answer itself.

It belongs to the call, not to the architecture: the last layer that writes is asked for it, everything before stays
as it was proven. A temperature is only taken over where nothing chooses among the answers afterwards.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from itas.core.architecture import Architecture, Layer
from itas.core.component import Producer
from itas.core.request import Request


@dataclass(frozen=True, slots=True)
class Writing:
    """The caller's wishes; None and empty ones leave the architecture's own.

    Attributes:
        temperature: Of the last writer.
        max_tokens: Longest answer.
        stop: Texts before which the answer ends.
        extra: Fields for the provider; see `core.messages.Extra`.
        check: What is wrong with a text, in words; None if it has the form that was asked for. A text that has not is
            asked for once more.
    """

    temperature: float | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    extra: str = ""
    check: Callable[[str], str | None] | None = None

    def apply(self, request: Request) -> Request:
        """The request with the wishes in it."""
        changed: dict[str, Any] = {}
        if self.temperature is not None:
            changed["temperature"] = self.temperature
        if self.max_tokens is not None:
            changed["max_tokens"] = self.max_tokens
        if self.stop:
            changed["stop"] = self.stop
        if self.extra:
            changed["extra"] = self.extra
        return Request.model_validate({**dict(request), **changed}) if changed else request


def writes_last(layer: Layer) -> bool:
    """Whether every request of a layer asks for an answer and for nothing else."""
    return all(isinstance(each, Producer) and each.only_writes for each in layer.components)


def find_writer(architecture: Architecture) -> int | None:
    """Number of the last layer that writes answers; None if it also asks for other things."""
    layers = architecture.layers
    number = next(n for n in range(len(layers) - 1, -1, -1) if isinstance(layers[n].components[0], Producer))
    return number if writes_last(layers[number]) else None


def writing_of(number: int, architecture: Architecture, writing: Writing | None) -> Writing | None:
    """What holds for a layer."""
    if writing is None or number != find_writer(architecture):
        return None
    if number == len(architecture.layers) - 1:
        return writing
    return replace(writing, temperature=None)
