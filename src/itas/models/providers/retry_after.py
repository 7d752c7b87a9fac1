"""How long a provider asks to wait, in all the forms that are met."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def parse_retry_after(headers: Mapping[str, str], *, now: datetime | None = None) -> float | None:
    """Seconds to wait, >= 0; None if nothing was asked or it cannot be read.

    Reads ``retry-after-ms`` (milliseconds), and ``retry-after`` as seconds, whole or not, or as an HTTP date.
    A past date or a negative number means: at once. How much is too much is not decided here.
    """
    milliseconds = _parse_number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return max(0.0, milliseconds / 1000.0)
    text = headers.get("retry-after")
    seconds = _parse_number(text)
    if seconds is not None:
        return max(0.0, seconds)
    return _parse_date(text, now or datetime.now(UTC))


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
    return max(0.0, (date - now).total_seconds())
