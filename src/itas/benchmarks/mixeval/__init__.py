"""MixEval and MixEval-Hard: one benchmark, and the rules that read answers to it."""

from itas.benchmarks.mixeval.benchmark import HARD_SIZE, LICENCE, LINK, SIZE, MixEval, load_mixeval
from itas.benchmarks.mixeval.rules import find_option, is_named

__all__ = ["HARD_SIZE", "LICENCE", "LINK", "SIZE", "MixEval", "find_option", "is_named", "load_mixeval"]
