"""A process that buys draws and says of each that it is stored; started, and killed, by the tests.

python -m tests.models.store.writer PATH SEED COUNT
"""

import asyncio
import sys

from itas.models.store.contract import Settlement
from itas.models.store.sqlite import open_store
from tests.models.store.stores import answer, intent, question

_AT_ONCE = 8


async def write(path: str, seed: int, count: int) -> None:
    async with open_store(path) as store:
        numbers = iter(range(seed * 1_000_000, seed * 1_000_000 + count))

        async def buy() -> None:
            for number in numbers:
                bought = intent(store, question(number), run=f"writer {seed}")
                await store.open_intent(bought)
                await asyncio.sleep(0.001)
                settled = Settlement(bought.id, "spent", 17, 1)
                await store.put(question(number), {0: answer(f"answer {number}")}, settles=settled)
                sys.stdout.write(f"{number}\n")
                sys.stdout.flush()

        await asyncio.gather(*(buy() for _ in range(_AT_ONCE)))


if __name__ == "__main__":
    asyncio.run(write(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
