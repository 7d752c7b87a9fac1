"""A search in a process of its own: seen while it runs, stopped from the page, resumed, with the same result."""

import asyncio
import hashlib
import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

import aiohttp
import pytest

from itas.testing.replies import readable_reply

CAP = 5000


class Provider:
    """Answers by what is asked, and slowly while it is told so."""

    def __init__(self) -> None:
        self.may_hurry = Event()
        self.asked = 0
        outer = self

        class Chat(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                asked: dict[str, Any] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.asked += 1
                outer.may_hurry.wait(0.1)
                body = json.dumps(outer.reply(asked)).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Chat)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/v1"

    def reply(self, asked: dict[str, Any]) -> dict[str, Any]:
        prompt = asked["messages"][-1]["content"]
        text = readable_reply(prompt)
        if not prompt.startswith("Task:"):
            drawn = hashlib.sha256(f"{asked['model']} {prompt}".encode()).digest()[0]
            text = f"Answer: {42 if drawn % 3 else 41}"
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        choices = [choice | {"index": index} for index in range(asked.get("n") or 1)]
        usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
        return {
            "id": "x",
            "object": "chat.completion",
            "model": asked["model"],
            "choices": choices,
            "usage": usage,
        }


@pytest.fixture
def provider() -> Iterator[Provider]:
    found = Provider()
    thread = Thread(target=found.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield found
    found.may_hurry.set()
    found.server.shutdown()
    found.server.server_close()
    thread.join()


def prepare(folder: Path, provider: Provider) -> None:
    lines = [
        {"scorer": "number"},
        *({"input": f"Question {number}?", "target": "42"} for number in range(60)),
    ]
    (folder / "questions.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n")
    (folder / "itas.yaml").write_text(
        f"providers:\n  mine: {{base_url: {provider.url}, is_free: true}}\nconcurrency: 4\n"
    )
    (folder / "study.yaml").write_text(
        "name: watched\nspace: small\non: questions.jsonl\nmodels: [mine/a, mine/b]\ndev: 12\nheld_out: 12\n"
        f"finalists: 2\nbaselines: [sampled and voted]\nmax_trials: 4\nmax_samples: {CAP}\nbatch: 2\n"
    )
    (folder / "runs").mkdir()


@asynccontextmanager
async def itas(folder: Path, *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the command as a user does."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("ITAS_")}
    with (folder / f"{arguments[0]}.log").open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "itas", *arguments),
            cwd=folder,
            env=inherited,
            stdout=output,
            stderr=output,
        )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(process.wait(), 20)
            except TimeoutError:
                process.kill()
                await process.wait()


@asynccontextmanager
async def viewing(folder: Path) -> AsyncIterator[tuple[aiohttp.ClientSession, str]]:
    """`itas view` with a browser that opened the address it printed."""
    async with itas(folder, "view", "--port", "0") as process:
        found = None
        while found is None:
            await asyncio.sleep(0.1)
            assert process.returncode is None, (folder / "view.log").read_text()
            found = re.search(r"(http://127\.0\.0\.1:\d+)/\?key=\S+", (folder / "view.log").read_text())
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(cookie_jar=jar) as browser:
            async with browser.get(found[0]) as reply:
                assert reply.status == 200
            yield browser, found[1]
    assert process.returncode == 0, (folder / "view.log").read_text()


async def watch(browser: aiohttp.ClientSession, url: str, until: Callable[[Any], bool]) -> list[Any]:
    """What a page is told until something is so."""
    told: list[Any] = []
    async with browser.get(url, timeout=aiohttp.ClientTimeout(90)) as reply:
        assert reply.content_type == "text/event-stream"
        reader = reply.content
        while not told or not until(told[-1]):
            line = await reader.readuntil(b"\n\n")
            if line.startswith(b"data: "):
                told.append(json.loads(line[6:]))
    return told


async def press(browser: aiohttp.ClientSession, here: str, run: str, button: str) -> str:
    async with browser.get(f"{here}/runs/{run}") as reply:
        token = re.search(r'name="token" value="([^"]+)"', await reply.text())
    assert token is not None
    data = {"token": token[1]}
    async with browser.post(f"{here}/runs/{run}/{button}", data=data, headers={"origin": here}) as reply:
        assert reply.status == 200, await reply.text()  # after the redirect to the run
        return await reply.text()


def result_of(run: Path) -> Any:
    """What was found, less what is bound to differ: seconds, and what was paid when."""
    outcome = json.loads((run / "outcome.json").read_text())["result"]
    verdict = json.loads(json.dumps(outcome["verdict"]))
    contestants = [
        (each["roles"], [(o["problem_id"], o["outcome"]) for o in each["observations"]])
        for each in outcome["contestants"]
    ]
    return verdict, contestants, (run / "winner.yaml").read_text()


async def only_run(folder: Path) -> Path:
    while True:
        found = [each for each in (folder / "runs").glob("2*") if (each / "journal.jsonl").is_file()]
        if found:
            return found[0]
        await asyncio.sleep(0.1)


async def test_a_running_search_is_watched_stopped_and_resumed_to_the_same_result(
    tmp_path: Path, provider: Provider
):
    interrupted, whole = tmp_path / "interrupted", tmp_path / "whole"
    for folder in (interrupted, whole):
        folder.mkdir()
        prepare(folder, provider)

    async with (
        viewing(interrupted) as (browser, here),
        itas(interrupted, "search", "study.yaml", "--yes") as search,
    ):
        run = await only_run(interrupted)
        events = f"{here}/runs/{run.name}/events"
        told = await watch(browser, events, lambda page: page["figures"]["Trials"] not in ("0", "0 of 4"))
        assert told[-1]["run"]["state"] == "running"
        assert told[-1]["run"]["can_stop"]
        assert len(told) > 1
        assert [page["figures"]["Models ranked"] for page in told] != ["4"] * len(told)  # it was seen growing
        assert search.returncode is None
        page = await press(browser, here, run.name, "stop")
        asked_before = provider.asked
        assert "stopping" in page or "stopped" in page
        await watch(browser, events, lambda page: page["run"]["state"] == "stopped")
        assert await asyncio.wait_for(search.wait(), 30) == 130
        assert provider.asked <= asked_before + 40  # those on their way, no new ones; the search has hundreds
        assert not (run / "outcome.json").exists()

        provider.may_hurry.set()
        page = await press(browser, here, run.name, "resume")
        listed = await watch(
            browser, f"{here}/events", lambda runs: runs[0]["state"] == "finished" or runs[0]["problem"] != ""
        )
        assert listed[-1][0]["state"] == "finished", (run / "resume.log").read_text()
        assert f"at most {CAP:,} samples" in page or "starting" in page or "running" in page
    async with itas(whole, "search", "study.yaml", "--yes") as search:
        assert await asyncio.wait_for(search.wait(), 90) == 0, (whole / "search.log").read_text()
    assert result_of(run) == result_of(await only_run(whole))


async def test_a_run_that_was_resumed_on_the_page_stops_with_the_view(tmp_path: Path, provider: Provider):
    prepare(tmp_path, provider)
    async with itas(tmp_path, "search", "study.yaml", "--yes") as search:
        run = await only_run(tmp_path)
        search.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(search.wait(), 30) == 130
    async with viewing(tmp_path) as (browser, here):
        await press(browser, here, run.name, "resume")
        await watch(
            browser,
            f"{here}/runs/{run.name}/events",
            lambda page: page["run"]["can_stop"] or page["run"]["problem"],
        )
        assert (run / "running.lock").exists()
    assert not (run / "running.lock").exists()  # it has ended, in good order
    assert "interrupted" in (run / "resume.log").read_text()
