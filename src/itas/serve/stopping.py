"""End a text before the first of the caller's stop texts, also while it is still being written."""

from collections.abc import Sequence


class Stopper:
    """Lets through what certainly stands before every stop text.

    Args:
        stops: None of them empty.
    """

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = tuple(stops)
        self._held = ""
        self.has_stopped = False

    def feed(self, piece: str) -> str:
        """What may go out now."""
        if not self._stops:
            return piece
        if self.has_stopped:
            return ""
        text = self._held + piece
        end = find_stop(text, self._stops)
        if end is not None:
            self.has_stopped = True
            self._held = ""
            return text[:end]
        keep = _overlap(text, self._stops)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep]

    def rest(self) -> str:
        """What was held back and turned out to be no stop text."""
        held, self._held = self._held, ""
        return held


def find_stop(text: str, stops: Sequence[str]) -> int | None:
    """Where the first stop text begins."""
    found = [place for stop in stops if (place := text.find(stop)) >= 0]
    return min(found, default=None)


def _overlap(text: str, stops: Sequence[str]) -> int:
    """Length of the longest end of `text` that a stop text begins with."""
    longest = min(max(map(len, stops)) - 1, len(text))
    return next(
        (size for size in range(longest, 0, -1) if any(stop.startswith(text[-size:]) for stop in stops)), 0
    )
