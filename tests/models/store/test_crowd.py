"""Many processes write into one store at once and are killed at random: nothing is lost, nobody is locked out."""

import asyncio
import contextlib
import random
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from itas.models.store.sqlite import open_store
from tests.models.store.stores import question

_ROOT = Path(__file__).parents[3]
_PER_WRITER = 1_000_000


def _start(path: Path, errors: Path, seed: int) -> "subprocess.Popen[str]":
    command = [
        sys.executable,
        "-m",
        "tests.models.store.writer",
        str(path),
        str(seed),
        str(_PER_WRITER),
        "0.002",
    ]
    with errors.open("ab") as file:
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=file, text=True, cwd=_ROOT)


class Writer:
    """A running writer and what it has said so far that it has stored."""

    def __init__(self, path: Path, errors: Path, seed: int) -> None:
        self.process = _start(path, errors, seed)
        self.said: set[int] = set()
        self._reading = threading.Thread(target=self._read)  # asyncio's own threads may be fewer than writers
        self._reading.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as stream:
            for line in stream:
                if line.endswith("\n"):
                    self.said.add(int(line))
        self.process.wait()

    async def has_begun(self) -> None:
        while not self.said and self._reading.is_alive():  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.01)

    async def kill(self) -> set[int]:
        self.process.kill()
        while self._reading.is_alive():  # noqa: ASYNC110 - ends with its process
            await asyncio.sleep(0.01)
        return self.said


async def _crowd(folder: Path, *, writers: int, seconds: float, seed: int) -> None:
    path, errors = folder / "calls.db", folder / "errors"
    rng = random.Random(seed)
    seeds = iter(range(10**6))
    running = [Writer(path, errors, next(seeds)) for _ in range(writers)]
    acknowledged: set[int] = set()
    kills, end_s = 0, time.monotonic() + seconds
    while kills < 5 or time.monotonic() < end_s:
        chosen = rng.randrange(writers)
        if rng.random() < 0.9:  # else also while it opens the store
            await running[chosen].has_begun()
        await asyncio.sleep(rng.random() / 2)
        acknowledged |= await running[chosen].kill()
        running[chosen] = Writer(path, errors, next(seeds))
        kills += 1
    for writer in running:
        acknowledged |= await writer.kill()
    assert len(acknowledged) > 100
    written = errors.read_text()
    assert "locked" not in written
    assert "in memory" not in written
    async with open_store(path) as store:
        for number in acknowledged:
            found = await store.find(question(number).key, [0])
            assert found, f"{number} was acknowledged and is lost"
            assert found[0].text == f"answer {number}"
        totals = await store.totals()
        assert totals.reserved == 0
        assert totals.spent // 17 == (await store.stats()).draws >= len(acknowledged)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


async def test_three_processes_that_are_killed_again_and_again_lose_nothing(tmp_path: Path):
    await _crowd(tmp_path, writers=3, seconds=6, seed=2)


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_eight_processes_that_are_killed_for_three_minutes_lose_nothing(tmp_path: Path):
    await _crowd(tmp_path, writers=8, seconds=180, seed=3)
