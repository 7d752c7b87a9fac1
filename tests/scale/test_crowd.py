"""Eight processes on one PostgreSQL store: each question paid once, also when the server or they are killed."""

import asyncio
from pathlib import Path

import pytest

from tests.faults.buyer import Order
from tests.faults.kills import kill_at_random
from tests.faults.running import buyers, opened_place, running_provider
from tests.scale.server import PASSWORD, QUOTED, Server, running_server
from tests.scale.stores import shared_server

pytestmark = [pytest.mark.scale, pytest.mark.timeout(900)]

_QUESTIONS = 300


async def _all_buy_the_same(folder: Path, server: Server, *, restarts: int) -> str:
    """Returns what the buyers wrote on their standard error."""
    store, errors = server.new_schema(), folder / "errors"
    with (
        running_provider(folder, latency_s=0.05) as provider,
        buyers(store, provider.url, 8, errors) as crowd,
    ):
        for seed, buyer in enumerate(crowd):
            buyer.order(Order(name="same", count=_QUESTIONS, seed=seed % 2, at_once=16))
        for _ in range(restarts):
            await asyncio.to_thread(crowd[0].first_said)
            await asyncio.to_thread(server.stop)
            await asyncio.sleep(0.5)
            await asyncio.to_thread(server.start)
        ends = [await asyncio.to_thread(buyer.ends) for buyer in crowd]
        assert [figures for _, figures in ends] == [{"done": _QUESTIONS, "failed": 0, "capped": 0}] * 8
        texts = {number: text for bought, _ in ends[1:] for number, text in bought.items()}
        assert all(texts.items() >= bought.items() for bought, _ in ends)
        truth = provider.truth()
        assert set(truth.times_billed().values()) == {1}
        assert len(truth.times_billed()) == _QUESTIONS
        async with opened_place(store) as opened:
            totals = await opened.totals("same")
        assert (totals.spent, totals.uncertain, totals.reserved) == (truth.billed(), 0, 0)
        assert totals.samples == _QUESTIONS
    return errors.read_text()


async def test_eight_processes_with_sixteen_callers_each_pay_each_question_once(tmp_path: Path):
    assert "Traceback" not in await _all_buy_the_same(tmp_path, shared_server(), restarts=0)


async def test_a_server_that_crashes_in_the_middle_costs_no_answer_and_no_second_bill(tmp_path: Path):
    with running_server() as server:
        said = await _all_buy_the_same(tmp_path, server, restarts=2)
    assert "the server does not answer" in said
    assert "going on" in said
    assert PASSWORD not in said
    assert QUOTED not in said


async def test_processes_that_are_killed_lose_nothing_and_pay_at_most_for_what_was_in_flight(tmp_path: Path):
    place = shared_server().new_schema()
    figures = await kill_at_random(tmp_path, calls=300, kills=6, seed=1, processes=2, store=place)
    assert (figures.lost, figures.changed, figures.below) == (0, 0, 0)
    assert figures.repaid <= figures.may_be_repaid
    assert figures.true_micro_usd <= figures.spent_micro_usd + figures.uncertain_micro_usd
