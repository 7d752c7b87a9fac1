"""Read the final answer out of a model's text. Used by votes, scorers and simulated models alike.

The rules, in order:

1. The last strong mark (``Answer: ...``, ``#### ...``, ``\\boxed{...}``, ``"answer": ...``; see
   `core/marks.py`) that holds an answer of the wanted kind decides; then the last weak one ("the answer is").
2. A mark that names several answers ("A or B", "5 or 6") or something that is no answer of that kind is
   *unclear*: the text has no answer, rather than one that we picked.
3. Without a mark: for numbers, the number in bold in the last line, or else the last number of the text, as
   the official GSM8K matchers do; for choices, a letter in the form of an option in the last line that has
   one.

Text is only matched, never evaluated. A reader returns None where it finds nothing; it does not guess.
Reading takes time in proportion to the length of the text, however hostile it is.
"""

import re
from enum import Enum
from itertools import pairwise
from typing import Literal

from itas.core.marks import Marked, after_thoughts, find_marks
from itas.core.numbers import Number, find_last_number, find_numbers, normal_number
from itas.core.plain import plain_text

AnswerKind = Literal["number", "choice", "text"]

__all__ = [
    "AnswerKind",
    "find_answer",
    "find_choice",
    "find_marked",
    "find_number",
    "normal_number",
    "normal_text",
]


class _Gap(Enum):
    NOTHING = "no answer of this kind here"
    UNCLEAR = "an answer, but not one"


_JOINED = re.compile(r"\s{0,5}(?:or|and|to|[-,;:|&+*/x÷]|\\times|\\pm|±)?\s{0,5}(?:by\s{0,3})?")
_WORDS = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
    "seventeen": 17, "eighteen": 18, "nineteen": 19,
}  # fmt: skip
_TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
_GOES_ON = re.compile(
    r"hundred|thousand|million|billion|trillion|dozen|point|half|halves|thirds?|quarters?|fourths?|fifths?|sixths?"
    r"|sevenths?|eighths?|ninths?|tenths?|or|and|to|by|times|plus|minus|over"
)
_LARGER_UNIT = re.compile(
    r"\s?(?:h|hrs?|hours?|min(?:ute)?s?|days?|weeks?|months?|years?|ft|feet|foot|dollars?|euros?|pounds?|lbs?)\.?"
    r"\s{0,2}(?:,|and)?\s{0,2}",
    re.IGNORECASE,
)
_SMALLER_UNIT = re.compile(
    r"\s?(?:h|hrs?|hours?|m|min(?:ute)?s?|s|sec(?:ond)?s?|days?|weeks?|months?|in|inch(?:es)?|cents?|pence|oz|ounces?)"
    r"(?![A-Za-z0-9])",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"[.;!?]\s{1,5}(?=[A-Z(])")
_SHORT = 100
"""A longer text behind a mark is an answer only where it starts with one."""
_FULL_HOUR = re.compile(r"(?<![0-9:])([0-9]{1,2}):00(?![0-9:])")
_GROUPED_BY_SPACES = re.compile(r"(?<![0-9.,])[0-9]{1,3}(?: [0-9]{3}){1,6}(?![0-9])")
_BOLD = re.compile(r"\*\*([^*\n]{1,200})\*\*")

_CAPITAL = re.compile(
    r"(?<![A-Za-z0-9'&+.-])(?<!not )(?<!n't )(?<!not \()[(\[]?([A-Z])[)\]]?(?![A-Za-z0-9'&+])"
)
_ARTICLE = re.compile(
    r" (?!because\b|since\b|as\b|is\b|and\b|or\b|for\b|with\b|due\b|which\b|would\b|but\b|not\b)[a-z]"
)
_FIRST = re.compile(
    r"(?:(?:option|choice|letter|answer)\s{1,3})?[(\[{]?([A-Za-z])(?:[)\]}.:,;]|[*_]{1,3}|\s{0,3}$|\s{1,3}-)",
    re.IGNORECASE,
)
_SECOND = re.compile(
    r"[\s*_,;.)\]]{0,6}(?:or|and|/|,|&|\|)[\s*_(\[]{0,6}(?:option )?([A-Za-z])(?![A-Za-z0-9'])"
)
_OPTION_FORM = re.compile(
    r"\(([A-Za-z])\)|\b(?:option|choice|letter|answer)s?\s{1,3}[*_(\"']{0,4}([A-Z])(?![A-Za-z0-9'])"
    r"|\*\*([A-Z])[.):]?\*\*|^[\s>*_-]{0,8}[(\[]?([A-Z])[)\].:](?:\s|$|[*_])|^[\s>*_\"']{0,8}([A-Za-z])[.\s*_\"']{0,8}$",
)


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
    return None if marked is None else normal_text(marked) or None


def find_marked(text: str) -> str | None:
    """What stands behind the last strong mark, or the last weak one; see `core/marks.py`."""
    marks = find_marks(after_thoughts(text))
    return marks[0].value if marks else None


def find_number(text: str) -> str | None:
    """The final number: from the marked answer if there is one, else the last number in the text."""
    plain = after_thoughts(text)
    for mark in find_marks(plain):
        reading = _read_number(mark)
        if isinstance(reading, str):
            return reading
        if reading is _Gap.UNCLEAR:
            return None
    last_line = plain.rstrip().rpartition("\n")[2]
    bold = [number for span in _BOLD.findall(last_line[-2000:]) for number in find_numbers(span)]
    if len(bold) == 1:
        return bold[0].value
    last = find_last_number(plain)
    return last.value if last and not _is_second_part(plain, last) else None


def find_choice(text: str, *, n_choices: int = 26) -> str | None:
    """The chosen letter: from the marked answer if there is one, else from the last line that has a letter
    in the form of an option."""
    allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[:n_choices]
    plain = after_thoughts(text)
    for mark in find_marks(plain):
        reading = _read_choice(mark, allowed)
        if isinstance(reading, str):
            return reading
        if reading is _Gap.UNCLEAR:
            return None
    for line in reversed(plain[-20_000:].splitlines()):
        letters = _options_in(line[:2000], allowed)
        if letters:
            return letters.pop() if len(letters) == 1 else None
    return None


def normal_text(text: str) -> str:
    """Lower case, single spaces, no closing punctuation or wrapping quotes."""
    return " ".join(plain_text(text).split()).strip(" .,;:!?\"'`*_").casefold()


def _read_number(mark: Marked) -> str | _Gap:
    value = mark.value if mark.is_enclosed else _SENTENCE_END.split(mark.value, maxsplit=1)[0]
    value = _before_almost(value)
    value = _join_groups(_FULL_HOUR.sub(r"\1", value))
    is_short = len(value) <= _SHORT
    _, equals, behind = value.rpartition("=")
    numbers = list(find_numbers(behind)) if equals and is_short else []
    if numbers:
        return _one_number(behind, numbers)
    numbers = list(find_numbers(value))
    if numbers and not is_short:
        is_first = not any(map(str.isalnum, value[: numbers[0].start]))
        return _one_number(value, numbers) if is_first and not mark.is_enclosed else _Gap.NOTHING
    if numbers:
        return _one_number(value, numbers)
    word = _number_in_words(value) if len(value) <= 30 else None
    return word or (_Gap.UNCLEAR if mark.is_strong and is_short else _Gap.NOTHING)


def _one_number(value: str, numbers: list[Number]) -> str | _Gap:
    first = numbers[0]
    if len(numbers) > 1 and _JOINED.fullmatch(value[first.end : numbers[1].start]):
        return _Gap.UNCLEAR
    if len(numbers) > 1 and _are_parts(value, first, numbers[1]):
        return _Gap.UNCLEAR
    return first.value if first.value is not None else _Gap.UNCLEAR


def _are_parts(value: str, first: Number, second: Number) -> bool:
    """``3h 20min``, ``30 dollars 50 cents``: one quantity in two units, which no number alone says."""
    between = value[first.end : second.start]
    return bool(_LARGER_UNIT.fullmatch(between) and _SMALLER_UNIT.match(value, second.end))


def _is_second_part(text: str, last: Number) -> bool:
    start = max(0, last.start - 60)
    numbers = list(find_numbers(text[start : last.end + 20]))
    return any(
        second.end + start == last.end and _are_parts(text[start : last.end + 20], first, second)
        for first, second in pairwise(numbers)
    )


def _before_almost(value: str) -> str:
    """Of ``a ~ b`` a; b where a is a calculation or has no spelling (``17 / 8.5``, ``\\sqrt{2}``)."""
    before, almost, after = value.partition(" ~")
    if not almost:
        return value
    numbers = list(find_numbers(before.rpartition("=")[2]))
    return before if len(numbers) == 1 and numbers[0].value is not None else after


def _number_in_words(value: str) -> str | None:
    """A number up to ninety-nine at the start, unless it goes on: "two hundred", "one half", "five or six"."""
    words = [word.strip(".,;:!?()") for word in normal_text(value).replace("-", " ").split()]
    if not words:
        return None
    number, rest = _WORDS.get(words[0]), words[1:]
    if words[0] in _TENS:
        unit = _WORDS.get(rest[0], 0) if rest else 0
        number = _TENS[words[0]] + (unit if 1 <= unit <= 9 else 0)
        rest = rest[1:] if 1 <= unit <= 9 else rest
    if number is None or (rest and (_GOES_ON.fullmatch(rest[0]) or rest[0] in _WORDS or rest[0] in _TENS)):
        return None
    return str(number)


def _join_groups(value: str) -> str:
    """``10 000 km`` as ``10000 km``, where no other number stands in the text."""
    found = _GROUPED_BY_SPACES.search(value)
    if found is None or any(map(str.isdigit, value[: found.start()] + value[found.end() :])):
        return value
    return value.replace(found[0], found[0].replace(" ", ""))


def _read_choice(mark: Marked, allowed: str) -> str | _Gap:
    value = mark.value.lstrip("$\\ ").removeprefix("text{").removeprefix("mathrm{").removeprefix("textbf{")
    first = _FIRST.match(value)
    if first and first[1].upper() in allowed and not (first[1].islower() and len(value) > 40):
        second = _SECOND.match(value, first.end(1))
        if second and second[1].upper() in allowed and second[1].upper() != first[1].upper():
            return _Gap.UNCLEAR
        return first[1].upper()
    letters = _capitals_in(value[:200], allowed) or _options_in(value[:200], allowed)
    if len(letters) == 1:
        return letters.pop()
    return _Gap.UNCLEAR if letters else _Gap.NOTHING


def _capitals_in(text: str, allowed: str) -> set[str]:
    """Letters that stand alone, less the article "A" and the pronoun "I"."""
    return {
        found[1]
        for found in _CAPITAL.finditer(text)
        if found[1] in allowed and not (found[0] in ("A", "I") and _ARTICLE.match(text, found.end()))
    }


def _options_in(line: str, allowed: str) -> set[str]:
    """Letters in the form of an option: ``(B)``, ``B.`` or ``B:`` at the start, ``**B**``, ``option B``, or
    alone on the line."""
    letters = {next(group for group in found.groups() if group) for found in _OPTION_FORM.finditer(line)}
    return {letter.upper() for letter in letters} & set(allowed)
