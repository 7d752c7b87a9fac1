"""Outputs that may be rounded: what counts as the same number, and what does not."""

import pytest

from itas.core.execution import InputTest
from itas.sandbox.verdicts import find_difference


@pytest.mark.parametrize(
    "out, expected, is_same",
    [
        ("0.333333\n", "0.3333333333", True),
        ("0.3334", "0.33333", False),
        ("1.0  2.5", "1.00000 2.50000", True),
        ("yes 0.5", "no 0.5", False),
        ("1000001", "1000000", False),
        ("1000000.4", "1000000.0", True),
        ("5", "5.0", True),
        ("5.0", "5", False),
        ("nan", "1.0", False),
        ("inf", "1.0", False),
        ("1e400", "1.5", False),
        ("1.5", "1e400", False),
        ("0x10", "16.0", False),
        ("1.5 2", "1.5", False),
        ("1.5\n2", "1.5", False),
        ("-0.0", "0.0", True),
        ("1_000.0", "1000.0", False),
        ("9" * 100_000 + ".0", "1.0", False),
    ],
)
def test_decimals_may_be_rounded_and_nothing_else(out, expected, is_same):
    assert (find_difference(out, expected, tolerance=1e-5) == "") is is_same


def test_without_a_tolerance_nothing_may_be_rounded():
    assert find_difference("0.50", "0.5")


def test_a_tolerance_is_written_only_where_there_is_one():
    assert "tolerance" not in InputTest(stdin="", expected="1").model_dump()
    loose = InputTest(stdin="", expected="1.0", tolerance=0.01)
    assert InputTest.model_validate_json(loose.model_dump_json()) == loose
