"""The server as a process: curl, draining, workers, refusing to be open."""

import asyncio
import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import aiohttp
import pytest

from tests.models.fake_server import Answer, Sent, chat, serving
from tests.serve.processes import serving_process

QUESTION = {"messages": [{"role": "user", "content": "What is 6 x 7? End with: Answer: <number>"}]}


async def slowly(sent: Sent) -> Answer:
    await asyncio.sleep(0.6)
    return chat("Answer: 42")


async def curl(*arguments: str) -> str:
    process = await asyncio.create_subprocess_exec(
        "curl", "-sS", "--noproxy", "*", *arguments, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    return output.decode()


async def test_curl_asks_streams_lists_and_reads_metrics(tmp_path: Path):
    body = json.dumps({"model": "votes", **QUESTION})
    streamed = json.dumps({"model": "votes", "stream": True, **QUESTION})
    async with serving_process(tmp_path, "votes.yaml", "quick=simulated/atlas-small") as server:
        whole = json.loads(await curl(f"{server.url}/v1/chat/completions", "-d", body))
        stream = await curl("-N", f"{server.url}/v1/chat/completions", "-d", streamed)
        models = json.loads(await curl(f"{server.url}/v1/models"))
        metrics = await curl(f"{server.url}/metrics")
        document = json.loads(await curl(f"{server.url}/openapi.json"))
    assert "Answer:" in whole["choices"][0]["message"]["content"]
    assert whole["itas"]["is_simulated"]
    assert stream.startswith("data: {")
    assert stream.endswith("data: [DONE]\n\n")
    assert [each["id"] for each in models["data"]] == ["votes", "quick"]
    assert 'itas_requests_total{model="votes",status="200"} 2.0' in metrics
    assert "/v1/chat/completions" in document["paths"]


async def test_after_sigterm_every_request_that_was_accepted_is_answered(tmp_path: Path):
    async with serving(slowly) as provider, serving_process(
        tmp_path, "one.yaml", "fused.yaml", provider=f"{provider.url}/v1"
    ) as server, aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:  # fmt: skip

        async def ask(number: int) -> str:
            model = "one" if number % 2 else "fused"
            url = f"{server.url}/v1/chat/completions"
            async with session.post(
                url, json={"model": model, "stream": number % 3 == 0, **QUESTION}
            ) as reply:
                text = await reply.text()
                assert reply.status == 200, text
                return text

        asked = [asyncio.ensure_future(ask(number)) for number in range(60)]
        while len(provider.sent) < 60:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        server.terminate()
        texts = await asyncio.gather(*asked)
        assert await server.ended() in (0, -15, 143)
        assert all("42" in text for text in texts)
        assert all("[DONE]" in text for number, text in enumerate(texts) if number % 3 == 0)
        with pytest.raises(aiohttp.ClientError):
            await ask(1)


@pytest.mark.parametrize("workers", [(), ("--workers", "2")], ids=["one process", "workers"])
async def test_a_second_sigterm_ends_at_once_and_what_was_on_its_way_is_booked(
    workers: tuple[str, ...], tmp_path: Path
):
    async def never(sent: Sent) -> Answer:
        await asyncio.sleep(60)
        return chat("too late")

    store = tmp_path / "calls.sqlite3"
    async with serving(never) as provider, serving_process(
        tmp_path, "one.yaml", *workers, provider=f"{provider.url}/v1", environ={"ITAS_STORE": str(store)}
    ) as server, aiohttp.ClientSession() as session:  # fmt: skip
        url = f"{server.url}/v1/chat/completions"
        asked = asyncio.ensure_future(session.post(url, json={"model": "one", **QUESTION}))
        while not provider.sent:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        server.terminate()
        await asyncio.sleep(1)
        assert server.process.returncode is None
        server.terminate()
        await asyncio.wait_for(server.process.wait(), 15)
        got = await asyncio.gather(asked, return_exceptions=True)
        (reply,) = got
        assert isinstance(reply, aiohttp.ClientError) or (
            isinstance(reply, aiohttp.ClientResponse) and reply.status == 503
        )
    with closing(sqlite3.connect(store)) as opened:
        assert opened.execute("SELECT booking FROM ledger").fetchall() == [("uncertain",)]


async def test_workers_share_a_socket_a_store_and_their_metrics(tmp_path: Path):
    async with serving_process(tmp_path, "votes.yaml", "--workers", "2") as server:
        for _ in range(12):
            async with aiohttp.ClientSession() as session:
                url = f"{server.url}/v1/chat/completions"
                async with session.post(url, json={"model": "votes", **QUESTION}) as reply:
                    assert reply.status == 200
        metrics = await curl(f"{server.url}/metrics")
        server.terminate()
        assert await server.ended() == 0
    assert 'itas_requests_total{model="votes",status="200"} 12.0' in metrics


async def test_a_key_stands_in_no_log_and_opens_the_server(tmp_path: Path):
    key = "canary-key-canary-key-1234567"
    async with serving_process(
        tmp_path, "votes.yaml", "--log-level", "debug", environ={"ITAS_SERVE_KEY": key}
    ) as server:
        assert '"invalid_api_key"' in await curl(f"{server.url}/v1/models")
        assert '"votes"' in await curl(f"{server.url}/v1/models", "-H", f"authorization: Bearer {key}")
        body = json.dumps({"model": "votes", **QUESTION})
        await curl(f"{server.url}/v1/chat/completions", "-H", f"authorization: Bearer {key}", "-d", body)
    for file in tmp_path.rglob("*"):
        assert not file.is_file() or key.encode() not in file.read_bytes(), file


@pytest.mark.parametrize(
    "arguments,words",
    [
        (["simulated/atlas-small", "--host", "0.0.0.0"], "ITAS_SERVE_KEY"),
        (["nothing.yaml"], "no such file"),
        (["a=simulated/atlas-small", "a=simulated/euler-small"], "two architectures are called 'a'"),
        (["../x=simulated/atlas-small"], "cannot be a model id"),
        (["openai/gpt-4o"], "OPENAI_API_KEY"),
    ],
)
def test_what_cannot_be_served_is_said_at_once(arguments: list[str], words: str, tmp_path: Path):
    done = subprocess.run(
        [sys.executable, "-m", "itas", "serve", *arguments],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 2
    assert words in done.stderr


async def test_a_finished_search_is_served_as_what_its_verdict_recommends_and_all_that_stood_in_it(
    tmp_path: Path,
):
    from itas.api.search_spec import make_search
    from itas.api.searching import run_search
    from itas.api.serving import find_served
    from itas.api.settings import Settings
    from itas.cli.searches import SearchProgress

    search = make_search({
        "name": "small-study",
        "space": "small",
        "on": "itas/word-problems",
        "models": ("simulated/atlas-small", "simulated/euler-small"),
        "limit": 60,
        "max_trials": 4,
        "truth_problems": 0,
    })  # fmt: skip
    settings = Settings(store="memory", runs=tmp_path)
    watch = SearchProgress(search, quiet=True, ask=False)
    finished = await run_search(search, settings=settings, watch=watch, with_report=False)
    served = find_served([f"mine={finished.folder}"])
    assert served["mine"].architecture == finished.outcome.result.recommended
    assert served["mine:winner"].architecture == finished.outcome.result.winner.architecture
    assert "held-out" in served["mine:winner"].about
    front = [each for id, each in served.items() if ":point-" in id]
    assert front
    samples = [each.architecture.planned_samples() for each in front]
    assert samples == sorted(samples)
    assert "small-study" in find_served([str(finished.folder)])
