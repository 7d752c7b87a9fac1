"""Models for tests: answers from a function or a list. They count calls and remember what was asked."""

import inspect
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from itas.core.model import Listen
from itas.core.request import Completion, Request
from itas.errors import ModelError
from itas.models.listening import Ear

Reply = str | Completion | Exception


@dataclass(frozen=True, slots=True)
class Asked:
    """One call of a fake."""

    request: Request
    first: int
    n: int


class FunctionModel:
    """Answers with what a function makes of the request and the number of the draw.

    Args:
        answer: Gives a text, a whole completion, or an exception to raise; or raises it. May be async.
    """

    def __init__(self, answer: Callable[[Request, int], Reply | Awaitable[Reply]]) -> None:
        self.asked: list[Asked] = []
        self._answer = answer

    @property
    def calls(self) -> int:
        """How often it was called."""
        return len(self.asked)

    @property
    def samples(self) -> int:
        """How many draws it was asked for."""
        return sum(asked.n for asked in self.asked)

    @property
    def requests(self) -> tuple[Request, ...]:
        """What it was asked, in order."""
        return tuple(asked.request for asked in self.asked)

    async def sample(
        self, request: Request, *, n: int = 1, first: int = 0, listen: Listen | None = None
    ) -> tuple[Completion, ...]:
        """See `core.model.Model.sample`."""
        self.asked.append(Asked(request, first, n))
        completions = tuple([await self._draw(request, number) for number in range(first, first + n)])
        if listen is not None:
            Ear(listen).finish(completions[0].text)
        return completions

    async def _draw(self, request: Request, number: int) -> Completion:
        reply = self._answer(request, number)
        if inspect.isawaitable(reply):
            reply = await reply
        if isinstance(reply, Exception):
            raise reply
        return Completion(text=reply) if isinstance(reply, str) else reply


class ScriptedModel(FunctionModel):
    """Gives prepared replies one after the other, whatever it is asked; then it fails."""

    def __init__(self, replies: Iterable[Reply]) -> None:
        self._left = list(replies)
        super().__init__(self._next)

    @property
    def left(self) -> int:
        """Replies not given yet."""
        return len(self._left)

    def _next(self, request: Request, number: int) -> Reply:
        if not self._left:
            raise ModelError(
                f"the script has no reply left for draw {number} of '{request.model}'", provider="scripted"
            )
        return self._left.pop(0)
