"""Many and hostile requests at a server of its own; run by ``make test-slow``.

Schemathesis is not part of the environment for development: it is found beside the other clients (``ITAS_CLIENTS``),
and installed there if it is missing.
"""

import asyncio
import json
import os
import re
import time
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest

from tests.models.fake_server import serving
from tests.serve.clients.provider import answer
from tests.serve.processes import Process, serving_process
from tests.serve.test_clients import PROGRAMS, environment, run

FUZZER = PROGRAMS / "fuzzer.py"
REQUESTS = int(os.environ.get("ITAS_REQUESTS", "50000"))
QUESTION = [{"role": "user", "content": "What is 6 x 7?"}]


def memory_mb(server: Process) -> float:
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(re.findall(r"VmHWM:\s+(\d+)", status)[0]) / 1024


async def health_s(server: Process) -> float:
    started = time.monotonic()
    async with aiohttp.ClientSession() as session, session.get(f"{server.url}/health") as reply:
        assert reply.status == 200
    return time.monotonic() - started


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_a_thousand_slow_heads_and_a_huge_body_take_little_memory_and_health_answers(tmp_path: Path):
    async with serving_process(tmp_path, "votes.yaml") as server:
        url = urlsplit(server.url)
        clients = []
        for _ in range(1000):
            _, writer = await asyncio.open_connection(url.hostname, url.port)
            writer.write(b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\na: ")
            clients.append(writer)
        times = [await health_s(server) for _ in range(20)]

        async def send_much() -> None:
            _, writer = await asyncio.open_connection(url.hostname, url.port)
            writer.write(
                b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
            )
            chunk = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
            try:
                for _ in range(300):
                    writer.write(chunk)
                    await writer.drain()
            except ConnectionError:
                pass
            finally:
                writer.transport.abort()

        sending = asyncio.ensure_future(send_much())
        while not sending.done():
            times.append(await health_s(server))
            await asyncio.sleep(0.02)
        await sending
        most = memory_mb(server)
        await asyncio.sleep(11)
        times.append(await health_s(server))
        for writer in clients:
            writer.transport.abort()
    assert most < 500
    assert max(times) < 0.1
    (tmp_path / "figures").write_text(f"{most} MB, slowest health {max(times)} s")


@pytest.mark.slow
@pytest.mark.timeout(3600)
async def test_generated_requests_never_make_a_5xx(tmp_path: Path):
    """As many as ``ITAS_REQUESTS`` says (50,000), three of four damaged, from one process for each core."""
    python = await environment("schemathesis", ["schemathesis"])
    writers = os.cpu_count() or 1
    async with serving(answer) as provider, serving_process(
        tmp_path, "one.yaml", "votes.yaml", provider=f"{provider.url}/v1", environ={"ITAS_STORE": "memory"}
    ) as server, aiohttp.ClientSession() as session:  # fmt: skip
        statuses: Counter[str] = Counter()
        round_number = 0
        while sum(statuses.values()) < REQUESTS:
            share = max(200, (REQUESTS - sum(statuses.values())) // writers)
            found = await asyncio.gather(
                *(
                    run(python, str(FUZZER), server.url, str(share), str(1000 * round_number + number))
                    for number in range(writers)
                )
            )
            for text in found:
                statuses.update(json.loads(text.splitlines()[-1]))
            round_number += 1
        async with session.get(f"{server.url}/metrics") as reply:
            metrics = await reply.text()
        (tmp_path / "statuses").write_text(json.dumps(statuses))
    assert {each for each in statuses if not each.startswith(("2", "4"))} == set()
    assert statuses["200"] > REQUESTS // 500
    assert 'status="500"' not in metrics
    assert "Traceback" not in server.log.read_text()
