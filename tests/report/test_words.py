import pytest

from itas.report.charts.quality import mark_front
from itas.report.facts import PointFacts
from itas.report.page import to_script_json
from itas.report.words import points, shorten, visible, when


@pytest.mark.parametrize(
    "value, text", [(0.0314, "+3.1"), (-0.0314, "−3.1"), (0.0002, "0.0"), (-0.0002, "0.0"), (0.0, "0.0")]
)
def test_points_have_one_decimal_and_nothing_has_no_sign(value: float, text: str):
    assert points(value, signed=True) == text


@pytest.mark.parametrize("character", "\x00\x07\x1b\x85\u00ad\u200b\u202e\u2028\u2066\ufeff\ud800\U000e0041")
def test_what_cannot_be_seen_is_made_visible(character: str):
    assert visible(f"a{character}b") == f"a\u27e8U+{ord(character):04X}\u27e9b"


def test_what_can_be_seen_stays():
    text = "Größe → 日本語 \t é 👩 ∑\nline"
    assert visible(text) == text


def test_a_long_text_is_cut():
    assert shorten("abcdef", 4) == "abc…"
    assert shorten("abcd", 4) == "abcd"


def test_a_date_is_written_for_people_and_anything_else_stays():
    assert when("2026-03-01T10:20:30+00:00") == "1 March 2026, 10:20 UTC"
    assert when("yesterday") == "yesterday"


def test_json_in_a_script_has_nothing_that_ends_the_script():
    text = to_script_json({"a</script>": ["<!--", "&amp;", "\u2028\u2029", "\u202e", 1, None, True]})
    assert not set(text) & set("<>&\u2028\u2029\u202e")


def test_the_front_holds_what_nothing_cheaper_beats():
    def point(number: int, samples: int | None, mean: float | None) -> PointFacts:
        return PointFacts(number, "", samples, None, None, 0, mean, None)

    found = [
        point(0, 1, 0.5),
        point(1, 2, 0.4),
        point(2, 2, 0.6),
        point(3, 9, 0.6),
        point(4, 10, 0.7),
        point(5, None, 0.9),
        point(6, 3, None),
    ]
    assert mark_front(found, "samples") == {0, 2, 4}
    assert mark_front(found, "price") == frozenset()
