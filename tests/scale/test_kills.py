"""What one machine finds, two nodes find too, while nodes are killed one after another and new ones join."""

import asyncio
import json
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from itas.api.cluster.coordinator import open_cluster
from itas.api.cluster.job import Job, models_of
from itas.api.opening import Caps, open_models, open_sandbox
from itas.api.search_spec import make_search
from itas.api.searching import run_search
from itas.api.settings import Settings
from itas.benchmarks import Benchmark, open_benchmark
from itas.core.architecture import Architecture
from itas.core.problem import Problem
from itas.evaluation.evaluate import evaluate
from itas.evaluation.files import load_results
from itas.evaluation.records import ProblemResult
from itas.specs import parse_architecture
from tests.faults.provider import MODEL, USD_IN, USD_OUT
from tests.faults.running import RunningProvider, running_provider
from tests.scale.cluster import add_node, is_at_work, kill_node, two_nodes
from tests.scale.results import Silent, comparable, journal_lines

pytestmark = [
    pytest.mark.scale,
    pytest.mark.timeout(900),
    pytest.mark.filterwarnings("default"),  # Ray's own
]

_PROBLEMS, _SAMPLES, _KILLS = 125, 8, 10
"""A thousand programs in all."""
_ONE = {"name": "one", "layers": [[{"type": "generator", "model": "replay/mine/m", "samples": 1}]]}
_PAID = {"name": "paid", "layers": [[{"type": "generator", "model": MODEL, "samples": 1, "max_tokens": 100}]]}
_WAYS = (  # to write a function, half of them right
    "    return 2 * x + {add}\n",
    "    return x + x + {add}\n",
    "    doubled = x * 2\n    return doubled + {add}\n",
    "    return sum((x, x, {add}))\n",
    "    return 2 * x - {add} - 1\n",
    "    return x + {add}\n",
    "    raise ValueError(x)\n",
    "    return 2 * x +\n",
)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with two_nodes() as running:
            yield running


class _Nodes:
    """Kills the newest node of a cluster and adds another one in its place, again and again.

    Args:
        cluster: Whose.
        is_ready: Whether it is a node's turn.
    """

    def __init__(self, cluster: Any, is_ready: Callable[[Any], bool] = is_at_work) -> None:
        self._cluster = cluster
        self._is_ready = is_ready
        self._newest = max(cluster.worker_nodes, key=lambda node: node.all_processes["raylet"][0].process.pid)
        self.kills = 0

    async def kill_one(self) -> None:
        """Once the newest is at work: end every process of it; then add one."""
        async with asyncio.timeout(120):
            while not self._is_ready(self._newest):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.1)
        victim = self._newest
        kill_node(victim)
        self.kills += 1
        await asyncio.sleep(0.5)  # for the loss to be noticed while the work goes on
        self._cluster.remove_node(victim, allow_graceful=False)
        self._newest = add_node(self._cluster, num_cpus=1)  # in the main thread, where Ray wants it


def _write_human_eval(folder: Path) -> Path:
    """A file of the form of HumanEval."""
    path = folder / "functions.jsonl"
    rows = (
        {
            "task_id": f"Functions/{add}",
            "prompt": f'def f{add}(x):\n    """Twice x, and {add} more."""\n',
            "entry_point": f"f{add}",
            "canonical_solution": _WAYS[0].format(add=add),
            "test": f"def check(candidate):\n    assert candidate(1) == {2 + add}\n"
            f"    assert candidate(-3) == {add - 6}\n",
        }
        for add in range(_PROBLEMS)
    )
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def _write_recording(folder: Path, benchmark: Benchmark) -> Path:
    """Eight recorded answers to each problem, in an order of its own."""
    lines: list[dict[str, Any]] = [{"format": "itas-recording", "version": 1}]
    for problem in benchmark.problems:
        add = int(problem.id.rpartition("/")[2])
        ways = [*_WAYS[add % 8 :], *_WAYS[: add % 8]]
        draws = [
            {"text": f"```python\ndef f{add}(x):\n{way.format(add=add)}```", "finish_reason": "stop"}
            for way in ways
        ]
        messages = [each.model_dump(mode="json") for each in problem.conversation]
        lines.append({"model": "mine/m", "messages": messages, "any_parameters": True, "draws": draws})
    path = folder / "recording.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


async def test_a_thousand_programs_run_on_two_nodes_with_ten_kills_as_on_one_machine(
    cluster: Any, tmp_path: Path
):
    benchmark = open_benchmark(f"human_eval:{_write_human_eval(tmp_path)}")
    architecture = parse_architecture(_ONE).architecture
    recording = _write_recording(tmp_path, benchmark)
    here = Settings(store=str(tmp_path / "here.db"))
    there = Settings(store=str(tmp_path / "there.db"))
    expected: list[str] = []
    async with (
        open_sandbox(needed=True) as runner,
        open_models(here, problems=benchmark.problems, recording=recording) as models,
    ):
        for first in range(_SAMPLES):
            found = await evaluate(
                architecture, benchmark, models=models, runner=runner, first_draw=first, concurrency=16
            )
            expected += comparable(found.results)
        job = Job(
            benchmark,
            models_of([architecture], ()),
            there,
            recording,
            Caps(),
            "kills",
            0,
            "auto",
            runs_code=True,
        )
        got: list[str] = []
        async with open_cluster("ray", job) as workers:
            nodes = _Nodes(cluster, lambda node: node.node_id in {hand.node for hand in workers._hands})
            done, due = 0, asyncio.Semaphore(0)
            killing = asyncio.create_task(_kill_when_due(nodes, due))

            async def solve(architecture: Architecture, problem: Problem, first_draw: int) -> ProblemResult:
                nonlocal done
                while done >= (nodes.kills + 1) * 1000 // (_KILLS + 1) + 25:
                    await asyncio.sleep(0.05)  # so that no kill is left for the end
                    assert not killing.done(), killing.exception()
                result = await workers.solve(architecture, problem, first_draw)
                done += 1
                if done % (1000 // (_KILLS + 1)) == 0:
                    due.release()
                return result

            for first in range(_SAMPLES):
                found = await evaluate(
                    architecture,
                    benchmark,
                    models=models,
                    runner=runner,
                    first_draw=first,
                    concurrency=workers.room(16),
                    solve=solve,
                )
                got += comparable(found.results)
            await killing
            losses = workers.losses
        assert nodes.kills == losses == _KILLS
    assert len(expected) == 1000
    assert got == expected
    assert 0.4 < sum('"value": 1.0' in each for each in got) / 1000 < 0.6


async def _kill_when_due(nodes: _Nodes, due: asyncio.Semaphore) -> None:
    for _ in range(_KILLS):
        await due.acquire()
        await nodes.kill_one()


async def test_a_search_of_a_hundred_trials_finds_the_same_while_nodes_are_killed(
    cluster: Any, tmp_path: Path
):
    search = make_search(
        {
            "name": "nodes",
            "space": "small",
            "on": "itas/word-problems",
            "limit": 60,
            "models": ["simulated/atlas-large", "simulated/euler-small", "simulated/atlas-small"],
            "max_trials": 100,
        }
    )
    nodes = _Nodes(cluster)

    async def kill_again_and_again() -> None:
        while True:
            await nodes.kill_one()
            await asyncio.sleep(1)

    found = []
    for where in (None, "ray"):
        killing = asyncio.create_task(kill_again_and_again() if where else asyncio.sleep(0))
        finished = await run_search(
            search,
            settings=Settings(store=str(tmp_path / "calls.db")),
            output=tmp_path / str(where),
            watch=Silent(),
            with_report=False,
            where=where,
        )
        killing.cancel()
        await asyncio.wait([killing])
        found.append(finished)
    here, there = found
    assert nodes.kills >= 1
    trials = [each for each in there.outcome.result.trials if each.number >= 0]
    assert len(trials) == 100
    assert {each.state for each in trials} == {"done"}
    lines = [journal_lines(each.folder / "journal.jsonl") for each in found]
    assert lines[0] == lines[1]
    assert here.outcome == there.outcome


def test_ctrl_c_on_a_cluster_loses_nothing_and_the_run_is_resumed_there(cluster: Any, tmp_path: Path):
    """The command line itself: interrupted in the middle of its calls, then resumed; each question is paid once."""
    with running_provider(tmp_path, latency_s=0.3) as provider:
        settings = tmp_path / "itas.yaml"
        settings.write_text(
            f"store: {tmp_path / 'calls.db'}\nconcurrency: 12\n"
            f"providers: {{mine: {{base_url: '{provider.url}', needs_key: false}}}}\n"
            f"prices: {{'{MODEL}': {{usd_in: {USD_IN}, usd_out: {USD_OUT}}}}}\n"
        )
        (tmp_path / "one.yaml").write_text(json.dumps(_PAID))
        where = [f"--where=ray://{cluster.address}", f"--settings={settings}"]
        runs = tmp_path / "runs"
        begun = _start(
            "evaluate",
            str(tmp_path / "one.yaml"),
            "--on=itas/word-problems",
            "--limit=120",
            f"--output={runs}",
            "--yes",
            *where,
        )
        _until_billed(provider, 20, begun)
        begun.send_signal(signal.SIGINT)
        said, _ = begun.communicate(timeout=60)
        assert begun.returncode == 130, said
        before = len(provider.truth().times_billed())
        assert 20 <= before < 120
        (folder,) = (each for each in runs.iterdir() if each.is_dir() and not each.is_symlink())
        resumed = _start("resume", str(folder), *where)
        said, _ = resumed.communicate(timeout=120)
        assert resumed.returncode == 0, said
        assert set(provider.truth().times_billed().values()) == {1}
        assert len(provider.truth().times_billed()) == 120
        assert len(load_results(folder / "1" / "results.jsonl")) == 120


def _start(*arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "itas", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _until_billed(provider: RunningProvider, count: int, buyer: "subprocess.Popen[str]") -> None:
    end_s = time.monotonic() + 120
    while not provider.log.exists() or len(provider.truth().times_billed()) < count:
        assert buyer.poll() is None, buyer.communicate()[0]
        assert time.monotonic() < end_s
        time.sleep(0.05)
