"""Server-sent events: how both wire formats send a text while it is written.

Source: https://html.spec.whatwg.org/multipage/server-sent-events.html, without ids and reconnection.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

_LINE_END = re.compile(rb"\r\n|\n|\r(?!\Z)")  # a carriage return at the end may be half of a line end


@dataclass(frozen=True, slots=True)
class Event:
    """One event: its name, empty if it has none, and its data, which is JSON in both wire formats."""

    name: str
    data: str


OnEvent = Callable[[Event], bool]
"""Takes an event; true if it was the last that matters."""


class EventReader:
    """Cuts the bytes of an event stream into events, however they are split."""

    def __init__(self) -> None:
        self._rest: list[bytes] = []  # of a line that has not ended; joined once, however long it grows
        self._name = ""
        self._data: list[str] = []
        self._is_first = True

    def feed(self, chunk: bytes) -> list[Event]:
        """The events that are complete now."""
        if b"\n" not in chunk and b"\r" not in chunk and not self._may_have_ended():
            self._rest.append(chunk)
            return []
        *lines, rest = _LINE_END.split(b"".join((*self._rest, chunk)))
        self._rest = [rest]
        return [event for line in lines if (event := self._take(line)) is not None]

    def finish(self) -> list[Event]:
        """The stream has ended: an event that lacks only its blank line counts (some servers forget it)."""
        rest = b"".join(self._rest).rstrip(b"\r")
        return [event for line in (rest, b"") if (event := self._take(line)) is not None]

    def _may_have_ended(self) -> bool:
        return bool(self._rest) and self._rest[-1].endswith(b"\r")

    def _take(self, raw: bytes) -> Event | None:
        line = raw.decode("utf-8", "replace")
        if self._is_first:
            line, self._is_first = line.removeprefix("\ufeff"), False
        if not line:
            return self._complete()
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            self._data.append(value)
        elif field == "event":
            self._name = value
        return None

    def _complete(self) -> Event | None:
        event = Event(self._name, "\n".join(self._data)) if self._data else None
        self._name, self._data = "", []
        return event
