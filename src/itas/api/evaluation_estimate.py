"""What an evaluation will take, in numbers and in a sentence; asks nobody."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from itas.api.answering import SIMULATED
from itas.api.judging import judges_of, plan_judging
from itas.api.lengths import find_lengths
from itas.api.opening import open_models
from itas.api.settings import Settings
from itas.benchmarks.benchmark import Benchmark
from itas.benchmarks.judge import JudgedScorer
from itas.benchmarks.registry import open_benchmark
from itas.core.architecture import Architecture
from itas.core.component import Component
from itas.core.spec import Spec
from itas.errors import SpecError
from itas.evaluation.estimate import Lengths, estimate_cost
from itas.evaluation.lengths import assumed_lengths


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
    check_samples(samples, benchmark)
    lengths = await find_lengths(benchmark, generators_of(architectures), settings=settings)
    async with open_models(settings.model_copy(update={"store": "memory"})) as models:
        return tuple(
            estimate_one(each, benchmark, models.find_price, samples=samples, lengths=lengths)
            for each in architectures
        )


def generators_of(architectures: Iterable[Architecture]) -> list[Component]:
    """Who answers the questions themselves."""
    return [
        component
        for architecture in architectures
        for component in architecture.layers[0].components
        if component.type == "generator"
    ]


def estimate_one(
    architecture: Architecture,
    benchmark: Benchmark,
    price: Callable[[str], Any],
    *,
    samples: int = 1,
    lengths: Lengths | None = None,
) -> EvaluationEstimate:
    asked = benchmark.problems * samples
    assumed = lengths or assumed_lengths(benchmark)
    judge = plan_judging(benchmark, asked)
    found = estimate_cost(architecture, asked, price=price, judge=judge, lengths=assumed)
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
        + f"{found.sentence} Reckoned with {assumed.basis}."
        + (" Simulated models: nothing is paid." if simulated else ""),
    )


def check_samples(samples: int, benchmark: Benchmark) -> None:
    if samples < 1:
        raise SpecError(f"must be at least 1, found {samples}", path="samples")
    if samples > 1 and isinstance(benchmark.scorer, JudgedScorer):
        raise SpecError(
            f"pass@k needs answers that pass or fail; those of '{benchmark.name}' are judged. Leave it at 1",
            path="samples",
        )


def sum_estimates(estimates: Sequence[EvaluationEstimate]) -> int | None:
    prices = [each.planned_micro_usd for each in estimates if not each.is_simulated]
    known = [price for price in prices if price is not None]
    return sum(known) if known and len(known) == len(prices) else None
