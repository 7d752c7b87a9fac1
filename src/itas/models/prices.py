"""Prices: what a model costs, from the table that comes with genai-prices and the user's overlay.

Money is in whole millionths of a dollar, rounded up; a price that is not known is None, never 0. Nothing is
fetched: the table is the one installed. Not known here: batch discounts, surcharges for writing a provider's
prompt cache (never asked for), prices of pictures and sound.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_CEILING, Decimal
from importlib.metadata import version
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from itas.core.money import MICRO
from itas.core.request import Request, Usage
from itas.core.spec import Spec, digest

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, ModelPrice, TieredPrices

ASSUMED_MAX_TOKENS = 16_384
"""Longest answer reserved for when a request sets no `max_tokens`."""
_TOKENS_PER_MESSAGE = 16
"""What chat templates put around one message, generously."""

# Our provider -> theirs, where the names differ.
_THEIR_NAMES = {"gemini": "google", "xai": "x-ai"}

_Dollars = Annotated[Decimal, Field(ge=0, max_digits=24)]


@dataclass(frozen=True, slots=True)
class Rates:
    """Micro-dollars per million tokens, and per request."""

    tokens_in: int
    tokens_out: int
    tokens_cached: int
    per_request: int = 0

    def cost(self, usage: Usage) -> int:
        """Micro-dollars, rounded up. A provider that counts more cached tokens than tokens pays for both."""
        return self.cost_of(usage.tokens_in, usage.tokens_out, usage.tokens_cached)

    def cost_of(self, tokens_in: int, tokens_out: int, tokens_cached: int = 0) -> int:
        """The same of plain numbers."""
        parts = (
            max(0, tokens_in - tokens_cached) * self.tokens_in
            + tokens_cached * self.tokens_cached
            + tokens_out * self.tokens_out
        )
        return -(-parts // MICRO) + self.per_request


@dataclass(frozen=True, slots=True)
class Tier:
    """Rates for the whole request once its prompt has more than `above` tokens."""

    above: int
    rates: Rates


@dataclass(frozen=True, slots=True)
class Price:
    """What one model costs."""

    base: Rates
    tiers: tuple[Tier, ...] = ()

    @property
    def is_free(self) -> bool:
        """Nothing is ever billed."""
        return not self.tiers and self.base == FREE.base

    def cost(self, usage: Usage) -> int:
        """Micro-dollars of one request, rounded up."""
        if not self.tiers:
            return self.base.cost(usage)
        reached = [tier for tier in self.tiers if usage.tokens_in > tier.above]
        rates = max(reached, key=lambda tier: tier.above).rates if reached else self.base
        return rates.cost(usage)

    def bound(self, request: Request, n: int) -> int:
        """Micro-dollars that `n` draws cost at most, asked for one by one.

        No token is shorter than a byte, so the bytes of the prompt bound its tokens.
        """
        if self.is_free:
            return 0
        prompt = _count_bytes(request.extra)
        for message in request.messages:
            prompt += _count_bytes(message.content) + _count_bytes(message.extra) + _TOKENS_PER_MESSAGE
        longest = request.max_tokens or ASSUMED_MAX_TOKENS
        most = self.base.cost_of(prompt, longest)
        for tier in self.tiers:
            if prompt > tier.above:
                most = max(most, tier.rates.cost_of(prompt, longest))
        return n * most


def _count_bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


FREE = Price(Rates(0, 0, 0))
"""Models on one's own machine, simulated and recorded ones."""


class PriceEntry(Spec):
    """A price as a person writes it: dollars per million tokens."""

    usd_in: _Dollars
    usd_out: _Dollars
    usd_cached: _Dollars | None = None

    def to_price(self) -> Price:
        """The same in integers; cached tokens cost as much as others where nothing is said."""
        cached = self.usd_in if self.usd_cached is None else self.usd_cached
        return Price(Rates(_micro(self.usd_in), _micro(self.usd_out), _micro(cached)))


class PriceTable:
    """Finds the price of a model: first in the overlay, then in the installed table.

    Args:
        overlay: By ``provider/model``.
        at: When the calls are made, for prices that change on a date; now, by default.
    """

    def __init__(
        self, overlay: Mapping[str, PriceEntry] | None = None, *, at: datetime | None = None
    ) -> None:
        self._overlay = dict(overlay or {})
        self._at = at or datetime.now(UTC)

    @property
    def version(self) -> str:
        """Which prices these are, for the record of a run."""
        text = f"genai-prices {version('genai-prices')}"
        if self._overlay:
            entries = {model: entry.model_dump(mode="json") for model, entry in self._overlay.items()}
            text += f" + overlay {digest(entries)[:12]}"
        return text

    def find(self, model_id: str) -> Price | None:
        """The price of ``provider/model``; None if it is not known."""
        entry = self._overlay.get(model_id)
        return entry.to_price() if entry else find_price(model_id, at=self._at)


def find_price(model_id: str, *, at: datetime | None = None) -> Price | None:
    """The price of ``provider/model`` in the installed table; None if it is not known there."""
    from genai_prices.data_snapshot import get_snapshot

    provider, _, model = model_id.partition("/")
    try:
        _, found = get_snapshot().find_provider_model(model, None, _THEIR_NAMES.get(provider, provider), None)
    except LookupError:
        return None
    # Off-peak prices hold for some hours only; whichever alternative is dearer is the one we promise.
    prices = [_read_price(each) for each in _alternatives(found, at or datetime.now(UTC))]
    known = [price for price in prices if price is not None]
    return max(known, key=lambda price: price.base.tokens_in + price.base.tokens_out, default=None)


def find_context_tokens(model_id: str) -> int | None:
    """Most tokens, prompt and reply together, that a model takes by the installed table; None if unknown."""
    provider, _, model = model_id.partition("/")
    if provider in ("simulated", "replay", "local"):
        return None
    from genai_prices.data_snapshot import get_snapshot

    try:
        _, found = get_snapshot().find_provider_model(model, None, _THEIR_NAMES.get(provider, provider), None)
    except LookupError:
        return None
    return found.context_window or None


def list_models(provider: str, *, at: datetime | None = None) -> tuple[tuple[str, Price], ...]:
    """Every model of a provider in the installed table, as ``provider/model`` with its price; none if the
    table does not know the provider."""
    from genai_prices.data_snapshot import find_provider_by_id, get_snapshot

    found = find_provider_by_id(get_snapshot().providers, _THEIR_NAMES.get(provider, provider))
    names = sorted(model.id for model in found.models) if found else []
    priced = ((f"{provider}/{name}", find_price(f"{provider}/{name}", at=at)) for name in names)
    return tuple((name, price) for name, price in priced if price is not None)


def _alternatives(model: "ModelInfo", at: datetime) -> list["ModelPrice"]:
    from genai_prices.types import StartDateConstraint, TimeOfDateConstraint

    if not isinstance(model.prices, list):
        return [model.prices]
    dated = [
        each
        for each in model.prices
        if each.constraint is None
        or (isinstance(each.constraint, StartDateConstraint) and each.constraint.active(at))
    ]
    hourly = [each for each in model.prices if isinstance(each.constraint, TimeOfDateConstraint)]
    current = dated[-1:] or ([] if hourly else model.prices[:1])
    return [each.prices for each in current + hourly]


def _read_price(found: "ModelPrice") -> Price | None:
    """Their form in ours; None where input or output has no price (models that do not write text)."""
    per_in, per_out = found.input_mtok, found.output_mtok
    if per_in is None or per_out is None:
        return None
    reasoning = found.output_reasoning_mtok
    if isinstance(reasoning, Decimal) and isinstance(per_out, Decimal):
        per_out = max(per_out, reasoning)
    cached = found.cache_read_mtok
    per_cached = per_in if cached is None else cached
    per_request = found.requests_kcount
    fee = _micro(per_request / 1000) if isinstance(per_request, Decimal) else 0
    starts = sorted({start for each in (per_in, per_out, per_cached) for start in _starts(each)})
    base, *tiers = (
        Rates(_micro(_rate(per_in, at)), _micro(_rate(per_out, at)), _micro(_rate(per_cached, at)), fee)
        for at in (0, *(start + 1 for start in starts))
    )
    return Price(base, tuple(Tier(start, rates) for start, rates in zip(starts, tiers, strict=True)))


def _starts(price: "Decimal | TieredPrices") -> list[int]:
    return [] if isinstance(price, Decimal) else [tier.start for tier in price.tiers]


def _rate(price: "Decimal | TieredPrices", tokens_in: int) -> Decimal:
    """Dollars per million tokens for a prompt of that length."""
    if isinstance(price, Decimal):
        return price
    reached = [tier.price for tier in price.tiers if tokens_in > tier.start]
    return reached[-1] if reached else price.base


def _micro(usd: Decimal) -> int:
    return int((usd * MICRO).to_integral_value(rounding=ROUND_CEILING))
