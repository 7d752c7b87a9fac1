"""Several processes that pay for one run: its cap holds, and nothing is bought twice."""

import asyncio
import signal
from collections.abc import Iterable
from pathlib import Path

import pytest

from itas.models.editions import normal_address
from itas.models.store.contract import Intent, Opened, Taken, store_key
from itas.models.store.sqlite import open_store
from tests.faults.buyer import MAX_TOKENS, Order, question
from tests.faults.provider import USD_IN, USD_OUT
from tests.faults.running import Buyer, buyers, opened_place, running_provider
from tests.models.store.stores import SHARED_KINDS, place_of

several = pytest.mark.parametrize("kind", SHARED_KINDS)
_FAULTS = "500,503,429-s,reset-before,cut,bad-json"


def _bound(name: str) -> int:
    """The most a question costs, as it is reserved."""
    text = question(name, 10).messages[0].content
    return (len(text) + 16) * USD_IN + MAX_TOKENS * USD_OUT


async def _spend_up_to_the_cap(
    folder: Path,
    store: str,
    trials: Iterable[int],
    *,
    hedge_after_s: float | None = None,
    latency_s: float = 0.01,
) -> None:
    with (
        running_provider(
            folder, seed=5, rate=0.1, kinds=_FAULTS, latency_s=latency_s, life_s=1800
        ) as provider,
        buyers(store, provider.url, 8, folder / "errors") as crowd,
    ):
        for trial in trials:
            name = f"trial {trial:02}"
            cap = 100 * _bound(name)
            for number, buyer in enumerate(crowd):
                buyer.order(
                    Order(
                        name=name,
                        first=60 * number,
                        count=60,
                        seed=trial,
                        cap=cap,
                        hedge_after_s=hedge_after_s,
                    )
                )
            ends = [ends for _, ends in (buyer.ends() for buyer in crowd)]
            billed = provider.truth().billed(name)
            assert billed <= cap, f"{name}: {billed - cap} over the cap"
            assert billed > 0.7 * cap, "a cap that stops long before it is reached proves nothing"
            assert sum(each["capped"] for each in ends) > 0
            async with opened_place(store) as opened:
                totals = await opened.totals(name)
            assert billed <= totals.spent + totals.uncertain <= cap
            assert totals.reserved == 0
            if hedge_after_s is not None:
                assert provider.truth().times_billed(name).most_common(1)[0][1] > 1, "nobody hedged"
    assert "locked" not in (folder / "errors").read_text()


@several
async def test_eight_processes_with_sixteen_callers_each_never_pass_the_cap_of_their_run(
    kind: str, tmp_path: Path
):
    await _spend_up_to_the_cap(tmp_path, place_of(kind, tmp_path), range(6))


@several
async def test_a_second_call_beside_a_late_one_does_not_pass_the_cap_of_several_processes(
    kind: str, tmp_path: Path
):
    place = place_of(kind, tmp_path)
    await _spend_up_to_the_cap(tmp_path, place, range(2), hedge_after_s=0.02, latency_s=0.06)


@several
@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("first", range(0, 50, 10))
async def test_eight_processes_never_pass_the_cap_in_fifty_trials(kind: str, first: int, tmp_path: Path):
    await _spend_up_to_the_cap(tmp_path, place_of(kind, tmp_path), range(first, first + 10))


@several
async def test_without_faults_the_ledger_is_exact_and_two_who_ask_the_same_at_once_pay_once(
    kind: str, tmp_path: Path
):
    store = place_of(kind, tmp_path)
    with (
        running_provider(tmp_path, latency_s=0.05) as provider,
        buyers(store, provider.url, 3, tmp_path / "errors") as crowd,
    ):
        for buyer in crowd:  # all in the same order, so that they meet at every question
            buyer.order(Order(name="same", count=120, seed=1))
        bought = [bought for bought, _ in (buyer.ends() for buyer in crowd)]
        assert bought[0] == bought[1] == bought[2]
        truth = provider.truth()
        assert len(bought[0]) == len(truth.times_billed()) == 120
        assert set(truth.times_billed().values()) == {1}
        async with opened_place(store) as opened:
            totals = await opened.totals("same")
        assert (totals.spent, totals.uncertain, totals.samples) == (truth.billed(), 0, 120)


@several
async def test_who_waits_for_a_process_that_is_killed_takes_its_call_over(kind: str, tmp_path: Path):
    store = place_of(kind, tmp_path)
    with running_provider(tmp_path) as provider:
        order = Order(name="[[fault once: silent]]", count=1)
        with buyers(store, provider.url, 1, tmp_path / "errors") as (waiting,):
            holder = Buyer(store, provider.url, tmp_path / "errors")
            try:
                holder.order(order)
                await _until_accepted(provider.log)
                waiting.order(order)
                await asyncio.sleep(1)
                assert provider.truth().times_billed().total() == 1, "the second one waits"
            finally:
                holder.kill()
            bought, _ = await asyncio.to_thread(waiting.ends)
        assert len(bought) == 1
        async with opened_place(store) as opened:
            totals = await opened.totals(order.name)
        assert totals.uncertain == _bound(order.name) - 1  # one figure less in the number of the question
        assert totals.spent + totals.uncertain >= provider.truth().billed()


async def test_who_waits_for_a_process_that_stands_still_takes_its_call_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("itas.models.store.sqlite._STANDS_STILL_S", 0.5)
    store = tmp_path / "calls.db"
    with running_provider(tmp_path) as provider:
        request = question("[[fault once: silent]]", 0)
        holder = Buyer(store, provider.url, tmp_path / "errors")
        holder.order(Order(name="[[fault once: silent]]", count=1))
        await _until_accepted(provider.log)
        holder.process.send_signal(signal.SIGSTOP)
        try:
            async with open_store(store) as opened:
                key = store_key(request, normal_address(provider.url))
                wanted = Intent(opened.new_intent_id(), "other", request.model, key, 0, 1, 10)
                taken = await opened.open_intent(wanted)
                assert isinstance(taken, Taken)
                await opened.wait_for(taken)
                assert isinstance(await opened.open_intent(wanted), Opened)
        finally:
            holder.process.send_signal(signal.SIGCONT)
            holder.kill()


async def _until_accepted(log: Path) -> None:
    async with asyncio.timeout(30):
        while not log.exists() or b"billed" not in log.read_bytes():  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.02)
