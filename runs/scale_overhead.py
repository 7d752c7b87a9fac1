"""What a cluster of one node costs beside this process alone: the same calls of a fixed latency, both ways in turn.

    python runs/scale_overhead.py [--calls 1000] [--latency-ms 200] [--at-once 24] [--rounds 5] [--nodes 1]

Each measurement is a process of its own with a new call store and a new run folder; the endpoint is one more process
and answers each call after exactly that time. Of a problem with one call is counted:

``work_s``    from the first problem that is asked to the last result that is written, workers being ready: what
              is compared. The least that it can take is ``calls * latency / at once``.
``start_s``   before that: the cluster is started and joined (`--where ray`), workers open their stores and models.
``work_cpu_s``  processor time of this process in that time: with a cluster that of the coordinator alone.
``whole_s``   the whole of `evaluate_architectures`, closing of books and of the cluster included.

Prints JSON: every figure, the medians, and by how much the cluster took longer.
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from itas.api.evaluating import evaluate_architectures
from itas.api.evaluation_estimate import EvaluationEstimate
from itas.api.settings import Settings
from itas.core.architecture import Architecture
from itas.evaluation.records import ProblemResult
from itas.models.providers.known import ProviderSettings
from itas.specs import parse_architecture

_ENDPOINT = Path(__file__).parents[1] / "benchmarks_perf" / "endpoint.py"
_ONE = {"name": "one", "layers": [[{"type": "generator", "model": "mine/m", "samples": 1}]]}


class Clock:
    """Notes when the first problem is asked and when the last result is there."""

    def __init__(self) -> None:
        self.begun = self.ended = self.begun_cpu = self.ended_cpu = 0.0
        self.results = 0

    def confirm(self, estimates: Sequence[EvaluationEstimate]) -> bool:
        """See `EvaluationWatch`."""
        return True

    def begin(
        self,
        architecture: Architecture,
        total: int,
        *,
        known: Sequence[ProblemResult] = (),
        rejections: Callable[[], int] | None = None,
    ) -> None:
        """See `EvaluationWatch`."""
        self.begun, self.begun_cpu = time.monotonic(), time.process_time()

    def result(self, result: ProblemResult) -> None:
        """See `EvaluationWatch`."""
        self.results += 1
        self.ended, self.ended_cpu = time.monotonic(), time.process_time()


async def measure(where: str | None, url: str, *, calls: int, at_once: int) -> dict[str, float]:
    """Evaluate once, in a folder that goes away."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data = folder / "questions.jsonl"
        rows = ({"id": f"q{i}", "input": f"What is {i} and 7?", "target": "42"} for i in range(calls))
        data.write_text("".join(json.dumps(row) + "\n" for row in rows))
        settings = Settings(
            store=str(folder / "calls.db"),
            providers={"mine": ProviderSettings(base_url=url, needs_key=False, concurrency=at_once)},
            concurrency=at_once,
        )
        clock, started = Clock(), time.monotonic()
        await evaluate_architectures(
            [parse_architecture(_ONE).architecture],
            on=str(data),
            scorer="exact",
            output=folder / "runs",
            settings=settings,
            watch=clock,
            where=where,
        )
        ended = time.monotonic()
        assert clock.results == calls
        return {
            "work_s": round(clock.ended - clock.begun, 3),
            "start_s": round(clock.begun - started, 3),
            "whole_s": round(ended - started, 3),
            "work_cpu_s": round(clock.ended_cpu - clock.begun_cpu, 3),
        }


def main() -> None:
    """Measure in turn, print the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--calls", type=int, default=1000)
    parser.add_argument("--latency-ms", type=float, default=200)
    parser.add_argument("--at-once", type=int, default=24)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--where", choices=["plain", "ray"])
    parser.add_argument("--url")
    given = parser.parse_args()
    if given.where is not None:
        where = None if given.where == "plain" else given.where
        print(json.dumps(asyncio.run(measure(where, given.url, calls=given.calls, at_once=given.at_once))))
        return
    found: dict[str, list[dict[str, float]]] = {"plain": [], "ray": []}
    load = os.getloadavg()[0]
    with subprocess.Popen(
        [sys.executable, _ENDPOINT, str(given.latency_ms)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as endpoint:
        assert endpoint.stdin is not None
        assert endpoint.stdout is not None
        url = f"http://127.0.0.1:{endpoint.stdout.readline().strip()}/v1"
        try:
            for _ in range(given.rounds):
                for where, figures in found.items():
                    figures.append(_in_a_process(where, url, given.calls, given.at_once))
        finally:
            endpoint.stdin.close()
    print(json.dumps(_summary(found, given, load), indent=1))


def _in_a_process(where: str, url: str, calls: int, at_once: int) -> dict[str, float]:
    command = [sys.executable, __file__, f"--where={where}", f"--url={url}"]
    done = subprocess.run(
        [*command, f"--calls={calls}", f"--at-once={at_once}"],
        stdout=subprocess.PIPE,
        check=True,
        timeout=300,
    )
    return json.loads(done.stdout.splitlines()[-1])


def _summary(found: dict[str, list[dict[str, float]]], given: argparse.Namespace, load: float) -> Any:
    medians = {
        where: {name: statistics.median(each[name] for each in figures) for name in figures[0]}
        for where, figures in found.items()
    }
    longer = {
        name: round(medians["ray"][name] / medians["plain"][name] - 1, 3) for name in ("work_s", "whole_s")
    }
    return {
        "calls": given.calls,
        "latency_ms": given.latency_ms,
        "at_once": given.at_once,
        "least_s": round(given.calls * given.latency_ms / 1000 / given.at_once, 2),
        "rounds": found,
        "medians": medians,
        "ray_takes_longer_by": longer,
        "cores": os.cpu_count(),
        "load_before": load,
    }


if __name__ == "__main__":
    main()
