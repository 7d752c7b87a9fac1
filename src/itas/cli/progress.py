"""The line that tells how far a run is: done/total, score +- standard error, spent/cap, time left."""

import time

from itas.cli.terminal import clean, is_interactive, progress
from itas.core.money import format_usd

_PLAIN_EVERY_S = 5.0


class ProgressLine:
    """One line on stderr: rewritten for a person, repeated every few seconds for a log.

    Args:
        quiet: Show nothing.
    """

    def __init__(self, *, quiet: bool) -> None:
        self._console = progress()
        self._quiet = quiet
        self._is_live = is_interactive()
        self._last = 0.0
        self._width = 0
        self._started = time.monotonic()

    def restart(self) -> None:
        """Begin to measure the time anew."""
        self._started = time.monotonic()

    def say(self, text: str, *, always: bool = False) -> None:
        """A line that stays; `always` even if quiet."""
        if always or not self._quiet:
            self._wipe()
            self._console.print(clean(text))

    def show(self, text: str, *, is_last: bool = False) -> None:
        """The current state; replaces the one before."""
        now = time.monotonic()
        wait = 0.1 if self._is_live else _PLAIN_EVERY_S
        if self._quiet or (now - self._last < wait and not is_last):
            return
        self._last = now
        text = clean(text)
        if self._is_live and not is_last:
            width = self._console.width - 1
            line = text[:width]
            self._console.file.write("\r" + line.ljust(min(self._width, width)))
            self._console.file.flush()
            self._width = len(line)
        else:
            self._wipe()
            self._console.print(text)

    def time_left(self, done: int, total: int) -> str:
        """``40 s left``, once there is something to extrapolate from."""
        if done <= 0 or done >= total:
            return ""
        passed = time.monotonic() - self._started
        if passed < 1.0:
            return ""
        left = passed * (total - done) / done
        return f"{left:.0f} s left" if left < 90 else f"{left / 60:.0f} min left"

    def _wipe(self) -> None:
        if self._is_live and self._width:
            self._console.file.write("\r" + " " * self._width + "\r")
            self._width = 0


def spent_words(samples: int, micro_usd: int, *, max_samples: int | None, max_micro_usd: int | None) -> str:
    """``1,200/5,000 samples paid, $0.41/$2.00``."""
    text = f"{samples:,}" + (f"/{max_samples:,}" if max_samples is not None else "") + " samples paid"
    if micro_usd or max_micro_usd is not None:
        cap = f"/{format_usd(max_micro_usd)}" if max_micro_usd is not None else ""
        text += f", {format_usd(micro_usd)}{cap}"
    return text
