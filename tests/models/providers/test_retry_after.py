"""A wait that a provider asks for, in every form that is met; and what cannot be read asks for nothing."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from itas.models.providers.rate_limits import RateLimit, parse_rate_limits, parse_reset
from itas.models.providers.refusal import refuse
from itas.models.providers.retry_after import parse_retry_after

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "headers, text, seconds",
    [
        ({"retry-after": "7"}, "", 7.0),
        ({"retry-after": " 0.25 "}, "", 0.25),
        ({"retry-after": "0"}, "", 0.0),
        ({"retry-after": "-3"}, "", 0.0),
        ({"retry-after": "1e9"}, "", 1e9),
        ({"retry-after": "Sun, 01 Mar 2026 12:00:30 GMT"}, "", 30.0),
        ({"retry-after": "Sun, 01 Mar 2026 11:00:00 GMT"}, "", 0.0),
        ({"retry-after": "Sunday, 01-Mar-26 12:00:09 GMT"}, "", 9.0),
        ({"retry-after": "2026-03-01T12:00:05Z"}, "", 5.0),
        ({"retry-after": "20s"}, "", 20.0),
        ({"retry-after-ms": "1500"}, "", 1.5),
        ({"retry-after-ms": "100", "retry-after": "9"}, "", 0.1),
        ({"retry-after-ms": "soon", "retry-after": "9"}, "", 9.0),
        ({"x-ratelimit-reset-requests": "1m30s"}, "", 90.0),
        ({"x-ratelimit-reset-requests": "12ms"}, "", 0.012),
        ({"x-ratelimit-reset-tokens": "6m0s", "x-ratelimit-remaining-tokens": "0"}, "", 360.0),
        ({"x-ratelimit-reset-tokens": "6m0s", "x-ratelimit-remaining-tokens": "10"}, "", None),
        ({"x-ratelimit-reset-requests": "2m59.56s"}, "", 179.56),
        ({"x-ratelimit-reset": "1772366410"}, "", 10.0),
        ({"x-ratelimit-reset": "1772366410500"}, "", 10.5),
        (
            {
                "anthropic-ratelimit-requests-remaining": "0",
                "anthropic-ratelimit-requests-reset": "2026-03-01T12:00:41Z",
            },
            "",
            41.0,
        ),
        ({}, "Rate limit reached. Please try again in 1.5s. Visit our site", 1.5),
        ({}, "Please try again in 6ms.", 0.006),
        ({}, "Please try again in 7m12.5s.", 432.5),
        ({}, "Please retry after 10 seconds.", 10.0),
        ({}, "Please retry in 24.3s.", 24.3),
        ({}, "{'details': [{'@type': 'RetryInfo', 'retryDelay': '24s'}]}", 24.0),
        ({}, "Requests wait for 2 minutes 3 seconds", 123.0),
        ({"retry-after": "3"}, "try again in 10s", 3.0),
        ({"retry-after": "soon"}, "", None),
        ({"retry-after": "nan"}, "", None),
        ({"retry-after": "inf"}, "", None),
        ({"retry-after": ""}, "", None),
        ({"retry-after": "Someday, 99 Foo 2026"}, "", None),
        ({}, "try again in a while", None),
        ({}, "You may try 12 again in s", None),
        ({}, "", None),
    ],
)
def test_every_form_of_a_wait_is_read(headers: dict[str, str], text: str, seconds: float | None):
    found = parse_retry_after(headers, text, now=NOW)
    assert found == (None if seconds is None else pytest.approx(seconds))


@given(
    st.dictionaries(st.sampled_from(["retry-after", "retry-after-ms", "x-ratelimit-reset"]), st.text()),
    st.text(),
)
def test_no_text_breaks_the_reading(headers: dict[str, str], text: str):
    found = parse_retry_after(headers, text, now=NOW)
    assert found is None or found >= 0


@pytest.mark.parametrize(
    "data, headers, seconds",
    [
        (
            {"error": {"message": "Slow down. Please try again in 2s.", "code": "rate_limit_exceeded"}},
            {},
            2.0,
        ),
        ([{"error": {"code": 429, "details": [{"retryDelay": "24s"}]}}], {}, 24.0),
        ({"error": {"message": "no time is named"}}, {}, None),
    ],
)
def test_a_wait_in_the_body_of_a_refusal_is_found(data: Any, headers: dict[str, str], seconds: float | None):
    assert refuse("p", 429, data, headers).retry_after_s == seconds


def test_a_refusal_that_will_not_pass_asks_for_no_wait():
    assert refuse("p", 400, {"error": {"message": "try again in 2s"}}, {}).retry_after_s is None


@pytest.mark.parametrize(
    "headers, limits",
    [
        (  # OpenAI
            {
                "x-ratelimit-limit-requests": "5000",
                "x-ratelimit-remaining-requests": "4999",
                "x-ratelimit-reset-requests": "12ms",
                "x-ratelimit-limit-tokens": "160000",
                "x-ratelimit-remaining-tokens": "159976",
                "x-ratelimit-reset-tokens": "9ms",
            },
            [RateLimit("requests", 5000, 4999, 0.012), RateLimit("tokens", 160000, 159976, 0.009)],
        ),
        (  # Anthropic
            {
                "anthropic-ratelimit-requests-limit": "50",
                "anthropic-ratelimit-requests-remaining": "48",
                "anthropic-ratelimit-requests-reset": "2026-03-01T12:00:02Z",
                "anthropic-ratelimit-input-tokens-limit": "50000",
                "anthropic-ratelimit-input-tokens-remaining": "0",
                "anthropic-ratelimit-input-tokens-reset": "2026-03-01T12:01:00Z",
            },
            [RateLimit("requests", 50, 48, 2.0), RateLimit("tokens", 50000, 0, 60.0)],
        ),
        (
            {"x-ratelimit-limit": "10", "x-ratelimit-remaining": "4", "x-ratelimit-reset": "1"},
            [RateLimit("requests", 10, 4, 1)],
        ),
        ({"x-ratelimit-limit-requests": "5000", "x-ratelimit-remaining-requests": "4999"}, []),
        ({"x-ratelimit-remaining-requests": "some", "x-ratelimit-reset-requests": "1s"}, []),
        ({"x-ratelimit-remaining-requests": "1", "x-ratelimit-reset-requests": "tomorrow"}, []),
        ({}, []),
    ],
)
def test_what_providers_say_about_their_limits_is_read(headers: dict[str, str], limits: list[RateLimit]):
    found = parse_rate_limits(headers, now=NOW)
    assert [(each.counted, each.limit, each.remaining) for each in found] == [
        (each.counted, each.limit, each.remaining) for each in limits
    ]
    assert [each.reset_s for each in found] == pytest.approx([each.reset_s for each in limits])


@pytest.mark.parametrize(
    "text, seconds", [("1d2h", 93600.0), ("3 fortnights", None), ("1s and more", None), ("", None)]
)
def test_a_duration_is_read_as_a_whole_or_not_at_all(text: str, seconds: float | None):
    assert parse_reset(text, NOW) == seconds
