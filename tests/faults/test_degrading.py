"""One of several generators broken in every way: the others go on, the answer says so. All broken: a clear error."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

import itas.components  # noqa: F401 - registers the component types
from itas.core.architecture import Architecture
from itas.core.messages import user
from itas.engine import Answer, answer
from itas.errors import ModelError
from itas.models.pool import ModelPool
from itas.models.providers.known import ProviderSettings
from itas.models.retry import RetryPolicy
from itas.models.store.memory import MemoryStore
from tests.models.fake_server import chat

NAMES = ("a", "b", "c", "d")
NO_WAIT = RetryPolicy(attempts=2, first_wait_s=0.001, jitter=0)
DEAD_PORT = 9  # nobody listens on "discard" here
WAYS = ("down", "refused", "slow", "empty", "filtered", "500", "bad-json", "cut")
GRACE_S = 0.3


@asynccontextmanager
async def world(broken: dict[str, str]) -> AsyncIterator[ModelPool]:
    """A provider for each name; the broken ones behave as told."""

    async def handle(request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        way = broken.get(name, "")
        if way == "refused":
            return web.json_response({"error": {"message": "no access"}}, status=403)
        if way == "slow":
            await asyncio.sleep(3600)
        if way == "500":
            return web.json_response({"error": {"message": "oops"}}, status=500)
        if way == "bad-json":
            return web.Response(body=b'{"choices": [', content_type="application/json")
        if way == "cut":
            response = web.StreamResponse(headers={"content-length": "1000"})
            await response.prepare(request)
            await response.write(b'{"choices": [{"message"')
            assert request.transport is not None
            request.transport.abort()
            return response
        good = chat("" if way in ("empty", "filtered") else f"answer of {name}")
        if way == "filtered":
            good.data["choices"][0]["finish_reason"] = "content_filter"
        return web.json_response(good.data)

    app = web.Application()
    app.router.add_post("/{name}/chat/completions", handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]

    def settings(name: str) -> ProviderSettings:
        place = f"127.0.0.1:{DEAD_PORT}" if broken.get(name) == "down" else f"127.0.0.1:{port}"
        return ProviderSettings(base_url=f"http://{place}/{name}", needs_key=False, is_free=True)

    providers = {f"p{name}": settings(name) for name in NAMES}
    try:
        async with ModelPool(settings=providers, store=MemoryStore(), retry=NO_WAIT, environ={}) as pool:
            yield pool
    finally:
        await runner.cleanup()


def parse(**layer: object) -> Architecture:
    generators = [{"type": "generator", "model": f"p{name}/m"} for name in NAMES]
    return Architecture.parse({"layers": [{"components": generators, **layer}]})


async def ask(broken: dict[str, str], **layer: object) -> Answer:
    async with world(broken) as models:
        return await answer(parse(**layer), user("why?"), models=models)


@pytest.mark.parametrize("which", NAMES)
@pytest.mark.parametrize("way", WAYS)
async def test_one_broken_generator_leaves_the_answer_to_the_others(which: str, way: str) -> None:
    result = await ask({which: way}, grace_s=GRACE_S)
    texts = [candidate.text for candidate in result.candidates]
    assert texts == [f"answer of {name}" for name in NAMES if name != which]
    assert result.is_degraded
    (event,) = [event for event in result.events if event.kind == "degraded"]
    assert event.component == NAMES.index(which)
    assert result.components[NAMES.index(which)].candidates_out == 0


@pytest.mark.parametrize("way", [way for way in WAYS if way != "slow"])
async def test_all_broken_is_a_clear_error(way: str) -> None:
    with pytest.raises(Exception, match=r"\S") as caught:
        await ask(dict.fromkeys(NAMES, way))
    assert type(caught.value).__module__ == "itas.errors" or isinstance(caught.value, ModelError)
    assert "Traceback" not in str(caught.value)


async def test_without_a_broken_one_nothing_is_marked() -> None:
    result = await ask({}, grace_s=GRACE_S)
    assert len(result.candidates) == len(NAMES)
    assert not result.is_degraded


async def test_a_straggler_costs_the_grace_and_no_more() -> None:
    started = time.monotonic()
    result = await ask({"b": "slow"}, quorum=3, grace_s=GRACE_S)
    assert GRACE_S <= time.monotonic() - started < 10
    (event,) = result.events
    assert "no answer within 0.3 s after 3 had answered" in event.detail
    assert result.latency_s >= GRACE_S


async def test_fewer_than_the_quorum_is_an_error_that_counts_them() -> None:
    with pytest.raises(
        ModelError, match=r"layers\[0\]: 2 of 4 answered, and quorum is 3.*HTTP 500"
    ) as caught:
        await ask({"a": "500", "b": "500"}, quorum=3)
    assert caught.value.provider == "pa, pb"


async def test_the_grace_begins_only_when_the_quorum_has_answered() -> None:
    """Two are down at once and one never answers: with a quorum of two the layer waits for it."""
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1.5):
            await ask({"a": "500", "b": "500", "c": "slow"}, quorum=2, grace_s=0.01)
