"""Servers with several workers each, on one PostgreSQL store: what one has bought the others give out."""

import asyncio
import json
import re
from pathlib import Path

import aiohttp
import pytest

from tests.models.fake_server import Answer, Sent, chat, serving
from tests.scale.stores import shared_server
from tests.serve.processes import Process, serving_process

pytestmark = [pytest.mark.scale, pytest.mark.timeout(300)]


async def _slowly(sent: Sent) -> Answer:
    await asyncio.sleep(0.2)
    return chat("Answer: 42")


async def _ask(server: Process, number: int) -> int:
    """Over a connection of its own, so that another worker may take it; samples paid."""
    body = {"model": "one", "seed": 7, "messages": [{"role": "user", "content": f"What is {number} x 7?"}]}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{server.url}/v1/chat/completions", json=body) as reply,
    ):
        assert reply.status == 200
        return json.loads(await reply.text())["itas"]["samples_paid"]


async def _workers(server: Process) -> set[int]:
    """Those that say that they are healthy, in many looks."""
    found: set[int] = set()
    async with asyncio.timeout(60):
        while len(found) < 2:
            async with aiohttp.ClientSession() as session, session.get(f"{server.url}/health") as reply:
                health = await reply.json()
                assert health["status"] == "ok"
                found.add(health["worker"])
    return found


async def test_two_servers_with_two_workers_each_share_what_was_bought(tmp_path: Path):
    store = shared_server().new_schema()
    folders = [tmp_path / name for name in ("a", "b")]
    for folder in folders:
        folder.mkdir()
    options = {"environ": {"ITAS_STORE": store}}
    async with (
        serving(_slowly) as provider,
        serving_process(
            folders[0], "one.yaml", "--workers", "2", provider=f"{provider.url}/v1", **options
        ) as one,
        serving_process(
            folders[1], "one.yaml", "--workers", "2", provider=f"{provider.url}/v1", **options
        ) as other,
    ):
        paid = await asyncio.gather(
            *(_ask(server, number) for number in range(20) for server in (one, other, one, other))
        )
        assert sum(paid) == len(provider.sent) == 20
        assert sum([await _ask(server, number) for number in range(20) for server in (one, other)]) == 0
        for server in (one, other):
            workers = await _workers(server)
            async with aiohttp.ClientSession() as session, session.get(f"{server.url}/metrics") as reply:
                page = await reply.text()
            counted = dict(re.findall(r'itas_worker_requests_total\{worker="(\d+)"\} (\d+)', page))
            assert {int(each) for each in counted} <= workers
            assert sum(map(int, counted.values())) == 60
            assert 'itas_requests_total{model="one",status="200"} 60.0' in page
        connections = shared_server().run(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'itas'"
        )
        assert int(connections) == 2 * 4
    assert len(provider.sent) == 20
