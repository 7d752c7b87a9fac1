"""The durable store: what it holds after crashes, damage, and beside other processes."""

import asyncio
import contextlib
import os
import random
import resource
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from itas.errors import SpecError, StoreError
from itas.models.chain import build_chain
from itas.models.fakes import FunctionModel
from itas.models.store.contract import Settlement
from itas.models.store.sqlite import SqliteStore, open_store
from tests.models.store.stores import answer, intent, question

_ROOT = Path(__file__).parents[3]
_WRITER = "tests.models.store.writer"


def start_writer(path: Path, *, seed: int, count: int, call_s: float = 0.001) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", _WRITER, str(path), str(seed), str(count), str(call_s)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=_ROOT)


async def test_what_was_put_is_there_after_closing_and_nothing_else_is_left(tmp_path: Path):
    async with open_store(tmp_path / "deep" / "calls.db") as store:
        await store.put(question(), {0: answer("kept")})
    async with open_store(tmp_path / "deep" / "calls.db") as store:
        assert (await store.find(question().key, [0]))[0].text == "kept"
    assert {file.name for file in (tmp_path / "deep").iterdir()} == {"calls.db", "calls.db-lock"}


async def test_a_second_run_pays_nothing(tmp_path: Path):
    models = [FunctionModel(lambda request, number: str(number)) for _ in range(2)]
    for model in models:
        async with open_store(tmp_path / "calls.db") as store:
            chain = build_chain(model, store=store)
            assert [each.text for each in await chain.sample(question(), n=3)] == ["0", "1", "2"]
    assert [model.calls for model in models] == [1, 0]


async def test_killed_at_random_points_nothing_acknowledged_is_lost(tmp_path: Path):
    path = tmp_path / "calls.db"
    rng = random.Random(3)
    acknowledged: set[int] = set()
    for seed in range(4):
        process = start_writer(path, seed=seed, count=100_000, call_s=0.005)
        assert process.stdout is not None
        acknowledged.add(int(process.stdout.readline()))
        await asyncio.sleep(0.05 + rng.random() / 4)
        process.send_signal(signal.SIGKILL)
        acknowledged.update(
            int(line) for line in process.stdout.read().splitlines(keepends=True) if line[-1] == "\n"
        )
        process.wait()
        process.stdout.close()
    assert len(acknowledged) > 100
    async with open_store(path) as store:
        for number in acknowledged:
            assert (await store.find(question(number).key, [0]))[0].text == f"answer {number}"
        totals = await store.totals()
        spent_draws = totals.spent // 17
        assert totals.reserved == 0, "calls of dead processes are booked as uncertain"
        assert totals.uncertain > 0
        assert spent_draws == (await store.stats()).draws >= len(acknowledged)
    assert [file for file in tmp_path.iterdir() if "owner" in file.name] == []
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


async def test_open_calls_of_a_living_process_stay_open_and_of_a_dead_one_become_uncertain(tmp_path: Path):
    path = tmp_path / "calls.db"
    async with open_store(path) as living:
        alive = intent(living, question())
        await living.open_intent(alive)
        with start_writer(path, seed=9, count=8, call_s=3600) as dead:
            async with asyncio.timeout(30):
                while (await living.totals("writer 9")).reserved < 8 * 100:  # noqa: ASYNC110 - another process
                    await asyncio.sleep(0.02)
            dead.kill()
        async with open_store(path) as other:
            totals = await other.totals("writer 9")
            assert (totals.reserved, totals.uncertain) == (0, 8 * 100)
            assert (await other.totals("r1")).reserved == 100
            await living.put(question(), {0: answer("late")}, settles=Settlement(alive.id, "spent", 17, 1))
            assert (await other.totals("r1")).spent == 17


async def test_a_settlement_overrules_the_guess_that_its_process_is_dead(tmp_path: Path):
    path = tmp_path / "calls.db"
    async with open_store(path) as store:
        bought = intent(store, question())
        await store.open_intent(bought)
        for file in tmp_path.glob("calls.db-owner-*"):  # as another program that cleans up might
            file.unlink()
        async with open_store(path) as other:
            assert (await other.totals()).uncertain == 100
            await store.put(question(), {0: answer("late")}, settles=Settlement(bought.id, "spent", 17, 1))
            totals = await other.totals()
            assert (totals.spent, totals.uncertain) == (17, 0)


async def test_two_processes_write_at_the_same_time(tmp_path: Path):
    path = tmp_path / "calls.db"
    writers = [start_writer(path, seed=seed, count=400) for seed in range(2)]
    outputs = await asyncio.gather(*(asyncio.to_thread(writer.communicate) for writer in writers))
    assert [writer.returncode for writer in writers] == [0, 0]
    numbers = {int(line) for output, _ in outputs for line in output.split()}
    assert len(numbers) == 800
    async with open_store(path) as store:
        assert (await store.stats()).draws == 800
        totals = await store.totals()
        assert (totals.spent, totals.uncertain, totals.reserved) == (800 * 17, 0, 0)


async def test_a_draw_and_its_settlement_are_written_together_or_not_at_all(tmp_path: Path):
    async with open_store(tmp_path / "calls.db") as store:
        bought = intent(store, question())
        await store.open_intent(bought)
        impossible = Settlement(bought.id, "spent", 2**70, 1)
        bad = store.put(question(), {0: answer("half")}, settles=impossible)
        good = store.put(question(1), {0: answer("whole")})
        results = await asyncio.gather(bad, good, return_exceptions=True)
        assert isinstance(results[0], StoreError)
        assert await store.find(question().key, [0]) == {}
        assert (await store.find(question(1).key, [0]))[0].text == "whole"
        assert (await store.totals()).reserved == 100
        assert (await store.stats()).requests == 1


async def test_one_process_sees_what_the_other_stored(tmp_path: Path):
    async with open_store(tmp_path / "calls.db") as one, open_store(tmp_path / "calls.db") as other:
        await one.put(question(), {0: answer("one")})
        assert (await other.find(question().key, [0]))[0].text == "one"
        assert (await other.put(question(), {0: answer("other")}))[0].text == "one"


# --- damage ---------------------------------------------------------------------------------------


async def test_a_changed_row_is_a_miss_set_aside_and_replaced(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    path = tmp_path / "calls.db"
    async with open_store(path) as store:
        await store.put(question(), {0: answer("right"), 1: answer("other")})
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE draws SET body = replace(body, 'right', 'wrong') WHERE number = 0")
        connection.execute("UPDATE draws SET number = 5 WHERE number = 1")
        connection.commit()
    async with open_store(path) as store:
        assert await store.find(question().key, [0, 1, 5]) == {}
        assert "damaged" in caplog.text
        await store.put(question(), {0: answer("again")})
        assert (await store.find(question().key, [0]))[0].text == "again"
        stats = await store.stats()
        assert (stats.draws, stats.damaged) == (1, 2)


async def test_a_damaged_row_is_replaced_also_when_nobody_had_read_it(tmp_path: Path):
    path = tmp_path / "calls.db"
    async with open_store(path) as store:
        await store.put(question(), {0: answer("right")})
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE draws SET body = 'wrong'")
        connection.commit()
    async with open_store(path) as store:
        assert (await store.put(question(), {0: answer("again")}))[0].text == "again"
        assert (await store.find(question().key, [0]))[0].text == "again"


async def test_bit_flips_never_give_a_wrong_answer_and_never_crash(tmp_path: Path):
    path = tmp_path / "calls.db"
    async with open_store(path) as store:
        for number in range(60):
            await store.put(question(number), {0: answer(f"answer {number} " + "x" * 400)})
    good = path.read_bytes()
    rng = random.Random(7)
    misses = 0
    for _ in range(40):
        data = bytearray(good)
        for _ in range(8):
            place = rng.randrange(100, len(data))
            data[place] ^= 1 << rng.randrange(8)
        path.write_bytes(data)
        try:
            store = open_store(path)
        except StoreError:
            continue
        async with store:
            for number in range(60):
                found = await store.find(question(number).key, [0])
                if not found:
                    misses += 1
                else:
                    assert found[0].text.startswith(f"answer {number} x")
            await store.put(question(999), {0: answer("new")})
            assert (await store.find(question(999).key, [0]))[0].text == "new"
    assert misses > 40


# --- files that are not ours, disks that refuse ---------------------------------------------------


def test_a_file_that_is_no_database_is_refused(tmp_path: Path):
    path = tmp_path / "calls.db"
    path.write_bytes(b"Dear diary, " * 1000)
    with pytest.raises(StoreError, match="cannot be used as a call store"):
        open_store(path)
    assert path.read_bytes() == b"Dear diary, " * 1000


def test_a_database_of_another_program_is_refused_and_left_alone(tmp_path: Path):
    path = tmp_path / "calls.db"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    before = path.read_bytes()
    with pytest.raises(StoreError, match="another program"):
        open_store(path)
    assert path.read_bytes() == before


async def test_a_newer_store_is_refused_and_not_migrated(tmp_path: Path):
    path = tmp_path / "calls.db"
    await open_store(path).close()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 3")
    with pytest.raises(StoreError, match="this store has version 3, this program knows versions up to 2"):
        open_store(path)


def test_a_folder_where_the_file_should_be_is_refused(tmp_path: Path):
    with pytest.raises(StoreError, match="cannot be used as a call store"):
        open_store(tmp_path)


async def test_a_store_that_can_only_be_read_answers_and_keeps_new_draws_in_memory(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    path = tmp_path / "calls.db"
    async with open_store(path) as store:
        await store.put(question(), {0: answer("old")})
    before = path.read_bytes()
    async with SqliteStore(path, is_read_only=True) as store:
        await store.put(question(), {1: answer("new")})
        found = await store.find(question().key, [0, 1])
        assert [found[0].text, found[1].text] == ["old", "new"]
        assert (await store.stats()).unsaved == 1
        bought = intent(store, question())
        await store.open_intent(bought)
        assert (await store.totals()).reserved == 100
        store.close_intent(Settlement(bought.id, "spent", 17, 1))
        await store.put(question(1), {0: answer("x")})
        assert (await store.totals()).spent == 17
    assert path.read_bytes() == before
    assert "can only be read" in caplog.text


@contextlib.contextmanager
def disk_full_at(size: int) -> Iterator[None]:
    """No file of this process may grow beyond `size`: writing then fails as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_a_full_disk_costs_no_answer_and_what_waited_is_written_when_there_is_room(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("itas.models.store.file._TRY_AGAIN_S", 0.0)
    path = tmp_path / "calls.db"
    async with open_store(path) as store:
        await store.put(question(0), {0: answer("before")})
        with disk_full_at(200_000):
            for number in range(1, 60):
                bought = intent(store, question(number))
                await store.open_intent(bought)
                settled = Settlement(bought.id, "spent", 17, 1)
                text = f"{number} " + "x" * 10_000
                assert (await store.put(question(number), {0: answer(text)}, settles=settled))[0].text == text
            assert (await store.stats()).unsaved > 0
            for number in range(1, 60):
                assert (await store.find(question(number).key, [0]))[0].text.startswith(f"{number} ")
            totals = await store.totals()
            assert totals.spent + totals.reserved >= 59 * 17
        assert "going on in memory" in caplog.text
        await store.put(question(100), {0: answer("after")})
        stats = await store.stats()
        assert (stats.unsaved, stats.draws) == (0, 61)
        assert (await store.totals()).spent == 59 * 17
    async with open_store(path) as store:
        assert (await store.find(question(30).key, [0]))[0].text.startswith("30 ")


class Refusing:
    """A connection whose statements fail for a while, as on a disk that does not answer."""

    def __init__(self, connection: sqlite3.Connection, error: sqlite3.Error, *, times: int) -> None:
        self._connection = connection
        self._error = error
        self._times = times

    def execute(self, statement: str, *values: Any) -> Any:
        if self._times and statement.startswith(("SELECT", "BEGIN")):
            self._times -= 1
            raise self._error
        return self._connection.execute(statement, *values)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


def refuse_writing(store: SqliteStore, *, times: int = 1) -> None:
    full = sqlite3.OperationalError("database or disk is full")
    file = cast("Any", store._file)
    file._connection = Refusing(file._connection, full, times=times)


async def test_a_disk_that_cannot_be_read_now_is_an_error_and_nothing_is_bought_again(tmp_path: Path):
    model = FunctionModel(lambda request, number: "bought")
    async with open_store(tmp_path / "calls.db") as store:
        chain = build_chain(model, store=store)
        await chain.sample(question())
        failure = sqlite3.OperationalError("disk I/O error")
        for reader in (store._reader, cast("Any", store._glance)._reader):
            reader._connection = cast("Any", Refusing(reader._connection, failure, times=1))
        with pytest.raises(StoreError, match="cannot be read: disk I/O error"):
            await chain.sample(question())
        assert (await chain.sample(question()))[0].text == "bought"
        assert (model.calls, reader.damaged) == (1, 0)


async def test_what_the_disk_refused_is_tried_once_more_when_the_store_is_closed(tmp_path: Path):
    path = tmp_path / "calls.db"
    async with open_store(path) as store:
        refuse_writing(store)
        await store.put(question(), {0: answer("paid for")})
        assert (await store.stats()).unsaved == 1
    async with open_store(path) as store:
        assert (await store.find(question().key, [0]))[0].text == "paid for"


async def test_what_never_fits_does_not_keep_the_rest_of_the_unsaved_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    path = tmp_path / "calls.db"
    async with open_store(path) as store:
        refuse_writing(store)
        for number in range(5):
            await store.put(question(number), {0: answer(str(number))})
        await store.put(question(5), {2**63: answer("no database takes this number")})
        await store.put(question(6), {0: answer("6")})
        cast("Any", store._file)._next_try_s = 0.0
        await store.put(question(7), {0: answer("7")})
        assert (await store.stats()).unsaved == 0
    assert "given up what cannot be stored" in caplog.text
    async with open_store(path) as store:
        for number in (0, 1, 2, 3, 4, 6, 7):
            assert (await store.find(question(number).key, [0]))[0].text == str(number)


async def test_an_answer_is_found_also_at_the_moment_it_goes_over_to_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    async with open_store(tmp_path / "calls.db") as store:
        refuse_writing(store)
        bought = intent(store, question())
        await store.open_intent(bought)
        await store.put(question(), {0: answer("paid for")}, settles=Settlement(bought.id, "spent", 17, 1))
        has_read, may_go_on = threading.Event(), threading.Event()
        read = store._reader.find

        def find(key: str, numbers: Sequence[int]) -> Any:
            found = read(key, numbers)
            has_read.set()
            may_go_on.wait(10)
            return found

        monkeypatch.setattr(store._reader, "find", find)
        looking = asyncio.create_task(store.find(question().key, [0]))
        adding = asyncio.create_task(store.totals())
        await asyncio.to_thread(has_read.wait, 10)
        cast("Any", store._file)._next_try_s = 0.0
        await store.put(question(1), {0: answer("other")})
        may_go_on.set()
        assert (await looking)[0].text == "paid for"
        assert (await adding).spent == 17
        assert (await store.stats()).unsaved == 0


async def test_a_request_with_draws_on_the_disk_and_in_memory_is_recorded_once(tmp_path: Path):
    async with open_store(tmp_path / "calls.db") as store:
        await store.put(question(), {0: answer("on disk")})
        refuse_writing(store, times=9)
        await store.put(question(), {1: answer("in memory")})
        await store.put(question(1), {0: answer("in memory")})
        recorded = [each async for each in store.recorded()]
        assert [(each.request, sorted(each.draws)) for each in recorded] == [
            (question(), [0, 1]),
            (question(1), [0]),
        ]


async def test_a_number_that_no_database_takes_is_an_error_for_who_asks_and_for_nobody_else(tmp_path: Path):
    async with open_store(tmp_path / "calls.db") as store:
        for number in (2**63, -(2**70)):
            with pytest.raises(StoreError, match="cannot be read"):
                await store.find(question().key, [number])
            with pytest.raises(StoreError, match="cannot be stored"):
                await store.put(question(), {number: answer("x")})
        with pytest.raises(StoreError, match="cannot be read"):
            await store.find("not hexadecimal", [0])
        await store.put(question(), {0: answer("still alive")})
        assert (await store.find(question().key, [0]))[0].text == "still alive"


@pytest.mark.parametrize("path", ["", ".", "/"])
def test_a_path_that_names_no_file_is_refused_with_a_cure(path: str):
    with pytest.raises(SpecError, match="the call store must be a file"):
        open_store(path)


def test_a_path_that_no_file_can_have_is_refused(tmp_path: Path):
    with pytest.raises(StoreError, match="cannot be used as a call store"):
        open_store(f"{tmp_path}/a\x00b")


async def test_only_its_owner_can_read_the_files_of_a_store(tmp_path: Path):
    async with open_store(tmp_path / "calls.db") as store:
        await store.put(question(), {0: answer("private")})
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    assert {"calls.db", "calls.db-wal", "calls.db-shm", "calls.db-lock"} < set(modes)
    assert set(modes.values()) == {0o600}


async def test_who_can_only_read_sees_what_a_writer_has_just_stored(tmp_path: Path):
    path = tmp_path / "calls.db"
    async with open_store(path) as store:
        await store.put(question(), {0: answer("in the log")})
        async with SqliteStore(path, is_read_only=True) as reader:
            assert (await reader.find(question().key, [0]))[0].text == "in the log"


@contextlib.contextmanager
def no_right_to_write(folder: Path) -> Iterator[None]:
    """Nobody, not even root, may write into the folder or its files; they can be read."""
    for file in folder.iterdir():
        file.chmod(0o444)
    folder.chmod(0o555)
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)
        folder.chmod(0o755)


async def test_a_store_where_nothing_can_be_written_is_read_unless_its_log_would_be_missed():
    with tempfile.TemporaryDirectory() as name:  # not below a folder that only root can enter
        folder = Path(name)
        folder.chmod(0o755)
        path = folder / "calls.db"
        async with open_store(path) as store:
            await store.put(question(), {0: answer("kept")})
        with no_right_to_write(folder):
            async with SqliteStore(path, is_read_only=True) as store:
                assert (await store.find(question().key, [0]))[0].text == "kept"
        path.with_name("calls.db-wal").write_bytes(b"newer answers")
        with no_right_to_write(folder), pytest.raises(StoreError, match=r"newest answers .* calls\.db-wal"):
            SqliteStore(path, is_read_only=True)


async def test_the_log_of_writes_stays_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("itas.models.store.file._CHECKPOINT_BYTES", 200_000)
    path = tmp_path / "calls.db"
    async with open_store(path) as store:
        for number in range(200):
            await store.put(question(number), {0: answer("x" * 10_000)})
        assert path.with_name("calls.db-wal").stat().st_size < 400_000
        assert (await store.stats()).draws == 200


# --- speed ----------------------------------------------------------------------------------------


@pytest.mark.scale
async def test_five_thousand_stored_calls_a_second_and_hits_within_a_millisecond(tmp_path: Path):
    requests = [question(number) for number in range(10_000)]
    draw = answer("y" * 1500)
    async with open_store(tmp_path / "calls.db") as store:

        async def call(number: int) -> None:
            bought = intent(store, requests[number])
            await store.open_intent(bought)
            await store.put(requests[number], {0: draw}, settles=Settlement(bought.id, "spent", 17, 1))

        async def caller(first: int) -> None:
            for number in range(first, len(requests), 100):
                await call(number)

        started = time.perf_counter()
        await asyncio.gather(*(caller(first) for first in range(100)))
        assert len(requests) / (time.perf_counter() - started) >= 5000
        times: list[float] = []
        for request in requests[:1000]:
            started = time.perf_counter()
            await store.find(request.key, [0])
            times.append(time.perf_counter() - started)
        assert sorted(times)[500] < 0.001
