"""An answer printed while it is written."""

import sys
from collections.abc import Callable
from types import TracebackType
from typing import Self

from itas.cli.terminal import clean
from itas.errors import SpecError


class StreamedText:
    """Prints the pieces of an answer on stdout; what goes to stderr meanwhile gets a line of its own.

    Use it as a context: at its end, however it comes, the line is ended.

    Args:
        is_on: Whether anything is printed.
    """

    def __init__(self, *, is_on: bool) -> None:
        self._is_on = is_on
        self._is_in_line = False
        self.is_shown = False
        """Whether the text was printed."""

    @classmethod
    def choose(cls, wish: bool | None, *, as_json: bool) -> Self:
        """As the user wishes; without a wish, where stdout is a terminal.

        Raises:
            SpecError: Both the text and JSON are wished for.
        """
        if wish and as_json:
            raise SpecError(
                "--stream prints the text of the answer and --json a record of it; give one of them"
            )
        return cls(is_on=sys.stdout.isatty() and not as_json if wish is None else wish)

    @property
    def listen(self) -> Callable[[str], None] | None:
        """Hears the pieces; None if nothing is to be printed."""
        return self._print if self._is_on else None

    def interrupt(self, say: Callable[[], None]) -> None:
        """Let something else be printed, on a line of its own."""
        self._end_line()
        say()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end_line()

    def _print(self, piece: str) -> None:
        sys.stdout.write(clean(piece))
        sys.stdout.flush()
        self.is_shown = True
        self._is_in_line = not piece.endswith("\n")

    def _end_line(self) -> None:
        if self._is_in_line:
            sys.stdout.write("\n")
            sys.stdout.flush()
            self._is_in_line = False
