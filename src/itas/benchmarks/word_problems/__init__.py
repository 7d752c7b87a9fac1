"""Word problems: generated arithmetic and logic problems with exact answers."""

from itas.benchmarks.word_problems.problems import KINDS, word_problems

__all__ = ["KINDS", "word_problems"]
