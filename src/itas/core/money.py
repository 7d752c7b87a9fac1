"""Money in integers: millionths of a US dollar."""

import math
from collections.abc import Iterable

from itas.errors import SpecError

MICRO = 1_000_000


def format_usd(micro_usd: int | None) -> str:
    """``$0.0123`` for people: four places below a dollar, two above; ``unpriced`` for None."""
    if micro_usd is None:
        return "unpriced"
    usd = micro_usd / MICRO
    if micro_usd == 0:
        return "$0"
    if usd >= 100:
        return f"${usd:,.0f}"
    if usd >= 1:
        return f"${usd:,.2f}"
    if usd >= 0.001:
        return f"${usd:.4f}"
    return f"${usd:.6f}"


def to_micro_usd(usd: float) -> int:
    """Dollars as a person writes them, in millionths, rounded to the nearest.

    Raises:
        SpecError: Not a number that money can have.
    """
    if not math.isfinite(usd) or not 0 <= usd < 1e12:
        raise SpecError(f"an amount of dollars is a number from 0 to a trillion, found {usd}")
    return round(usd * MICRO)


def add_prices(prices: Iterable[int | None]) -> int | None:
    """The sum, or None as soon as one of them is unknown: unpriced is not free."""
    total = 0
    for price in prices:
        if price is None:
            return None
        total += price
    return total
