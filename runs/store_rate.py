"""How many calls a second a call store takes: purchase opened, draw stored and settled, read once more.

    python runs/store_rate.py PLACE [--processes 4] [--callers 64] [--seconds 10]

PLACE is a file or ``postgresql://...``. Prints JSON: stored calls a second of all processes together, and how busy
the machine was.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import time

from itas.core.messages import user
from itas.core.request import Completion, Request, Usage
from itas.models.store.contract import Intent, Opened, Settlement, SharedCaps
from itas.models.store.place import open_place, shown

_TEXT = "x" * 800


async def measure(place: str, *, callers: int, seconds: float, seed: int) -> tuple[int, float]:
    """Calls stored, and seconds of CPU."""
    store = await open_place(place)
    count = 0
    caps = SharedCaps(micro_usd=10**15)
    end_s = time.monotonic() + seconds

    async def call(caller: int) -> None:
        nonlocal count
        number = 0
        while time.monotonic() < end_s:
            request = Request(
                model="fake/m", messages=user(f"{seed} {caller} {number} {_TEXT}"), temperature=0.7
            )
            number += 1
            await store.find(request.key, [0])
            intent = Intent(store.new_intent_id(), "rate", request.model, request.key, 0, 1, 100)
            opening = await store.open_intent(intent, caps=caps)
            assert isinstance(opening, Opened)
            draw = Completion(text=_TEXT, usage=Usage(tokens_in=200, tokens_out=200), cost_micro_usd=17)
            await store.put(request, {0: draw}, settles=Settlement(intent.id, "spent", 17, 1))
            count += 1

    await asyncio.gather(*(call(caller) for caller in range(callers)))
    await store.close()
    return count, time.process_time()


def main() -> None:
    """Start the processes and add up."""
    parser = argparse.ArgumentParser()
    parser.add_argument("place")
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--callers", type=int, default=64, help="of each process")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--seed", type=int)
    given = parser.parse_args()
    if given.seed is not None:
        found = asyncio.run(
            measure(given.place, callers=given.callers, seconds=given.seconds, seed=given.seed)
        )
        print(json.dumps(found))
        return
    command = [
        sys.executable,
        __file__,
        given.place,
        f"--callers={given.callers}",
        f"--seconds={given.seconds}",
    ]
    before = os.getloadavg()[0]
    started = [
        subprocess.Popen(
            [*command, f"--seed={time.time_ns() % 10**9 * 100 + number}"], stdout=subprocess.PIPE
        )
        for number in range(given.processes)
    ]
    found = [json.loads(each.communicate()[0]) for each in started]
    calls = sum(count for count, _ in found)
    figures = {
        "place": shown(given.place),
        "processes": given.processes,
        "callers": given.callers,
        "calls": calls,
        "calls_per_s": round(calls / given.seconds),
        "cpu_ms_per_call": round(1000 * sum(cpu for _, cpu in found) / max(1, calls), 3),
        "load_before": before,
        "load_after": os.getloadavg()[0],
        "cores": os.cpu_count(),
    }
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
