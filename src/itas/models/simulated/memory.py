"""A bounded dictionary for what is worked out once and used often."""

from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Memory(dict[K, V]):
    """Forgets everything when it is full: cheap, and what is needed again is worked out again."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self._limit = limit

    def keep(self, key: K, value: V) -> V:
        """Remember a value and give it back."""
        if len(self) >= self._limit:
            self.clear()
        self[key] = value
        return value
