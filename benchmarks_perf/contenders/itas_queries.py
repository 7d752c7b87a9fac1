"""Ours, with everything on: durable call store, ledger, meter, cap in dollars, and a trace written as it happens."""

import asyncio
from pathlib import Path

from workload import WIDTH, Job, question, run_all

import itas.components  # noqa: F401 - registers the component types
from itas.api.opening import Caps, open_models
from itas.api.settings import Settings
from itas.cli.running import collect_garbage_seldom
from itas.core.architecture import Architecture
from itas.core.messages import user
from itas.engine import answer
from itas.engine.trace import open_trace
from itas.models.prices import PriceEntry
from itas.models.providers.known import ProviderSettings

MODELS = [f"perf/m{number}" for number in range(WIDTH)]
LAYERS = [
    {"type": "generator", "models": MODELS},
    {"type": "ranker", "model": MODELS[0], "top_k": 5},
    {"type": "fuser", "model": MODELS[0]},
]


def make_settings(url: str, folder: str) -> Settings:
    """One provider, with a price, and a store on the disk."""
    price = PriceEntry.model_validate({"usd_in": "0.15", "usd_out": "0.6"})
    return Settings(
        providers={"perf": ProviderSettings(base_url=url, needs_key=False, concurrency=4000, max_n=128)},
        prices=dict.fromkeys(MODELS, price),
        store=str(Path(folder) / "calls.sqlite3"),
    )


async def main() -> None:
    collect_garbage_seldom()  # as the command does
    job = Job.read()
    architecture = Architecture.parse({"layers": LAYERS})
    caps = Caps(max_usd=1e6, max_samples=10**9)
    async with open_models(make_settings(job.url, job.folder), caps=caps, run="perf") as models:
        with open_trace(Path(job.folder) / "trace.jsonl") as trace:

            async def query(number: int) -> None:
                await answer(architecture, user(question(number)), models=models, trace=trace)

            await run_all(job, query)


if __name__ == "__main__":
    asyncio.run(main())
