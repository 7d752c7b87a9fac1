"""Two nodes give what one process gives; what is lost on the way costs its calls in flight and nothing else."""

import asyncio
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from itas.api.cluster.coordinator import Cluster, open_cluster
from itas.api.cluster.job import Job, models_of
from itas.api.evaluating import evaluate_architectures
from itas.api.opening import Caps, open_models
from itas.api.search_spec import make_search
from itas.api.searching import run_search
from itas.api.settings import Settings
from itas.benchmarks import open_benchmark
from itas.core.architecture import Architecture
from itas.core.problem import Problem
from itas.evaluation.evaluate import evaluate
from itas.evaluation.records import ProblemResult
from itas.models.pool import ModelPool
from itas.models.providers.known import ProviderSettings
from itas.models.store.contract import LedgerTotals
from itas.specs import parse_architecture
from tests.faults.provider import MODEL, USD_IN, USD_OUT
from tests.faults.running import opened_place, running_provider
from tests.scale.cluster import kill_node, two_nodes
from tests.scale.results import Silent, comparable, result_lines
from tests.scale.stores import shared_server

pytestmark = [
    pytest.mark.scale,
    pytest.mark.timeout(900),
    pytest.mark.filterwarnings("default"),  # Ray's own
]

_THREE = {
    "name": "three",
    "layers": [
        [{"type": "generator", "model": "simulated/atlas-large", "samples": 3}],
        [{"type": "ranker", "model": "simulated/atlas-large", "top_k": 2}],
        [{"type": "fuser", "model": "simulated/euler-large"}],
    ],
}
_TESTED = {
    "name": "tested",
    "layers": [
        [
            {
                "type": "unit_test_generator",
                "model": "simulated/atlas-large",
                "execute": True,
                "show_tests": True,
            }
        ],
        [{"type": "generator", "model": "simulated/atlas-large", "samples": 3}],
        [{"type": "unit_test_evaluator", "execute": True, "top_k": 1}],
    ],
}
_ONE = {"name": "one", "layers": [[{"type": "generator", "model": MODEL, "samples": 1, "max_tokens": 100}]]}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with two_nodes() as running:
            yield running


def _architecture(data: dict[str, Any]) -> Architecture:
    return parse_architecture(data).architecture


@pytest.mark.parametrize("data, limit", [(_THREE, 40), (_TESTED, 8)], ids=["calls", "executed"])
async def test_two_nodes_give_byte_for_byte_what_one_process_gives(
    data: dict[str, Any], limit: int, cluster: Any, tmp_path: Path
):
    reports = []
    for where in (None, "ray"):
        folder = tmp_path / str(where)
        reports.append(
            await evaluate_architectures(
                [_architecture(data)],
                on="itas/word-problems",
                limit=limit,
                seed=3,
                output=folder,
                settings=Settings(store=str(folder / "calls.db")),
                watch=Silent(),
                where=where,
            )
        )
    here, there = reports
    assert result_lines(here.folder) == result_lines(there.folder)
    assert (here.paid_samples, here.paid_micro_usd) == (there.paid_samples, there.paid_micro_usd)
    assert here.summaries[0].score == there.summaries[0].score


async def test_a_search_over_two_nodes_recommends_what_one_process_recommends(cluster: Any, tmp_path: Path):
    search = make_search(
        {
            "name": "nodes",
            "space": "small",
            "on": "itas/word-problems",
            "limit": 40,
            "models": ["simulated/atlas-large", "simulated/euler-small"],
            "max_trials": 4,
        }
    )
    found = []
    for where in (None, "ray"):
        finished = await run_search(
            search,
            settings=Settings(store=str(tmp_path / "calls.db")),
            output=tmp_path / str(where),
            watch=Silent(),
            with_report=False,
            where=where,
        )
        found.append(finished.outcome)
    assert found[0] == found[1]


def _settings(place: str, url: str, **limits: Any) -> Settings:
    mine = ProviderSettings(base_url=url, needs_key=False, **limits)
    prices: Any = {MODEL: {"usd_in": USD_IN, "usd_out": USD_OUT}}
    return Settings(store=place, providers={"mine": mine}, prices=prices, concurrency=24)


def _job(place: str, url: str, *, name: str, caps: Caps | None = None, **limits: Any) -> Job:
    benchmark = open_benchmark("itas/word-problems", seed=1, limit=120)
    return Job(
        benchmark,
        models_of([_architecture(_ONE)], ()),
        _settings(place, url, **limits),
        None,
        caps or Caps(),
        name,
        1,
        "auto",
        False,
    )


async def _run(cluster: Cluster, job: Job) -> tuple[list[ProblemResult], str | None]:
    found = await evaluate(
        _architecture(_ONE),
        job.benchmark,
        models=ModelPool(settings=job.settings.providers, environ={}),
        concurrency=cluster.room(24),
        solve=cluster.solve,
    )
    return list(found.results), found.stopped_by


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
async def test_a_cap_and_the_limit_of_a_provider_hold_over_all_nodes(kind: str, cluster: Any, tmp_path: Path):
    place = str(tmp_path / "calls.db") if kind == "sqlite" else shared_server().new_schema()
    async with opened_place(place):
        pass
    with running_provider(tmp_path, latency_s=0.05) as provider:
        cap_usd = 0.02
        job = _job(place, provider.url, name=f"capped {kind}", caps=Caps(max_usd=cap_usd), concurrency=5)
        async with open_cluster("ray", job) as workers:
            results, stopped_by = await _run(workers, job)
            most = await workers.most_open()
        billed = provider.truth().billed()
        assert stopped_by == "budget"
        assert 0.5 * cap_usd * 1e6 < billed <= cap_usd * 1e6
        assert most == {"mine": 5}
        async with opened_place(place) as store:
            totals = await store.totals(job.ledger)
        assert totals == LedgerTotals(spent=billed, samples=len(provider.truth().times_billed()))
        assert workers.paid.micro_usd == billed
    assert results


async def test_a_node_that_is_killed_costs_only_its_calls_in_flight(cluster: Any, tmp_path: Path):
    """Nothing is lost, only questions that the lost worker was asking are paid for again, each once, and no more of
    them than it asked at a time; the books cover every bill; one process then finds the same results for nothing."""
    place = str(tmp_path / "calls.db")
    async with opened_place(place):
        pass
    with running_provider(tmp_path, latency_s=0.2) as provider:
        job = _job(place, provider.url, name="killed")
        node = cluster.add_node(num_cpus=1)
        cluster.wait_for_nodes()
        async with open_cluster("ray", job) as workers:
            await _until_workers(workers, 3)
            assert len({hand.node for hand in workers._hands}) == 3
            (victim,) = (hand for hand in workers._hands if hand.node == node.node_id)
            most, had, done = victim.most, set[str](), list[ProblemResult]()
            assert most == 8

            async def solve(architecture: Architecture, problem: Problem, first_draw: int) -> ProblemResult:
                found = await workers.solve(architecture, problem, first_draw)
                done.append(found)
                if len(done) == 30:  # in this loop, so nothing is given out between the look and the end
                    had.update(str(errand.problem) for errand in victim.errands.values())
                    kill_node(node)
                return found

            found = await evaluate(
                _architecture(_ONE),
                job.benchmark,
                models=ModelPool(settings=job.settings.providers, environ={}),
                concurrency=workers.room(24),
                solve=solve,
            )
            assert workers.losses == 1
        cluster.remove_node(node, allow_graceful=False)
        assert found.stopped_by is None
        assert [each.problem_id for each in found.results] == [each.id for each in job.benchmark.problems]
        assert all(found.results.count(each) == 1 for each in done[:30]), "what had come back stands"
        bills = provider.truth().times_billed()
        assert len(bills) == 120
        twice = {prompt for prompt, times in bills.items() if times > 1}
        asked = {each.conversation[-1].content: each.id for each in job.benchmark.problems}
        assert {asked[prompt] for prompt in twice} <= had
        assert bills.total() - len(bills) == len(twice) <= most
        async with opened_place(place) as store:
            totals = await store.totals(job.ledger)
        assert totals.spent <= provider.truth().billed() <= totals.spent + totals.uncertain
        assert totals.reserved == totals.reserved_samples == 0
        async with open_models(job.settings, problems=job.benchmark.problems, run="again") as models:
            again = await evaluate(_architecture(_ONE), job.benchmark, models=models, seed=1)
            assert models.budget.paid_samples == 0
        assert comparable(again.results, with_paid=False) == comparable(found.results, with_paid=False)


async def _until_workers(workers: Cluster, count: int) -> None:
    """All have joined; one that is slow to start does not hold up the others."""
    async with asyncio.timeout(120):
        while len(workers._hands) < count:  # noqa: ASYNC110
            await asyncio.sleep(0.1)


async def test_cancelling_lets_calls_on_their_way_come_back_and_a_second_run_pays_only_the_rest(
    cluster: Any, tmp_path: Path
):
    place = str(tmp_path / "calls.db")
    async with opened_place(place):
        pass
    with running_provider(tmp_path, latency_s=0.2) as provider:
        job = _job(place, provider.url, name="stopped")

        async def first() -> None:
            async with open_cluster("ray", job) as workers:
                await _run(workers, job)

        task = asyncio.create_task(first())
        async with asyncio.timeout(200):
            while not provider.log.exists() or provider.log.read_bytes().count(b"billed") < 20:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        async with opened_place(place) as store:
            totals = await store.totals(job.ledger)
        assert totals.uncertain == totals.reserved == 0
        assert totals.spent == provider.truth().billed()
        async with open_cluster("ray", job) as workers:
            results, _ = await _run(workers, job)
        assert len(results) == 120
        assert set(provider.truth().times_billed().values()) == {1}
