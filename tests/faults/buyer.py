"""A process that buys from a provider through the store; started, and killed, by the tests.

    python -m tests.faults.buyer STORE ADDRESS

Each line it reads is an `Order` in JSON. It says ``{"bought": [number, text]}`` for each answer it has and, at the
end of an order, ``{"done": ..., "failed": ..., "capped": ...}``. It ends when its input ends.
"""

import asyncio
import json
import sys
from random import Random
from typing import Any

from itas.core.messages import user
from itas.core.request import Request
from itas.core.spec import Spec
from itas.errors import BudgetExceeded, ModelError
from itas.models.budget import Budget
from itas.models.pool import ModelPool
from itas.models.prices import PriceEntry, PriceTable
from itas.models.providers.known import ProviderSettings
from itas.models.retry import RetryPolicy
from itas.models.store.contract import CallStore
from itas.models.store.place import open_place
from tests.faults.provider import MODEL, USD_IN, USD_OUT

MAX_TOKENS = 100


class Order(Spec):
    """What to buy.

    Attributes:
        name: Of the run, and part of every prompt.
        first: First question.
        count: Questions, in an order of the process's own.
        seed: Of that order.
        at_once: Callers.
        cap: Micro-dollars of the whole run; none if None.
        attempts: Of one call.
        hedge_after_s: When a call gets a second one beside it; never if None.
    """

    name: str
    first: int = 0
    count: int = 1
    seed: int = 0
    at_once: int = 16
    cap: int | None = None
    attempts: int = 6
    hedge_after_s: float | None = None


def question(name: str, number: int) -> Request:
    """What is asked for a number."""
    return Request(model=MODEL, messages=user(f"{name}: question {number}"), max_tokens=MAX_TOKENS)


def say(**data: Any) -> None:
    sys.stdout.write(json.dumps(data) + "\n")
    sys.stdout.flush()


async def fill(order: Order, store: CallStore, address: str) -> None:
    """Buy all that is ordered, as far as the cap reaches."""
    before = await store.totals(order.name)
    budget = Budget(
        max_micro_usd=order.cap,
        spent_micro_usd=before.spent + before.uncertain,
        spent_samples=before.samples,
    )
    numbers = list(range(order.first, order.first + order.count))
    Random(order.seed).shuffle(numbers)
    left = iter(numbers)
    ends = {"done": 0, "failed": 0, "capped": 0}
    mine = ProviderSettings(
        base_url=address,
        needs_key=False,
        concurrency=order.at_once * (1 if order.hedge_after_s is None else 2),
        hedge_after_s=order.hedge_after_s,
    )
    async with ModelPool(
        settings={"mine": mine},
        store=store,
        budget=budget,
        prices=PriceTable({MODEL: PriceEntry.model_validate({"usd_in": USD_IN, "usd_out": USD_OUT})}),
        retry=RetryPolicy(attempts=order.attempts, first_wait_s=0.01, max_wait_s=0.1),
        run=order.name,
        environ={},
    ) as pool:
        model = pool(MODEL)

        async def buy() -> None:
            for number in left:
                try:
                    (draw,) = await model.sample(question(order.name, number))
                except BudgetExceeded:
                    ends["capped"] += 1
                except ModelError:
                    ends["failed"] += 1
                else:
                    ends["done"] += 1
                    say(bought=[number, draw.text])

        await asyncio.gather(*(buy() for _ in range(order.at_once)))
    say(**ends)


async def _main(path: str, address: str) -> None:
    store = await open_place(path)
    try:
        while line := await asyncio.to_thread(sys.stdin.readline):
            await fill(Order.model_validate_json(line), store, address)
    finally:
        await store.close()


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
