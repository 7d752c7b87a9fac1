"""One spelling for mathematical answers, as strings.

Follows what the graders of MATH do (hendrycks/math ``math_equivalence.py`` at 357963a7, and the normaliser in
appendix D.1 of Lewkowycz et al. 2022, arXiv:2206.14858): style commands, spaces, dollar signs, degree and
percent signs and trailing units go. A percent sign is dropped, never divided by 100. Linear time: every
repetition is bounded or possessive.
"""

import re

from itas.core.plain import plain_text

LONGEST = 2000
"""Characters of an answer that are looked at; a longer one is compared as a string only."""

_SPACES = re.compile(r"(?<!\\)\\[,;:!> ]|\\q?quad(?![A-Za-z])|\\hspace\{[^{}]{0,20}\}|~")
_STYLE = re.compile(
    r"\\(?:left|right|bigl?|bigr?|Bigl?|Bigr?|displaystyle|textstyle|limits|mathopen|mathclose)(?![A-Za-z])"
)
_WRAPPERS = re.compile(
    r"\\(text|textbf|textit|textrm|textnormal|mathrm|mathbf|mathit|mathsf|mbox|hbox|operatorname|bm|boldsymbol|boxed|fbox"
    r"|overline|emph)\s?\{([^{}]{0,200})\}"
)
_DEGREES = re.compile(r"\^\{?\s?\\circ\s?\}?|\\degrees?(?![A-Za-z])|°|º")
_FRACTION = re.compile(r"\\[dtc]frac(?![A-Za-z])")
_SHORT_FRACTION = re.compile(
    r"\\frac\s?(?:\{([^{}]{1,80})\}|([0-9a-zA-Z]))\s?(?:\{([^{}]{1,80})\}|([0-9a-zA-Z]))"
)
_SHORT_ROOT = re.compile(r"\\sqrt\s?([0-9a-zA-Z])")
_ENDS = re.compile(r"^(?:\$|\\\(|\\\[)+|(?:\$|\\\)|\\\])+$")
_SIGNS = {
    "π": "\\pi ", "√": "\\sqrt", "∞": "\\infty ", "∪": "\\cup ", "≤": "\\le ", "≥": "\\ge ", "±": "\\pm ",
    "∅": "\\emptyset ",
    "∈": "\\in ", "θ": "\\theta ", "≠": "\\ne ", "÷": "/", "²": "^2", "³": "^3",
}  # fmt: skip
_NAMES = (
    (re.compile(r"\\(?:leq|leqslant|leqq)(?![A-Za-z])"), "\\\\le "),
    (re.compile(r"\\(?:geq|geqslant|geqq)(?![A-Za-z])"), "\\\\ge "),
    (re.compile(r"\\neq(?![A-Za-z])"), "\\\\ne "),
    (re.compile(r"\\lt(?![A-Za-z])"), "<"),
    (re.compile(r"\\gt(?![A-Za-z])"), ">"),
    (re.compile(r"\\(?:cdot|times|ast)(?![A-Za-z])"), "*"),
    (re.compile(r"\\div(?![A-Za-z])"), "/"),
    (re.compile(r"\\[lr]vert(?![A-Za-z])"), "|"),
    (re.compile(r"\\varnothing(?![A-Za-z])|\\\{\s?\\\}"), "\\\\emptyset "),
    (re.compile(r"(?<![A-Za-z\\])(?:infinity|inf|oo)(?![A-Za-z])"), "\\\\infty "),
    (re.compile(r"\\lbrace(?![A-Za-z])"), "\\\\{"),
    (re.compile(r"\\rbrace(?![A-Za-z])"), "\\\\}"),
    (re.compile(r"\\lbrack(?![A-Za-z])"), "["),
    (re.compile(r"\\rbrack(?![A-Za-z])"), "]"),
    (re.compile(r"\\(sin|cos|tan|cot|sec|csc|log|ln|exp)\s{1,5}(?=[0-9a-zA-Z({\\])"), r"\\\1 "),
)
_UNIT = (
    r"(?:square|cubic|sq\.?|cu\.?|per|a|an|each|of|the|"
    r"(?:milli|centi|kilo|deci)?(?:met(?:er|re)|gram|lit(?:er|re))s?|mm|cm|km|dm|m|mi|ft|feet|foot|in|inch(?:es)?|yd|yards?|miles?|"
    r"units?|dollars?|cents?|usd|euros?|pounds?|lbs?|ounces?|oz|kg|g|mg|ml|l|s|sec(?:ond)?s?|min(?:ute)?s?|h|hrs?|hours?|"
    r"days?|weeks?|months?|years?|degrees?|deg|rad(?:ian)?s?|mph|percent|people|students?|ways?|points?|pieces?|"
    r"apples?|sides?|times|numbers?|integers?|squares?|cubes?|triangles?|faces?|edges?|vertices|books?|balls?|cookies?|"
    r"boys?|girls?|men|women|games?|questions?|pages?|gallons?|cups?|miles per hour|coins?|"
    r"teams?|committees?|solutions?)"
)
_TRAILING_UNITS = re.compile(
    rf"(?<=[0-9}})!])\s{{0,3}}(?:\\?\s?{_UNIT}(?:\s{{0,2}}(?:\^\{{?[23]\}}?|/|\.)?)(?![A-Za-z])\s{{0,2}}){{1,4}}\.?$",
    re.IGNORECASE,
)
_GROUPS = re.compile(r"(?<![0-9.])([0-9]{1,3}(?:(?:,|\{,\})[0-9]{3}){1,20})(?![0-9])")
_LABEL = re.compile(
    r"^(?:the )?(?:final |correct )?(?:answer|option|choice|value|solution)(?: is)?\s{0,3}[:=]?\s{0,3}",
    re.IGNORECASE,
)


def clean(text: str) -> str:
    """The answer without decoration; spaces are kept where they part words or digits."""
    text = plain_text(text[:LONGEST]).strip()
    for sign, spelled in _SIGNS.items():
        if sign in text:
            text = text.replace(sign, spelled)
    for _ in range(3):
        text = _WRAPPERS.sub(lambda found: f" {found[2]} " if found[1] != "overline" else found[0], text)
    text = text.replace("\\$", "").replace("$", "").strip()
    text = _ENDS.sub("", text)
    text = text.replace("\\%", "").replace("%", "").replace("{,}", ",")
    text = re.sub(r"(?<=[0-9])\\[,!; ](?=[0-9]{3}(?![0-9]))", "", text)
    text = _SPACES.sub(" ", _STYLE.sub("", _DEGREES.sub("", text)))
    text = _FRACTION.sub(r"\\frac", text)
    for pattern, spelled in _NAMES:
        text = pattern.sub(spelled, text)
    text = _SHORT_ROOT.sub(r"\\sqrt{\1}", _SHORT_FRACTION.sub(_braced_fraction, text))
    text = _LABEL.sub("", " ".join(text.split()))
    text = text.strip().rstrip(".,;: ").strip()
    if text.count(" ") or text[-1:].isalpha() or text[-1:] in "23}":
        text = _TRAILING_UNITS.sub("", text).strip() or text
    return _unwrap(text)


def ungroup(text: str) -> str:
    """``1,000`` as ``1000``; only for a text that is no list."""
    return _GROUPS.sub(lambda found: found[1].replace("{,}", "").replace(",", ""), text)


def squeeze(text: str) -> str:
    """The cleaned text for comparing as a string: no spaces, no braces around single signs, lower case words."""
    tight = text.replace(" ", "")
    tight = re.sub(r"([_^])\{([0-9A-Za-z])\}", r"\1\2", tight)
    tight = re.sub(r"(?<![0-9])\.(?=[0-9])", "0.", tight)
    return tight.casefold() if re.fullmatch(r"[^\\]*[A-Za-z]{3,}[^\\]*", tight) else tight


def _braced_fraction(found: re.Match[str]) -> str:
    return f"\\frac{{{found[1] or found[2]}}}{{{found[3] or found[4]}}}"


def _unwrap(text: str) -> str:
    """``{5}`` is ``5``; a set keeps its ``\\{``."""
    while text.startswith("{") and text.endswith("}") and _closes_at_end(text):
        text = text[1:-1].strip()
    return text


def _closes_at_end(text: str) -> bool:
    depth = 0
    for index, character in enumerate(text):
        depth += (character == "{") - (character == "}")
        if depth == 0:
            return index == len(text) - 1
    return False
