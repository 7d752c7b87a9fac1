"""The openai SDK in a gather loop, as its documentation shows it."""

import asyncio

from openai import AsyncOpenAI
from workload import Job, run_all, run_query


async def main() -> None:
    job = Job.read()
    async with AsyncOpenAI(base_url=job.url, api_key="none", max_retries=2) as client:

        async def ask(prompt: str) -> str:
            reply = await client.chat.completions.create(
                model="m", messages=[{"role": "user", "content": prompt}], temperature=0.7, max_tokens=2048
            )
            return reply.choices[0].message.content or ""

        await run_all(job, lambda number: run_query(number, ask))


if __name__ == "__main__":
    asyncio.run(main())
