"""Listening: text that is heard while it is written."""

import inspect
from collections.abc import Callable

from itas.core.model import Listen, Model
from itas.core.request import Completion, Request


class Ear:
    """Hands pieces on to a listener and remembers whether there were any; empty ones are none.

    Args:
        listen: Who hears them; nobody if None.
    """

    __slots__ = ("_listen", "has_heard")

    def __init__(self, listen: Listen | None) -> None:
        self._listen = listen
        self.has_heard = False

    @property
    def listen(self) -> Listen | None:
        """To be handed on: this ear, if there is a listener behind it."""
        return None if self._listen is None else self

    def __call__(self, piece: str) -> None:
        if piece and self._listen is not None:
            self.has_heard = True
            self._listen(piece)

    def finish(self, text: str) -> None:
        """Say the whole text, unless it was heard in pieces."""
        if not self.has_heard:
            self(text)


class Whole:
    """A model that knows nothing of listeners: its text is heard in one piece.

    Args:
        inner: Its `sample` lacks the parameter `listen`.
    """

    def __init__(self, inner: Model) -> None:
        self._inner = inner

    async def sample(
        self, request: Request, *, n: int = 1, first: int = 0, listen: Listen | None = None
    ) -> tuple[Completion, ...]:
        """See `core.model.Model.sample`."""
        completions = await self._inner.sample(request, n=n, first=first)
        if listen is not None:
            Ear(listen).finish(completions[0].text)
        return completions


def with_listening(model: Model) -> Model:
    """The model itself, or around it what lets it be listened to."""
    return model if _takes_listen(model.sample) else Whole(model)


def _takes_listen(sample: Callable[..., object]) -> bool:
    try:
        parameters = inspect.signature(sample).parameters.values()
    except (TypeError, ValueError):  # written in another language
        return False
    return any(each.name == "listen" or each.kind is each.VAR_KEYWORD for each in parameters)
