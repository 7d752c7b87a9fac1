"""Find the places where a model's text says: this is my answer.

Strong marks follow a form that answers are asked for in: a line ``Answer: ...``, ``#### ...``,
``\\boxed{...}``, ``Answer("...")``, ``<answer>...</answer>``, ``"answer": ...`` in JSON. Weak marks are
prose: ``the answer is ...``, ``the correct option is ...``. Only the last 40 marks are looked at and every
value is cut at 2,000 characters, so a hostile text takes time in proportion to its length.
"""

import json
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from itas.core.numbers import prepare

_MOST_MARKS = 40
_LONGEST = 2000
_SHORT = 10_000
_REMEMBERED = 256

_START = re.compile(
    r"""(?P<json>\\?["'](?:final[_ ])?answer\\?["'][ \t]{0,20}:\s{0,20})"""
    r"""|(?P<tag><answer>)"""
    r"""|(?P<call>\banswer[ ]?\(\s{0,5}(?=["'(\[A-Z0-9$-]))"""
    r"""|(?P<boxed>\\f?box(?:ed)?\s{0,5}\{)"""
    r"""|(?P<hashes>\#\#\#\#(?=[ \t]*+[-+$\\(*0-9A-Z]))"""
    r"""|(?P<line>^[ \t>*_\#`-]{0,20}(?:[0-9]{1,2}[.)][ ])?[*_]{0,3}(?:so,?[ ]|therefore,?[ ]|thus,?[ ])?"""
    r"""(?:(?:the|my)[ ])?(?:correct[ ]|final[ ]|correct[ ]final[ ])?(?:answer|solution|result)"""
    r"""[ \t*_]{0,10}(?:(?::|=)|-[ ]|(?=\n))[ \t*_]{0,10})"""
    r"""|(?P<final>\bfinal[ ]answer[ \t*_]{0,10}(?:is[ ]?)?:[ \t*_]{0,10})"""
    r"""|(?P<prose>\b(?:answer|option|choice|solution)\b(?:[ ](?:to|for|of)\b[^\n.:=]{1,80}?)?[ \t*_]{0,10}"""
    r"""(?::|=|\b(?:is|are|was|would[ ]be|should[ ]be|must[ ]be|will[ ]be)\b(?:[ ](?:therefore|thus|then))?"""
    r"""[ ]?:?)[ \t*_]{0,10})""",
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)
_STARTS_BEFORE = {
    "answer": (8, 7, 6, 2, 1, 0),
    "option": (0,),
    "choice": (0,),
    "solution": (0,),
    "box": (2, 1),
}
"""How far before each word of `_START` a match can begin, besides at the start of its line: quotes, a backslash,
``final``."""
_LINE_WORDS = frozenset({"answer", "solution", "result"})
_BEFORE_LINE_WORD = 60
"""More than the form ``line`` lets stand before its word."""
_FOLD_TO_ASCII = "\u0130\u0131\u017f"
"""What `re` takes for an ``i`` or an ``s`` in another case, and `str.lower` does not."""
_THOUGHTS_END = re.compile(r"</(?:think|thinking|thought)>", re.IGNORECASE)
_NEGATION = re.compile(r"\s{0,3}(?:not\b|n't|never\b|neither\b|cannot\b|unlikely\b)", re.IGNORECASE)
_WRAPPING = " \t\n*_`\"'"


@dataclass(frozen=True, slots=True)
class Marked:
    """What stands behind a mark, without its wrapping; never empty.

    Attributes:
        value: The text of the answer.
        is_strong: The mark has a form that answers are asked for in.
        is_enclosed: The form says where the answer ends (boxed, JSON, a call, a tag).
    """

    value: str
    is_strong: bool
    is_enclosed: bool


def after_thoughts(text: str) -> str:
    """The text in one spelling (see `core.numbers.prepare`), without the ``<think>`` part where an answer
    follows it."""
    last = deque(_THOUGHTS_END.finditer(text), maxlen=1) if "</" in text else None
    rest = text[last[0].end() :] if last else ""
    return prepare(rest if rest.strip() else text)


def find_marks(text: str) -> list[Marked]:
    """The last marks of a text that `after_thoughts` went over: strong ones before weak ones, and within
    each kind the last one first. What was found in short texts is remembered for a while: who votes first looks what
    kind of answers there are, and a scorer reads them again."""
    return list(_find_again(text) if len(text) <= _SHORT else _find(text))


def _find(text: str) -> tuple[Marked, ...]:
    starts = deque(_find_starts(text), maxlen=_MOST_MARKS)
    found = [mark for start in reversed(starts) if (mark := _read(text, start)) is not None]
    strong = [mark for mark in found if mark.is_strong]
    return (*strong, *(mark for mark in found if not mark.is_strong))


_find_again = lru_cache(maxsize=_REMEMBERED)(_find)


def _find_starts(text: str) -> Iterator[re.Match[str]]:
    """What ``_START.finditer(text)`` gives, twenty times as fast: most positions of a text cannot begin a mark, so
    only those are tried that stand before one of its words."""
    if not text.isascii() and any(character in text for character in _FOLD_TO_ASCII):
        yield from _START.finditer(text)
        return
    end = 0
    for position in sorted(_possible_starts(text)):
        if position >= end and (found := _START.match(text, position)) is not None:
            yield found
            end = found.end()


def _possible_starts(text: str) -> set[int]:
    lower = text.lower()
    possible: set[int] = set()
    for word, before in _STARTS_BEFORE.items():
        for position in _positions(lower, word):
            possible.update(position - back for back in before if back <= position)
    for word in _LINE_WORDS:
        for position in _positions(lower, word):
            line = lower.rfind("\n", max(0, position - _BEFORE_LINE_WORD), position) + 1
            if line or position < _BEFORE_LINE_WORD:
                possible.add(line)
    for position in _positions(lower, "####"):
        if not lower.startswith("#", position + 4):
            possible.add(position)
    return possible


def _positions(text: str, word: str) -> Iterator[int]:
    position = text.find(word)
    while position >= 0:
        yield position
        position = text.find(word, position + 1)


def _read(text: str, start: re.Match[str]) -> Marked | None:
    kind = start.lastgroup
    rest = text[start.end() : start.end() + _LONGEST]
    if kind == "json":
        value, is_enclosed = _json_value(rest), True
    elif kind == "tag":
        value, is_enclosed = re.split(r"</answer>|\n\n", rest, maxsplit=1, flags=re.IGNORECASE)[0], True
    elif kind == "call":
        value, is_enclosed = _call_value(rest), True
    elif kind == "boxed":
        value, is_enclosed = _braced(rest), True
    else:
        value, is_enclosed = _line_value(text, start.end(), rest), False
    if value is None or _NEGATION.match(value):
        return None
    value = value.strip(_WRAPPING).strip()
    if not any(character.isalnum() for character in value):
        return None
    return Marked(value, is_strong=kind != "prose", is_enclosed=is_enclosed)


def _line_value(text: str, position: int, rest: str) -> str | None:
    """The rest of the line; if that is empty, the next line, if it is short or the last one."""
    line, _, below = rest.partition("\n")
    if any(character.isalnum() for character in line):
        return line
    below = below.lstrip()
    following, _, after = below.partition("\n")
    is_last = not after.strip() and position + len(rest) >= len(text)
    return following if is_last or len(following.strip(_WRAPPING)) <= 30 else None


def _json_value(rest: str) -> str | None:
    escaped = rest.startswith("\\")
    rest = rest.removeprefix("\\")
    if rest[:1] not in ('"', "'"):
        return re.split(r"[,}\n]", rest, maxsplit=1)[0]
    end = re.compile(r"(?<!\\)" + rest[0]).search(rest, 1)
    if escaped:
        return rest[1:].split("\\" + rest[0], maxsplit=1)[0]
    if end is None:
        return None
    inner = rest[1 : end.start()]
    try:
        loaded = json.loads(f'"{inner}"', strict=False) if rest[0] == '"' else inner
    except json.JSONDecodeError:
        return inner
    return loaded if isinstance(loaded, str) else inner


def _call_value(rest: str) -> str | None:
    line = rest.partition("\n")[0]
    return line[: line.find(")", 1)] if line.find(")", 1) > 0 else line


def _braced(rest: str) -> str | None:
    depth = 1
    for index, character in enumerate(rest):
        depth += (character == "{") - (character == "}")
        if depth == 0:
            return rest[:index]
    return None
