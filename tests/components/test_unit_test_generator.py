"""Unit test generator: as many statements as asked for, each on one line."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itas.components import UnitTestGenerator
from itas.components.unit_test_generator import parse_tests, render_test_writing
from itas.core.candidate import Notes
from itas.errors import ParseError
from tests.components.states import CONVERSATION, MODEL, one_after_the_other, rng, state

THREE = ("The answer is 42.", "The answer's unit, if any, is named.", "The answer is short: one line.")

READABLE = {
    "plain": "TEST 1: {}\nTEST 2: {}\nTEST 3: {}",
    "preface and end": "Here:\n\nTEST 1: {}\n\nTEST 2: {}\n\nTEST 3: {}\n\nThat is all.",
    "lower case": "test 1: {}\ntest 2: {}\nTest 3: {}",
    "bold": "**TEST 1:** {}\n**TEST 2**: {}\n**TEST 3: {}**",
    "bullets": "- TEST 1: {}\n* TEST 2: {}\n• TEST 3: {}",
    "numbers": "1. TEST 1: {}\n2. TEST 2: {}\n3. TEST 3: {}",
    "hashes": "### TEST #1: {}\n### TEST #2: {}\n### TEST #3: {}",
    "full width": "TEST １： {}\nTEST ２： {}\nTEST ３： {}",
    "leading zeros": "TEST 01: {}\nTEST 02: {}\nTEST 03: {}",
    "fence": "```text\nTEST 1: {}\nTEST 2: {}\nTEST 3: {}\n```",
    "Windows lines and NUL": "TEST 1: {}\r\nTE\0ST 2: {}\0\r\nTEST 3: {}\r\n",
}

UNREADABLE = {
    "empty": "",
    "a Python list": "['The answer is 42.', 'The answer is short.', 'The answer is one line.']",
    "a list of something else": "1. The answer is 42.\n2. Be short.\n3. The answer is one line.",
    "a plain list beside a label": "TEST 1: a\n1. The answer is b.\n2. The answer is c.\n3. The answer is d.",
    "one missing": "TEST 1: a\nTEST 2: b",
    "one too many": "TEST 1: a\nTEST 2: b\nTEST 3: c\nTEST 4: d",
    "a gap": "TEST 1: a\nTEST 2: b\nTEST 4: c",
    "from zero": "TEST 0: a\nTEST 1: b\nTEST 2: c",
    "one twice": "TEST 1: a\nTEST 2: b\nTEST 2: b",
    "an empty one": "TEST 1: a\nTEST 2:\nTEST 3: c",
    "only dots": "TEST 1: a\nTEST 2: ...\nTEST 3: c",
    "a large number": f"TEST 1: a\nTEST 2: b\nTEST {'9' * 5000}: c",
    "a long one": f"TEST 1: a\nTEST 2: b\nTEST 3: {'c' * 3000}",
}


@pytest.mark.parametrize("form", READABLE.values(), ids=READABLE.keys())
def test_tests_are_read_through_their_decoration(form: str):
    assert parse_tests(form.format(*THREE), 3) == THREE


@pytest.mark.parametrize("reply", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_anything_but_the_number_asked_for_is_an_error(reply: str):
    with pytest.raises(ParseError):
        parse_tests(reply, 3)


def test_tests_out_of_order_are_put_in_order():
    assert parse_tests("TEST 3: c\nTEST 1: a\nTEST 2: b", 3) == ("a", "b", "c")


@pytest.mark.parametrize("count, is_fine", [(4, False), (5, True), (10, True), (11, False)])
def test_without_a_number_five_to_ten_are_fine(count: int, is_fine: bool):
    reply = "\n".join(f"TEST {number}: statement {number}" for number in range(1, count + 1))
    if is_fine:
        assert len(parse_tests(reply, None)) == count
    else:
        with pytest.raises(ParseError, match=f"expected 5 to 10 tests, found {count}"):
            parse_tests(reply, None)


PIECES = ["TEST ", "1", "2", "３", ":", "\n", " a", "*", "\0", "\u2028", "\ud800"]


@given(st.lists(st.sampled_from(PIECES), max_size=16).map("".join) | st.text(max_size=60))
@settings(max_examples=200, deadline=None)
def test_any_text_is_the_tests_or_an_error(text: str):
    try:
        tests = parse_tests(text, 2)
    except ParseError:
        return
    assert len(tests) == 2
    assert all(len(test.splitlines()) == 1 for test in tests)


@pytest.mark.parametrize("count, words", [(None, "Write 5 to 10 tests"), (7, "Write exactly 7 tests")])
def test_the_prompt_names_the_number_and_holds_no_tests_itself(count: int | None, words: str):
    prompt = render_test_writing(CONVERSATION, rng, count=count)
    assert prompt.startswith("Task: write tests.\n")
    assert words in prompt
    for wanted in (count, 1, 2):
        with pytest.raises(ParseError):
            parse_tests(prompt, wanted)


async def test_it_notes_the_tests_and_whether_they_are_shown():
    ctx = one_after_the_other("TEST 1: a")
    generator = UnitTestGenerator(model=MODEL, count=1, show_tests=True)
    assert await generator.prepare(state(), ctx) == Notes(("a",), shown=True)


async def test_the_fallback_goes_on_without_tests_and_is_counted():
    ctx = one_after_the_other("Hm.", "TEST 1: a")
    assert await UnitTestGenerator(model=MODEL).prepare(state(), ctx) == Notes()
    assert ctx.event_kinds == ["unreadable", "unreadable", "fallback"]


async def test_without_the_fallback_it_is_an_error():
    with pytest.raises(ParseError, match="expected 5 to 10 tests, found 0"):
        await UnitTestGenerator(model=MODEL, attempts=1, fallback="error").prepare(
            state(), one_after_the_other("Hm.")
        )


def test_a_plain_list_of_statements_about_the_answer_is_read_where_no_line_is_labelled():
    reply = "Here:\n\n1. The answer is 42.\n2) **The answer is short.\n3. the answer has no unit.\n"
    assert parse_tests(reply, 3) == ("The answer is 42.", "The answer is short.", "the answer has no unit.")
