"""What providers say about their limits with every answer: how much is left, and when it is full again.

Sources: https://platform.openai.com/docs/guides/rate-limits (``x-ratelimit-remaining-requests``, resets such as
``6m0s``; Groq and others do the same, some without the last part of the name) and
https://docs.anthropic.com/en/api/rate-limits (``anthropic-ratelimit-requests-remaining``, resets in RFC 3339).
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, cast

Counted = Literal["requests", "tokens"]

_NAMES: tuple[tuple[Counted, str, str, str], ...] = tuple(
    (counted, form.format("limit"), form.format("remaining"), form.format("reset"))
    for counted, form in cast(
        "tuple[tuple[Counted, str], ...]",
        (
            ("requests", "x-ratelimit-{}-requests"),
            ("tokens", "x-ratelimit-{}-tokens"),
            ("requests", "x-ratelimit-{}"),
            ("requests", "anthropic-ratelimit-requests-{}"),
            ("tokens", "anthropic-ratelimit-tokens-{}"),
            ("tokens", "anthropic-ratelimit-input-tokens-{}"),
        ),
    )
)
_SECONDS = {
    "ms": 0.001, "millisecond": 0.001, "milliseconds": 0.001,
    "s": 1.0, "sec": 1.0, "secs": 1.0, "second": 1.0, "seconds": 1.0,
    "m": 60.0, "min": 60.0, "mins": 60.0, "minute": 60.0, "minutes": 60.0,
    "h": 3600.0, "hour": 3600.0, "hours": 3600.0, "d": 86400.0, "day": 86400.0, "days": 86400.0,
}  # fmt: skip
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+)")
_EPOCH_S = 1e9
_EPOCH_MS = 1e12


@dataclass(frozen=True, slots=True)
class RateLimit:
    """One limit as the provider sees it.

    Attributes:
        counted: What is limited.
        limit: How much there is when it is full; 0 if that was not said.
        remaining: How much is left.
        reset_s: Seconds until it is full again.
    """

    counted: Counted
    limit: float
    remaining: float
    reset_s: float


def parse_rate_limits(headers: Mapping[str, str], *, now: datetime | None = None) -> tuple[RateLimit, ...]:
    """Every limit that the headers of an answer tell of, in full; what cannot be read is left out."""
    found: list[RateLimit] = []
    for counted, limit_name, remaining_name, reset_name in _NAMES:
        reset = headers.get(reset_name)
        if reset is None:
            continue
        remaining = headers.get(remaining_name)
        reset_s = parse_reset(reset, now or datetime.now(UTC))
        left = _parse_amount(remaining) if remaining is not None else 0.0
        if reset_s is not None and left is not None:
            limit = _parse_amount(headers.get(limit_name)) or 0.0
            found.append(RateLimit(counted, limit, left, max(0.0, reset_s)))
    return tuple(found)


def parse_reset(text: str, now: datetime) -> float | None:
    """Seconds from `now`, negative if past: of a duration, a number, a time since 1970, or one of RFC 3339."""
    text = text.strip().casefold()
    number = _parse_amount(text)
    if number is not None:
        if number >= _EPOCH_MS:
            return number / 1000 - now.timestamp()
        return number - now.timestamp() if number >= _EPOCH_S else number
    if (parts := _PART.findall(text)) and not _PART.sub("", text).strip(" ,"):
        known = [(float(amount), _SECONDS.get(unit)) for amount, unit in parts]
        if any(unit is None for _, unit in known):
            return None
        return sum(amount * (unit or 0.0) for amount, unit in known)
    try:
        time = datetime.fromisoformat(text.upper())
    except ValueError:
        return None
    return ((time if time.tzinfo else time.replace(tzinfo=UTC)) - now).total_seconds()


def _parse_amount(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None
