"""Whether two mathematical answers are the same, without any algebra system: the cheap path.

`compare` says yes or no where it is sure, and None where a slower checker must decide. Sure of a yes: equal
strings, equal exact numbers, formulas that agree at random points (Schwartz-Zippel; a false yes would need a
coincidence in 9 digits at every point). Sure of a no: both sides are read completely and differ. ``1/3`` is
not ``0.333``.

Intervals and tuples keep their brackets and order; sets and bare lists (``1, 2``; ``1 and 2``; ``\\pm 2``)
have none.
"""

import re
from collections.abc import Sequence
from enum import Enum
from fractions import Fraction

from itas.benchmarks.mathematics.expression import Formula, Unreadable, Value, read_formula, value_at
from itas.benchmarks.mathematics.latex import LONGEST, clean, squeeze, ungroup
from itas.core.seeds import random_for

_MOST_PARTS = 60
_CLOSE = 1e-9
_MATRIX = re.compile(
    r"^\\begin\{[a-z]{0,8}matrix\}(.*)\\end\{[a-z]{0,8}matrix\}$|^\\begin\{array\}\{[lcr|]{0,20}\}(.*)\\end\{array\}$",
    re.DOTALL,
)
_RELATION = re.compile(r"\\le(?![A-Za-z])|\\ge(?![A-Za-z])|[<>]=?")
_OPTION = re.compile(r"^[(\[]?\s?([A-Ja-j])\s?[)\].:]?$")
_NAMED = re.compile(
    r"^(?:[A-Za-z]|\\[a-z]{2,8}|[a-z]\([a-z]\)|[A-Za-z]_\{?[0-9a-z]\}?|[A-Za-z]{2,8})\s?(?:=|\\in(?![A-Za-z]))\s?(.+)$"
)
_WORDS = re.compile(r"(?:,\s?)?(?<![A-Za-z\\])(?:and|or)(?![A-Za-z])")
_WORD = re.compile(
    r"(?<![\\A-Za-z])(?!sin|cos|tan|cot|sec|csc|log|sqrt|exp|infty|begin|end|matrix)[A-Za-z]{3,}"
)
_BASED = re.compile(r"^(-?[0-9]{1,200})_\{?([0-9]{1,3})\}?$")
_MEMBER = re.compile(r"^[A-Za-z]\s?\\in(?![A-Za-z])\s?(?=[(\[\\])")


class _Gap(Enum):
    OTHER = "not of this form: another reading decides"


_Verdict = bool | None | _Gap


def compare(gold: str, given: str) -> bool | None:
    """Whether the answers are the same; None where this path cannot tell.

    Args:
        gold: The right answer.
        given: The answer of a model. Data: only matched and parsed here.
    """
    if gold.strip() == given.strip():
        return bool(gold.strip())
    if len(gold) > LONGEST or len(given) > LONGEST:
        return False
    a, b = _one_number(clean(gold)), _one_number(clean(given))
    if not a or not b:
        return False if b != a else None
    return _same(a, b, 0)


def _same(a: str, b: str, depth: int) -> bool | None:
    a, b = _MEMBER.sub("", a), _MEMBER.sub("", b)
    if squeeze(a) == squeeze(b):
        return True
    if depth > 6:
        return None
    option_a, option_b = _OPTION.match(a), _OPTION.match(b)
    if option_a and (option_b := option_b or re.match(r"^[(\[]?([A-J])[)\].:](?:\s|$)", b)):
        is_option = a[0] in "([" or option_a[1].isupper()
        return option_a[1].upper() == option_b[1].upper() if is_option else option_a[1] == option_b[1]
    for compared in (_based, _matrices, _named, _unions, _relations, _lists, _numbers):
        verdict = compared(a, b, depth)
        if not isinstance(verdict, _Gap):
            return verdict
    is_wordy_a, is_wordy_b = _is_wordy(a), _is_wordy(b)
    return False if is_wordy_a != is_wordy_b or (_is_words(a) and _is_words(b)) else None


def _based(a: str, b: str, depth: int) -> _Verdict:
    """Numbers of another base: the same digits and the same base, as the official grader has it."""
    if not _BASED.match(a):
        return _Gap.OTHER
    return False if _BASED.match(b) or _number_of(b) is not None else None


def _matrices(a: str, b: str, depth: int) -> _Verdict:
    found_a, found_b = _MATRIX.match(a), _MATRIX.match(b)
    if not found_a and not found_b:
        return _Gap.OTHER
    if not (found_a and found_b):
        return None
    rows_a, rows_b = _cells(found_a), _cells(found_b)
    if [len(row) for row in rows_a] != [len(row) for row in rows_b]:
        return False
    pairs = [pair for x, y in zip(rows_a, rows_b, strict=True) for pair in zip(x, y, strict=True)]
    return _all([_same(clean(x), clean(y), depth + 1) for x, y in pairs])


def _cells(found: re.Match[str]) -> list[list[str]]:
    rows = re.split(r"\\\\(?:\[[^\]]{0,9}\])?", found[1] or found[2] or "")
    return [[cell.strip() for cell in row.split("&")] for row in rows if row.strip()]


def _named(a: str, b: str, depth: int) -> _Verdict:
    """``x = 5`` is ``5``, but not ``y = 5``; equations are compared as equations."""
    name_a, name_b = _NAMED.match(a), _NAMED.match(b)
    is_several = "," in a or "," in b or _RELATION.search(a) or _RELATION.search(b)
    if is_several and not (name_b and not name_a and _parts(b)[0] == 1 and "=" not in a):
        return _Gap.OTHER
    if "=" in a and "=" in b and a.count("=") == b.count("=") == 1:
        return _equations(a, b)
    if name_a and not name_b and "=" not in b and b.count("\\in ") == 0:
        return _same(clean(name_a[1]), b, depth + 1)
    if name_b and not name_a and "=" not in a and a.count("\\in ") == 0:
        return _same(a, clean(name_b[1]), depth + 1)
    if "=" in b and "=" not in a:  # 2 + 3 = 5
        return _same(a, clean(b.rpartition("=")[2]), depth + 1)
    return _Gap.OTHER


def _equations(a: str, b: str) -> bool | None:
    """Both sides moved to the left agree up to a constant factor."""
    (left_a, right_a), (left_b, right_b) = a.split("="), b.split("=")
    if squeeze(left_a) == squeeze(left_b):
        return _same(clean(right_a), clean(right_b), 5)
    try:
        one, names_one = read_formula(f"({left_a})-({right_a})")
        two, names_two = read_formula(f"({left_b})-({right_b})")
        if names_one != names_two:
            return False
        ratios = [_ratio(one, two, point) for point in _points(names_one, a)]
    except Unreadable:
        return None
    return all(abs(ratio - ratios[0]) <= _CLOSE * abs(ratios[0]) for ratio in ratios) or None


def _ratio(one: Formula, two: Formula, point: dict[str, complex]) -> complex:
    bottom = complex(value_at(two, point))
    if abs(bottom) < 1e-12:
        raise Unreadable
    return complex(value_at(one, point)) / bottom


def _unions(a: str, b: str, depth: int) -> _Verdict:
    if "\\cup" not in a and "\\cup" not in b:
        return _Gap.OTHER
    if ("\\cup" in a) != ("\\cup" in b):
        return None
    return _unordered(_split(a, "\\cup"), _split(b, "\\cup"), depth)


def _lists(a: str, b: str, depth: int) -> _Verdict:
    a, b = _spread(a), _spread(b)
    if "," in a or "," in b:
        number_a, number_b = _number_of(a), _number_of(b)
        if number_a is not None and number_b is not None:
            return number_a == number_b
    (count_a, open_a, close_a, parts_a), (count_b, open_b, close_b, parts_b) = _parts(a), _parts(b)
    if count_a == 1 and count_b == 1 and not (open_a == open_b == "\\{"):
        if "\\{" in (open_a, open_b) and "\\{" not in (a[:2], b[:2]):
            return _Gap.OTHER
        return _same(parts_a[0], parts_b[0], depth + 1) if "\\{" in (open_a, open_b) else _Gap.OTHER
    if count_a > _MOST_PARTS or count_b > _MOST_PARTS:
        return None
    if count_a != count_b:
        return False if _all_readable(parts_a) and _all_readable(parts_b) else None
    is_free = open_a in ("", "\\{") and open_b in ("", "\\{")
    if is_free:
        return _unordered(parts_a, parts_b, depth)
    verdict = _all([_same(clean(x), clean(y), depth + 1) for x, y in zip(parts_a, parts_b, strict=True)])
    if (open_a, close_a) == (open_b, close_b) or verdict is False:
        return verdict
    return False if open_a and open_b else None


def _spread(text: str) -> str:
    """``1 and 2`` as ``1, 2``; ``\\pm 2`` as ``2, -2``."""
    text = _WORDS.sub(",", text)
    if text.count("\\pm") == 1 and "," not in text:
        before, _, after = text.partition("\\pm")
        return (
            f"{before}+{after.strip()}, {before}-{after.strip()}"
            if before.strip()
            else f"{after.strip()}, -({after.strip()})"
        )
    return text


def _is_bracketed(text: str) -> bool:
    return text.startswith(("(", "[", "\\{"))


def _parts(text: str) -> tuple[int, str, str, list[str]]:
    """Number of parts, brackets, parts. A text in brackets that is no list is one part without brackets."""
    opening, closing, inner = "", "", text
    for start in ("\\{", "(", "["):
        for end in ("\\}", ")", "]"):
            if text.startswith(start) and text.endswith(end) and (start == "\\{") == (end == "\\}"):
                middle = text[len(start) : len(text) - len(end)]
                if _is_balanced(middle):
                    opening, closing, inner = start, end, middle
    parts = [part.strip() for part in _split(inner, ",")]
    if len(parts) == 1 and opening != "\\{":
        return 1, "", "", [text]
    return len(parts), opening, closing, parts


def _split(text: str, at: str) -> list[str]:
    """Parts between separators that stand in no brackets."""
    parts: list[str] = []
    depth, start, index = 0, 0, 0
    while index < len(text):
        character = text[index]
        if character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
        if depth <= 0 and text.startswith(at, index):
            parts.append(text[start:index])
            index += len(at)
            start = index
            continue
        index += 1
    return [*parts, text[start:]]


def _is_balanced(text: str) -> bool:
    depth = 0
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        if depth < 0:
            return False
    return depth == 0


def _unordered(parts_a: Sequence[str], parts_b: Sequence[str], depth: int) -> bool | None:
    """The same parts in any order, each once."""
    if len(parts_a) != len(parts_b) or len(parts_a) > _MOST_PARTS:
        return None
    left = [clean(part) for part in parts_b]
    is_unsure = False
    for part in map(clean, parts_a):
        verdicts = [_same(part, other, depth + 1) for other in left]
        if True in verdicts:
            left.pop(verdicts.index(True))
        elif None in verdicts:
            is_unsure = True
        else:
            return False
    return None if is_unsure else True


def _relations(a: str, b: str, depth: int) -> _Verdict:
    """``x > 5`` is ``5 < x`` and ``(5, \\infty)``."""
    if not _RELATION.search(a) and not _RELATION.search(b):
        return _Gap.OTHER
    interval_a, interval_b = _interval(a), _interval(b)
    if interval_a is None or interval_b is None:
        return None
    return _same(interval_a, interval_b, depth + 1) if interval_a != a or interval_b != b else None


def _interval(text: str) -> str | None:
    """The interval that an inequality in one letter says; an interval itself as it is."""
    if _is_bracketed(text):
        return text
    signs = [found[0].replace("\\le", "<=").replace("\\ge", ">=") for found in _RELATION.finditer(text)]
    sides = [side.strip() for side in _RELATION.split(text)]
    if any(">" in sign for sign in signs):
        if not all(">" in sign for sign in signs):
            return None
        sides, signs = sides[::-1], [sign.replace(">", "<") for sign in signs[::-1]]
    names = [re.fullmatch(r"[A-Za-z]|\\[a-z]{2,8}", side) is not None for side in sides]
    if names == [True, False]:
        return f"(-\\infty,{sides[1]}{']' if '=' in signs[0] else ')'}"
    if names == [False, True]:
        return f"{'[' if '=' in signs[0] else '('}{sides[0]},\\infty)"
    if names == [False, True, False]:
        return f"{'[' if '=' in signs[0] else '('}{sides[0]},{sides[2]}{']' if '=' in signs[1] else ')'}"
    return None


def _numbers(a: str, b: str, depth: int) -> _Verdict:
    """Formulas by their values."""
    reading_a, reading_b = _read(a), _read(b)
    if reading_a is None or reading_b is None:
        return _Gap.OTHER
    (one, names_one), (two, names_two) = reading_a, reading_b
    names = names_one | names_two
    if not names:
        try:
            return _is_close(value_at(one, {}), value_at(two, {}))
        except Unreadable:
            return None
    agreed = [_agree(one, two, point) for point in _points(names, a)]
    if agreed == [True] * len(agreed):
        return True
    return False if agreed[0] is False and agreed[1] is False else None


def _agree(one: Formula, two: Formula, point: dict[str, complex]) -> bool | None:
    try:
        return _is_close(value_at(one, point), value_at(two, point))
    except Unreadable:
        return None


def _points(names: frozenset[str], seed: str) -> list[dict[str, complex]]:
    """Two points of positive numbers, one of negative ones."""
    rng = random_for("equivalence", seed)
    return [{name: complex(sign * rng.uniform(0.3, 2.7)) for name in sorted(names)} for sign in (1, 1, -1)]


def _is_close(a: Value, b: Value) -> bool:
    if isinstance(a, Fraction) and isinstance(b, Fraction):
        return a == b
    a, b = complex(a), complex(b)
    return abs(a - b) <= _CLOSE * max(abs(a), abs(b), 1e-6)


def _read(text: str) -> tuple[Formula, frozenset[str]] | None:
    try:
        return read_formula(ungroup(text))
    except Unreadable:
        return None


def _one_number(text: str) -> str:
    """``1,000`` as ``1000``, if that is all."""
    return text if "," not in text or _number_of(text) is None else ungroup(text)


def _number_of(text: str) -> Fraction | None:
    """The value of a text that is one number, thousands grouped or not."""
    plain = ungroup(text).replace(" ", "")
    if not re.fullmatch(r"[-+]?(?:[0-9]{1,400}(?:\.[0-9]{1,400})?|\.[0-9]{1,400})", plain):
        return None
    return Fraction(plain)


def _all(verdicts: Sequence[bool | None]) -> bool | None:
    if False in verdicts:
        return False
    return None if None in verdicts else True


def _all_readable(parts: Sequence[str]) -> bool:
    return all(_read(part) is not None for part in parts)


def _is_words(text: str) -> bool:
    return re.fullmatch(r"[A-Za-z][A-Za-z' .-]{2,}", text) is not None


def _is_wordy(text: str) -> bool:
    """A statement rather than a formula: words of three letters that are no functions."""
    return _WORD.search(text) is not None and _read(text) is None
