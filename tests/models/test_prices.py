"""Prices: known ones are right to the micro-dollar, unknown ones are unknown."""

import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from itas.core.messages import user
from itas.core.request import Request, Usage
from itas.errors import SpecError
from itas.models.prices import (
    FREE,
    Price,
    PriceEntry,
    PriceTable,
    Rates,
    Tier,
    find_price,
    list_models,
)

GPT_4O = Rates(tokens_in=2_500_000, tokens_out=10_000_000, tokens_cached=1_250_000)


def test_a_published_price_is_found():
    assert find_price("openai/gpt-4o") == Price(GPT_4O)


@pytest.mark.parametrize(
    "model",
    [
        "anthropic/claude-3-5-haiku-latest",
        "gemini/gemini-2.5-pro",
        "together/meta-llama/Llama-3.3-70B-Instruct-Turbo",
        "groq/llama-3.3-70b-versatile",
        "mistral/mistral-large-latest",
        "deepseek/deepseek-chat",
        "openrouter/openai/gpt-4o",
        "azure/gpt-4o",
    ],
)
def test_every_provider_with_a_bill_is_in_the_table(model: str):
    price = find_price(model)
    assert price is not None
    assert price.base.tokens_out > 0


@pytest.mark.parametrize(
    "model", ["openai/no-such-model", "mine/gpt-4o", "ollama/llama3.2", "openai/whisper-1"]
)
def test_an_unknown_price_is_none_and_not_free(model: str):
    assert find_price(model) is None


def test_models_are_listed_with_their_prices():
    listed = dict(list_models("gemini"))
    assert listed["gemini/gemini-2.5-pro"] == find_price("gemini/gemini-2.5-pro")
    assert list_models("nobody") == ()


def test_a_long_prompt_moves_the_whole_request_to_the_higher_rate():
    price = find_price("gemini/gemini-2.5-pro")
    assert price is not None
    (tier,) = price.tiers
    below, above = Usage(tokens_in=tier.above), Usage(tokens_in=tier.above + 1)
    assert price.cost(below) == -(-tier.above * price.base.tokens_in // 1_000_000)
    assert price.cost(above) == -(-(tier.above + 1) * tier.rates.tokens_in // 1_000_000)
    assert tier.rates.tokens_in > price.base.tokens_in


def test_the_same_bill_as_the_library_makes():
    from genai_prices import Usage as TheirUsage
    from genai_prices import calc_price

    for provider, model in (("openai", "gpt-4o"), ("anthropic", "claude-3-5-haiku-latest"), ("openai", "o3")):
        price = find_price(f"{provider}/{model}")
        theirs = calc_price(
            TheirUsage(input_tokens=12_345, output_tokens=678, cache_read_tokens=1_000),
            model,
            provider_id=provider,
            genai_request_timestamp=datetime.now(UTC),
        )
        assert price is not None
        ours = price.cost(Usage(tokens_in=12_345, tokens_out=678, tokens_cached=1_000))
        assert 0 <= ours - theirs.total_price * 1_000_000 < 1


def test_the_overlay_goes_first_and_changes_the_version():
    table = PriceTable({"mine/model": PriceEntry(usd_in=Decimal("0.5"), usd_out=Decimal(2))})
    assert table.find("mine/model") == Price(Rates(500_000, 2_000_000, 500_000))
    assert table.find("openai/gpt-4o") == Price(GPT_4O)
    assert table.version.startswith(f"{PriceTable().version} + overlay ")


def test_a_negative_price_is_refused():
    with pytest.raises(SpecError, match="usd_in"):
        PriceEntry.parse({"usd_in": -1, "usd_out": 1})


def test_money_is_rounded_up():
    assert Price(Rates(1, 1, 1)).cost(Usage(tokens_in=1)) == 1
    assert Price(Rates(1, 1, 1)).cost(Usage()) == 0


@given(
    text=st.text(max_size=60),
    max_tokens=st.integers(1, 5000),
    n=st.integers(1, 5),
    tokens_in=st.integers(0, 300),
    tokens_cached=st.integers(0, 300),
)
def test_the_bound_is_never_below_the_bill(
    text: str, max_tokens: int, n: int, tokens_in: int, tokens_cached: int
):
    price = Price(GPT_4O, (Tier(100, Rates(5_000_000, 15_000_000, 1_250_000, 7)),))
    request = Request(model="a/b", messages=user(text), max_tokens=max_tokens)
    tokens_in = min(tokens_in, len(text.encode()))
    bill = price.cost(
        Usage(tokens_in=tokens_in, tokens_out=max_tokens, tokens_cached=min(tokens_in, tokens_cached))
    )
    assert price.bound(request, n) >= n * bill


def test_free_is_free_whatever_is_asked():
    assert FREE.bound(Request(model="a/b", messages=user("x" * 1000)), 10) == 0


def test_importing_the_package_brings_neither_prices_nor_http_along():
    code = (
        "import sys, itas.models.pool, itas.models.chain, itas.models.replay, itas.models.store.sqlite; "
        "sys.exit(any(name in sys.modules for name in ('aiohttp', 'genai_prices', 'httpx2')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
