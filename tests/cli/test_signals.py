"""Ctrl-C on real processes: the first lets what was paid for come in, the second stops at once."""

import asyncio
import json
import os
import signal
import sqlite3
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.models.fake_server import Answer, FakeServer, Sent, chat, serving

PROBLEMS = 6
AT_ONCE = 2
WAIT_S = 30.0

pytestmark = pytest.mark.timeout(90)


def prepare(folder: Path, url: str) -> None:
    lines = [json.dumps({"input": f"What is {n} + {n}?", "target": str(2 * n)}) for n in range(PROBLEMS)]
    (folder / "sums.jsonl").write_text("\n".join(lines))
    settings = {
        "providers": {"slow": {"base_url": url, "needs_key": False, "is_free": True}},
        "concurrency": AT_ONCE,
    }
    (folder / "itas.yaml").write_text(json.dumps(settings))


async def start(folder: Path, *arguments: str) -> asyncio.subprocess.Process:
    environ = {key: value for key, value in os.environ.items() if not key.startswith("ITAS_")}
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "itas", *arguments,
        cwd=folder, env=environ, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip


EVALUATE = ("evaluate", "slow/m", "--on", "sums.jsonl", "--scorer", "number", "--yes")
ANSWER = ("answer", "slow/m", "How many?")


async def until(is_so: Callable[[], bool], process: asyncio.subprocess.Process) -> None:
    deadline = time.monotonic() + WAIT_S
    while not is_so():
        assert process.returncode is None, (await process.communicate())[1].decode()
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


def bookings(folder: Path) -> list[tuple[str, int]]:
    with sqlite3.connect(folder / ".itas" / "calls.sqlite3") as connection:
        return connection.execute("SELECT booking, samples FROM ledger ORDER BY id").fetchall()


async def interrupted(
    server: FakeServer, folder: Path, command: tuple[str, ...], arrived: int, *, release: asyncio.Event | None
) -> str:
    """Interrupt once so many requests have arrived; then let them be answered, or interrupt again."""
    process = await start(folder, *command)
    await until(lambda: len(server.sent) >= arrived, process)
    process.send_signal(signal.SIGINT)
    await asyncio.sleep(0.5)
    assert process.returncode is None, "it did not wait for the calls on their way"
    if release is None:
        process.send_signal(signal.SIGINT)
    else:
        release.set()
    _, err = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 130, err.decode()
    assert "Traceback" not in err.decode()
    return err.decode()


def held(release: asyncio.Event) -> Callable[[Sent], object]:
    async def behave(sent: Sent) -> Answer:
        await release.wait()
        return chat("Answer: 4")

    return behave


async def test_the_first_interrupt_waits_for_the_calls_on_their_way_and_begins_no_other(
    tmp_path: Path,
) -> None:
    release = asyncio.Event()
    async with serving(held(release)) as server:  # type: ignore[arg-type]
        prepare(tmp_path, server.url)
        err = await interrupted(server, tmp_path, EVALUATE, AT_ONCE, release=release)
        assert len(server.sent) == AT_ONCE
        # One that was announced and not sent any more is void: nobody pays for it.
        assert [each for each in bookings(tmp_path) if each != ("void", 0)] == [("spent", 1)] * AT_ONCE
        assert f"waiting for {AT_ONCE} calls" in err
        assert f"go on with: itas {' '.join(EVALUATE)}" in err
        again = await start(tmp_path, *EVALUATE)
        await asyncio.wait_for(again.communicate(), 60)
        assert again.returncode == 0
        assert len(server.sent) == PROBLEMS  # the two that came in were not asked again


async def test_the_second_interrupt_stops_at_once_and_books_what_was_sent_as_uncertain(
    tmp_path: Path,
) -> None:
    async with serving(held(asyncio.Event())) as server:  # type: ignore[arg-type]
        prepare(tmp_path, server.url)
        await interrupted(server, tmp_path, EVALUATE, AT_ONCE, release=None)
        assert len(server.sent) == AT_ONCE
        assert bookings(tmp_path) == [("uncertain", 1)] * AT_ONCE


async def test_an_interrupted_answer_keeps_the_call_that_was_on_its_way(tmp_path: Path) -> None:
    release = asyncio.Event()
    async with serving(held(release)) as server:  # type: ignore[arg-type]
        prepare(tmp_path, server.url)
        err = await interrupted(server, tmp_path, ANSWER, 1, release=release)
        assert bookings(tmp_path) == [("spent", 1)]
        assert "go on with: itas answer slow/m 'How many?'" in err
