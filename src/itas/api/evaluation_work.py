"""The work of an evaluation: one architecture after the other, each as often as wanted, with its files."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from itas.api.evaluation_estimate import EvaluationEstimate
from itas.api.evaluation_folder import ARCHITECTURE, SAMPLES
from itas.api.opening import tightness
from itas.api.runs import write_json, write_text
from itas.benchmarks.benchmark import Benchmark
from itas.benchmarks.scorers import CodeScorer
from itas.core.architecture import Architecture
from itas.core.rating import RaterSource
from itas.engine.trace import ProblemTraces
from itas.evaluation.evaluate import evaluate
from itas.evaluation.files import (
    RESULTS,
    SUMMARY,
    ResultWriter,
    load_kept,
    repeat_folders,
    write_results,
    write_summary,
)
from itas.evaluation.official import write_official_files
from itas.evaluation.records import Evaluation, ProblemResult
from itas.evaluation.repeats import first_draw_of, merge_repeats
from itas.models.pool import ModelPool
from itas.sandbox import Sandbox

if TYPE_CHECKING:
    from itas.api.cluster.coordinator import Cluster


class EvaluationWatch(Protocol):
    """Who is told how an evaluation goes."""

    def confirm(self, estimates: Sequence[EvaluationEstimate]) -> bool:
        """Whether to go on, asked before anything is paid for."""
        ...

    def begin(
        self,
        architecture: Architecture,
        total: int,
        *,
        known: Sequence[ProblemResult] = (),
        rejections: Callable[[], int] | None = None,
    ) -> None:
        """One architecture is begun.

        Args:
            architecture: Which.
            total: Problems, those already known included.
            known: Results of an earlier run that was resumed.
            rejections: Says how many calls providers refused so far because of their limits.
        """
        ...

    def result(self, result: ProblemResult) -> None:
        """One problem is done."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationWork:
    """What all architectures of one evaluation have in common.

    Attributes:
        benchmark: Problems and scorer.
        models: Gives the model behind each id.
        raters: Gives local reward models.
        runner: The sandbox.
        cluster: Answers and scores elsewhere; here, if None.
        traces: Are told every call and event.
        watch: Is told every result.
        seed: Of the run.
        first_draw: Number of the first draw.
        samples: Answers to every problem.
        concurrency: Most problems at the same time.
    """

    benchmark: Benchmark
    models: ModelPool
    raters: RaterSource | None
    runner: Sandbox
    cluster: "Cluster | None"
    traces: ProblemTraces
    watch: EvaluationWatch
    seed: int
    first_draw: int
    samples: int
    concurrency: int

    async def run(
        self, folder: Path, planned: Sequence[tuple[Architecture, EvaluationEstimate]]
    ) -> list[Evaluation]:
        """All architectures in order; the last one that is given is incomplete where a cap was reached."""
        for number, (architecture, _) in enumerate(planned):
            place = folder / f"{number + 1}"
            place.mkdir(exist_ok=True)
            write_json(place / ARCHITECTURE, architecture.model_dump(mode="json"))
        evaluations: list[Evaluation] = []
        for number, (architecture, estimate) in enumerate(planned):
            evaluations.append(await self._evaluate(folder / f"{number + 1}", architecture, estimate))
            if not evaluations[-1].is_complete:
                break
        return evaluations

    async def _evaluate(
        self, place: Path, architecture: Architecture, estimate: EvaluationEstimate
    ) -> Evaluation:
        """One architecture, as often as wanted, and its files."""
        kept = [load_kept(each) for each in repeat_folders(place, self.samples)]
        self.watch.begin(
            architecture,
            len(self.benchmark.problems) * self.samples,
            known=[result for results in kept for result in results],
            rejections=lambda: (self.cluster or self.models).rejections,
        )
        repeats: list[Evaluation] = []
        for repeat, known in zip(repeat_folders(place, self.samples), kept, strict=True):
            repeats.append(await self._answer(repeat, architecture, estimate, known, number=len(repeats)))
            if not repeats[-1].is_complete:
                break
        found = merge_repeats(repeats, wanted=self.samples)
        if self.samples > 1:
            write_results(place / RESULTS, found)
        write_summary(place / SUMMARY, found)
        write_official_files(place, self.benchmark, found)
        _write_samples(place, self.benchmark, repeats)
        return found

    async def _answer(
        self,
        place: Path,
        architecture: Architecture,
        estimate: EvaluationEstimate,
        known: Sequence[ProblemResult],
        *,
        number: int,
    ) -> Evaluation:
        """All problems once."""
        total = len(self.benchmark.problems) * self.samples
        with ResultWriter(place / RESULTS) as writer:
            return await evaluate(
                architecture,
                self.benchmark,
                models=self.models,
                raters=self.raters,
                runner=self.runner,
                seed=self.seed,
                first_draw=first_draw_of(architecture, number, first_draw=self.first_draw),
                concurrency=self.concurrency if self.cluster is None else self.cluster.room(self.concurrency),
                known=known,
                on_result=_both(writer.append, self.watch.result),
                is_tight=tightness(
                    self.models,
                    samples=estimate.planned_samples // total,
                    micro_usd=(estimate.planned_micro_usd or 0) // total,
                    elsewhere=None if self.cluster is None else self.cluster.paid_elsewhere,
                ),
                solve=None if self.cluster is None else self.cluster.solve,
                traces=self.traces,
            )


def _write_samples(place: Path, benchmark: Benchmark, repeats: Sequence[Evaluation]) -> None:
    """The file that the official tools of code benchmarks read."""
    if isinstance(benchmark.scorer, CodeScorer):
        answers = [
            (each.problem_id, each.text)
            for found in repeats
            for each in found.results
            if each.text is not None
        ]
        write_text(place / SAMPLES, benchmark.scorer.samples(answers))


def _both(
    first: Callable[[ProblemResult], None], second: Callable[[ProblemResult], None]
) -> Callable[[ProblemResult], None]:
    def tell(result: ProblemResult) -> None:
        first(result)
        second(result)

    return tell
