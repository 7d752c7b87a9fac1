"""Many steps at once come to the same as one after the other, whatever stands in the way of some of them."""

import contextlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest

from itas.models.store.accounts import SUMS
from itas.models.store.batching import BatchWriter, Unforeseen
from itas.models.store.contract import (
    Capped,
    Found,
    Intent,
    LedgerTotals,
    Opened,
    Settlement,
    SharedCaps,
    Shortened,
    Taken,
)
from itas.models.store.schema import connect, prepare
from itas.models.store.steps import Close, Open, Put, Step, Written
from tests.models.store.stores import answer, question


class File:
    """A store file with a writer, seen from inside."""

    def __init__(self, path: Path, *, is_new: bool = True) -> None:
        self.connection = connect(path)
        if is_new:
            prepare(self.connection, path)
        self.writer = BatchWriter(self.connection, lambda owner: True)

    def write(self, steps: Sequence[Step], *, at_once: bool = True) -> list[Written]:
        self.connection.execute("BEGIN IMMEDIATE")
        self.writer.begin()
        try:
            done = self.writer.write_all(steps) if at_once else [self.writer.write(step) for step in steps]
            self.writer.finish()
            self.connection.execute("COMMIT")
        except Unforeseen:
            self.writer.forget()
            self.connection.execute("ROLLBACK")
            raise
        return done

    def rows(self, table: str) -> list[tuple[object, ...]]:
        """All but the last column of those that end with a time."""
        rows = self.connection.execute(f"SELECT * FROM {table}").fetchall()
        return sorted(row[:-1] if table in ("draws", "ledger") else row for row in rows)


def opening(
    number: int, *, owner: int = 1, place: int = 0, first: int = 0, n: int = 1, caps: SharedCaps | None = None
):
    intent = Intent(place or 1000 * owner + number, "run", "fake/m", question(number).key, first, n, 100 * n)
    return Open(intent, owner, caps)


def putting(number: int, *, draws: Sequence[int] = (0,), settles: int | None = None, text: str = "a"):
    done = None if settles is None else Settlement(settles, "spent", 17, len(draws))
    request = question(number)
    return Put(request.key, request, {draw: answer(f"{text} {number}.{draw}") for draw in draws}, done)


@pytest.fixture
def file(tmp_path: Path):
    found = File(tmp_path / "calls.db")
    with contextlib.closing(found.connection):
        yield found


def test_a_large_batch_is_what_single_steps_are(tmp_path: Path):
    rng = Random(4)
    waves: list[list[Step]] = [[opening(number) for number in range(150)]]
    waves.append(
        [
            *(putting(number, settles=1000 + number) for number in range(150)),
            *(opening(n) for n in range(150, 187)),
        ]
    )
    waves.append([putting(number, settles=1000 + number) for number in range(150, 180)])
    waves[-1] += [Close(Settlement(1000 + number, "uncertain", 100, 1)) for number in range(180, 187)]
    for wave in waves:
        rng.shuffle(wave)
    tables: list[list[list[tuple[object, ...]]]] = []
    for at_once in (True, False):
        one = File(tmp_path / f"{at_once}.db")
        with contextlib.closing(one.connection):
            for wave in waves:
                one.write(wave, at_once=at_once)
            tables.append([one.rows(each) for each in ("requests", "draws", "ledger", "accounts")])
            assert one.rows("accounts") == sorted(one.connection.execute(SUMS).fetchall())
    assert tables[0] == tables[1]
    assert len(tables[0][1]) == 180


def test_in_a_batch_each_purchase_meets_what_stands_in_its_own_way(file: File):
    file.write([putting(1), putting(2, draws=(1, 2)), opening(3, owner=2), opening(4, owner=2, first=2)])
    free, found, short, taken, before = file.write(
        [opening(0), opening(1, n=2), opening(2, n=3), opening(3), opening(4, n=5)]
    )
    assert free == Opened(LedgerTotals(reserved=300, reserved_samples=3))
    assert isinstance(found, Found)
    assert list(found.draws) == [0]
    assert short == Shortened(1)
    assert isinstance(taken, Taken)
    assert taken.owner == 2
    assert before == Shortened(2)


def test_near_the_cap_a_batch_is_let_in_one_by_one(file: File):
    caps = SharedCaps(micro_usd=1050)
    done = file.write([opening(number, caps=caps) for number in range(30)])
    assert [isinstance(each, Opened) for each in done] == [True] * 10 + [False] * 20
    assert all(isinstance(each, Capped) for each in done[10:])
    assert file.rows("accounts") == [("run", 0, 0, 1000, 0, 0, 10)]


def test_what_is_stored_in_the_same_batch_is_not_bought(file: File):
    opened, _ = file.write([opening(1), putting(1)])
    assert isinstance(opened, Found)
    assert file.rows("ledger") == []


def test_of_two_draws_with_one_number_the_first_counts_in_a_batch_too(file: File):
    file.write([putting(1, text="old")])
    second, other, third = file.write([putting(1, text="new"), putting(2), putting(2, text="late")])
    texts = [each[0].text for each in (second, other, third) if isinstance(each, dict)]
    assert texts == ["old 1.0", "a 2.0", "a 2.0"]


def test_a_purchase_that_somebody_took_over_meanwhile_is_found_by_the_single_steps(
    file: File, tmp_path: Path
):
    file.write([opening(1), opening(2)])
    with contextlib.closing(sqlite3.connect(tmp_path / "calls.db")) as other:
        other.execute("UPDATE ledger SET booking = 'uncertain', micro_usd = 100, samples = 1 WHERE id = 1001")
        other.execute(
            "UPDATE accounts SET uncertain = 100, reserved = 100, samples = 1, reserved_samples = 1"
        )
        other.commit()
    steps = [putting(1, settles=1001), putting(2, settles=1002)]
    with pytest.raises(Unforeseen):
        file.write(steps)
    for step in steps:
        file.write([step])
    assert file.rows("accounts") == [("run", 34, 0, 0, 2, 0, 0)]
    assert file.rows("accounts") == file.connection.execute(SUMS).fetchall()
