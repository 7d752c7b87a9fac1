"""Kill buyers at random points, start them again until everything is bought, and compare the books with the truth.

    python -m tests.faults.kills [--calls 5000] [--kills 200] [--seed 0] [--processes 2]

prints the figures as JSON; the long form takes some minutes.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random

from itas.models.editions import normal_address
from itas.models.store.contract import LedgerTotals, store_key
from tests.faults.buyer import Order, question
from tests.faults.running import Buyer, RunningProvider, opened_place, running_provider

NAME = "kills"
_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Figures:
    """What came of it.

    Attributes:
        calls: Questions asked in all.
        kills: Processes killed.
        lost: Answers that a buyer had, or the provider had delivered to nobody else, and that are not stored.
        changed: Answers that are stored with another text than a buyer was given.
        repaid: Bills beyond one for each question.
        may_be_repaid: Kills x calls in flight.
        below: Times that the ledger was below the truth.
        true_micro_usd: What the provider billed.
        spent_micro_usd: What the ledger says was spent.
        uncertain_micro_usd: What the ledger holds for uncertain.
        locked: Whether "locked" stands anywhere in what the buyers wrote.
        seconds: How long it took.
    """

    calls: int
    kills: int
    lost: int
    changed: int
    repaid: int
    may_be_repaid: int
    below: int
    true_micro_usd: int
    spent_micro_usd: int
    uncertain_micro_usd: int
    locked: bool
    seconds: float


async def kill_at_random(
    folder: Path, *, calls: int, kills: int, seed: int, processes: int, store: str = ""
) -> Figures:
    """Buy `calls` answers with `processes` buyers at a time, of which `kills` are killed.

    Args:
        store: Its place; a file in the folder by default.
    """
    started = time.monotonic()
    rng = Random(seed)
    store, errors = store or str(folder / "calls.db"), folder / "errors"
    said: dict[int, str] = {}
    changed = below = 0
    # So slow that the kills come before the end, so fast that they do not wait for it.
    latency_s = 0.03
    with running_provider(folder, seed=seed, latency_s=latency_s, life_s=3600) as provider:

        def start() -> Buyer:
            buyer = Buyer(store, provider.url, errors)
            buyer.order(Order(name=NAME, count=calls, seed=rng.randrange(10**6), at_once=_AT_ONCE))
            return buyer

        crowd = [start() for _ in range(processes)]
        for number in range(kills):
            chosen = number % processes
            victim = crowd[chosen]
            # At first anywhere, also while it opens the store; then where it buys.
            if rng.random() < 0.8:
                await asyncio.to_thread(victim.first_said)
            pace_s = calls * latency_s / _AT_ONCE / max(1, kills)
            await asyncio.sleep(rng.random() * pace_s)
            for key, text in victim.kill().items():
                changed += said.setdefault(key, text) != text
            crowd[chosen] = start()
            truth = provider.truth().billed()
            below += _held(await _totals(store)) < truth
        for buyer in crowd:
            bought, _ = await asyncio.to_thread(buyer.ends)
            for key, text in bought.items():
                changed += said.setdefault(key, text) != text
            buyer.close()
        return await _count(
            provider, store, said, changed, below,
            calls=calls, kills=kills, locked="locked" in errors.read_text(), started=started,
        )  # fmt: skip


async def _count(
    provider: RunningProvider,
    store: str,
    said: dict[int, str],
    changed: int,
    below: int,
    *,
    calls: int,
    kills: int,
    locked: bool,
    started: float,
) -> Figures:
    truth = provider.truth()
    lost = 0
    async with opened_place(store) as opened:
        for number in range(calls):
            key = store_key(question(NAME, number), normal_address(provider.url))
            found = await opened.find(key, [0])
            lost += not found
            changed += bool(found) and found[0].text != said.get(number, found[0].text)
    totals = await _totals(store)
    times = truth.times_billed()
    return Figures(
        calls=calls,
        kills=kills,
        lost=lost,
        changed=changed,
        repaid=times.total() - len(times),
        may_be_repaid=kills * _AT_ONCE,
        below=below + (_held(totals) < truth.billed()),
        true_micro_usd=truth.billed(),
        spent_micro_usd=totals.spent,
        uncertain_micro_usd=totals.uncertain,
        locked=locked,
        seconds=round(time.monotonic() - started, 1),
    )


async def _totals(store: str) -> LedgerTotals:
    async with opened_place(store) as opened:
        return await opened.totals(NAME)


def _held(totals: LedgerTotals) -> int:
    return totals.spent + totals.uncertain + totals.reserved


def _main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--calls", type=int, default=5000)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = asyncio.run(kill_at_random(Path(folder), **vars(given)))
    sys.stdout.write(json.dumps(asdict(figures), indent=1) + "\n")


if __name__ == "__main__":
    _main()
