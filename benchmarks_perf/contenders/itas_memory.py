"""Memory over many calls: resident megabytes after each tenth of them. A question is asked once and never again."""

import asyncio
import json
import sys
from pathlib import Path

from itas_queries import LAYERS, make_settings
from workload import question

import itas.components  # noqa: F401 - registers the component types
from itas.api.opening import open_models
from itas.cli.running import collect_garbage_seldom
from itas.core.architecture import Architecture
from itas.core.messages import user
from itas.engine import answer


def resident_mb() -> float:
    for line in Path("/proc/self/status").read_text("ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("this measurement needs /proc")


async def main(url: str, calls: int, folder: str) -> None:
    collect_garbage_seldom()
    architecture = Architecture.parse({"layers": LAYERS})
    numbers = iter(range(calls // 12))
    tenth = max(1, calls // 12 // 10)
    megabytes: list[float] = []
    async with open_models(make_settings(url, folder), run="perf") as models:

        async def work() -> None:
            for number in numbers:
                await answer(architecture, user(question(number)), models=models)
                if number % tenth == tenth - 1:
                    megabytes.append(resident_mb())

        await asyncio.gather(*(work() for _ in range(64)))
    print(json.dumps({"calls": calls, "resident_mb": megabytes}))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
