"""Evaluate architectures on a benchmark, one after the other, in a folder that can be gone on with."""

import math
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from itas.api.cluster.job import Job, Paid, models_of
from itas.api.cluster.joining import check_where, work_on
from itas.api.comparing import compare_evaluations
from itas.api.evaluation_estimate import check_samples, estimate_one, generators_of, sum_estimates
from itas.api.evaluation_folder import KIND
from itas.api.evaluation_work import EvaluationWatch, EvaluationWork
from itas.api.holding import hold
from itas.api.judging import judges_of
from itas.api.lengths import find_lengths
from itas.api.opening import Caps, SandboxChoice, open_models, open_raters, open_sandbox
from itas.api.runs import create_run, find_run, note_sandbox, write_json
from itas.api.settings import Settings
from itas.api.tracing import check_traceable, find_trace
from itas.benchmarks.benchmark import Benchmark
from itas.benchmarks.registry import open_benchmark
from itas.core.architecture import Architecture
from itas.core.model import is_simulated as model_is_simulated
from itas.engine.telemetry import opened_problem_traces
from itas.errors import SpecError
from itas.evaluation.comparison import Comparison
from itas.evaluation.records import Summary
from itas.models.store.place import recorded_place
from itas.plugins import record_plugins


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
        estimated_micro_usd: What was estimated for all of it beforehand, stored answers not known; None while a
            model is unpriced or where nothing is paid.
    """

    folder: Path
    summaries: tuple[Summary, ...]
    comparisons: tuple[Comparison, ...]
    paid_samples: int
    paid_micro_usd: int
    uncertain_micro_usd: int
    overrun_micro_usd: int
    estimated_micro_usd: int | None = None

    @property
    def is_complete(self) -> bool:
        """No cap was reached."""
        return all(summary.is_complete for summary in self.summaries)


async def evaluate_architectures(
    architectures: Sequence[Architecture],
    *,
    on: str,
    scorer: str | None = None,
    limit: int | None = None,
    seed: int = 0,
    first_draw: int = 0,
    samples: int = 1,
    output: Path | None = None,
    settings: Settings,
    recording: Path | None = None,
    caps: Caps | None = None,
    sandbox: SandboxChoice = "auto",
    watch: EvaluationWatch,
    resumed: Path | None = None,
    where: str | None = None,
    trace: bool = False,
) -> EvaluationReport:
    """Evaluate architectures one after the other on the same problems.

    Args:
        architectures: What to run; names are made distinct.
        on: Benchmark.
        scorer: For the user's own data; of a judged benchmark the judge, see `benchmarks/judge/options.py`.
        limit: Size of a random subset.
        seed: Of the run and of the subset.
        first_draw: Number of the first draw; another one measures with fresh samples.
        samples: Answers to every problem, each with draws of its own; with several there is a pass@k.
        output: Folder of run folders.
        settings: How to run.
        recording: For ``replay`` models.
        caps: What may be spent on all of them together.
        sandbox: Where code of candidates is run, if a component or the scorer runs any.
        watch: Asked before anything is paid for, told about every result.
        resumed: Run folder to go on in, see `api.resuming`; a new one if None.
        where: Cluster whose nodes answer and score, see `api.cluster`; this process if None.
        trace: Write every call and event to a file in the run folder while it happens; a run that was begun with it
            goes on with it.

    Raises:
        SpecError: Something is wrong; nothing was paid for. Also if `watch` says no.
        DataError: The data is wrong.
    """
    check_traceable(where, is_wanted=trace)
    benchmark = open_benchmark(on, scorer=scorer, seed=seed, limit=limit)
    check_samples(samples, benchmark)
    named = _distinct(architectures)
    if where is not None:
        check_where(where, settings.store)
    ledger = secrets.token_hex(8) if resumed is None else str(find_run(resumed)[1].get("ledger", ""))
    runs_code = benchmark.runs_code or any(each.runs_code for each in named)
    async with (
        open_sandbox(sandbox, needed=runs_code) as runner,
        open_models(
            settings, problems=benchmark.problems, recording=recording, seed=seed, caps=caps, run=ledger
        ) as models,
    ):
        for model in (*(model for each in named for model in each.models), *judges_of(benchmark)):
            models(model)
        raters = open_raters(named) if where is None else None
        lengths = await find_lengths(benchmark, generators_of(named), settings=settings)
        estimates = [
            estimate_one(each, benchmark, models.find_price, samples=samples, lengths=lengths)
            for each in named
        ]
        if not watch.confirm(estimates):
            raise SpecError("not confirmed, so nothing was asked and nothing was paid")
        about = _about(
            named, benchmark, scorer=scorer, limit=limit, seed=seed, first_draw=first_draw, samples=samples
        )
        about |= {"ledger": ledger, "on": on, **_whereabouts(settings, recording)}
        about["caps"] = None if caps is None else asdict(caps)
        folder = resumed or create_run(output or settings.runs, KIND, named[0].name, about)
        if runs_code:
            note_sandbox(folder, await runner.choose_tier())
        job = Job(
            benchmark,
            models_of(named, judges_of(benchmark)),
            settings,
            recording,
            caps or Caps(),
            ledger,
            seed,
            sandbox,
            runs_code,
        )
        with hold(folder):
            async with (
                work_on(where, job, models) as cluster,
                opened_problem_traces(find_trace(folder, is_wanted=trace)) as traces,
            ):
                work = EvaluationWork(
                    benchmark=benchmark,
                    models=models,
                    raters=raters,
                    runner=runner,
                    cluster=cluster,
                    traces=traces,
                    watch=watch,
                    seed=seed,
                    first_draw=first_draw,
                    samples=samples,
                    concurrency=settings.concurrency,
                )
                evaluations = await work.run(folder, list(zip(named, estimates, strict=True)))
        paid = Paid.of(models.budget) if cluster is None else cluster.paid
    comparisons = compare_evaluations(evaluations)
    write_json(folder / "comparisons.json", [each.model_dump(mode="json") for each in comparisons])
    return EvaluationReport(
        folder,
        tuple(each.summarise() for each in evaluations),
        comparisons,
        paid.samples,
        paid.micro_usd,
        paid.uncertain_micro_usd,
        paid.overrun_micro_usd,
        sum_estimates(estimates),
    )


def _whereabouts(settings: Settings, recording: Path | None) -> dict[str, Any]:
    """Where the call store and the data are found from, for a resume in another folder."""
    return {
        "store": recorded_place(settings.store),
        "folder": str(Path.cwd()),
        "recording": None if recording is None else str(recording.resolve()),
    }


def _about(named: Sequence[Architecture], benchmark: Benchmark, **arguments: Any) -> dict[str, Any]:
    return {
        "benchmark": benchmark.name,
        "benchmark_fingerprint": benchmark.fingerprint,
        "problems": len(benchmark.problems),
        "architectures": {
            str(number + 1): {"name": each.name, "fingerprint": each.fingerprint}
            for number, each in enumerate(named)
        },
        "is_simulated": any(
            model_is_simulated(model)
            for model in (*(model for each in named for model in each.models), *judges_of(benchmark))
        ),
        "judging": benchmark.scorer.describe() if judges_of(benchmark) else None,
        "plugins": record_plugins(),
        "arguments": arguments,
    }


def _distinct(architectures: Sequence[Architecture]) -> list[Architecture]:
    """The same architectures with names that differ."""
    seen: dict[str, int] = {}
    named: list[Architecture] = []
    for each in architectures:
        seen[each.name] = seen.get(each.name, 0) + 1
        name = each.name if seen[each.name] == 1 else f"{each.name} #{seen[each.name]}"
        named.append(each.model_copy(update={"name": name}))
    return named


def running_score(scores: Sequence[float]) -> tuple[float, float]:
    """Mean and standard error so far, for a progress line; the error is 0 for fewer than two scores."""
    n = len(scores)
    mean = sum(scores) / n if n else 0.0
    if n < 2:
        return mean, 0.0
    variance = sum((score - mean) ** 2 for score in scores) / (n - 1)
    return mean, math.sqrt(variance / n)
