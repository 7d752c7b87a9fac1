"""Ablation: leave out each part of an architecture in turn, to say what it adds and what it costs.

Nothing is selected by it. A search's winner is taken apart on the problems that the verdict held out, after the
verdict; what it asked there is in the call store and not paid again. The same command goes on after a stop.
"""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import NonNegativeFloat, NonNegativeInt, PositiveInt

from itas.api.evaluating import EvaluationWatch
from itas.api.evaluation_estimate import estimate_one
from itas.api.opening import Caps, SandboxChoice, open_models, open_raters, open_sandbox, tightness
from itas.api.runs import create_run, find_run, write_json
from itas.api.search_outcome import CALLS, load_outcome, load_search
from itas.api.search_work import open_search_benchmark, open_search_models
from itas.api.settings import Settings
from itas.benchmarks.benchmark import Benchmark
from itas.benchmarks.registry import open_benchmark
from itas.core.architecture import Architecture
from itas.core.model import is_simulated
from itas.core.observation import Observation
from itas.core.spec import Spec
from itas.errors import DataError, SpecError
from itas.evaluation.comparison import Comparison, compare, correct_for_many, mean_cost, mean_scores
from itas.evaluation.evaluate import evaluate
from itas.evaluation.records import to_observations
from itas.evaluation.statistics import MeanEstimate, estimate_mean
from itas.models.pool import ModelPool
from itas.sandbox import Sandbox
from itas.search import Budget
from itas.search.ablation import list_ablations

KIND = "ablation"
ABLATION = "ablation.json"


class AblatedPart(Spec):
    """What one part adds and takes.

    Attributes:
        without: What was left out, for people.
        architecture: The rest.
        samples: Mean samples a question without it.
        cost_micro_usd: Mean price of a question without it; None if unpriced.
        samples_share: Share of the whole's samples that it takes, those that other parts take because of it included;
            below 0 where the rest takes more without it.
        price_share: Likewise of the price; None if unpriced or free.
        comparison: The whole against the rest, corrected for the number of parts (Holm); None where no problem has a
            score from both.
        is_complete: No cap cut it short.
    """

    without: str
    architecture: Architecture
    samples: NonNegativeFloat
    cost_micro_usd: NonNegativeFloat | None
    samples_share: float
    price_share: float | None
    comparison: Comparison | None
    is_complete: bool

    @property
    def sentence(self) -> str:
        """``critic (layer 2) adds 0.2 points (95 % interval -1.1 to 1.5) for 18 % of the price: tied.``"""
        if self.comparison is None:
            return f"{self.without}: no problem has a score from both."
        found = self.comparison
        share, of = (
            (self.samples_share, "samples") if self.price_share is None else (self.price_share, "price")
        )
        taken = (
            f"for {100 * share:.0f} % of the {of}"
            if share >= 0
            else f"and saves {-100 * share:.0f} % of the {of}"
        )
        adds = "add" if " and " in self.without else "adds"
        says = {"better": "it helps", "worse": "it does harm", "tied": "these problems cannot tell"}
        return (
            f"{self.without} {adds} {100 * found.difference:.1f} points ({100 * found.confidence:g} % interval "
            f"{100 * found.low:.1f} to {100 * found.high:.1f}) {taken}: {says[found.verdict]}."
        )


class AblationReport(Spec):
    """An architecture, and what is left of it without each part.

    Attributes:
        architecture: The whole.
        benchmark: Where.
        problems: How many.
        held_out: They are those that a search held out for its verdict.
        is_simulated: Some model is simulated.
        score: Of the whole; None without any.
        samples: Mean samples a question.
        cost_micro_usd: Mean price of a question; None if unpriced.
        parts: In the order of the layers.
        paid_samples: Bought by all of it, before a stop too.
        paid_micro_usd: Spent by all of it.
    """

    architecture: Architecture
    benchmark: str
    problems: PositiveInt
    held_out: bool
    is_simulated: bool
    score: MeanEstimate | None
    samples: NonNegativeFloat
    cost_micro_usd: NonNegativeFloat | None
    parts: tuple[AblatedPart, ...]
    paid_samples: NonNegativeInt
    paid_micro_usd: NonNegativeInt

    @property
    def is_complete(self) -> bool:
        """No cap was reached."""
        return all(part.is_complete for part in self.parts)


@dataclass(frozen=True, slots=True)
class Ablated:
    """What came of it, and where it lies."""

    folder: Path
    report: AblationReport


@dataclass(frozen=True, slots=True)
class _Run:
    """What is evaluated."""

    benchmark: Benchmark
    models: ModelPool
    runner: Sandbox
    seed: int
    settings: Settings
    watch: EvaluationWatch

    async def observe(self, architecture: Architecture) -> tuple[tuple[Observation, ...], bool]:
        """One architecture on all problems; and whether it came to the end."""
        estimate = estimate_one(architecture, self.benchmark, self.models.find_price)
        count = len(self.benchmark.problems)
        self.watch.begin(architecture, count, rejections=lambda: self.models.rejections)
        found = await evaluate(
            architecture,
            self.benchmark,
            models=self.models,
            raters=open_raters([architecture]),
            runner=self.runner,
            seed=self.seed,
            concurrency=self.settings.concurrency,
            on_result=self.watch.result,
            is_tight=tightness(
                self.models,
                samples=-(-estimate.planned_samples // count),
                micro_usd=-(-(estimate.planned_micro_usd or 0) // count),
            ),
        )
        return to_observations(found), found.is_complete


async def ablate_winner(
    run: Path,
    *,
    settings: Settings,
    caps: Caps | None = None,
    sandbox: SandboxChoice = "auto",
    watch: EvaluationWatch,
) -> Ablated:
    """Take the winner of a finished search apart on its held-out problems; ``ablation.json`` joins the run folder.

    Raises:
        SpecError: Not a finished search, one call won, or `watch` says no. Nothing was paid for.
        DataError: The data has changed since the search.
    """
    folder, manifest = find_run(run, kind="search")
    outcome = load_outcome(folder)
    search = load_search(folder).model_copy(update={"budget": _budget(caps)})
    settings = settings.model_copy(update={"store": manifest.get("store", settings.store)})
    whole = open_search_benchmark(search)
    if whole.fingerprint != outcome.benchmark_fingerprint:
        raise DataError(
            f"{whole.name}: the problems or the scorer have changed since the search. Bring back the old data"
        )
    winner = outcome.result.winner
    by_id = {problem.id: problem for problem in whole.problems}
    held_out = tuple(by_id[entry.problem_id] for entry in winner.observations)
    if not held_out:
        raise SpecError(
            "the winner was asked no held-out problem, so there is nothing to go by", path=str(run)
        )
    benchmark = replace(whole, problems=held_out)
    async with AsyncExitStack() as stack:
        runner = await stack.enter_async_context(open_sandbox(sandbox))
        models = await stack.enter_async_context(
            open_search_models(search, whole, settings, store=folder / CALLS, run=f"{folder.name}-ablation")
        )
        work = _Run(benchmark, models, runner, search.study.seed, settings, watch)
        report = await _ablate(winner.architecture, work, held_out=True)
    write_json(folder / ABLATION, report.model_dump(mode="json"))
    return Ablated(folder, report)


async def ablate_architecture(
    architecture: Architecture,
    *,
    on: str,
    scorer: str | None = None,
    limit: int | None = None,
    seed: int = 0,
    output: Path | None = None,
    settings: Settings,
    recording: Path | None = None,
    caps: Caps | None = None,
    sandbox: SandboxChoice = "auto",
    watch: EvaluationWatch,
) -> Ablated:
    """Take any architecture apart on a benchmark; a run folder of its own is made.

    Raises:
        SpecError: Something is wrong, nothing can be left out, or `watch` says no. Nothing was paid for.
    """
    benchmark = open_benchmark(on, scorer=scorer, seed=seed, limit=limit)
    async with (
        open_sandbox(sandbox) as runner,
        open_models(
            settings, problems=benchmark.problems, recording=recording, seed=seed, caps=caps
        ) as models,
    ):
        work = _Run(benchmark, models, runner, seed, settings, watch)
        report = await _ablate(architecture, work, held_out=False)
    about = {
        "benchmark": benchmark.name,
        "benchmark_fingerprint": benchmark.fingerprint,
        "seed": seed,
        "is_simulated": report.is_simulated,
    }
    folder = create_run(output or settings.runs, KIND, architecture.name, about)
    write_json(folder / ABLATION, report.model_dump(mode="json"))
    return Ablated(folder, report)


def load_ablation(folder: Path) -> AblationReport:
    """The ablation in a run folder.

    Raises:
        SpecError: There is none.
        DataError: It is damaged.
    """
    path = folder / ABLATION
    if not path.is_file():
        raise SpecError(f"{folder}: no ablation. Make one with: itas ablate {folder}")
    try:
        return AblationReport.model_validate_json(path.read_bytes())
    except ValueError as error:
        raise DataError(f"{path}: damaged: {error}") from None


async def _ablate(architecture: Architecture, run: _Run, *, held_out: bool) -> AblationReport:
    ablations = list_ablations(architecture)
    if not ablations:
        raise SpecError(f"'{architecture.name}' is one call or one layer: nothing can be left out")
    everything = [architecture, *(ablation.architecture for ablation in ablations)]
    for model in dict.fromkeys(model for each in everything for model in each.models):
        run.models(model)
    if run.benchmark.runs_code or any(each.runs_code for each in everything):
        await run.runner.choose_tier()
    estimates = [estimate_one(each, run.benchmark, run.models.find_price) for each in everything]
    if not run.watch.confirm(estimates):
        raise SpecError("not confirmed, so nothing was asked and nothing was paid")
    whole, is_complete = await run.observe(architecture)
    found: list[tuple[tuple[Observation, ...], bool]] = []
    for ablation in ablations:
        is_next = is_complete and all(complete for _, complete in found)
        found.append(await run.observe(ablation.architecture) if is_next else ((), False))
    comparisons = _compare(architecture.name, whole, [ablation.without for ablation in ablations], found)
    scores = list(mean_scores(whole).values())
    budget = run.models.budget
    return AblationReport(
        architecture=architecture,
        benchmark=run.benchmark.name,
        problems=len(run.benchmark.problems),
        held_out=held_out,
        is_simulated=any(is_simulated(model) for each in everything for model in each.models),
        score=estimate_mean(scores) if scores else None,
        samples=_samples(whole),
        cost_micro_usd=_cost(whole),
        parts=tuple(
            AblatedPart(
                without=ablation.without,
                architecture=ablation.architecture,
                samples=_samples(observations),
                cost_micro_usd=_cost(observations),
                samples_share=_share(_samples(whole), _samples(observations)) or 0.0,
                price_share=_share(_cost(whole), _cost(observations)),
                comparison=comparison,
                is_complete=complete and is_complete,
            )
            for ablation, (observations, complete), comparison in zip(
                ablations, found, comparisons, strict=True
            )
        ),
        paid_samples=budget.paid_samples,
        paid_micro_usd=budget.paid_micro_usd,
    )


def _compare(
    name: str,
    whole: Sequence[Observation],
    parts: Sequence[str],
    found: Sequence[tuple[Sequence[Observation], bool]],
) -> list[Comparison | None]:
    """The whole against every rest, one family."""
    known = mean_scores(whole).keys()
    places = [place for place, (rest, _) in enumerate(found) if known & mean_scores(rest).keys()]
    family = correct_for_many(
        [compare(whole, found[place][0], name_a=name, name_b=f"without {parts[place]}") for place in places]
    )
    by_place = dict(zip(places, family, strict=True))
    return [by_place.get(place) for place in range(len(found))]


def _samples(observations: Sequence[Observation]) -> float:
    return sum(entry.samples_used for entry in observations) / max(len(observations), 1)


def _cost(observations: Sequence[Observation]) -> float | None:
    return mean_cost(observations, [entry.problem_id for entry in observations])


def _share(whole: float | None, rest: float | None) -> float | None:
    """Of the whole, what the rest does not take."""
    return None if not whole or rest is None else 1.0 - rest / whole


def _budget(caps: Caps | None) -> Budget:
    return Budget() if caps is None else Budget(max_samples=caps.max_samples, max_cost_usd=caps.max_usd)
