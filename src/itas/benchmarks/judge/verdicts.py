"""Read verdicts: ratings, and which of two answers is better, in the official forms and in ours.

A reply that holds several different verdicts has none: it is asked for again, not guessed at. (FastChat's own
reader takes ``[[A]]`` wherever it stands, Arena-Hard's does as we do.) Of several ratings the last counts;
judges give reasons first. On every recorded judgment that is what the official reader finds.
"""

import re
from typing import Literal

from itas.errors import ParseError

Relation = Literal[">>", ">", "=", "<", "<<"]
"""How the first of two answers compares with the second."""

SHARE: dict[Relation, float] = {">>": 1.0, ">": 1.0, "=": 0.5, "<": 0.0, "<<": 0.0}
"""What the first one wins of a game."""

_TURNED: dict[Relation, Relation] = {">>": "<<", ">": "<", "=": "=", "<": ">", "<<": ">>"}
_RATING = re.compile(r"\[\[\s*(\d{1,4}(?:\.\d{1,6})?)\.?\s*\]\]")
_SINGLE_BRACKETS = re.compile(r"\[\s*(\d{1,4}(?:\.\d{1,6})?)\.?\s*\]")
_OWN_RATING = re.compile(
    r"^[\s>*_#-]{0,8}RATING[*_]{0,3}\s*:\s*[*_]{0,3}\s*(\d{1,4}(?:\.\d{1,6})?)", re.M | re.I
)
_LETTER = re.compile(r"\[\[\s*([ABC])\s*\]\]")
_LETTER_MEANS: dict[str, Relation] = {"A": ">", "B": "<", "C": "="}
_FIVE = re.compile(r"\[\[\s*([AB<>=]{2,4})\s*\]\]")
_FIVE_MEANS: dict[str, Relation] = {
    "A>>B": ">>", "A>B": ">", "A=B": "=", "A<B": "<", "A<<B": "<<",
    "B>>A": "<<", "B>A": "<", "B=A": "=", "B<A": ">", "B<<A": ">>",
}  # fmt: skip
_OWN_VERDICT = re.compile(
    r"^[\s>*_#-]{0,8}VERDICT[*_]{0,3}\s*:[\s*_]{0,4}([A-Z0-9]{4,18})\s{0,3}(>>|>|=|<|<<)\s{0,3}([A-Z0-9]{4,18})",
    re.M | re.I,
)


def turn_round(relation: Relation) -> Relation:
    """The same seen from the second answer."""
    return _TURNED[relation]


def parse_rating(text: str, *, low: float = 1.0, high: float = 10.0) -> float:
    """Read the last ``[[7]]``, else the last ``[7]``, as the official prompts ask for it.

    Raises:
        ParseError: There is none, or it is not from `low` to `high`.
    """
    found = _RATING.findall(text) or _SINGLE_BRACKETS.findall(text)
    return _within(found, low, high, text)


def parse_own_rating(text: str, *, low: float = 1.0, high: float = 10.0) -> float:
    """Read the last line ``RATING: 7``, as our prompt asks for it.

    Raises:
        ParseError: There is none, or it is not from `low` to `high`.
    """
    return _within(_OWN_RATING.findall(text), low, high, text)


def parse_letter(text: str) -> Relation:
    """Read ``[[A]]``, ``[[B]]`` or ``[[C]]`` (a tie).

    Raises:
        ParseError: Unless exactly one of them is named.
    """
    letters = set(_LETTER.findall(text))
    if len(letters) != 1:
        raise ParseError(f"expected one of [[A]], [[B]], [[C]], found {sorted(letters) or 'none'}", text)
    return _LETTER_MEANS[letters.pop()]


def parse_five(text: str) -> Relation:
    """Read one of the five verdicts ``[[A>>B]]``, ``[[A>B]]``, ``[[A=B]]``, ``[[B>A]]``, ``[[B>>A]]``.

    Raises:
        ParseError: Unless exactly one verdict is given.
    """
    named = set(_FIVE.findall(text))
    found: set[Relation] = {_FIVE_MEANS[each] for each in named if each in _FIVE_MEANS}
    if len(found) != 1 or not named <= set(_FIVE_MEANS):
        raise ParseError(f"expected one verdict such as [[A>B]], found {sorted(named) or 'none'}", text)
    return found.pop()


def parse_own_verdict(text: str, first: str, second: str) -> Relation:
    """Read the last line ``VERDICT: K7Q2 > B3D4``, as our prompt asks for it.

    Raises:
        ParseError: There is none, or it does not name these two answers.
    """
    lines = _OWN_VERDICT.findall(text)
    if not lines:
        raise ParseError("no VERDICT line", text)
    left, sign, right = lines[-1]
    relation: Relation = sign
    if (left.upper(), right.upper()) == (first, second):
        return relation
    if (left.upper(), right.upper()) == (second, first):
        return turn_round(relation)
    raise ParseError(f"expected {first} and {second}, found {left} and {right}", text)


def parse_identifier(text: str) -> Relation:
    """Read ``m`` (the first) or ``M`` (the second), as AlpacaEval's prompt asks for it.

    Raises:
        ParseError: The reply is something else.
    """
    found = text.strip().strip(".\"'`*")
    if found not in ("m", "M"):
        raise ParseError("expected m or M and nothing else", text)
    return ">" if found == "m" else "<"


def _within(found: list[str], low: float, high: float, text: str) -> float:
    if not found:
        raise ParseError("no rating", text)
    rating = float(found[-1])
    if not low <= rating <= high:
        raise ParseError(f"a rating goes from {low:g} to {high:g}, found {rating:g}", text)
    return rating
