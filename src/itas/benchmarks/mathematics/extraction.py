"""Find the final mathematical answer in a model's text.

The last mark decides (``\\boxed{...}``, a line ``Answer: ...``, ``"answer": ...`` in JSON, "the answer is"; see
`core/marks.py`), as the official graders of MATH take the last box. Without a mark: the last formula between
dollar signs of the last lines, else the last number.
"""

import re

from itas.core.answers import find_number
from itas.core.marks import find_marks

_LAST = 20_000
_THOUGHTS_END = re.compile(r"</(?:think|thinking|thought)>", re.IGNORECASE)
_BOX = re.compile(r"\\f?box(?:ed)?\s{0,5}\{")
_BARE_BOX = re.compile(r"\\boxed ([0-9a-zA-Z]{1,20})(?![0-9a-zA-Z])")
_MATHS = re.compile(r"\$\$?([^$\n]{1,500})\$\$?|\\\(([^\n]{1,500}?)\\\)|\\\[(.{1,500}?)\\\]", re.DOTALL)
_SENTENCE_END = re.compile(r"(?<=[^\s.])\.\s+(?=[A-Z])")
_ESCAPES = {"\f": "\\f", "\b": "\\b", "\t": "\\t", "\r": "\\r"}
_LOST = re.compile(r"^(?:rac|ext|egin|inom|oxed)(?=\{)")
_LOST_SIGNS = {"rac": "\\f", "ext": "\\t", "egin": "\\b", "inom": "\\b", "oxed": "\\b"}
"""Where the form feed at the beginning was taken for a space, and dropped."""
_CONTROLS = re.compile(r"[\f\x08\t\r](?=[a-z]{2})")
_LEAD = re.compile(r"^(?:\s|[:=*_`\"'])+|(?:\s|[*_`\"'.])+$")


def find_expression(text: str) -> str | None:
    """The final answer as it was written, or None."""
    plain = _after_thoughts(text)
    for mark in find_marks(plain):
        value = _trim(mark.value)
        if mark.is_enclosed:
            return _unescape(_last_maths(value) if _is_prose(value) else value)
        inner = last_boxed(value)
        if inner is not None:
            return inner
        value = _SENTENCE_END.split(value, maxsplit=1)[0]
        return _last_maths(value) if _is_prose(value) else value
    bare = _BARE_BOX.findall(plain[-_LAST:])
    if bare:
        return bare[-1]
    for line in plain[-_LAST:].rstrip().splitlines()[:-4:-1]:
        found = _MATHS.findall(line)
        if found:
            return _trim(next(part for part in found[-1] if part).rpartition("=")[2])
    return find_number(plain)


def last_boxed(text: str) -> str | None:
    """What stands in the last ``\\boxed{...}`` or ``\\fbox{...}`` whose brace is closed."""
    for start in reversed(list(_BOX.finditer(text[-10 * _LAST :]))[-20:]):
        rest = text[-10 * _LAST :][start.end() : start.end() + 4000]
        depth = 1
        for index, character in enumerate(rest):
            depth += (character == "{") - (character == "}")
            if depth == 0:
                return rest[:index].strip() or None
    found = _BARE_BOX.findall(text[-10 * _LAST :])
    return found[-1] if found else None


def _after_thoughts(text: str) -> str:
    ends = list(_THOUGHTS_END.finditer(text))
    rest = text[ends[-1].end() :] if ends else ""
    return rest if rest.strip() else text


def _is_prose(value: str) -> bool:
    """Words around a formula: ``x equals $5$``."""
    return _MATHS.search(value) is not None and len(_MATHS.sub("", value).strip(" .,;:")) > 0


def _last_maths(value: str) -> str:
    """The formula of a sentence; all of it where several formulas make a list."""
    found = [next(part for part in parts if part) for parts in _MATHS.findall(value)]
    between = re.sub(r"[\s,;.]|and|or", "", _MATHS.sub("", value))
    return ", ".join(found) if len(found) > 1 and not between else found[-1]


def _unescape(value: str) -> str:
    """JSON that was written badly: ``\\frac`` was read as a form feed and ``rac``, or kept its backslash
    twice; rows of a
    matrix are left alone."""
    value = _LOST.sub(lambda found: _LOST_SIGNS[found[0]] + found[0], value)
    value = _CONTROLS.sub(lambda found: _ESCAPES[found[0]], value)
    return value if "\\begin" in value else value.replace("\\\\", "\\")


def _trim(value: str) -> str:
    return _LEAD.sub("", value)
