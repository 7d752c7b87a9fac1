"""Whatever a provider does, a call ends in time, in an answer or an error that says so, and the books hold it."""

import resource
import time
from pathlib import Path

import pytest

from itas.core.messages import user
from itas.core.request import Request
from itas.errors import ModelError
from itas.models.budget import Budget
from itas.models.pool import ModelPool
from itas.models.prices import PriceEntry, PriceTable
from itas.models.providers.known import ProviderSettings
from itas.models.retry import RetryPolicy
from itas.models.store.contract import CallStore
from itas.models.store.memory import MemoryStore
from tests.faults.provider import ENDINGS, FAULTS, MODEL, REFUSALS, RETRY_AFTER, USD_IN, USD_OUT
from tests.faults.running import running_provider

_TIMEOUT_S = 3.0
_ANSWERS = {"good", "slow-bytes", "fewer", "no-usage"}
STREAMS = [kind for kind in FAULTS if kind.startswith("stream-")]
KINDS = [
    *(kind for kind in FAULTS if kind not in STREAMS and kind != "gzip-bomb"),
    *map(str, REFUSALS),
    *(f"429{form}" for form in RETRY_AFTER if form),
]


def make_pool(
    url: str, store: CallStore, budget: Budget, *, attempts: int = 1, timeout_s: float = _TIMEOUT_S
) -> ModelPool:
    own = ProviderSettings(
        base_url=url, needs_key=False, timeout_s=timeout_s, max_reply_bytes=8 * 1024 * 1024, max_n=4
    )
    return ModelPool(
        settings={"mine": own},
        store=store,
        budget=budget,
        prices=PriceTable({MODEL: PriceEntry.model_validate({"usd_in": USD_IN, "usd_out": USD_OUT})}),
        retry=RetryPolicy(attempts=attempts, first_wait_s=0.01, max_wait_s=0.5),
        run="r",
        environ={},
    )


def ask(kind: str, *, once: bool = False) -> Request:
    told = f"[[fault{' once' if once else ''}: {kind}]]"
    return Request(model=MODEL, messages=user(told), max_tokens=100)


async def test_every_fault_ends_in_time_and_what_was_billed_stands_in_the_books(tmp_path: Path):
    with running_provider(tmp_path, latency_s=0.001) as provider:
        store, budget = MemoryStore(), Budget()
        async with make_pool(provider.url, store, budget) as pool:
            for kind in KINDS:
                started = time.monotonic()
                before = budget.paid_micro_usd
                try:
                    drawn = await pool(MODEL).sample(ask(kind), n=2)
                except ModelError:
                    assert kind not in _ANSWERS, kind
                else:
                    assert len({draw.text for draw in drawn}) == (1 if kind == "no-utf8" else 2), kind
                assert time.monotonic() - started < _TIMEOUT_S + 2, kind
                billed = provider.truth().billed(ask(kind).messages[0].content)
                assert budget.paid_micro_usd - before >= billed, kind
                assert budget.reserved_micro_usd == 0
        totals = await store.totals("r")
        assert totals.spent + totals.uncertain == budget.paid_micro_usd
        assert totals.reserved == 0


async def test_every_way_to_end_gives_a_text_or_an_error_and_is_booked_exactly(tmp_path: Path):
    assert len(ENDINGS) == 40
    with running_provider(tmp_path, latency_s=0.001) as provider:
        budget = Budget()
        async with make_pool(provider.url, MemoryStore(), budget) as pool:
            for kind in ENDINGS:
                try:
                    (draw,) = await pool(MODEL).sample(ask(kind))
                except ModelError:
                    continue
                assert draw.text == ("a text" if kind.endswith("-text") else draw.text), kind
        assert budget.paid_micro_usd >= provider.truth().billed()


@pytest.mark.parametrize(
    "kind", ["500", "503", "529", "429-s", "429-ms", "reset-unbilled", "cut", "bad-json"]
)
async def test_what_may_pass_is_asked_again_and_both_attempts_are_in_the_books(tmp_path: Path, kind: str):
    with running_provider(tmp_path, latency_s=0.001) as provider:
        budget = Budget()
        async with make_pool(provider.url, MemoryStore(), budget, attempts=3) as pool:
            (draw,) = await pool(MODEL).sample(ask(kind, once=True))
        assert draw.text.startswith("answer")
        truth = provider.truth()
        assert truth.times_billed().total() == (2 if kind in {"cut", "bad-json"} else 1)
        assert budget.spent_micro_usd + budget.uncertain_micro_usd >= truth.billed()


async def test_a_gzip_bomb_is_given_up_before_it_fills_the_memory(tmp_path: Path):
    with running_provider(tmp_path, latency_s=0.001) as provider:
        async with make_pool(provider.url, MemoryStore(), Budget(), timeout_s=60) as pool:
            await pool(MODEL).sample(ask("good"))
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            with pytest.raises(ModelError, match="longer than"):
                await pool(MODEL).sample(ask("gzip-bomb"))
            grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown_kib < 100 * 1024


@pytest.mark.parametrize("kind", ["good", *STREAMS])
async def test_a_stream_that_breaks_is_an_error_and_one_that_does_not_is_heard_as_it_is_stored(
    tmp_path: Path, kind: str
):
    heard: list[str] = []
    with running_provider(tmp_path, latency_s=0.001) as provider:
        store, budget = MemoryStore(), Budget()
        async with make_pool(provider.url, store, budget, attempts=3) as pool:
            try:
                (draw,) = await pool(MODEL).sample(ask(kind), listen=heard.append)
            except ModelError:
                assert kind in {
                    "stream-reset",
                    "stream-error",
                    "stream-bad-json",
                    "stream-no-end",
                    "stream-no-reason",
                }
                assert (await store.stats()).draws == 0
            else:
                assert "".join(heard) == draw.text
                assert draw.text.startswith("answer")
                assert kind not in {"stream-reset", "stream-error"}
        truth = provider.truth()
        assert truth.times_billed().total() == 1, "after the first piece nothing is asked again"
        assert budget.paid_micro_usd >= truth.billed()
