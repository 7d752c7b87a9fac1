"""The openai SDK asks the provider itself: the same question many times, so many at once, whole or streamed.

    python openai_direct.py URL REQUESTS AT_ONCE whole|streamed

Prints one line of JSON: calls, seconds of CPU and wall time, and the median of a call.
"""

import asyncio
import json
import statistics
import sys
import time
from collections.abc import Awaitable, Callable

from openai import AsyncOpenAI

QUESTION = [{"role": "user", "content": "What is the answer?"}]


async def main(url: str, requests: int, at_once: int, is_streamed: bool) -> None:
    times: list[float] = []
    async with AsyncOpenAI(base_url=f"{url}/v1", api_key="none-none-none-none") as client:

        async def whole() -> str:
            reply = await client.chat.completions.create(model="m", messages=QUESTION)
            return reply.choices[0].message.content or ""

        async def streamed() -> str:
            stream = await client.chat.completions.create(model="m", messages=QUESTION, stream=True)
            return "".join([part.choices[0].delta.content or "" async for part in stream if part.choices])

        ask = streamed if is_streamed else whole
        await many(ask, min(50, requests), at_once, [])
        cpu, started = time.process_time(), time.monotonic()
        await many(ask, requests, at_once, times)
        took = {"cpu_s": time.process_time() - cpu, "wall_s": time.monotonic() - started}
    print(json.dumps({"calls": requests, "median_s": statistics.median(times), **took}))


async def many(ask: Callable[[], Awaitable[str]], requests: int, at_once: int, times: list[float]) -> None:
    left = requests

    async def worker() -> None:
        nonlocal left
        while left > 0:
            left -= 1
            started = time.monotonic()
            assert "forty-two" in await ask()
            times.append(time.monotonic() - started)

    await asyncio.gather(*(worker() for _ in range(at_once)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4] == "streamed"))
