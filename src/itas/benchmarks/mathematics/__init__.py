"""Whether two mathematical answers are the same; model text is parsed here, never evaluated as code."""

from itas.benchmarks.mathematics.checker import Checker, shared_checker
from itas.benchmarks.mathematics.equivalence import compare
from itas.benchmarks.mathematics.extraction import find_expression, last_boxed

__all__ = ["Checker", "compare", "find_expression", "last_boxed", "shared_checker"]
