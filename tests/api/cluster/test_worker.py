"""A worker and its hand, in one process: how much is under way, what comes back, and what is said of a loss."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from itas.api.cluster.hands import Hand
from itas.api.cluster.job import Errand, Job, Plan, Said, models_of
from itas.api.cluster.permits import Permits
from itas.api.cluster.worker import Worker
from itas.api.opening import Caps
from itas.api.settings import Settings
from itas.benchmarks import open_benchmark
from itas.evaluation.evaluate import evaluate
from itas.evaluation.records import ProblemResult
from itas.models.pool import ModelPool
from itas.models.simulated import SimulatedPool
from itas.specs import parse_architecture
from tests.api.cluster.doors import Door

_ONE = parse_architecture(
    {"name": "one", "layers": [[{"type": "generator", "model": "simulated/atlas-large", "samples": 2}]]}
).architecture
_BENCHMARK = open_benchmark("itas/word-problems", seed=1, limit=12)


class Gone(Exception):
    """The worker is lost."""


@asynccontextmanager
async def _opened(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caps: Caps | None = None
) -> AsyncIterator[Worker]:
    monkeypatch.setattr("itas.api.cluster.worker.this_node", lambda: "n1")
    job: asyncio.Future[Job] = asyncio.get_running_loop().create_future()
    settings = Settings(store=str(folder / "calls.db"))
    models = models_of([_ONE], ())
    job.set_result(Job(_BENCHMARK, models, settings, None, caps or Caps(), "run", 1, "auto", runs_code=False))
    worker = Worker([job], (), "w1", Door(Permits()))
    said = await worker.start()
    assert said["node"] == "n1"
    try:
        yield worker
    finally:
        await worker.close()


def _hand(worker: Any) -> tuple[Hand, list[Exception]]:
    losses: list[Exception] = []

    def lose(hand: Hand, error: Exception) -> None:
        losses.append(error)
        hand.lose()

    return Hand("w1", "n1", Door(worker), lost=(Gone,), on_loss=lose), losses


async def _all(hand: Hand) -> list[Said | None]:
    errands = (Errand(number, 0, each.id, 0) for number, each in enumerate(_BENCHMARK.problems))
    found = await asyncio.gather(*(hand.do(errand, Plan(_ONE, {})) for errand in errands))
    hand.stop_listening()
    return found


async def test_what_a_worker_says_is_what_this_process_finds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    async with _opened(tmp_path, monkeypatch) as worker:
        hand, _ = _hand(worker)
        found = await _all(hand)
    assert not hand.errands
    plugged = {"simulated": SimulatedPool(_BENCHMARK.problems, 1).model}
    expected = (await evaluate(_ONE, _BENCHMARK, models=ModelPool(plugged=plugged), seed=1)).results
    got = [ProblemResult.model_validate_json(each.result) for each in found if each is not None]
    same = {"wall_s": 0.0}
    assert [each.model_copy(update=same) for each in got] == [
        each.model_copy(update=same) for each in expected
    ]


async def test_a_worker_works_on_no_more_than_it_is_told_to_and_holds_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    most = now = 0

    async def slowly(self: Worker, errand: Errand) -> Said:
        nonlocal most, now
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.01)
        now -= 1
        return Said(errand.ticket, result="x")

    monkeypatch.setattr(Worker, "_solve", slowly)
    async with _opened(tmp_path, monkeypatch) as worker:
        hand, _ = _hand(worker)
        hand.most = 3
        assert [each.ticket for each in await _all(hand) if each is not None] == list(range(12))
    assert most == 3


async def test_a_fault_in_a_worker_is_an_error_that_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    async def breaks(self: Worker, errand: Errand) -> Said:
        raise KeyError(errand.problem)

    monkeypatch.setattr(Worker, "_solve", breaks)
    async with _opened(tmp_path, monkeypatch) as worker:
        hand, _ = _hand(worker)
        found = await _all(hand)
    assert all(each is not None and each.error is not None for each in found)
    assert found[0] is not None
    assert found[0].error is not None
    assert found[0].error[1].startswith("worker w1 failed: KeyError: 'wp-1-")


async def test_a_cap_is_said_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    async with _opened(tmp_path, monkeypatch, Caps(max_samples=6)) as worker:
        hand, _ = _hand(worker)
        found = await _all(hand)
    assert {each.stopped_by for each in found if each is not None} == {None, "budget"}


async def test_whoever_waits_for_a_worker_that_is_lost_hears_it_at_once():
    class Dying:
        async def give(self, *arguments: object) -> None: ...

        async def take(self) -> None:
            await asyncio.sleep(0.05)
            raise Gone

    hand, losses = _hand(Dying())
    assert await _all(hand) == [None] * 12
    assert [type(each) for each in losses] == [Gone]
    assert not hand.errands
