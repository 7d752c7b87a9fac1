"""its-hub's client of OpenAI-compatible servers, one call at a time in a gather loop."""

import asyncio

from its_hub import OpenAICompatibleLanguageModel
from workload import Job, run_all, run_query


async def main() -> None:
    job = Job.read()
    model = OpenAICompatibleLanguageModel(
        endpoint=job.url, api_key="none", model_name="m", temperature=0.7, max_tokens=2048
    )

    async def ask(prompt: str) -> str:
        reply = await model.agenerate([{"role": "user", "content": prompt}])
        return str(reply)

    await run_all(job, lambda number: run_query(number, ask))


if __name__ == "__main__":
    asyncio.run(main())
