"""MT-Bench: questions in two turns, judged by a model."""

from itas.benchmarks.mt_bench.benchmark import LICENCE, LINK, SIZE, MTBench, load_mt_bench

__all__ = ["LICENCE", "LINK", "SIZE", "MTBench", "load_mt_bench"]
