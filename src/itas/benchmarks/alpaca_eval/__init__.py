"""AlpacaEval 2.0: one benchmark, its judge's preferences, and its length-controlled win rate."""

from itas.benchmarks.alpaca_eval.benchmark import LICENCE, LINK, SIZE, AlpacaEval, load_alpaca_eval
from itas.benchmarks.alpaca_eval.length_control import LengthControl, Preference, length_controlled

__all__ = [
    "LICENCE",
    "LINK",
    "SIZE",
    "AlpacaEval",
    "LengthControl",
    "Preference",
    "length_controlled",
    "load_alpaca_eval",
]
