"""`itas answer --stream`: the text as it comes on stdout, and nothing of it twice."""

import io
from collections.abc import Callable

import pytest

from itas.cli.streaming import StreamedText
from tests.cli.conftest import Itas


def test_the_streamed_text_is_the_answer_and_stands_there_once(itas: Itas):
    plain = itas("answer", "simulated/euler-large", "What is 6 times 7?", "--no-stream")
    streamed = itas("answer", "simulated/euler-large", "What is 6 times 7?", "--stream")
    assert (plain.code, streamed.code) == (0, 0)
    assert streamed.out == plain.out
    assert "1 sample" in streamed.err


def test_streaming_and_a_record_exclude_each_other(itas: Itas):
    result = itas("answer", "simulated/euler-large", "What is 6 times 7?", "--stream", "--json")
    assert result.code == 2
    assert "give one of them" in result.err


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    "screen, wish, as_json, is_on",
    [
        (Screen, None, False, True),
        (Screen, None, True, False),
        (Screen, False, False, False),
        (io.StringIO, None, False, False),
        (io.StringIO, True, False, True),
    ],
)
def test_a_terminal_is_streamed_to_unless_told_otherwise(
    screen: Callable[[], io.StringIO],
    wish: bool | None,
    as_json: bool,
    is_on: bool,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr("sys.stdout", screen())
    assert (StreamedText.choose(wish, as_json=as_json).listen is not None) is is_on


def test_what_is_said_between_gets_a_line_of_its_own_and_escapes_are_made_visible(
    monkeypatch: pytest.MonkeyPatch,
):
    screen = Screen()
    monkeypatch.setattr("sys.stdout", screen)

    def say_note() -> None:
        screen.write("note\n")

    with StreamedText(is_on=True) as text:
        assert text.listen is not None
        text.listen("one\x1b")
        text.interrupt(say_note)
        text.listen("two\n")
        text.interrupt(say_note)
        text.listen("three")
    assert screen.getvalue() == "one\\x1b\nnote\ntwo\nnote\nthree\n"
