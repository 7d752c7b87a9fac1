"""Benchmarks from outside: a function that opens one, registered under a name.

    @register_benchmark("mine")
    def load(path: str, seed: int) -> Benchmark:
        '''What it is, in a sentence.'''

Then ``mine`` and ``mine:PATH`` are benchmarks wherever one may stand. `path` is what stands behind the colon, or
empty; `seed` decides generated problems. A limit is applied by the program, at random and never to the first rows.
"""

import inspect
from collections.abc import Callable
from typing import TypeVar, cast

from itas.benchmarks.benchmark import Benchmark
from itas.core.extension import Registry
from itas.errors import ContractError, SpecError

LoadBenchmark = Callable[[str, int], Benchmark]
F = TypeVar("F", bound=LoadBenchmark)

benchmark_registry: Registry[LoadBenchmark] = Registry("benchmark", "itas.benchmarks")


def register_benchmark(name: str) -> Callable[[F], F]:
    """Register the decorated function as the benchmark of that name.

    Raises:
        SpecError: A name with a colon, or of something that comes with the program.
    """
    if not name or ":" in name or name.startswith("itas/"):
        raise SpecError(f"a benchmark cannot be named '{name}': no colon, and nothing that begins with itas/")

    def register(load: F) -> F:
        benchmark_registry.add(name, load)
        return load

    return register


def open_plugged(
    load: LoadBenchmark, name_or_path: str, *, scorer: object, seed: int, limit: int | None
) -> Benchmark:
    """Open one, as `benchmarks.registry.open_benchmark` does.

    Raises:
        SpecError: A scorer where none can be chosen; whatever `load` raises of itself.
        ContractError: `load` gave something that is no benchmark.
    """
    if scorer is not None:
        raise SpecError(
            f"'{name_or_path}' brings its own scorer; a scorer is chosen for own data only", path="scorer"
        )
    opened = cast("object", load(name_or_path.partition(":")[2], seed))  # theirs: it may be anything
    if not isinstance(opened, Benchmark):
        raise ContractError(f"benchmark '{name_or_path}' gave {type(opened).__name__}, not a Benchmark")
    return opened if limit is None else opened.subset(limit, seed=seed)


def describe_plugged() -> dict[str, str]:
    """Name and description of every plugged benchmark; imports the installed packages that announce some."""
    benchmark_registry.load_all()
    return {name: _first_line(load) for name, load in benchmark_registry.known().items()}


def _first_line(load: object) -> str:
    return (inspect.getdoc(load) or "").partition("\n")[0]
