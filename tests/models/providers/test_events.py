"""Server-sent events: the same events however the bytes are split."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from itas.models.providers.events import Event, EventReader

STREAM = (
    "\ufeff: hello\n\ndata: one\r\n\r\nevent: big\ndata:two\ndata:  three\n\n"
    "data: naïve 🙂\r\rid: 7\n\ndata\n\n"
).encode()
EVENTS = [Event("", "one"), Event("big", "two\n three"), Event("", "naïve 🙂"), Event("", "")]


def read(chunks: list[bytes]) -> list[Event]:
    reader = EventReader()
    found = [event for chunk in chunks for event in reader.feed(chunk)]
    return found + reader.finish()


def test_comments_names_and_lines_are_read_as_the_standard_says():
    assert read([STREAM]) == EVENTS


def test_one_byte_at_a_time_gives_the_same():
    assert read([STREAM[i : i + 1] for i in range(len(STREAM))]) == EVENTS


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_any_split_gives_the_same(cuts: list[int]):
    places = [0, *sorted(cuts), len(STREAM)]
    assert read([STREAM[a:b] for a, b in itertools.pairwise(places)]) == EVENTS


@pytest.mark.parametrize("end", [b"", b"\n", b"\r", b"\r\n"])
def test_a_last_event_without_its_blank_line_counts(end: bytes):
    assert read([b"data: x" + end]) == [Event("", "x")]


@given(st.binary(max_size=300))
def test_any_bytes_are_read_without_a_failure(raw: bytes):
    assert all("\n" not in event.name for event in read([raw]))


def test_a_line_of_many_megabytes_takes_no_time_squared():
    reader = EventReader()
    for _ in range(400):
        assert reader.feed(b"x" * 65_536) == []
    assert reader.feed(b"\n\n") == []
    assert reader.finish() == []
