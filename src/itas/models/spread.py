"""Spread: many draws of a provider that gives few in one request, or only one.

It stands outside retry, limit and purchase, so each part is bought, stored and retried by itself; a part that
fails takes nothing of the others with it.
"""

from collections.abc import Callable

from itas.core.model import Listen, Model
from itas.core.request import Completion, Request
from itas.errors import ModelError
from itas.models.finish import finish_all


class OneAtATime(ModelError):
    """A provider refused to give several samples in one request; nothing was billed."""


class Spread:
    """Splits a call into as many as the provider needs, side by side.

    The inner model may give fewer draws than asked for, but at least one: some servers ignore ``n``. The
    rest is asked for again.

    Args:
        inner: Who answers.
        max_n: Most samples in one request, as known now; a provider may find out that it is 1.
    """

    def __init__(self, inner: Model, max_n: Callable[[], int]) -> None:
        self._inner = inner
        self._max_n = max_n

    async def sample(
        self, request: Request, *, n: int = 1, first: int = 0, listen: Listen | None = None
    ) -> tuple[Completion, ...]:
        """See `core.model.Model.sample`."""
        step = self._max_n()
        if n <= step:
            return await self._part(request, n, first, listen)
        starts = range(first, first + n, step)
        parts = [self._part(request, min(step, first + n - start), start, listen) for start in starts]
        return tuple(completion for part in await finish_all(parts) for completion in part)

    async def _part(
        self, request: Request, n: int, first: int, listen: Listen | None
    ) -> tuple[Completion, ...]:
        try:
            got = await self._inner.sample(request, n=n, first=first, listen=listen)
        except OneAtATime:
            if n == 1 or self._max_n() >= n:
                raise
            return await self.sample(request, n=n, first=first)
        if len(got) == n:
            return got
        if not 0 < len(got) < n:
            raise ModelError(f"gave {len(got)} samples of {n}", provider=request.provider)
        return got + await self.sample(request, n=n - len(got), first=first + len(got))
