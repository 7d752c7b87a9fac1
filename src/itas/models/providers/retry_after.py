"""How long a provider asks to wait, in all the forms that are met.

In the order in which they are believed:

* ``retry-after-ms``: milliseconds;
* ``retry-after``: seconds, whole or not, or an HTTP date;
* in the text of the refusal: ``try again in 1m2.5s``, ``retry after 10 seconds``, ``"retryDelay": "24s"``;
* ``x-ratelimit-reset-*`` and ``anthropic-ratelimit-*-reset`` of what is used up: ``1m30s``, ``12ms``, seconds,
  a time of RFC 3339, or seconds or milliseconds since 1970.
"""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from itas.models.providers.rate_limits import parse_rate_limits, parse_reset

_UNITS = r"(?:milliseconds?|ms|seconds?|secs?|s|minutes?|mins?|m|hours?|h)(?![a-z])"
_TIME = rf"((?:\d+(?:\.\d+)?\s*{_UNITS}\s*)+)"
_IN_TEXT = re.compile(
    rf"(?:try again|retry|available|wait)\s+(?:in|after|for)\s+(?:about\s+)?{_TIME}"
    rf"|retry_?delay[\"']?\s*[:=]\s*[\"']?{_TIME}",
    re.IGNORECASE,
)
_READ_CHARS = 10_000


def parse_retry_after(
    headers: Mapping[str, str], text: str = "", *, now: datetime | None = None
) -> float | None:
    """Seconds to wait, >= 0; None if nothing was asked or it cannot be read.

    A past date or a negative number means: at once. How much is too much is not decided here.

    Args:
        headers: Of the answer; names in any case if the mapping knows that.
        text: Of the refusal.
        now: For dates.
    """
    now = now or datetime.now(UTC)
    milliseconds = _parse_number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return max(0.0, milliseconds / 1000.0)
    asked = headers.get("retry-after")
    seconds = _parse_number(asked)
    if seconds is None:
        seconds = _parse_date(asked, now)
    if seconds is None and asked:
        seconds = parse_reset(asked, now)
    if seconds is None:
        seconds = _parse_text(text)
    if seconds is None:
        limits = parse_rate_limits(headers, now=now)
        seconds = max((each.reset_s for each in limits if each.remaining < 1), default=None)
    return None if seconds is None else max(0.0, seconds)


def _parse_number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _parse_date(text: str | None, now: datetime) -> float | None:
    try:
        date = parsedate_to_datetime(text or "")
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return (date - now).total_seconds()


def _parse_text(text: str) -> float | None:
    found = _IN_TEXT.search(text[:_READ_CHARS])
    if found is None:
        return None
    return parse_reset(next(group for group in found.groups() if group), datetime.now(UTC))
