"""Arena-Hard-Auto: one benchmark, and the strengths fitted to its games."""

from itas.benchmarks.arena_hard.benchmark import LICENCE, LINK, SIZE, SIZE_2, ArenaHard, load_arena_hard
from itas.benchmarks.arena_hard.bradley_terry import Battle, bootstrap_win_rate, fit_strengths, win_rate

__all__ = [
    "LICENCE",
    "LINK",
    "SIZE",
    "SIZE_2",
    "ArenaHard",
    "Battle",
    "bootstrap_win_rate",
    "fit_strengths",
    "load_arena_hard",
    "win_rate",
]
