"""Every form in which a provider asks to wait."""

from datetime import UTC, datetime, timedelta

import pytest

from itas.models.providers.retry_after import parse_retry_after

NOW = datetime(2026, 11, 24, 9, 0, 0, tzinfo=UTC)


def http_date(seconds: float) -> str:
    return (NOW + timedelta(seconds=seconds)).strftime("%a, %d %b %Y %H:%M:%S GMT")


@pytest.mark.parametrize(
    "headers, expected",
    [
        ({}, None),
        ({"retry-after": "2"}, 2.0),
        ({"retry-after": " 2 "}, 2.0),
        ({"retry-after": "0.25"}, 0.25),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "-5"}, 0.0),
        ({"retry-after": "1e9"}, 1e9),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": http_date(30)}, 30.0),
        ({"retry-after": http_date(-30)}, 0.0),
        ({"retry-after": "Tue, 99 Nov 2026 09:00:00 GMT"}, None),
        ({"retry-after-ms": "1500"}, 1.5),
        ({"retry-after-ms": "1500", "retry-after": "60"}, 1.5),
        ({"retry-after-ms": "garbage", "retry-after": "3"}, 3.0),
    ],
)
def test_a_wait_is_read_in_every_form(headers: dict[str, str], expected: float | None):
    assert parse_retry_after(headers, now=NOW) == expected
