"""JSON: the standard's values only, each name once, whatever the text does."""

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from itas.errors import SpecError
from itas.specs.json import parse_json

BAD = [
    ('{"a": 1,\n "a": 2}', 2, "'a' is given twice"),
    ('{"x": [\n{"b": 1,\n\t"b": 2}]}', 3, "'b' is given twice"),
    ('{"' + "k" * 2000 + '": 1, "' + "k" * 2000 + '": 2}', 0, "given twice"),
    ("[1,\nNaN]", 2, "'NaN' is not a number"),
    ("[-Infinity]", 1, "'-Infinity' is not a number"),
    ("[\n1e999]", 2, "'1e999' is too large"),
    ("[\n" + "1" * 5000 + "]", 2, "a number of 5000 digits"),
    ("[" * 100_000, 1, "more than 50 levels"),
    ('{"a":' * 100_000, 1, "more than 50 levels"),
    ('["\\ud800"]', 1, "half a character"),
    ('["\ud800"]', 1, "half a character"),
    ('{"a": 1,}', 1, "not valid JSON"),
    ("{'a': 1}", 1, "not valid JSON"),
    ('{"a": 1 // x\n}', 1, "not valid JSON"),
    ("", 1, "not valid JSON"),
    ("{} {}", 1, "not valid JSON"),
    ('["\x01"]', 1, "not valid JSON"),
    ('{"a": "b"c"}', 1, "not valid JSON"),
    ('{\n"a": 1\n"b": 2}', 3, "not valid JSON"),
    ('"' + '\\"' * 450_000, 1, "not valid JSON"),
    ('"' + '\\"' * 450_000 + "\\", 1, "not valid JSON"),
    ('"' * 900_000, 1, "not valid JSON"),
    (" " * 1_000_001, 0, "larger than"),
]


@pytest.mark.parametrize("text, line, piece", BAD, ids=[repr(text[:40]) for text, _, _ in BAD])
def test_bad_json_is_one_clear_error_with_its_line(text: str, line: int, piece: str):
    start = time.process_time()
    with pytest.raises(SpecError) as caught:
        parse_json(text, where="bad.json")
    assert time.process_time() - start < 1.0
    message = str(caught.value)
    assert message.startswith(f"bad.json:{line}: " if line else "bad.json: ")
    assert piece in message
    assert len(message) < 300


def test_good_json_is_read_with_brackets_in_texts_and_pairs_of_surrogates():
    text = '{"a": ["[[{{", "\\"]", "\\ud83d\\ude00"], "b": {"a": 1.5, "c": [true, false, null, -3]}}'
    assert parse_json(text) == {
        "a": ["[[{{", '"]', "\U0001f600"],
        "b": {"a": 1.5, "c": [True, False, None, -3]},
    }


@given(st.text(max_size=200))
def test_any_text_is_read_or_is_a_spec_error(text: str):
    with contextlib.suppress(SpecError):
        parse_json(text)
