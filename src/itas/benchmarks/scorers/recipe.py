"""Scorers of the user's own data that need more of a row than its target: code tests, judges."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from itas.benchmarks.benchmark import Scorer
from itas.benchmarks.files import Row
from itas.core.problem import Problem
from itas.core.spec import Spec


class Recipe(Spec, ABC):
    """Describes a scorer and makes it once the rows are read. The class is the spec.

    Attributes:
        columns: Columns of the data that it reads, beside those that every row may have.
        needs_target: Whether every row must have a target.
    """

    type: ClassVar[str]
    instruction: ClassVar[str] = ""
    columns: ClassVar[tuple[str, ...]] = ()
    needs_target: ClassVar[bool] = False

    @abstractmethod
    def make(self, problems: Sequence[Problem], rows: Sequence[Row]) -> Scorer:
        """The scorer for these problems, each with the row it was read from.

        Raises:
            DataError: A row is not what the scorer needs; names file and line.
        """
