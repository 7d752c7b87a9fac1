"""What goes to a terminal: results on stdout, progress on stderr, and never a control character of a model."""

import io
import os
import sys
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def clean(text: str) -> str:
    """Foreign text made safe to print: escape sequences, control and direction characters become visible.

    Line feeds and tabs stay.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(character if _is_safe(character) else _visible(character) for character in text)


def allow_any_text() -> None:
    """Characters that the terminal's encoding does not have are written as escapes instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def out() -> "Console":
    """The console of results: stdout."""
    return _console(stderr=False)


def progress() -> "Console":
    """The console of progress and messages: stderr."""
    return _console(stderr=True)


def is_interactive() -> bool:
    """Whether a person watches stderr, so that a line may be rewritten."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def _console(*, stderr: bool) -> "Console":
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    columns = os.environ.get("COLUMNS", "")
    width = None if stream.isatty() else int(columns) if columns.isdecimal() and columns != "0" else 110
    return Console(stderr=stderr, highlight=False, markup=False, emoji=False, soft_wrap=True, width=width)


def _is_safe(character: str) -> bool:
    if character in "\n\t":
        return True
    return character not in _BIDI and unicodedata.category(character) not in ("Cc", "Cs")


def _visible(character: str) -> str:
    return f"\\u{ord(character):04x}" if ord(character) > 0xFF else f"\\x{ord(character):02x}"
