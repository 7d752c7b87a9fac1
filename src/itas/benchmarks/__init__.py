"""Benchmarks: problems with a scorer. None of them knows who answers."""

from itas.benchmarks.benchmark import Benchmark, Scorer
from itas.benchmarks.registry import BenchmarkInfo, list_benchmarks, open_benchmark

__all__ = ["Benchmark", "BenchmarkInfo", "Scorer", "list_benchmarks", "open_benchmark"]
