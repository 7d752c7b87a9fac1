"""Evaluate architectures on a benchmark, estimate what that costs, and compare what came of it."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from itas.api.answering import SIMULATED
from itas.api.opening import Caps, open_models, tightness
from itas.api.runs import create_run, find_run, write_json
from itas.api.settings import Settings
from itas.benchmarks.benchmark import Benchmark
from itas.benchmarks.registry import open_benchmark
from itas.core.architecture import Architecture
from itas.core.model import is_simulated as model_is_simulated
from itas.core.spec import Spec
from itas.errors import DataError, SpecError
from itas.evaluation.comparison import Comparison, compare_each
from itas.evaluation.estimate import estimate_cost
from itas.evaluation.evaluate import evaluate
from itas.evaluation.files import RESULTS, ResultWriter, load_results, write_summary
from itas.evaluation.records import Evaluation, ProblemResult, Summary, to_observations

KIND = "evaluation"


class EvaluationEstimate(Spec):
    """What one evaluation will take, in the words of `itas.evaluation.estimate`.

    Attributes:
        name: Of the architecture.
        problems: How many.
        planned_samples: When every reply is readable.
        max_samples: Asking again included.
        planned_micro_usd: Price of the planned tokens; None while a model is unpriced.
        max_micro_usd: Price of the most tokens.
        unpriced: Models without a known price.
        is_simulated: Every model is simulated: the prices are made up and nobody pays them.
        sentence: All of it for people.
    """

    name: str
    problems: int
    planned_samples: int
    max_samples: int
    planned_micro_usd: int | None
    max_micro_usd: int | None
    unpriced: tuple[str, ...]
    is_simulated: bool
    sentence: str


class EvaluationWatch(Protocol):
    """Who is told how an evaluation goes."""

    def confirm(self, estimates: Sequence[EvaluationEstimate]) -> bool:
        """Whether to go on, asked before anything is paid for."""
        ...

    def begin(self, architecture: Architecture, total: int) -> None:
        """One architecture is begun."""
        ...

    def result(self, result: ProblemResult) -> None:
        """One problem is done."""
        ...


@dataclass(frozen=True, slots=True)
class EvaluationReport:
    """What came of it.

    Attributes:
        folder: Of the run.
        summaries: One per architecture, in order.
        comparisons: Each later architecture against the first.
        paid_samples: Bought by all of it, also for problems that were not finished.
        paid_micro_usd: Spent by all of it, uncertain calls included.
        uncertain_micro_usd: Of it, calls that were sent and brought no answer.
        overrun_micro_usd: Of it, what calls cost above their reservation, because a provider ignored a limit.
    """

    folder: Path
    summaries: tuple[Summary, ...]
    comparisons: tuple[Comparison, ...]
    paid_samples: int
    paid_micro_usd: int
    uncertain_micro_usd: int
    overrun_micro_usd: int

    @property
    def is_complete(self) -> bool:
        """No cap was reached."""
        return all(summary.is_complete for summary in self.summaries)


async def estimate_evaluations(
    architectures: Sequence[Architecture],
    *,
    on: str,
    scorer: str | None = None,
    limit: int | None = None,
    seed: int = 0,
    settings: Settings,
) -> tuple[EvaluationEstimate, ...]:
    """What evaluating these architectures will take; asks nobody."""
    benchmark = open_benchmark(on, scorer=scorer, seed=seed, limit=limit)
    async with open_models(settings.model_copy(update={"store": "memory"})) as models:
        return tuple(_estimate(each, benchmark, models.find_price) for each in architectures)


async def evaluate_architectures(
    architectures: Sequence[Architecture],
    *,
    on: str,
    scorer: str | None = None,
    limit: int | None = None,
    seed: int = 0,
    first_draw: int = 0,
    output: Path | None = None,
    settings: Settings,
    recording: Path | None = None,
    caps: Caps | None = None,
    watch: EvaluationWatch,
) -> EvaluationReport:
    """Evaluate architectures one after the other on the same problems.

    Args:
        architectures: What to run; names are made distinct.
        on: Benchmark.
        scorer: For the user's own data.
        limit: Size of a random subset.
        seed: Of the run and of the subset.
        first_draw: Number of the first draw; another one measures with fresh samples.
        output: Folder of run folders.
        settings: How to run.
        recording: For ``replay`` models.
        caps: What may be spent on all of them together.
        watch: Asked before anything is paid for, told about every result.

    Raises:
        SpecError: Something is wrong; nothing was paid for. Also if `watch` says no.
        DataError: The data is wrong.
    """
    benchmark = open_benchmark(on, scorer=scorer, seed=seed, limit=limit)
    named = _distinct(architectures)
    async with open_models(
        settings, problems=benchmark.problems, recording=recording, seed=seed, caps=caps
    ) as models:
        for architecture in named:
            for model in architecture.models:
                models(model)
        estimates = [_estimate(each, benchmark, models.find_price) for each in named]
        if not watch.confirm(estimates):
            raise SpecError("not confirmed, so nothing was asked and nothing was paid")
        about = _about(named, benchmark, scorer=scorer, limit=limit, seed=seed, first_draw=first_draw)
        folder = create_run(output or settings.runs, KIND, named[0].name, about)
        evaluations: list[Evaluation] = []
        for number, architecture in enumerate(named):
            watch.begin(architecture, len(benchmark.problems))
            place = folder / f"{number + 1}"
            place.mkdir()
            write_json(place / "architecture.json", architecture.model_dump(mode="json"))
            with ResultWriter(place / RESULTS) as writer:
                found = await evaluate(
                    architecture,
                    benchmark,
                    models=models,
                    seed=seed,
                    first_draw=first_draw,
                    concurrency=settings.concurrency,
                    on_result=_both(writer.append, watch.result),
                    is_tight=tightness(
                        models,
                        samples=architecture.planned_samples(),
                        micro_usd=(estimates[number].planned_micro_usd or 0) // len(benchmark.problems),
                    ),
                )
            write_summary(place / "summary.json", found)
            evaluations.append(found)
            if not found.is_complete:
                break
        budget = models.budget
    comparisons = _compare(evaluations)
    write_json(folder / "comparisons.json", [each.model_dump(mode="json") for each in comparisons])
    return EvaluationReport(
        folder,
        tuple(each.summarise() for each in evaluations),
        comparisons,
        budget.paid_samples,
        budget.paid_micro_usd,
        budget.uncertain_micro_usd,
        budget.overrun_micro_usd,
    )


def compare_runs(runs: Sequence[Path]) -> tuple[Comparison, ...]:
    """Compare evaluation runs by problem, each architecture with the first one of the first run.

    Raises:
        SpecError: Not a run of an evaluation, fewer than two architectures, or different benchmarks.
        DataError: A file is damaged, or no problem has a score from both.
    """
    found: dict[str, tuple[ProblemResult, ...]] = {}
    benchmarks: set[str] = set()
    for run in runs:
        folder, manifest = find_run(run, kind=KIND)
        benchmarks.add(str(manifest.get("benchmark_fingerprint")))
        for place in sorted(each for each in folder.iterdir() if (each / RESULTS).is_file()):
            name = _architecture_name(manifest, place.name)
            found[name if name not in found else f"{name} ({folder.name})"] = load_results(place / RESULTS)
    if len(found) < 2:
        raise SpecError(f"a comparison needs two architectures, found {len(found)} in {len(runs)} run(s)")
    if len(benchmarks) > 1:
        raise SpecError("the runs are on different problems or scorers, so they cannot be compared")
    (reference, baseline), *others = found.items()
    return compare_each(
        {name: [result.to_observation() for result in results] for name, results in others},
        [result.to_observation() for result in baseline],
        name_b=reference,
    )


def _estimate(
    architecture: Architecture, benchmark: Benchmark, price: Callable[[str], Any]
) -> EvaluationEstimate:
    found = estimate_cost(architecture, benchmark.problems, price=price)
    simulated = all(model.startswith(SIMULATED) for model in architecture.models)
    return EvaluationEstimate(
        name=architecture.name,
        problems=found.problems,
        planned_samples=found.planned_samples,
        max_samples=found.most_samples,
        planned_micro_usd=found.planned_micro_usd,
        max_micro_usd=found.most_micro_usd,
        unpriced=found.unpriced,
        is_simulated=simulated,
        sentence=f"{found.sentence} Simulated models: nothing is paid." if simulated else found.sentence,
    )


def _about(named: Sequence[Architecture], benchmark: Benchmark, **arguments: Any) -> dict[str, Any]:
    return {
        "benchmark": benchmark.name,
        "benchmark_fingerprint": benchmark.fingerprint,
        "problems": len(benchmark.problems),
        "architectures": {
            str(number + 1): {"name": each.name, "fingerprint": each.fingerprint}
            for number, each in enumerate(named)
        },
        "is_simulated": any(model_is_simulated(model) for each in named for model in each.models),
        "arguments": arguments,
    }


def _architecture_name(manifest: dict[str, Any], number: str) -> str:
    try:
        return str(manifest["architectures"][number]["name"])
    except (KeyError, TypeError):
        raise DataError(f"the manifest of the run says nothing about its architecture {number}") from None


def _distinct(architectures: Sequence[Architecture]) -> list[Architecture]:
    """The same architectures with names that differ."""
    seen: dict[str, int] = {}
    named: list[Architecture] = []
    for each in architectures:
        seen[each.name] = seen.get(each.name, 0) + 1
        name = each.name if seen[each.name] == 1 else f"{each.name} #{seen[each.name]}"
        named.append(each.model_copy(update={"name": name}))
    return named


def _compare(evaluations: Sequence[Evaluation]) -> tuple[Comparison, ...]:
    if len(evaluations) < 2 or not all(each.scores for each in evaluations):
        return ()
    first, *others = evaluations
    return compare_each(
        {each.architecture.name: to_observations(each) for each in others},
        to_observations(first),
        name_b=first.architecture.name,
    )


def _both(
    first: Callable[[ProblemResult], None], second: Callable[[ProblemResult], None]
) -> Callable[[ProblemResult], None]:
    def tell(result: ProblemResult) -> None:
        first(result)
        second(result)

    return tell


def running_score(scores: Sequence[float]) -> tuple[float, float]:
    """Mean and standard error so far, for a progress line; the error is 0 for fewer than two scores."""
    n = len(scores)
    mean = sum(scores) / n if n else 0.0
    if n < 2:
        return mean, 0.0
    variance = sum((score - mean) ** 2 for score in scores) / (n - 1)
    return mean, math.sqrt(variance / n)
