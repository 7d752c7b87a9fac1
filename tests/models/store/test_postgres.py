"""The store on a real PostgreSQL server: leases, damage, restarts, versions, rights, passwords."""

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest

from itas.errors import StoreError
from itas.models.store import postgres_schema
from itas.models.store.contract import Intent, LedgerTotals, Opened, Settlement, SharedCaps, Taken
from itas.models.store.place import open_place, shown
from itas.models.store.postgres_schema import SUMS
from itas.models.store.postgres_upkeep import list_shared_models, prune_shared
from itas.models.store.upkeep import PruneRule
from tests.models.store.stores import answer, intent, opened, place_of, question
from tests.scale.server import PASSWORD, QUOTED, running_server
from tests.scale.stores import shared_server

pytestmark = pytest.mark.scale

_LINK = "itas.models.store.postgres_link"
_STORE = "itas.models.store.postgres"


def _schema(place: str) -> str:
    return place.rpartition("=")[2]


async def _ask(place: str, sql: str) -> str:
    return await asyncio.to_thread(shared_server().run, f"SET search_path = {_schema(place)}; {sql}")


async def test_the_sums_beside_the_ledger_are_those_of_the_ledger(tmp_path: Path):
    async with opened("postgres", tmp_path) as one, opened("postgres", tmp_path) as other:
        for number in range(60):
            store = (one, other)[number % 2]
            bought = intent(store, question(number), run=f"r{number % 3}", reserved=number % 7 or None)
            await store.open_intent(bought)
            booking = ("spent", "void", "uncertain", None, "spent")[number % 5]
            if booking == "spent":
                settled = Settlement(bought.id, "spent", number if number % 2 else None, 1)
                await store.put(question(number), {0: answer("x")}, settles=settled)
            elif booking is not None:
                store.close_intent(Settlement(bought.id, booking, number if booking == "uncertain" else 0, 1))
        for store in (one, other):
            await store.put(question(99), {0: answer("all before this one is written")})
        rows = await _ask(
            place_of("postgres", tmp_path),
            f"SELECT run, {SUMS} FROM (SELECT *, 1 AS sign FROM itas_ledger) l GROUP BY run",
        )
        added_up = {
            run: LedgerTotals(*map(int, sums)) for run, *sums in (row.split("|") for row in rows.split())
        }
        assert {run: await one.totals(run) for run in ("r0", "r1", "r2")} == added_up


async def test_one_batch_keeps_the_order_of_what_belongs_together(tmp_path: Path):
    async with opened("postgres", tmp_path) as store:
        first, second = intent(store, question(0)), intent(store, question(1))
        caps = SharedCaps(micro_usd=100)
        opening = asyncio.ensure_future(store.open_intent(first, caps=caps))
        await asyncio.sleep(0)
        store.close_intent(Settlement(first.id, "void", 0))  # cancelled on its way into the ledger
        assert isinstance(await store.open_intent(second, caps=caps), Opened)
        assert isinstance(await opening, Opened)
        assert await store.totals("r1") == LedgerTotals(reserved=100, reserved_samples=1)


async def test_caps_hold_within_one_batch_and_over_several_runs(tmp_path: Path):
    async with opened("postgres", tmp_path) as store:
        wanted = [intent(store, question(number), run=f"r{number % 2}") for number in range(20)]
        caps = SharedCaps(micro_usd=350)
        openings = await asyncio.gather(*(store.open_intent(each, caps=caps) for each in wanted))
        assert sum(isinstance(each, Opened) for each in openings) == 6
        for run in ("r0", "r1"):
            assert (await store.totals(run)).reserved == 300


async def test_a_damaged_row_is_not_stored_and_gives_way_to_the_next_that_is_bought(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    place = place_of("postgres", tmp_path)
    async with opened("postgres", tmp_path) as store:
        await store.put(question(), {0: answer("good"), 1: answer("other")})
        await _ask(place, "UPDATE itas_draws SET body = body || 'x' WHERE number = 0")
        assert list(await store.find(question().key, [0, 1])) == [1]
        assert "is damaged" in caplog.text
        bought = intent(store, question())
        assert isinstance(await store.open_intent(bought), Opened)
        await store.put(question(), {0: answer("again")}, settles=Settlement(bought.id, "spent", 17, 1))
        assert (await store.find(question().key, [0]))[0].text == "again"
        assert (await store.stats()).damaged == 1


async def test_a_process_that_is_gone_is_taken_over_and_one_that_lives_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(f"{_STORE}._GONE_S", 1.0)
    monkeypatch.setattr(f"{_STORE}._WATCH_S", 0.1)
    async with opened("postgres", tmp_path) as gone, opened("postgres", tmp_path) as store:
        bought = intent(gone, question())
        await gone.open_intent(bought)
        gone._beating.cancel()
        taken = await store.open_intent(intent(store, question()))
        assert isinstance(taken, Taken)
        waiting = asyncio.create_task(store.wait_for(taken))
        await asyncio.sleep(2.5)
        assert not waiting.done(), "no beat, but its connection stands"
        gone._writing._connection.terminate()
        async with asyncio.timeout(20):
            await waiting
        assert await store.totals() == LedgerTotals(uncertain=100, samples=1)
        await gone.put(question(), {0: answer("late")}, settles=Settlement(bought.id, "spent", 17, 1))
        assert await store.totals() == LedgerTotals(spent=17, samples=1)


async def test_a_process_that_stands_still_is_taken_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(f"{_STORE}._STANDS_STILL_S", 1.5)
    monkeypatch.setattr(f"{_STORE}._BEAT_S", 0.1)
    monkeypatch.setattr(f"{_STORE}._WATCH_S", 0.1)
    async with opened("postgres", tmp_path) as still, opened("postgres", tmp_path) as store:
        await still.open_intent(intent(still, question()))
        taken = await store.open_intent(intent(store, question()))
        waiting = asyncio.create_task(store.wait_for(taken))
        await asyncio.sleep(2.5)
        assert not waiting.done(), "it shows beats"
        still._beating.cancel()
        async with asyncio.timeout(20):
            await waiting


async def test_what_a_dead_process_had_open_is_booked_when_the_store_is_opened_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    async with opened("postgres", tmp_path) as store:
        await store.open_intent(intent(store, question()))
    async with opened("postgres", tmp_path) as store:
        assert (await store.totals()).reserved == 100, "within the time of grace"
    monkeypatch.setattr(f"{_STORE}._GONE_S", 0.0)
    async with opened("postgres", tmp_path) as store:
        assert await store.totals() == LedgerTotals(uncertain=100, samples=1)


async def test_a_server_that_is_restarted_is_waited_for_and_nothing_is_lost_or_bought_twice(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    with running_server() as server:
        place = server.new_schema()
        async with await open_place(place) as one, await open_place(place) as other:  # pyright: ignore
            held = [intent(one, question(number)) for number in range(8)]
            for each in held[:4]:
                assert isinstance(await one.open_intent(each), Opened)
            await asyncio.to_thread(server.stop)
            waiting: list[asyncio.Future[Any]] = [
                asyncio.ensure_future(
                    one.put(
                        question(number),
                        {0: answer(str(number))},
                        settles=Settlement(held[number].id, "spent", 17, 1),
                    )
                )
                for number in range(4)
            ]
            waiting += [asyncio.ensure_future(one.open_intent(each)) for each in held[4:]]
            waiting.append(asyncio.ensure_future(other.find(question(0).key, [0])))
            await asyncio.sleep(1)
            assert not any(each.done() for each in waiting)
            await asyncio.to_thread(server.start)
            async with asyncio.timeout(60):
                await asyncio.gather(*waiting)
            assert isinstance(await other.open_intent(intent(other, question(5))), Taken), "its owner lives"
            assert await other.totals() == LedgerTotals(spent=68, reserved=400, samples=4, reserved_samples=4)
            assert [(await other.find(question(n).key, [0]))[0].text for n in range(4)] == [
                "0",
                "1",
                "2",
                "3",
            ]
    assert "the server does not answer" in caplog.text
    assert "nothing is bought meanwhile" in caplog.text
    assert "the server answers again; going on" in caplog.text
    _check_secret(caplog.text)


async def test_a_server_that_stays_away_stops_buying_and_loses_nothing_that_was_paid_for(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr(f"{_LINK}.PATIENCE_S", 0.5)
    with running_server() as server:
        place = server.new_schema()
        store: Any = await open_place(place)
        bought = intent(store, question(0))
        await store.open_intent(bought)
        await asyncio.to_thread(server.stop)
        paid = await store.put(
            question(0), {0: answer("paid")}, settles=Settlement(bought.id, "spent", 17, 1)
        )
        assert paid[0].text == "paid"
        with pytest.raises(StoreError, match="server does not answer") as error:
            await store.open_intent(intent(store, question(1)))
        _check_secret(str(error.value))
        await asyncio.to_thread(server.start)
        await store.close()
        again: Any = await open_place(place)
        assert (await again.find(question(0).key, [0]))[0].text == "paid"
        assert await again.totals() == LedgerTotals(spent=17, samples=1)
        await again.close()
    assert "never written" not in caplog.text


async def test_two_connections_for_each_process(tmp_path: Path):
    place = place_of("postgres", tmp_path)
    async with opened("postgres", tmp_path) as store:
        await asyncio.gather(*(store.put(question(number), {0: answer("x")}) for number in range(100)))
        await asyncio.gather(*(store.find(question(number).key, [0]) for number in range(100)))
        count = await _ask(place, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'itas'")
    assert int(count) == 2


async def test_a_newer_store_is_refused_and_an_older_one_is_brought_up_to_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    place = place_of("postgres", tmp_path)
    async with opened("postgres", tmp_path) as store:
        await store.put(question(), {0: answer("old")})
    with monkeypatch.context() as newer:
        newer.setitem(postgres_schema.MIGRATIONS, 2, "CREATE TABLE itas_new (x integer)")
        stores = await asyncio.gather(*(open_place(place) for _ in range(4)))
        assert (await stores[0].find(question().key, [0]))[0].text == "old"
        for each in stores:
            await each.close()
    assert caplog.text.count("brought up to version 2") == 1
    with pytest.raises(StoreError, match="this store has version 2, this program knows versions up to 1"):
        await open_place(place)


async def test_many_that_open_a_new_database_at_once_make_its_tables_once(tmp_path: Path):
    place = place_of("postgres", tmp_path)
    stores = await asyncio.gather(*(open_place(place) for _ in range(6)))
    for number, each in enumerate(stores):
        await each.put(question(number), {0: answer("x")})
    assert (await stores[0].stats()).draws == 6
    assert len({each.new_intent_id() for each in stores}) == 6
    for each in stores:
        await each.close()
    assert await _ask(place, "SELECT count(*) FROM itas_store") == "1"


async def test_a_user_without_rights_is_told_what_to_ask_for():
    server = shared_server()
    name = _schema(server.new_schema()).strip()
    await asyncio.to_thread(server.run, f"CREATE ROLE {name} LOGIN PASSWORD 'pw'")
    with pytest.raises(StoreError, match="CREATE SCHEMA itas AUTHORIZATION"):
        await open_place(f"postgresql://{name}:pw@127.0.0.1:{server.port}/postgres")


async def test_a_wrong_password_and_no_server_are_said_at_once_and_without_the_password(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr(f"{_STORE}._FIRST_PATIENCE_S", 0.2)
    server = shared_server()
    with pytest.raises(StoreError, match="password authentication failed") as error:
        await open_place(server.address(password="wr%40ng"))
    assert "wr" + "%40ng" not in str(error.value)
    with pytest.raises(StoreError, match="server does not answer") as error:
        await open_place(server.address().replace(f":{server.port}", ":1"))
    _check_secret(str(error.value) + caplog.text + shown(server.address()))


async def test_what_is_in_it_is_listed_by_model_and_pruned(tmp_path: Path):
    place = place_of("postgres", tmp_path)
    async with opened("postgres", tmp_path) as store:
        for number in range(3):
            await store.put(question(number), {0: answer("x"), 1: answer("y")})
        other = question(9).model_copy(update={"model": "other/m"})
        await store.put(other, {0: answer("z")})
        await _ask(place, "UPDATE itas_draws SET stored_at = stored_at - interval '10 days' WHERE number = 1")
        assert [(each.model, each.requests, each.draws) for each in await list_shared_models(place)] == [
            ("fake/m", 3, 6),
            ("other/m", 1, 1),
        ]
        old = PruneRule(older_than_s=86400 * 5)
        assert (await prune_shared(place, old, is_rehearsal=True)).draws == 3
        assert (await store.stats()).draws == 7
        assert (await prune_shared(place, old)).draws == 3
        assert ((await store.stats()).draws, (await store.stats()).requests) == (4, 4)
        assert (await prune_shared(place, PruneRule(models=("fake/*",)))).draws == 3
        assert ((await store.stats()).draws, (await store.stats()).requests) == (1, 1)
        await store.put(question(0), {0: answer("new")})
        assert (await store.find(question(0).key, [0]))[0].text == "new"


async def test_numbers_that_no_database_takes_are_refused_and_the_others_are_stored(tmp_path: Path):
    async with opened("postgres", tmp_path) as store:
        bad = Intent(store.new_intent_id(), "r", "fake/m", question().key, 0, 1, 2**70)
        openings = await asyncio.gather(
            store.open_intent(bad), store.open_intent(intent(store, question(1))), return_exceptions=True
        )
        assert isinstance(openings[0], StoreError)
        assert "cannot be stored" in str(openings[0])
        assert isinstance(openings[1], Opened)


def _check_secret(text: str) -> None:
    assert PASSWORD not in text
    assert QUOTED not in text


@pytest.fixture(autouse=True)
def _hear_everything(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
