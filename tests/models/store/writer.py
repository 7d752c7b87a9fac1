"""A process that buys draws and says of each that it is stored; started, and killed, by the tests.

python -m tests.models.store.writer PATH SEED COUNT [SECONDS_PER_CALL]
"""

import asyncio
import sys

from itas.models.store.contract import Settlement
from itas.models.store.sqlite import open_store
from tests.models.store.stores import answer, intent, question

_AT_ONCE = 8


async def write(path: str, seed: int, count: int, call_s: float) -> None:
    async with open_store(path) as store:
        numbers = iter(range(seed * 1_000_000, seed * 1_000_000 + count))

        async def buy() -> None:
            for number in numbers:
                bought = intent(store, question(number), run=f"writer {seed}")
                await store.open_intent(bought)
                await asyncio.sleep(call_s)
                settled = Settlement(bought.id, "spent", 17, 1)
                await store.put(question(number), {0: answer(f"answer {number}")}, settles=settled)
                sys.stdout.write(f"{number}\n")
                sys.stdout.flush()

        await asyncio.gather(*(buy() for _ in range(_AT_ONCE)))


if __name__ == "__main__":
    place, seed_text, count_text, *pace = sys.argv[1:]
    asyncio.run(write(place, int(seed_text), int(count_text), float(pace[0]) if pace else 0.001))
