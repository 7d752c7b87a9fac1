"""A search on paid models that is killed again and again: the same result, nothing paid twice, nothing left running."""

import asyncio
import hashlib
import json
import os
import signal
import sqlite3
import sys
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import pytest

from itas.api.viewing import RunFolder
from itas.testing.replies import readable_reply
from tests.models.fake_server import Answer, FakeServer, Sent, chat, serving

AT_ONCE = 4
PROBLEMS = 60
MODELS = ("sold/able", "sold/fair", "sold/poor")
SKILL = {"able": 170, "fair": 130, "poor": 90}


def reply(sent: Sent) -> Answer:
    """By what is asked alone, so that an answer that is bought again says the same."""
    prompt, model = sent.body["messages"][-1]["content"], sent.body["model"]
    if prompt.startswith("Task:"):
        return chat(readable_reply(prompt))
    drawn = hashlib.sha256(f"{model} {prompt}".encode()).digest()
    right = drawn[0] < SKILL[model]
    return chat(*[f"Answer: {prompt.split()[2] if right else drawn[1] + 1000}"] * sent.body.get("n", 1))


def prepare(folder: Path, url: str, *, seed: int, trials: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps({"input": f"What is {n} + 0?", "target": str(n)}) for n in range(PROBLEMS)]
    (folder / "sums.jsonl").write_text("\n".join([json.dumps({"scorer": "number"}), *lines]))
    settings = {
        "providers": {"sold": {"base_url": url, "needs_key": False}},
        "prices": {model: {"usd_in": 1.0, "usd_out": 2.0} for model in MODELS},
        "concurrency": AT_ONCE,
    }
    (folder / "itas.yaml").write_text(json.dumps(settings))
    study = {
        "space": "small", "on": "sums.jsonl", "models": MODELS, "seed": seed, "dev": 20, "held_out": 20,
        "max_trials": trials, "max_cost_usd": 50, "stop_gap": None, "batch": 2,
    }  # fmt: skip
    (folder / "study.yaml").write_text(json.dumps(study))


async def start(folder: Path, *arguments: str) -> asyncio.subprocess.Process:
    environ = {key: value for key, value in os.environ.items() if not key.startswith("ITAS_")}
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "itas", *arguments, "--quiet",
        cwd=folder, env=environ, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip


async def search(folder: Path, kills: int, server: FakeServer, rng: Random) -> int:
    """Search, and resume after every kill, until it ends; how often it was killed."""
    done = 0
    while True:
        begun = (folder / "runs").is_dir()
        arguments = ("resume",) if begun else ("search", "study.yaml", "--yes")
        process = await start(folder, *arguments)
        if done >= kills:
            _, err = await asyncio.wait_for(process.communicate(), 350)
            assert process.returncode in (0, 3), err.decode()
            return done
        arrived = len(server.sent) + rng.randrange(1, 30)
        for _ in range(rng.randrange(150, 500)):
            if len(server.sent) >= arrived or process.returncode is not None:
                break
            await asyncio.sleep(0.005)
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
            done += 1
        await process.communicate()
        if process.returncode in (0, 3):
            return done
        states = [run.state for run in RunFolder(folder / "runs").list_runs()]
        assert "running" not in states


def outcome(folder: Path) -> dict[str, Any]:
    (path,) = [each / "outcome.json" for each in (folder / "runs").iterdir() if not each.is_symlink()]
    return json.loads(path.read_text())


def comparable(found: Any) -> Any:
    """Everything but what was paid when, and how long it took."""
    when = {"samples_paid", "paid_micro_usd", "paid_samples", "latency_s"}
    if isinstance(found, dict):
        return {key: comparable(value) for key, value in found.items() if key not in when}
    return [comparable(each) for each in found] if isinstance(found, list) else found


def events(folder: Path) -> list[dict[str, Any]]:
    (path,) = [each / "journal.jsonl" for each in (folder / "runs").iterdir() if not each.is_symlink()]
    return [json.loads(line) for line in path.read_text().splitlines()]


def bookings(folder: Path) -> Counter[str]:
    with sqlite3.connect(folder / ".itas" / "calls.sqlite3") as connection:
        rows = connection.execute("SELECT booking, SUM(samples) FROM ledger GROUP BY booking").fetchall()
    return Counter(dict(rows))


async def check_study(folder: Path, *, seed: int, trials: int, kills: int) -> int:
    async with serving(reply) as server:
        prepare(folder / "calm", f"{server.url}/v1", seed=seed, trials=trials)
        prepare(folder / "killed", f"{server.url}/v1", seed=seed, trials=trials)
        await search(folder / "calm", 0, server, Random(seed))
        bought = len(server.sent)
        done = await search(folder / "killed", kills, server, Random(seed))
        bought_again = len(server.sent) - bought
    calm, killed = outcome(folder / "calm"), outcome(folder / "killed")
    assert comparable(killed) == comparable(calm)
    assert bookings(folder / "killed")["spent"] == bookings(folder / "calm")["spent"]
    assert bought_again - bought <= done * AT_ONCE * 2, "only calls in flight are asked again"
    found = events(folder / "killed")
    proposed = [
        trial["trial"] for event in found if event["event"] == "proposed" for trial in event["trials"]
    ]
    ended = [event["trial"] for event in found if event["event"] == "trial"]
    assert sorted(proposed) == sorted(ended), "every trial ended, and once"
    assert {trial["state"] for trial in killed["result"]["trials"]} == {"done"}
    assert [run.state for run in RunFolder(folder / "killed" / "runs").list_runs()] == ["finished"]
    return done


@pytest.mark.timeout(400)
async def test_a_killed_search_on_paid_models_goes_on_to_the_same_result_and_pays_nothing_twice(
    tmp_path: Path,
):
    assert await check_study(tmp_path, seed=1, trials=3, kills=4) == 4


@pytest.mark.slow
@pytest.mark.timeout(1800)
async def test_a_hundred_kills_in_a_hundred_trials_leave_none_running(tmp_path: Path):
    done = trials = seed = 0
    while done < 100 or trials < 100:
        seed += 1
        done += await check_study(tmp_path / f"{seed}", seed=seed, trials=40, kills=50)
        trials += 40
    assert done >= 100
