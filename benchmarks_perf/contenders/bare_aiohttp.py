"""The least a Python program can do: one aiohttp session, JSON out, JSON in, nothing remembered or counted.

The prompts are those that itas sends for the same architecture, recorded beforehand, with the number replaced.
"""

import asyncio
import json
import time
from pathlib import Path

import aiohttp
from workload import Job, run_all

MARK = "Question 0."


async def main() -> None:
    job = Job.read()
    layers = json.loads((Path(job.folder) / "bodies.json").read_text("utf-8"))
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def ask(body: dict[str, object], number: int) -> str:
            messages = [
                {"role": each["role"], "content": each["content"].replace(MARK, f"Question {number}.")}
                for each in body["messages"]  # type: ignore[attr-defined]
            ]
            async with session.post(
                f"{job.url}/chat/completions", json={**body, "messages": messages}
            ) as reply:
                return (await reply.json())["choices"][0]["message"]["content"]

        async def query(number: int) -> None:
            for layer in layers:
                await asyncio.gather(*(ask(body, number) for body in layer))

        await run_all(job, query)


if __name__ == "__main__":
    time.process_time()
    asyncio.run(main())
