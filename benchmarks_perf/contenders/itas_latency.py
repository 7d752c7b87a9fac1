"""Wall time of one query at a time, for three shapes; prints the depth and the seconds of each."""

import asyncio
import json
import sys
import time

from itas_queries import MODELS, make_settings
from workload import question

import itas.components  # noqa: F401 - registers the component types
from itas.api.opening import open_models
from itas.cli.running import collect_garbage_seldom
from itas.core.architecture import Architecture
from itas.core.messages import user
from itas.engine import answer

ONE = MODELS[0]
RANKER = {"type": "ranker", "model": ONE, "top_k": 5}
FUSER = {"type": "fuser", "model": ONE}
FUSERS = {"type": "fuser", "models": MODELS[:3]}
CRITIC = {"type": "critic", "model": ONE}
FIVE = {"type": "generator", "models": MODELS[:5], "samples": 5}
SHAPES = {
    "10 generators, ranker, fuser": (3, [{"type": "generator", "models": MODELS}, RANKER, FUSER]),
    "5 x 5, critic, ranker, 3 fusers, critic, ranker, fuser": (
        7,
        [FIVE, CRITIC, RANKER, FUSERS, CRITIC, {**RANKER, "top_k": 2}, FUSER],
    ),
    "25 samples, vote": (1, [{"type": "generator", "model": ONE, "samples": 25}, {"type": "vote"}]),
}


async def main(url: str, repeats: int, folder: str) -> None:
    collect_garbage_seldom()  # as the command does
    seconds: dict[str, list[float]] = {name: [] for name in SHAPES}
    async with open_models(make_settings(url, folder), run="perf") as models:
        for repeat in range(-1, repeats):  # the first is to warm up
            for name, (_, layers) in SHAPES.items():
                architecture = Architecture.parse({"max_candidates": 25, "layers": layers})
                started = time.monotonic()
                await answer(architecture, user(f"{name}: {question(repeat)}"), models=models)
                if repeat >= 0:
                    seconds[name].append(time.monotonic() - started)
    print(json.dumps([{"name": name, "depth": SHAPES[name][0], "wall_s": seconds[name]} for name in SHAPES]))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
