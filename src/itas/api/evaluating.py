"""Evaluate architectures on a benchmark, estimate what that costs, and compare what came of it."""

import math
import secrets
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from itas.api.answering import SIMULATED
from itas.api.cluster.job import Job, Paid, models_of
from itas.api.cluster.joining import check_where, work_on
from itas.api.holding import hold
from itas.api.opening import Caps, SandboxChoice, open_models, open_raters, open_sandbox, tightness
from itas.api.runs import create_run, find_run, note_sandbox, write_json, write_text
from itas.api.settings import Settings
from itas.benchmarks.benchmark import Benchmark
from itas.benchmarks.judge import JudgedScorer
from itas.benchmarks.registry import open_benchmark
from itas.benchmarks.scorers import CodeScorer
from itas.core.architecture import Architecture
from itas.core.model import is_simulated as model_is_simulated
from itas.core.problem import Problem
from itas.core.spec import Spec
from itas.errors import DataError, SpecError
from itas.evaluation.comparison import Comparison, compare_each
from itas.evaluation.estimate import JudgePlan, estimate_cost
from itas.evaluation.evaluate import evaluate
from itas.evaluation.files import (
    RESULTS,
    ResultWriter,
    load_kept,
    load_results,
    repeat_folders,
    write_results,
    write_summary,
)
from itas.evaluation.official import write_official_files
from itas.evaluation.records import Evaluation, ProblemResult, Summary, to_observations
from itas.evaluation.repeats import first_draw_of, merge_repeats
from itas.models.store.place import recorded_place
from itas.plugins import record_plugins

KIND = "evaluation"
ARCHITECTURE = "architecture.json"
SAMPLES = "samples.jsonl"
"""Answers that are programs, for evalplus and human-eval."""


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


async def estimate_evaluations(
    architectures: Sequence[Architecture],
    *,
    on: str,
    scorer: str | None = None,
    limit: int | None = None,
    seed: int = 0,
    samples: int = 1,
    settings: Settings,
) -> tuple[EvaluationEstimate, ...]:
    """What evaluating these architectures will take; asks nobody."""
    benchmark = open_benchmark(on, scorer=scorer, seed=seed, limit=limit)
    _check_samples(samples, benchmark)
    async with open_models(settings.model_copy(update={"store": "memory"})) as models:
        return tuple(
            estimate_one(each, benchmark, models.find_price, samples=samples) for each in architectures
        )


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

    Raises:
        SpecError: Something is wrong; nothing was paid for. Also if `watch` says no.
        DataError: The data is wrong.
    """
    benchmark = open_benchmark(on, scorer=scorer, seed=seed, limit=limit)
    _check_samples(samples, benchmark)
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
        estimates = [estimate_one(each, benchmark, models.find_price, samples=samples) for each in named]
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
            async with work_on(where, job, models) as cluster:
                for number, architecture in enumerate(named):
                    place = folder / f"{number + 1}"
                    place.mkdir(exist_ok=True)
                    write_json(place / ARCHITECTURE, architecture.model_dump(mode="json"))
                evaluations: list[Evaluation] = []
                for number, architecture in enumerate(named):
                    place = folder / f"{number + 1}"
                    total = len(benchmark.problems) * samples
                    kept = [load_kept(each) for each in repeat_folders(place, samples)]
                    everything = [result for results in kept for result in results]
                    watch.begin(
                        architecture,
                        total,
                        known=everything,
                        rejections=lambda: (cluster or models).rejections,
                    )
                    repeats: list[Evaluation] = []
                    for repeat, there in zip(repeat_folders(place, samples), kept, strict=True):
                        with ResultWriter(repeat / RESULTS) as writer:
                            found = await evaluate(
                                architecture,
                                benchmark,
                                models=models,
                                raters=raters,
                                runner=runner,
                                seed=seed,
                                first_draw=first_draw_of(architecture, len(repeats), first_draw=first_draw),
                                concurrency=settings.concurrency,
                                known=there,
                                on_result=_both(writer.append, watch.result),
                                is_tight=tightness(
                                    models,
                                    samples=estimates[number].planned_samples // total,
                                    micro_usd=(estimates[number].planned_micro_usd or 0) // total,
                                ),
                                solve=None if cluster is None else cluster.solve,
                            )
                        repeats.append(found)
                        if not found.is_complete:
                            break
                    found = merge_repeats(repeats, wanted=samples)
                    if samples > 1:
                        write_results(place / RESULTS, found)
                    write_summary(place / "summary.json", found)
                    write_official_files(place, benchmark, found)
                    _write_samples(place, benchmark, repeats)
                    evaluations.append(found)
                    if not found.is_complete:
                        break
        paid = Paid.of(models.budget) if cluster is None else cluster.paid
    comparisons = _compare(evaluations)
    write_json(folder / "comparisons.json", [each.model_dump(mode="json") for each in comparisons])
    return EvaluationReport(
        folder,
        tuple(each.summarise() for each in evaluations),
        comparisons,
        paid.samples,
        paid.micro_usd,
        paid.uncertain_micro_usd,
        paid.overrun_micro_usd,
        _sum_estimates(estimates),
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


def estimate_one(
    architecture: Architecture, benchmark: Benchmark, price: Callable[[str], Any], *, samples: int = 1
) -> EvaluationEstimate:
    asked = benchmark.problems * samples
    found = estimate_cost(architecture, asked, price=price, judge=plan_judging(benchmark, asked))
    simulated = all(model.startswith(SIMULATED) for model in (*architecture.models, *judges_of(benchmark)))
    return EvaluationEstimate(
        name=architecture.name,
        problems=len(benchmark.problems),
        planned_samples=found.planned_samples,
        max_samples=found.most_samples,
        planned_micro_usd=found.planned_micro_usd,
        max_micro_usd=found.most_micro_usd,
        unpriced=found.unpriced,
        is_simulated=simulated,
        sentence=(
            f"{samples} answers to each of {len(benchmark.problems):,} problems: " if samples > 1 else ""
        )
        + (f"{found.sentence} Simulated models: nothing is paid." if simulated else found.sentence),
    )


def _check_samples(samples: int, benchmark: Benchmark) -> None:
    if samples < 1:
        raise SpecError(f"must be at least 1, found {samples}", path="samples")
    if samples > 1 and isinstance(benchmark.scorer, JudgedScorer):
        raise SpecError(
            f"pass@k needs answers that pass or fail; those of '{benchmark.name}' are judged. Leave it at 1",
            path="samples",
        )


def _sum_estimates(estimates: Sequence[EvaluationEstimate]) -> int | None:
    prices = [each.planned_micro_usd for each in estimates if not each.is_simulated]
    known = [price for price in prices if price is not None]
    return sum(known) if known and len(known) == len(prices) else None


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


def _whereabouts(settings: Settings, recording: Path | None) -> dict[str, Any]:
    """Where the call store and the data are found from, for a resume in another folder."""
    return {
        "store": recorded_place(settings.store),
        "folder": str(Path.cwd()),
        "recording": None if recording is None else str(recording.resolve()),
    }


def judges_of(benchmark: Benchmark) -> tuple[str, ...]:
    """The models that its scorer asks."""
    return benchmark.scorer.judges if isinstance(benchmark.scorer, JudgedScorer) else ()


def plan_judging(benchmark: Benchmark, problems: Sequence[Problem]) -> JudgePlan | None:
    """What the scorer will ask about these problems, for an estimate; None where it asks nobody."""
    scorer = benchmark.scorer
    if not isinstance(scorer, JudgedScorer):
        return None
    judgments = tuple(scorer.planned_judgments(problem) for problem in problems)
    return JudgePlan(scorer.judges, judgments, scorer.attempts, scorer.max_tokens)


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
