"""How large a file may be, and how an error says where in it something is wrong."""

from itas.errors import SpecError

MAX_BYTES = 1_000_000
MAX_DEPTH = 50
MAX_DIGITS = 100


def error_at(where: str, line: int, message: str) -> SpecError:
    """An error that names the file and the line.

    Args:
        where: Name of the file, or empty for text that came from elsewhere.
        line: From 1.
        message: The law, what was found and the cure.
    """
    return SpecError(message, path=f"{where}:{line}" if where else f"line {line}")


def check_size(size: int, *, where: str = "") -> None:
    """Raise SpecError if a text of `size` bytes is larger than `MAX_BYTES`."""
    if size > MAX_BYTES:
        raise SpecError(
            f"larger than {MAX_BYTES} bytes. A description is a few kilobytes; was this the right file?",
            path=where,
        )


def check_encodable(text: str, *, where: str = "") -> None:
    """Raise SpecError if the text is not Unicode that can be written: half of a surrogate pair."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        line = text.count("\n", 0, error.start) + 1
        raise error_at(
            where, line, f"{text[error.start]!a} is half a character. Remove it, or write the whole one."
        ) from None


def too_deep(where: str, line: int) -> SpecError:
    """The error for a value with more than `MAX_DEPTH` levels."""
    return error_at(where, line, f"more than {MAX_DEPTH} levels deep. Is a bracket left open?")


def shown(text: str) -> str:
    """A short, harmless form of foreign text for a message."""
    return repr(text if len(text) <= 40 else f"{text[:37]}...")
