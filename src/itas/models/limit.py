"""Limit: a call waits until its provider stands it, and tells how it went."""

import time

from itas.core.model import Listen, Model
from itas.core.request import Completion, Request
from itas.errors import ModelError
from itas.models.throttle import Throttle

_CHARS_PER_TOKEN = 4
_USUAL_TOKENS_OUT = 512


class Limited:
    """Waits for a place before it asks the inner model.

    Args:
        inner: Who answers.
        throttle: Shared by all models of one provider.
    """

    def __init__(self, inner: Model, throttle: Throttle) -> None:
        self._inner = inner
        self._throttle = throttle

    async def sample(
        self, request: Request, *, n: int = 1, first: int = 0, listen: Listen | None = None
    ) -> tuple[Completion, ...]:
        """See `core.model.Model.sample`."""
        throttle = self._throttle
        await throttle.enter(rough_tokens(request, n))
        started = time.monotonic()
        try:
            completions = await self._inner.sample(request, n=n, first=first, listen=listen)
            throttle.note_answer()
            return completions
        except ModelError as error:
            throttle.note_failure(error, started)
            raise
        finally:
            throttle.leave()


def rough_tokens(request: Request, n: int) -> int:
    """What a call may take of a limit on tokens: providers count the prompt and the most it may write."""
    characters = sum(len(message.content) for message in request.messages)
    return characters // _CHARS_PER_TOKEN + n * (request.max_tokens or _USUAL_TOKENS_OUT)
