"""Bucket: so many per second, with a store for bursts."""

import time


class Bucket:
    """A token bucket. Time is handed in, so that a test can make its own.

    Args:
        rate_per_s: What flows in.
        capacity: What it holds at most; it begins full.
        now: Seconds of a monotonic clock.
    """

    __slots__ = ("_at", "capacity", "level", "rate_per_s")

    def __init__(self, rate_per_s: float, capacity: float, now: float | None = None) -> None:
        self.rate_per_s = rate_per_s
        self.capacity = capacity
        self.level = capacity
        self._at = time.monotonic() if now is None else now

    def delay_s(self, amount: float, now: float) -> float:
        """Seconds until `amount` can be taken. More than it holds can be taken when it is full."""
        self.refill(now)
        return max(0.0, (min(amount, self.capacity) - self.level) / self.rate_per_s)

    def take(self, amount: float, now: float) -> None:
        """Take it now; where that is more than there is, the next one waits the longer."""
        self.refill(now)
        self.level -= amount

    def refill(self, now: float) -> None:
        """Let in what flowed since the last time."""
        self.level = min(self.capacity, self.level + (now - self._at) * self.rate_per_s)
        self._at = now
