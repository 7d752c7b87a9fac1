"""Retry: the only loop of the project that sends the same request again after a failure."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from random import Random

from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt

from itas.core.attempts import note_failure
from itas.core.model import Listen, Model
from itas.core.request import Completion, Request
from itas.core.spec import Spec
from itas.errors import ModelError
from itas.models.listening import Ear

_log = logging.getLogger(__name__)


class RetryPolicy(Spec):
    """How patient to be.

    Attributes:
        attempts: Calls in all, the first included.
        first_wait_s: Wait after the first failure; doubles with each further one.
        max_wait_s: No wait is longer. A provider that asks for more gets its failure passed on instead.
        jitter: Share of each wait that is drawn at random, in addition, so that callers spread out.
    """

    attempts: PositiveInt = 6
    first_wait_s: PositiveFloat = 0.5
    max_wait_s: PositiveFloat = 60.0
    jitter: NonNegativeFloat = 0.25


class Retried:
    """Asks the inner model again after failures that may pass.

    Args:
        inner: Who answers.
        policy: How patient to be.
        sleep: Waits; a test hands in its own clock.
        rng: For the jitter, which changes when something is sent but never what.
    """

    def __init__(
        self,
        inner: Model,
        policy: RetryPolicy | None = None,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        rng: Random | None = None,
    ) -> None:
        self._inner = inner
        self._policy = policy or RetryPolicy()
        self._sleep = sleep
        self._rng = rng or Random()

    async def sample(
        self, request: Request, *, n: int = 1, first: int = 0, listen: Listen | None = None
    ) -> tuple[Completion, ...]:
        """See `core.model.Model.sample`."""
        ear = Ear(listen)
        for attempt in range(1, self._policy.attempts):
            try:
                return await self._inner.sample(request, n=n, first=first, listen=ear.listen)
            except ModelError as error:
                wait_s = None if ear.has_heard else self._find_wait(error, attempt)
                if wait_s is None:
                    raise
                await note_failure(str(error), may_be_billed=error.may_be_billed)
                _log.info(
                    "attempt %d failed, next in %.1f s: %s",
                    attempt, wait_s, error,
                )  # fmt: skip
            await self._sleep(wait_s)
        return await self._inner.sample(request, n=n, first=first, listen=ear.listen)

    def _find_wait(self, error: ModelError, attempt: int) -> float | None:
        """Seconds until the next attempt, never less than the provider asked for; None if there is none."""
        if not error.can_retry:
            return None
        policy = self._policy
        if error.retry_after_s is not None and error.retry_after_s > policy.max_wait_s:
            return None
        wait_s = min(policy.first_wait_s * 2 ** (attempt - 1), policy.max_wait_s)
        if error.retry_after_s is not None:
            wait_s = max(wait_s, error.retry_after_s)
        return wait_s * (1.0 + policy.jitter * self._rng.random())
