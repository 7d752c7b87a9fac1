"""Read the final answer out of a model's text. Used by votes, scorers and simulated models alike.

Text is only matched, never evaluated. A reader returns None where it finds nothing; it does not guess.
"""

import re
from decimal import Decimal, InvalidOperation
from typing import Literal

AnswerKind = Literal["number", "choice", "text"]

_NUMBERS = re.compile(r"(?<![\w.])[-+\u2212]?\$?(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?(?:/\d+)?%?")
_MARKED = re.compile(
    r"(?:^|\n)[ \t>*_#-]*(?:final\s+)?answer[ \t*_]*(?::|=|\bis\b)[ \t*_]*(?P<rest>[^\n]+)|"
    r"####[ \t]*(?P<hashes>[^\n]+)|"
    r"\banswer\s+is\s*:?[ \t*_]*(?P<inline>[^\n]+)|"
    r"\bAction:\s*Answer\(\"?(?P<action>[^\")\n]*)\"?\)",
    re.IGNORECASE,
)
_BOXED = re.compile(r"\\boxed\s*\{")
_LETTER = re.compile(r"(?<![A-Za-z0-9'’])\(?\[?([A-Z])\)?\]?(?![A-Za-z0-9'’])")


def find_answer(text: str, kind: AnswerKind, *, n_choices: int = 26) -> str | None:
    """The final answer in one normal form, or None.

    Args:
        text: A model's whole reply.
        kind: ``number`` gives a plain decimal or fraction (``1234.5``, ``1/3``), ``choice`` a capital
            letter, ``text`` the marked answer in lower case with single spaces.
        n_choices: Number of options for ``choice``, 2..26.
    """
    if kind == "number":
        return find_number(text)
    if kind == "choice":
        return find_choice(text, n_choices=n_choices)
    marked = find_marked(text)
    return None if marked is None else normal_text(marked)


def find_marked(text: str) -> str | None:
    """What stands behind the last ``Answer:``, ``####``, ``the answer is`` or in the last ``\\boxed{}``."""
    last: tuple[int, str] | None = None
    for found in _MARKED.finditer(text):
        value = next(group for group in found.groups() if group is not None)
        last = (found.start(), value)
    for found in _BOXED.finditer(text):
        inner = _braced(text, found.end())
        if inner is not None and (last is None or found.start() > last[0] or "boxed" in last[1]):
            last = (found.start(), inner)
    if last is None:
        return None
    value = last[1].strip().strip("*_`\"'").strip()
    return value or None


def find_number(text: str) -> str | None:
    """The final number: from the marked answer if there is one, else the last number in the text."""
    marked = find_marked(text)
    if marked is not None:
        numbers = _NUMBERS.findall(marked)
        if numbers:
            return normal_number(numbers[0] if len(numbers) == 1 else _after_equals(marked, numbers))
    numbers = _NUMBERS.findall(text)
    return normal_number(numbers[-1]) if numbers else None


def find_choice(text: str, *, n_choices: int = 26) -> str | None:
    """The chosen letter: from the marked answer if there is one, else the only capital letter that stands
    alone on the last line that has one."""
    allowed = {chr(ord("A") + index) for index in range(n_choices)}
    marked = find_marked(text)
    if marked is not None:
        letters = [letter for letter in _LETTER.findall(marked) if letter in allowed]
        if letters:
            return letters[0]
        if len(marked) == 1 and marked.upper() in allowed:
            return marked.upper()
    for line in reversed(text.splitlines()):
        letters = [letter for letter in _LETTER.findall(line) if letter in allowed]
        if len(set(letters)) == 1:
            return letters[0]
        if letters:
            return None
    return None


def normal_number(text: str) -> str | None:
    """One spelling per number: ``1,000`` is ``1000``, ``5.0`` is ``5``, ``$12`` is ``12``; fractions stay."""
    bare = text.replace("\u2212", "-").replace(",", "").replace("$", "").rstrip("%.").strip()
    if "/" in bare:
        top, _, bottom = bare.partition("/")
        return f"{top.strip()}/{bottom.strip()}"
    try:
        value = Decimal(bare)
    except InvalidOperation:
        return None
    if not value.is_finite() or abs(value.adjusted()) > 400:
        return None
    plain = format(value, "f")
    plain = plain.rstrip("0").rstrip(".") if "." in plain else plain
    return "0" if plain in ("-0", "") else plain.removeprefix("+")


def normal_text(text: str) -> str:
    """Lower case, single spaces, no closing punctuation or wrapping quotes."""
    return " ".join(text.split()).strip(" .,;:!?\"'`*_").casefold()


def _after_equals(marked: str, numbers: list[str]) -> str:
    return numbers[-1] if "=" in marked else numbers[0]


def _braced(text: str, start: int) -> str | None:
    depth = 1
    for index in range(start, min(len(text), start + 2000)):
        if text[index] == "{":
            depth += 1
        elif text[index] == "}":
            depth -= 1
            if depth == 0:
                return text[start:index]
    return None
