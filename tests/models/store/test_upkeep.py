"""What is in a store by model, and what goes when it is pruned."""

import contextlib
import sqlite3
import time
from pathlib import Path

import pytest

from itas.core.messages import user
from itas.core.request import Request
from itas.errors import SpecError, StoreError
from itas.models.store.contract import Settlement
from itas.models.store.sqlite import open_store
from itas.models.store.upkeep import PruneRule, list_models, prune
from tests.models.store.stores import answer, intent, question

DAY_S = 86_400


def other(number: int) -> Request:
    return Request(model="other/n", messages=user(f"question {number}"))


async def fill(path: Path) -> None:
    """Ten draws of fake/m, two to a request, and five of other/n; each a day older than the next."""
    async with open_store(path) as store:
        for number in range(5):
            await store.put(question(number), {0: answer("a" * 1000), 1: answer("b" * 1000)})
            await store.put(other(number), {0: answer("c" * 1000)})
        bought = intent(store, question(99))
        await store.open_intent(bought)
        store.close_intent(Settlement(bought.id, "uncertain", 100, 1))
    with contextlib.closing(sqlite3.connect(path)) as connection:
        now = int(time.time())
        for age in range(5):
            for key in (question(age).key, other(age).key):
                connection.execute(
                    "UPDATE draws SET stored_at = ? WHERE key = ?",
                    (now - age * DAY_S - 60, bytes.fromhex(key)),
                )
        connection.commit()


async def test_models_are_listed_with_requests_draws_size_and_age_largest_first(tmp_path: Path):
    await fill(tmp_path / "calls.db")
    first, second = list_models(tmp_path / "calls.db")
    assert (first.model, first.requests, first.draws) == ("fake/m", 5, 10)
    assert (second.model, second.requests, second.draws) == ("other/n", 5, 5)
    assert 10_000 < first.bytes < 13_000
    assert round((first.newest_s - first.oldest_s) / DAY_S) == 4


@pytest.mark.parametrize(
    "rule, left",
    [
        (PruneRule(older_than_s=2.5 * DAY_S), {"fake/m": 6, "other/n": 3}),
        (PruneRule(models=("other/*",)), {"fake/m": 10}),
        (PruneRule(models=("*/n", "nobody/*"), older_than_s=3.5 * DAY_S), {"fake/m": 10, "other/n": 4}),
        (PruneRule(models=("fake/m", "other/n")), {}),
        (PruneRule(to_bytes=10**9), {"fake/m": 10, "other/n": 5}),
    ],
    ids=["by age", "by model", "by both", "all", "small enough"],
)
async def test_what_the_rule_says_goes_and_nothing_else(
    tmp_path: Path, rule: PruneRule, left: dict[str, int]
):
    path = tmp_path / "calls.db"
    await fill(path)
    counted = prune(path, rule, is_rehearsal=True)
    assert sum(each.draws for each in list_models(path)) == 15
    pruned = prune(path, rule)
    assert (counted.draws, counted.bytes) == (pruned.draws, pruned.bytes)
    assert {each.model: each.draws for each in list_models(path)} == left
    assert pruned.draws == 15 - sum(left.values())
    async with open_store(path) as store:
        assert (await store.totals()).uncertain == 100, "the books stay"
        assert [each.request.model for each in [each async for each in store.recorded()]].count(
            "other/n"
        ) == (left.get("other/n", 0))


async def test_the_oldest_go_until_the_file_is_small_enough(tmp_path: Path):
    path = tmp_path / "calls.db"
    async with open_store(path) as store:
        for number in range(300):
            await store.put(question(number), {0: answer("x" * 5000)})
    before = path.stat().st_size
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE draws SET stored_at = stored_at - 1000 WHERE rowid <= 150")
        connection.commit()
    pruned = prune(path, PruneRule(to_bytes=before // 3))
    assert path.stat().st_size == pruned.file_bytes <= before // 3
    async with open_store(path) as store:
        left = [number for number in range(300) if await store.find(question(number).key, [0])]
    assert left, "no more than needed"
    assert min(left) >= 150


async def test_a_process_that_has_the_store_open_writes_a_pruned_request_again(tmp_path: Path):
    path = tmp_path / "calls.db"
    async with open_store(path) as store:
        await store.put(question(), {0: answer("first")})
        prune(path, PruneRule(models=("*",)))
        assert await store.find(question().key, [0]) == {}
        await store.put(question(), {0: answer("again")})
        recorded = [each async for each in store.recorded()]
        assert [(each.request, each.draws[0].text) for each in recorded] == [(question(), "again")]


async def test_a_rule_that_says_nothing_is_refused(tmp_path: Path):
    await fill(tmp_path / "calls.db")
    with pytest.raises(SpecError, match="--older-than, --model or --to-size"):
        prune(tmp_path / "calls.db", PruneRule())
    assert len(list_models(tmp_path / "calls.db")) == 2


def test_a_file_that_is_no_store_is_refused(tmp_path: Path):
    (tmp_path / "diary").write_bytes(b"Dear diary, " * 1000)
    with pytest.raises(StoreError):
        list_models(tmp_path / "diary")
    with pytest.raises(StoreError):
        prune(tmp_path / "missing", PruneRule(models=("*",)))
    assert not (tmp_path / "missing").exists()


async def test_a_damaged_request_is_listed_as_such(tmp_path: Path):
    path = tmp_path / "calls.db"
    async with open_store(path) as store:
        await store.put(question(), {0: answer("x")})
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE requests SET body = x'00'")
        connection.commit()
    assert [each.model for each in list_models(path)] == ["(damaged)"]


async def test_a_damaged_row_of_the_ledger_is_told_and_moves_no_cap(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    path = tmp_path / "calls.db"
    async with open_store(path) as store:
        for number in range(3):
            bought = intent(store, question(number))
            await store.open_intent(bought)
            settles = Settlement(bought.id, "spent", 17, 1)
            await store.put(question(number), {0: answer("a")}, settles=settles)
    list_models(path)
    assert not caplog.records
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE ledger SET micro_usd = 1 WHERE micro_usd = 17 AND id % 2")
        connection.commit()
    list_models(path)
    assert "the ledger of run 'r1' does not add up" in caplog.text
    async with open_store(path) as store:
        assert (await store.totals("r1")).spent == 3 * 17
