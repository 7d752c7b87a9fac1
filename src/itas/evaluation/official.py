"""The files that the official tools of a benchmark read, written beside ``results.jsonl``."""

from pathlib import Path

from itas.benchmarks.benchmark import Benchmark
from itas.benchmarks.judge.scorer import JudgedScorer
from itas.errors import ContractError
from itas.evaluation.judging import to_judged
from itas.evaluation.records import Evaluation


def write_official_files(folder: Path, benchmark: Benchmark, evaluation: Evaluation) -> tuple[Path, ...]:
    """Write them; nothing for a benchmark that has none.

    Args:
        folder: Of the evaluation.
        benchmark: Whose scorer knows the forms.
        evaluation: What was answered; the answers are filed under the architecture's name.
    """
    if not isinstance(benchmark.scorer, JudgedScorer):
        return ()
    judged = to_judged(benchmark.problems, evaluation.results)
    written: list[Path] = []
    for name, text in benchmark.scorer.official_files(evaluation.architecture.name, judged).items():
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve()):
            raise ContractError(f"an official file must lie in the folder of the evaluation, found '{name}'")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", errors="backslashreplace")
        written.append(path)
    return tuple(written)
