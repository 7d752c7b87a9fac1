"""Reading labelled lines: through decoration, never in more than linear time."""

import time
from collections.abc import Callable
from contextlib import suppress

import pytest

from itas.components.critic import parse_critiques
from itas.components.ranker import parse_ranking
from itas.components.reading import (
    find_in_line,
    find_in_paragraph,
    find_labelled,
    find_last_labelled,
    find_number,
    label,
    plain_lines,
)
from itas.components.unit_test_evaluator import parse_test_verdicts
from itas.components.unit_test_generator import parse_tests
from itas.components.verifier import parse_verdict
from itas.components.vote import count_options
from itas.errors import ParseError

WORD = label("word")


@pytest.mark.parametrize(
    "text", ["WORD: x", "a\n\n> **Word:** x", "# final word : x", "2) [WORD]: x", "- _word_： x"]
)
def test_a_label_is_found_at_the_beginning_of_a_line(text: str):
    (found,) = find_labelled(text, WORD)
    assert find_in_line(text, found.end, limit=10) in ("x", "** x")


@pytest.mark.parametrize(
    "text", ["my word: x", "WORD x", "SWORD: x", "WORDS: x", "a" * 100 + "WORD: x", "WORD\n: x"]
)
def test_a_label_elsewhere_is_none(text: str):
    assert list(find_labelled(text, WORD)) == []


def test_the_last_label_is_found_far_from_the_end_too():
    text = "WORD: 1\nWORD: 2\n" + "reasons\n" * 10_000
    found = find_last_labelled(text, WORD)
    assert found is not None
    assert find_in_line(text, found.end, limit=10) == "2"


def test_a_second_label_in_a_line_is_no_label_but_one_in_the_next_line_is():
    assert len(list(find_labelled("a word: x word: y\nword: z", WORD))) == 1


@pytest.mark.parametrize(
    "text, content",
    [
        (" x", "x"),
        (" x\ny", "x"),
        ("\n\nx\ny\n\nz", "x\ny"),
        (" **\nx", "x"),
        ("", ""),
        ("\n\n", ""),
        ("x" * 10 + "\n\ny", "x" * 10),
        ("x" * 11, None),
    ],
)
def test_a_paragraph_is_read_where_the_line_is_empty(text: str, content: str | None):
    assert find_in_paragraph(text, 0, limit=10) == content


def test_a_line_that_is_too_long_is_not_cut_but_refused():
    assert find_in_line("x" + " " * 10 + "y", 0, limit=10) is None


@pytest.mark.parametrize(
    "name, number", [("7", 7), ("007", 7), ("７", 7), ("", None), ("1" * 5000, None), ("²", None)]
)
def test_numbers_are_short(name: str, number: int | None):
    assert find_number(name) == number


def test_line_breaks_become_one_kind_and_invisible_characters_go():
    assert plain_lines("a\r\nb\rc\0\ufeff\u200bd") == "a\nb\ncd"


SIZE = 1_000_000
UNITS = [
    "a", "\n", " ", "*", "|", "9", "９", "ﷺ", "\0", "\r", "\u2028", "> ", "\n* ", "\n##", "\n\n- ", "1. ",
    "RANKING: ", "RANKING:\n", "x RANKING:\n", "RANKING: K7Q2 > \n", "VERDICT: correct\n",
    "x VERDICT: correct\n",
    "CRITIQUE", "CRITIQUE ", "CRITIQUE K7Q2:\n", "critique K7Q2: strengths weaknesses\n", "\nstrengths",
    "TEST", "TEST 1", "TEST 1: \n", "TEST 1: pass\n", "1. TEST ", "A) x\n", "final \n",
]  # fmt: skip
WHOLE = {
    "a huge number": "TEST " + "9" * SIZE,
    "a huge id": "CRITIQUE " + "a" * SIZE,
    "a huge ranking": "RANKING: " + "K7Q2 > " * (SIZE // 7),
    "a label and blanks": "RANKING:" + " " * SIZE,
    "a label and lines": "VERDICT:" + "\n" * SIZE,
    "decoration before a label": "\n" + "*" * SIZE + "RANKING",
}
PARSERS: dict[str, Callable[[str], object]] = {
    "ranking": lambda text: parse_ranking(text, ("K7Q2", "B3D4")),
    "critiques": lambda text: parse_critiques(text, ("K7Q2", "B3D4")),
    "verdict": lambda text: parse_verdict(text, "K7Q2"),
    "tests": lambda text: parse_tests(text, None),
    "test verdicts": lambda text: parse_test_verdicts(text, 5),
    "options": count_options,
}


@pytest.mark.parametrize("parse", PARSERS.values(), ids=PARSERS.keys())
def test_a_megabyte_of_hostile_text_is_read_in_a_tenth_of_a_second(parse: Callable[[str], object]):
    texts = {unit: (unit * (SIZE // len(unit) + 1))[:SIZE] for unit in UNITS} | WHOLE
    slow = [name for name, text in texts.items() if not any(cpu_s(parse, text) < 0.1 for _ in range(4))]
    assert slow == []


def cpu_s(parse: Callable[[str], object], text: str) -> float:
    """CPU seconds of this process, so that a busy machine does not count."""
    start = time.process_time()
    with suppress(ParseError):
        parse(text)
    return time.process_time() - start
