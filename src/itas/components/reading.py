"""How labelled lines (``RANKING: ...``, ``TEST 3: pass``) are found in a model's reply.

Decoration is read over: case, Markdown, bullets, code fences, full-width characters, NUL. Meaning is never
guessed: what stands behind a label goes to the parser of the technique, which takes it or raises.
Everything here takes time in proportion to the length of the reply.
"""

import re
import unicodedata
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_DECORATION = r"[ \t>*_#`~|•·‣–—\[\](){}<-]{0,16}+"
_BEFORE = re.compile(rf"{_DECORATION}(?:\d{{1,3}}[.)][ \t]{{0,4}}{_DECORATION})?(?:final )?", re.IGNORECASE)
_AROUND_A_WORD = " \t\n*_`~#>[](){}<.!\"'\ufe0f"
_TICKS = "✅✔✓☑"
_CROSSES = "❌✗✘✖"
_LONGEST_BEFORE = 50
_REMOVED = ("\0", "\u200b", "\ufeff", "\u2060")
_LONGEST_NUMBER = 4
_WINDOWS = (20_000, 300_000)


@dataclass(frozen=True, slots=True)
class Labelled:
    """One labelled line.

    Attributes:
        name: What stands between the label and the colon: an id, a number, or nothing.
        start: Where the label stands, as an index into the text.
        end: Where its content begins.
    """

    name: str
    start: int
    end: int


def label(word: str, name: str = "") -> re.Pattern[str]:
    """A pattern for `word`, `name` (a pattern without groups) and a colon."""
    inner = rf"{_DECORATION}(?P<name>{name})" if name else "(?P<name>)"
    return re.compile(rf"{word}{inner}{_DECORATION}[:：]", re.IGNORECASE)


def heading(word: str, name: str = "") -> re.Pattern[str]:
    """A pattern as from `label`, for a line that ends where the colon would stand. For replies without a label."""
    inner = rf"{_DECORATION}(?P<name>{name})" if name else "(?P<name>)"
    return re.compile(rf"{word}{inner}{_DECORATION}(?=\n|\Z)", re.IGNORECASE)


def plain_lines(text: str) -> str:
    """The text with one kind of line break and without characters that nobody sees."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    for character in _REMOVED:
        text = text.replace(character, "")
    return text


def find_labelled(text: str, pattern: re.Pattern[str], *, after: int = 0) -> Iterator[Labelled]:
    """Every line of `text` (from `plain_lines`) that begins with the label, in order, from index `after`."""
    while found := pattern.search(text, after):
        # Looking back from the rare word is five times as fast as trying the pattern at every line.
        start, after = found.span()
        newline = text.rfind("\n", max(0, start - _LONGEST_BEFORE), start)
        if _BEFORE.fullmatch(text, newline + 1, start):
            yield Labelled(normal(found["name"]).upper(), start, after)
        else:
            after = text.find("\n", after)
            if after < 0:
                return


def find_last_labelled(text: str, pattern: re.Pattern[str]) -> Labelled | None:
    """The last of `find_labelled`, unless 300,000 characters follow it: no reply asked for is as long."""
    for window in _WINDOWS:
        last = deque(find_labelled(text, pattern, after=max(0, len(text) - window)), maxlen=1)
        if last:
            return last[0]
    return None


def find_in_line(text: str, start: int, *, limit: int) -> str | None:
    """What stands from `start` to the end of the line, in normal form; None if that is more than `limit`
    characters: a piece of it could mean something else than the whole."""
    return _normal_up_to(text, start, "\n", limit)


def find_in_paragraph(text: str, start: int, *, limit: int) -> str | None:
    """As `find_in_line`; where no letter or digit stands on that line, the next paragraph."""
    line = find_in_line(text, start, limit=limit)
    if line is None or any(character.isalnum() for character in line):
        return line
    window = text[start : start + limit]
    start += len(window) - len(window.lstrip(" \t\n*_`"))
    return _normal_up_to(text, start, "\n\n", limit)


def normal(text: str) -> str:
    """Full-width characters as ordinary ones, outer blanks removed. Only for short pieces: it may grow."""
    return unicodedata.normalize("NFKC", text).strip()


def find_verdict(said: str, words: Mapping[str, bool]) -> bool | None:
    """What the only word of `said` means; None if it is another word, or a tick or cross beside it contradicts."""
    verdict = words.get(said.strip(_AROUND_A_WORD + _TICKS + _CROSSES).lower())
    signs = {character in _TICKS for character in said if character in _TICKS + _CROSSES}
    return verdict if signs <= {verdict} else None


def find_number(name: str) -> int | None:
    """The number in `name`; None if it is longer than any number we ask for."""
    return int(name) if name.isdecimal() and len(name) <= _LONGEST_NUMBER else None


def _normal_up_to(text: str, start: int, stop: str, limit: int) -> str | None:
    end = text.find(stop, start, start + limit + len(stop))
    if end < 0 and len(text) - start > limit:
        return None
    return normal(text[start:] if end < 0 else text[start:end])
