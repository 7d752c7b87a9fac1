"""dspy's language model in a gather loop, without its cache; its calls go through litellm."""

import asyncio

import dspy
from workload import Job, run_all, run_query


async def main() -> None:
    job = Job.read()
    model = dspy.LM(
        "openai/m", api_base=job.url, api_key="none", temperature=0.7, max_tokens=2048, cache=False
    )

    async def ask(prompt: str) -> str:
        return str(await model.acall(prompt))

    await run_all(job, lambda number: run_query(number, ask))


if __name__ == "__main__":
    asyncio.run(main())
