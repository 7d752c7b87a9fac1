"""Retrying: only what may pass, as often as allowed, never earlier than told."""

from random import Random

import pytest

from itas.core.messages import user
from itas.core.model import Listen
from itas.core.request import Request
from itas.errors import BudgetExceeded, ModelError
from itas.models.fakes import ScriptedModel
from itas.models.retry import Retried, RetryPolicy

REQUEST = Request(model="fake/m", messages=user("2 + 2?"))


def failure(*, can_retry: bool = True, retry_after_s: float | None = None) -> ModelError:
    return ModelError("busy", provider="fake", can_retry=can_retry, retry_after_s=retry_after_s)


class Clock:
    def __init__(self) -> None:
        self.waits: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)


def retried(model: ScriptedModel, clock: Clock, **policy: float) -> Retried:
    return Retried(model, RetryPolicy.model_validate(policy), sleep=clock.sleep, rng=Random(1))


async def test_it_waits_longer_each_time_with_jitter_and_gives_the_answer():
    clock = Clock()
    model = ScriptedModel([failure()] * 4 + ["answer"])
    (completion,) = await retried(model, clock).sample(REQUEST)
    assert completion.text == "answer"
    for wait, least in zip(clock.waits, (0.5, 1, 2, 4), strict=True):
        assert least <= wait <= 1.25 * least
    assert len({wait / least for wait, least in zip(clock.waits, (0.5, 1, 2, 4), strict=True)}) == 4


async def test_attempts_are_bounded_and_the_last_failure_is_raised():
    clock = Clock()
    model = ScriptedModel([failure()] * 10)
    with pytest.raises(ModelError, match="busy"):
        await retried(model, clock, attempts=3).sample(REQUEST)
    assert (model.calls, len(clock.waits)) == (3, 2)


@pytest.mark.parametrize("error", [failure(can_retry=False), BudgetExceeded("cap"), ValueError("bug")])
async def test_what_will_not_pass_is_not_tried_again(error: Exception):
    clock = Clock()
    model = ScriptedModel([error, "answer"])
    with pytest.raises(type(error)):
        await retried(model, clock).sample(REQUEST)
    assert model.calls == 1


@pytest.mark.parametrize("told", [0.0, 7.0, 60.0])
async def test_no_call_is_made_earlier_than_the_provider_asked(told: float):
    clock = Clock()
    await retried(ScriptedModel([failure(retry_after_s=told), "answer"]), clock).sample(REQUEST)
    assert clock.waits[0] >= told


async def test_a_provider_that_asks_for_too_long_is_given_up():
    clock = Clock()
    model = ScriptedModel([failure(retry_after_s=1e9), "answer"])
    with pytest.raises(ModelError):
        await retried(model, clock).sample(REQUEST)
    assert clock.waits == []


async def test_no_backoff_is_longer_than_the_longest():
    clock = Clock()
    model = ScriptedModel([failure()] * 30 + ["answer"])
    await retried(model, clock, attempts=31, max_wait_s=8, jitter=0).sample(REQUEST)
    assert max(clock.waits) == 8


async def test_once_a_piece_was_heard_nothing_is_tried_again():
    class Breaking(ScriptedModel):
        async def sample(self, request: Request, *, n: int = 1, first: int = 0, listen: Listen | None = None):
            if listen is not None:
                listen("a piece")
            return await super().sample(request, n=n, first=first)

    clock, heard = Clock(), list[str]()
    model = Breaking([failure(), "answer"])
    with pytest.raises(ModelError, match="busy"):
        await retried(model, clock).sample(REQUEST, listen=heard.append)
    assert (model.calls, heard, clock.waits) == (1, ["a piece"], [])
