"""One spelling for characters that look alike, so that readers of model text need only know ASCII."""

import unicodedata

_ALIKE = {
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212\ufe58\ufe63", "-"),
    **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\uff07", "'"),
    **dict.fromkeys("\u201c\u201d\u201e\u2033\uff02", '"'),
    **dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff\u00ad\u200e\u200f", ""),
    "\u2044": "/",
    "\u2215": "/",
    "\u00d7": "*",
    "\u22c5": "*",
    "\u00b7": "*",
    "\u2248": "=",
    "\u2245": "=",
    "\u3000": " ",
    "\u00a0": " ",
}


class _Plain(dict[int, str]):
    """What each character becomes; filled as characters are met, so at most one entry per character."""

    def __missing__(self, code: int) -> str:
        self[code] = plain = _plain_character(chr(code))
        return plain


def plain_text(text: str) -> str:
    """The text with full-width and other digits, minus signs, quotes, dashes and spaces in ASCII, vulgar
    fractions as ``1/2``, and without invisible characters. Everything else stays. Linear time."""
    return text if text.isascii() else text.translate(_TABLE)


def _plain_character(character: str) -> str:
    if character.isascii():
        return character
    if character in _ALIKE:
        return _ALIKE[character]
    if character.isdecimal():
        return str(unicodedata.decimal(character))
    spelled = unicodedata.normalize("NFKC", character)
    if "\uff01" <= character <= "\uff5e":
        return spelled
    if unicodedata.category(character) == "No" and "\u2044" in spelled:
        return " " + spelled.replace("\u2044", "/")
    return character


_TABLE = _Plain()
