"""Money is counted in integers and written for people."""

import pytest

from itas.core.money import add_prices, format_usd, to_micro_usd


@pytest.mark.parametrize(
    "micro, text",
    [
        (None, "unpriced"),
        (0, "$0"),
        (1, "$0.000001"),
        (12_300, "$0.0123"),
        (1_234_567, "$1.23"),
        (1_234_000_000, "$1,234"),
    ],
)
def test_an_amount_is_written_with_as_many_places_as_matter(micro: int | None, text: str) -> None:
    assert format_usd(micro) == text


def test_dollars_become_millionths_without_float_dust() -> None:
    assert to_micro_usd(0.1) + to_micro_usd(0.2) == to_micro_usd(0.3) == 300_000


def test_one_unknown_price_makes_the_sum_unknown() -> None:
    assert add_prices([1, 2]) == 3
    assert add_prices([1, None]) is None
    assert add_prices([]) == 0
