"""One store file, several processes: what one buys the others wait for, and old files are brought up to date."""

import asyncio
import contextlib
import sqlite3
from pathlib import Path
from typing import Any, cast

import pytest

from itas.errors import BudgetExceeded, StoreError
from itas.models.budget import Budget
from itas.models.chain import build_chain
from itas.models.fakes import FunctionModel
from itas.models.prices import Price, Rates
from itas.models.store.accounts import SUMS
from itas.models.store.contract import (
    Capped,
    Intent,
    LedgerTotals,
    Opened,
    Settlement,
    SharedCaps,
    Shortened,
    Taken,
)
from itas.models.store.lock import FileLock
from itas.models.store.rows import checksum, encode_completion, encode_request
from itas.models.store.sqlite import SqliteStore, open_store
from tests.models.store.stores import SHARED_KINDS, answer, intent, opened, question

PRICE = Price(Rates(1_000_000, 1_000_000, 1_000_000))
several = pytest.mark.parametrize("kind", SHARED_KINDS)


@several
async def test_a_draw_that_another_process_is_buying_is_taken_and_the_ones_before_it_are_not(
    kind: str, tmp_path: Path
):
    async with opened(kind, tmp_path) as one, opened(kind, tmp_path) as other:
        key, owner = question().key, one._owner
        held = Intent(one.new_intent_id(), "r", "fake/m", key, 3, 2, 100)
        assert isinstance(await one.open_intent(held), Opened)

        async def attempt(first: int, n: int) -> object:
            return await other.open_intent(Intent(other.new_intent_id(), "r", "fake/m", key, first, n, 100))

        assert await attempt(3, 1) == Taken(held.id, owner)
        assert await attempt(4, 3) == Taken(held.id, owner)
        assert await attempt(0, 9) == Shortened(3)
        assert not other._open, "who opened nothing shows no beats"
        assert isinstance(await attempt(5, 1), Opened)
        again = Intent(one.new_intent_id(), "r", "fake/m", key, 3, 2, 100)
        assert isinstance(await one.open_intent(again), Opened), "a hedge of the same process"


@several
async def test_who_waits_goes_on_when_the_other_has_settled(kind: str, tmp_path: Path):
    async with opened(kind, tmp_path) as one, opened(kind, tmp_path) as other:
        bought = intent(one, question())
        await one.open_intent(bought)
        taken = await other.open_intent(intent(other, question()))
        assert isinstance(taken, Taken)
        waiting = asyncio.create_task(other.wait_for(taken))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        await one.put(question(), {0: answer("theirs")}, settles=Settlement(bought.id, "spent", 17, 1))
        async with asyncio.timeout(20):
            await waiting
        assert (await other.totals()).uncertain == 0


async def test_a_process_that_shows_beats_is_waited_for_and_one_that_shows_none_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("itas.models.store.sqlite._BEAT_S", 0.05)
    monkeypatch.setattr("itas.models.store.sqlite._STANDS_STILL_S", 1.5)
    path = tmp_path / "calls.db"
    async with open_store(path) as one, open_store(path) as other:
        bought = intent(one, question())
        await one.open_intent(bought)
        taken = await other.open_intent(intent(other, question()))
        assert isinstance(taken, Taken)
        waiting = asyncio.create_task(other.wait_for(taken))
        await asyncio.sleep(2.5)
        assert not waiting.done()
        assert one._next_beat is not None
        one._next_beat.cancel()
        async with asyncio.timeout(20):
            await waiting
        assert await other.totals() == LedgerTotals(uncertain=100, samples=1)
        await one.put(question(), {0: answer("late")}, settles=Settlement(bought.id, "spent", 17, 1))
        assert await other.totals() == LedgerTotals(spent=17, samples=1)


@several
async def test_two_chains_on_one_file_buy_each_draw_once_and_the_wait_needs_no_money(
    kind: str, tmp_path: Path
):
    gate = asyncio.Event()

    async def slow(request: object, number: int) -> str:
        await gate.wait()
        return f"theirs {number}"

    async with opened(kind, tmp_path) as one, opened(kind, tmp_path) as other:
        first, second = FunctionModel(slow), FunctionModel(lambda request, number: f"ours {number}")
        theirs = build_chain(first, store=one, price=PRICE, is_remote=True)
        bound = PRICE.bound(question(), 1)
        budget = Budget(max_micro_usd=4 * bound)
        ours = build_chain(second, store=other, price=PRICE, budget=budget, is_remote=True, run="r")
        buying = asyncio.create_task(theirs.sample(question(), n=2, first=2))
        await asyncio.sleep(0.05)
        waiting = asyncio.create_task(ours.sample(question(), n=4, first=1))
        await asyncio.sleep(0.2)
        assert not waiting.done()
        assert budget.reserved_micro_usd == 0
        gate.set()
        await buying
        assert [each.text for each in await waiting] == ["ours 1", "theirs 2", "theirs 3", "ours 4"]
        assert [(asked.first, asked.n) for asked in second.asked] == [(1, 1), (4, 1)]


@several
async def test_a_cap_holds_over_two_processes_and_waits_for_what_is_only_reserved(kind: str, tmp_path: Path):
    gate = asyncio.Event()

    async def slow(request: object, number: int) -> str:
        await gate.wait()
        return "cheap"

    bound = PRICE.bound(question(), 1)
    async with opened(kind, tmp_path) as one, opened(kind, tmp_path) as other:
        chains = [
            build_chain(
                FunctionModel(slow if store is one else lambda request, number: "cheap"),
                store=store,
                price=PRICE,
                budget=Budget(max_micro_usd=bound + bound // 2),
                is_remote=True,
                run="shared",
            )
            for store in (one, other)
        ]
        first = asyncio.create_task(chains[0].sample(question(0)))
        await asyncio.sleep(0.05)
        second = asyncio.create_task(chains[1].sample(question(1)))
        await asyncio.sleep(0.2)
        assert not second.done(), "the first one may turn out cheaper than it reserved"
        gate.set()
        await first
        # The fake says no price, so the whole bound was booked: now it never fits.
        with pytest.raises(BudgetExceeded, match="Nothing was sent"):
            await second
        assert (await other.totals("shared")).spent == bound


@several
async def test_a_budget_knows_what_is_left_of_a_cap_that_others_spend_too(kind: str, tmp_path: Path):
    async with opened(kind, tmp_path) as one, opened(kind, tmp_path) as other:
        budgets = [Budget(max_samples=10), Budget(max_samples=10)]
        for store, budget, number in ((one, budgets[0], 0), (other, budgets[1], 10)):
            chain = build_chain(
                FunctionModel(lambda request, number: "x"),
                store=store,
                budget=budget,
                is_remote=True,
                run="shared",
            )
            await chain.sample(question(number), n=4)
        assert [each.remaining_samples for each in budgets] == [6, 2]


# --- files of an older version ----------------------------------------------------------------------

_VERSION_1 = """
CREATE TABLE requests (key BLOB PRIMARY KEY, body BLOB NOT NULL, checksum BLOB NOT NULL);
CREATE TABLE draws (key BLOB NOT NULL, number INTEGER NOT NULL, body BLOB NOT NULL, checksum BLOB NOT NULL,
    PRIMARY KEY (key, number));
CREATE TABLE damaged (key BLOB NOT NULL, number INTEGER NOT NULL, body BLOB, checksum BLOB);
CREATE TABLE owners (id INTEGER PRIMARY KEY AUTOINCREMENT, opened_at TEXT NOT NULL);
CREATE TABLE ledger (id INTEGER PRIMARY KEY, owner INTEGER NOT NULL, run TEXT NOT NULL, model TEXT NOT NULL,
    key BLOB NOT NULL, first INTEGER NOT NULL, n INTEGER NOT NULL, reserved_micro_usd INTEGER, booking TEXT,
    micro_usd INTEGER, samples INTEGER NOT NULL DEFAULT 0, opened_at TEXT NOT NULL);
CREATE INDEX ledger_open ON ledger (owner) WHERE booking IS NULL;
INSERT INTO owners VALUES (1, '2026-01-01T00:00:00+00:00');
PRAGMA journal_mode = WAL; PRAGMA application_id = 0x69746173; PRAGMA user_version = 1;
"""


def write_version_1(path: Path) -> None:
    """A file as the first version of the store wrote it."""
    key = bytes.fromhex(question().key)
    request, draw = encode_request(question()), encode_completion(answer("old"))
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript(_VERSION_1)
        connection.execute(
            "INSERT INTO requests VALUES (?, ?, ?)", (key, request, checksum(key, -1, request))
        )
        connection.execute("INSERT INTO draws VALUES (?, ?, ?, ?)", (key, 0, draw, checksum(key, 0, draw)))
        for number, booking, paid, samples in (
            (1, "spent", 17, 1),
            (2, "void", 0, 0),
            (3, "uncertain", 100, 1),
            (4, "spent", None, 1),
            (5, None, None, 0),
        ):
            connection.execute(
                "INSERT INTO ledger VALUES (?, 1, 'r1', 'fake/m', ?, 0, 1, 100, ?, ?, ?, 'then')",
                (number, key, booking, paid, samples),
            )
        connection.commit()


async def test_a_file_of_the_first_version_is_brought_up_to_date_with_its_draws_and_books(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    path = tmp_path / "calls.db"
    write_version_1(path)
    for _ in range(2):
        async with open_store(path) as store:
            assert (await store.find(question().key, [0]))[0].text == "old"
            totals = await store.totals("r1")
            assert totals == LedgerTotals(spent=17, uncertain=200, samples=4, unpriced=1)
            await store.put(question(), {1: answer("new")})
    assert caplog.text.count("brought up to version 2") == 1
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (2,)
        assert connection.execute("SELECT count(*) FROM draws WHERE stored_at > 1700000000").fetchone() == (
            2,
        )


async def test_a_file_of_the_first_version_that_can_only_be_read_is_read(tmp_path: Path):
    path = tmp_path / "calls.db"
    write_version_1(path)
    async with SqliteStore(path, is_read_only=True) as store:
        assert (await store.find(question().key, [0]))[0].text == "old"
        assert (await store.totals("r1")).spent == 17
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)


async def test_the_sums_beside_the_ledger_are_those_of_the_ledger(tmp_path: Path):
    path = tmp_path / "calls.db"
    async with open_store(path) as store:
        for number in range(40):
            bought = intent(store, question(number), run=f"r{number % 3}", reserved=number % 7 or None)
            await store.open_intent(bought)
            booking = ("spent", "void", "uncertain", None)[number % 4]
            if booking == "spent":
                await store.put(
                    question(number), {0: answer("x")}, settles=Settlement(bought.id, "spent", number, 1)
                )
            elif booking is not None:
                store.close_intent(Settlement(bought.id, booking, number if booking == "uncertain" else 0, 1))
        await store.totals()
        await store.put(question(99), {0: answer("all before this one is written")})
        with contextlib.closing(sqlite3.connect(path)) as connection:
            added_up = {row[0]: LedgerTotals(*row[1:]) for row in connection.execute(SUMS)}
        assert {run: await store.totals(run) for run in ("r0", "r1", "r2")} == added_up


# --- others that do not let go ---------------------------------------------------------------------


async def test_a_program_that_locks_the_file_costs_no_answer_and_what_waited_is_written_afterwards(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("itas.models.store.file._TRY_AGAIN_S", 0.0)
    path = tmp_path / "calls.db"
    async with open_store(path) as store:
        cast("Any", store._file)._connection.execute("PRAGMA busy_timeout = 50")
        await store.put(question(0), {0: answer("before")})
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as theirs:
            theirs.execute("BEGIN IMMEDIATE")
            bought = intent(store, question(1))
            assert isinstance(await store.open_intent(bought), Opened)
            settled = Settlement(bought.id, "spent", 17, 1)
            assert (await store.put(question(1), {0: answer("paid")}, settles=settled))[0].text == "paid"
            assert (await store.find(question(1).key, [0]))[0].text == "paid"
            assert (await store.totals()).spent == 17
            theirs.execute("ROLLBACK")
        assert "database is locked" in caplog.text
        assert "going on in memory" in caplog.text
        await store.put(question(2), {0: answer("after")})
        assert (await store.stats()).unsaved == 0
    async with open_store(path) as store:
        assert (await store.find(question(1).key, [0]))[0].text == "paid"
        assert (await store.totals()) == LedgerTotals(spent=17, samples=1)


async def test_a_process_that_keeps_our_lock_is_named_and_costs_no_answer(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("itas.models.store.file.BUSY_TIMEOUT_S", 0.1)
    path = tmp_path / "calls.db"
    async with open_store(path) as store:
        lock = FileLock(tmp_path / "calls.db-lock")
        lock.acquire(1)
        assert (await store.put(question(0), {0: answer("paid")}))[0].text == "paid"
        with pytest.raises(StoreError, match=r"calls\.db-lock: another process has held the lock"):
            open_store(path)
        lock.close()
    assert "another process has held the lock" in caplog.text
    async with open_store(path) as store:
        assert (await store.find(question(0).key, [0]))[0].text == "paid"


async def test_who_bought_in_memory_only_is_booked_when_the_disk_takes_it_whatever_the_cap_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("itas.models.store.file._TRY_AGAIN_S", 0.0)
    path = tmp_path / "calls.db"
    async with open_store(path) as store:
        cast("Any", store._file)._connection.execute("PRAGMA busy_timeout = 50")
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as theirs:
            theirs.execute("BEGIN IMMEDIATE")
            for number in range(3):
                await store.open_intent(intent(store, question(number)), caps=SharedCaps(micro_usd=1))
            theirs.execute("ROLLBACK")
        refused = await store.open_intent(intent(store, question(9)), caps=SharedCaps(micro_usd=1))
        assert refused == Capped(LedgerTotals(reserved=300, reserved_samples=3))
