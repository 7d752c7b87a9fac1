"""What a paid call costs in processor time, so that nobody makes it dear without noticing."""

import asyncio
import hashlib
import json
import time
from pathlib import Path

from itas.core.messages import user
from itas.core.model import Listen
from itas.core.request import Completion, Request, Usage
from itas.models.budget import Budget
from itas.models.chain import build_chain
from itas.models.meter import Tally
from itas.models.prices import PriceEntry
from itas.models.retry import RetryPolicy
from itas.models.store.sqlite import open_store
from itas.models.throttle import Throttle

CALLS = 600
AT_ONCE = 60
MOST = 16.0
"""Yardsticks per call. It was 6.7 on a busy machine when this was written; a good part of it is SQLite."""


class Provider:
    """Answers after one turn of the event loop."""

    async def sample(
        self, request: Request, *, n: int = 1, first: int = 0, listen: Listen | None = None
    ) -> tuple[Completion, ...]:
        await asyncio.sleep(0)
        return (Completion(text="a" * 500, usage=Usage(tokens_in=90, tokens_out=120), cost_micro_usd=9),) * n


async def yardstick() -> None:
    """What any program does for a call: a task, JSON out and in, a hash."""
    body = {"messages": [{"role": "user", "content": "q" * 2000}], "temperature": 0.7}

    async def one() -> None:
        await asyncio.sleep(0)
        hashlib.sha256(json.dumps(json.loads(json.dumps(body))).encode()).hexdigest()

    for _ in range(CALLS // AT_ONCE):
        await asyncio.gather(*(one() for _ in range(AT_ONCE)))


async def pay(path: Path, round_number: int) -> float:
    """Seconds of processor time, all threads, for calls with everything on."""
    price = PriceEntry.model_validate({"usd_in": "0.1", "usd_out": "0.4"}).to_price()
    async with open_store(path) as store:
        model = build_chain(
            Provider(),
            store=store,
            budget=Budget(max_micro_usd=10**12, max_samples=10**9),
            price=price,
            used=Tally(),
            paid=Tally(),
            max_n=lambda: 1,
            throttle=Throttle("fake", most=1000, start=1000),
            retry=RetryPolicy(),
            run="effort",
            is_remote=True,
        )
        requests = [
            Request(model="fake/m", messages=user(f"{round_number} {number} " + "q" * 500))
            for number in range(CALLS)
        ]
        started_s = time.process_time()
        for first in range(0, CALLS, AT_ONCE):
            await asyncio.gather(*(model.sample(each) for each in requests[first : first + AT_ONCE]))
        return time.process_time() - started_s


async def test_a_paid_call_costs_a_few_times_the_least_that_any_call_costs(tmp_path: Path):
    ratios: list[float] = []
    for number in range(4):
        started_s = time.process_time()
        await yardstick()
        least_s = time.process_time() - started_s
        ratios.append(await pay(tmp_path / "calls.db", number) / least_s)
    assert min(ratios) < MOST, f"{[round(each, 1) for each in ratios]} yardsticks per call"
