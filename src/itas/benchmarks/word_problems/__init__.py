"""Word problems: generated arithmetic and logic problems with exact answers."""

from itas.benchmarks.word_problems.problems import KINDS, TOPICS, word_problems

__all__ = ["KINDS", "TOPICS", "word_problems"]
