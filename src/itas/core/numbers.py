"""Read numbers out of a model's text, in one spelling per number.

Text is only matched, never evaluated. Every repetition in a pattern is bounded or possessive, so a hostile
text takes time in proportion to its length. Numbers of more than 400 digits are not read.
"""

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from itas.core.plain import plain_text

_MOST_DIGITS = 400
_WINDOW = 20_000
_SCALES = {"hundred": 2, "thousand": 3, "million": 6, "billion": 9, "trillion": 12}

_NUMBER = re.compile(
    r"(?:(?<![A-Za-z0-9.^_)])(?P<sign>[-+])(?=[$€£¥\\.0-9]))?"
    r"(?<![A-Za-z0-9.^_])(?<![A-Za-z]-)(?<!\^\{)(?<!_\{)"  # not inside a word, an exponent or an index
    r"(?:\\?[$€£¥][ ]?(?P<late_sign>-?))?"
    r"(?:(?P<whole>[0-9]{1,6}+)[ ](?P<part>[0-9]{1,6}+/[0-9]{1,6}+)(?![0-9/])"
    r"|(?P<numeral>[0-9]++(?:[,.'_\u2009\u202f][0-9]++){0,60}+|\.[0-9]++)"
    r"(?P<exponent>[eE][-+]?[0-9]{1,4}+(?![A-Za-z0-9]))?"
    r"(?:/(?P<below>[0-9]++(?:\.[0-9]++)?)(?![0-9/]))?)"
    r"(?:[ ]?(?:x|\*|\\times|\\cdot)[ ]?10\^\{?(?P<power>[-+]?[0-9]{1,4}+)\}?)?"
    r"(?:\^\{?(?P<raised>[-+]?[0-9]{1,4}+)\}?)?"
    r"(?P<irrational>[ ]?(?:\\sqrt|√|\\pi|π))?"
    r"(?:[ ](?P<scale>hundred|thousand|million|billion|trillion)\b)?"
)
_FRACTION = re.compile(
    r"\\[dtc]?frac[ ]?(?:\{[ ]?(-?[0-9]{1,30})[ ]?\}[ ]?\{[ ]?([0-9]{1,30})[ ]?\}|([0-9])[ ]?([0-9]))"
)
_LATEX_GROUP = re.compile(r"(?<=[0-9])(?:\\[,!;: ]|\{,\})(?=[0-9]{3}(?![0-9]))")
_SUPERSCRIPT = re.compile(r"(?<=10)⁻?[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,4}")
_SUPERSCRIPTS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
_GROUPED = re.compile(r"[0-9]{1,3}(?:,[0-9]{2,3}){0,60},[0-9]{3}")
_GROUPED_BY_DOTS = re.compile(r"[0-9]{1,3}(?:\.[0-9]{3}){1,60}")
_THOUSANDS = re.compile(r"[kK](?![A-Za-z0-9])")
_ALMOST = re.compile(r"(?<=[0-9)}%])(?=\s{0,3}[≈≅])\s{0,3}[≈≅]")
_NEGATED = re.compile(r"(?:\bnot|n't|\bnever|≠)\s{0,3}$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Number:
    """A number in a text: from `start` to `end`. `value` is its one spelling, None where the text says a
    number that has none (``2^7``, ``\\sqrt{5}``, ``1/0``, ``4.5k``, one of 10,000 digits)."""

    start: int
    end: int
    value: str | None


def find_numbers(text: str) -> Iterator[Number]:
    """Every number of a text that `prepare` went over, in order; none that stands behind "not"."""
    for found in _NUMBER.finditer(text):
        before = text[max(0, found.start() - 12) : found.start()]
        if _NEGATED.search(before):
            continue
        is_scaled = _THOUSANDS.match(text, found.end()) is not None
        if before.rstrip("{ ").endswith(("\\sqrt", "√")) or found["irrational"] or is_scaled:
            yield Number(found.start(), found.end(), None)
        else:
            yield from _numbers_in(found)


def find_last_number(text: str) -> Number | None:
    """The last number of a text that `prepare` went over."""
    for start in (max(0, len(text) - _WINDOW), 0):
        last = deque(find_numbers(text[start:]), maxlen=1)
        # At the edge of the window a number may have lost its beginning.
        if last and (start == 0 or last[0].start > _WINDOW // 2):
            return last[0]
    return None


def normal_number(text: str) -> str | None:
    """One spelling per number, or None where the text is not one number and nothing else.

    ``1,000`` is ``1000``, ``5.0`` is ``5``, ``$12`` is ``12``, ``25%`` is ``25``; a fraction is a plain
    decimal if that is exact (``3/4`` is ``0.75``) and in lowest terms if not (``2/6`` is ``1/3``).
    """
    bare = prepare(text[: 4 * _MOST_DIGITS]).strip().rstrip("%.$€£¥ \\").lstrip("\\").strip()
    numbers = list(find_numbers(bare))
    whole = len(numbers) == 1 and numbers[0].start == 0 and numbers[0].end == len(bare)
    return numbers[0].value if whole and len(text) <= 4 * _MOST_DIGITS else None


def prepare(text: str) -> str:
    """The text with one spelling for signs, digits and LaTeX fractions; ``a ≈ b`` becomes ``a ~ b``."""
    plain = text
    if not text.isascii():
        plain = plain_text(_ALMOST.sub(" ~", text))
        plain = _SUPERSCRIPT.sub(lambda found: "^" + found[0].translate(_SUPERSCRIPTS), plain)
    if "\\" not in plain and "{" not in plain:
        return plain
    return _LATEX_GROUP.sub(",", _FRACTION.sub(_fraction, plain))


def _fraction(found: re.Match[str]) -> str:
    top, bottom = (found[1], found[2]) if found[1] else (found[3], found[4])
    start = found.start()
    space = " " if start and found.string[start - 1].isdigit() else ""
    return f"{space}{top}/{bottom}"


def _numbers_in(found: re.Match[str]) -> Iterator[Number]:
    """The number of one match, or several where commas only list them (``5,6,7``)."""
    start, end = found.span()
    if found["whole"]:
        top, _, bottom = found["part"].partition("/")
        value = None if int(bottom) == 0 else int(found["whole"]) + Fraction(int(top), int(bottom))
        yield Number(start, end, _spell(value, found))
        return
    parts = _split(found["numeral"])
    if not parts:
        return
    position = found.start("numeral")
    for part in parts[:-1]:
        yield Number(position, position + len(part), _spell(_fraction_of(part), None))
        position += len(part) + 1
    if len(parts) > 1:
        start = position
    yield Number(start, end, _spell(_value(parts[-1], found), found))


def _split(numeral: str) -> list[str]:
    """The decimal numbers that a numeral with separators stands for; usually one."""
    if numeral.isdigit() or numeral[0] == ".":
        return [numeral]
    plain = numeral.replace("'", ",").replace("_", ",").replace("\u2009", ",").replace("\u202f", ",")
    before, dot, after = plain.rpartition(".")
    if "," not in plain:
        if plain.count(".") == 1:
            return [plain]
        return [plain.replace(".", "")] if _GROUPED_BY_DOTS.fullmatch(plain) else []
    if not dot and _GROUPED.fullmatch(plain):
        return [plain.replace(",", "")]
    if dot and _GROUPED.fullmatch(before) and after.isdigit():
        return [before.replace(",", "") + "." + after]
    whole, _, decimals = plain.partition(",")
    if _GROUPED_BY_DOTS.fullmatch(whole) and decimals.isdigit() and "." in whole:
        return [whole.replace(".", "") + "." + decimals]
    return [part for part in plain.split(",") if part.count(".") <= 1]


def _value(numeral: str, found: re.Match[str]) -> Fraction | None:
    value = _fraction_of(numeral)
    if found["raised"]:
        if value != 10 or found["below"] or found["power"]:
            return None
        value = _shift(Fraction(1), int(found["raised"]))
    if found["exponent"]:
        value = _shift(value, int(found["exponent"][1:]))
    if found["power"]:
        value = _shift(value, int(found["power"]))
    if found["below"] and value is not None:
        below = _fraction_of(found["below"])
        return value / below if below else None
    return value


def _fraction_of(numeral: str) -> Fraction | None:
    whole, _, decimals = numeral.partition(".")
    if len(whole) + len(decimals) > _MOST_DIGITS:
        return None
    return Fraction(int(f"{whole}{decimals}"), 10 ** len(decimals))


def _shift(value: Fraction | None, power: int) -> Fraction | None:
    return value * Fraction(10) ** power if value is not None and abs(power) <= _MOST_DIGITS else None


def _spell(value: Fraction | None, found: re.Match[str] | None) -> str | None:
    if value is None:
        return None
    scale = 10 ** _SCALES[found["scale"]] if found and found["scale"] else 1
    is_negative = found is not None and "-" in (found["sign"], found["late_sign"])
    return _spell_fraction(value * (-scale if is_negative else scale))


def _spell_fraction(value: Fraction) -> str:
    twos = fives = 0
    rest = value.denominator
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    if rest != 1:
        return f"{value.numerator}/{value.denominator}"
    places = max(twos, fives)
    digits = str(abs(value.numerator) * 10**places // value.denominator).rjust(places + 1, "0")
    text = f"{digits[:-places]}.{digits[-places:]}" if places else digits
    return f"-{text}" if value < 0 else text
