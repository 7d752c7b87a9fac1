"""Benchmarks of other evaluation packages, by the name of the package: ``inspect:...`` and ``lm-eval:...``."""

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass

from itas.benchmarks import inspect_tasks, lm_eval_tasks
from itas.benchmarks.benchmark import Benchmark


@dataclass(frozen=True, slots=True)
class AdaptedPackage:
    """A package whose tasks can be benchmarks.

    Attributes:
        form: As `open_adapted` takes it.
        description: One sentence.
        module: What must be installed.
        link: Its home.
        load: Opens a task by its name there; ``name=`` is the name to give the benchmark.
    """

    form: str
    description: str
    module: str
    link: str
    load: Callable[..., Benchmark]

    @property
    def is_here(self) -> bool:
        """Whether the package is installed."""
        return importlib.util.find_spec(self.module) is not None


ADAPTED: dict[str, AdaptedPackage] = {
    "inspect": AdaptedPackage(
        "inspect:PACKAGE/TASK",
        "Any task of Inspect that asks a model once, such as inspect_evals/gsm8k; or FILE.py@TASK.",
        "inspect_ai",
        inspect_tasks.LINK,
        inspect_tasks.load_inspect_task,
    ),
    "lm-eval": AdaptedPackage(
        "lm-eval:TASK",
        "Any task of the lm-evaluation-harness that generates, such as gsm8k_cot.",
        "lm_eval",
        lm_eval_tasks.LINK,
        lm_eval_tasks.load_lm_eval_task,
    ),
}


def open_adapted(name_or_path: str) -> Benchmark:
    """Open ``package:TASK``.

    Raises:
        SpecError: The package is not installed, it has no such task, or the task cannot be a benchmark.
    """
    package, _, task = name_or_path.partition(":")
    return ADAPTED[package].load(task, name=name_or_path)
