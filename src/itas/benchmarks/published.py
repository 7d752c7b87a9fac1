"""What is known of every public benchmark, however it is scored."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class PublishedBenchmark(ABC):
    """A public benchmark.

    Attributes:
        name: What stands before the colon.
        description: One sentence.
        size: Problems.
        metric: What the mean score is called.
        licence: Of the data.
        link: Where people find it.
    """

    name: str
    description: str
    size: int
    metric: str
    licence: str
    link: str

    @abstractmethod
    def find_data(self, folder: Path | None = None) -> Path | None:
        """The fetched data, if all of it is here."""
