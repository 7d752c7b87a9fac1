"""Parrot: a model that repeats the question. Models from outside; see docs/extend/model.md."""

from collections.abc import Callable

from itas.core.request import Completion, Request, Usage
from itas.models.plugged import register_models


class Parrot:
    """Implements `core.model.Model`.

    Attributes:
        edition: Change it when the same request would be answered otherwise: stored answers are then asked anew.
    """

    edition = "1"

    def __init__(self, name: str) -> None:
        self._ending = "!" if name == "loud" else "."

    async def sample(
        self, request: Request, *, n: int = 1, first: int = 0, listen: Callable[[str], None] | None = None
    ) -> tuple[Completion, ...]:
        """Exactly `n` completions; `first` is the number of the first draw."""
        text = request.messages[-1].content.rstrip("?.!") + self._ending
        if listen is not None:
            listen(text)
        usage = Usage(tokens_in=len(text.split()), tokens_out=len(text.split()))
        return tuple(Completion(text=text, usage=usage, latency_s=0.001) for _ in range(n))


@register_models("parrot")
def make(name: str) -> Parrot:
    """Gives the model behind ``parrot/NAME``."""
    return Parrot(name)
