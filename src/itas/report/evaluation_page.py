"""The report of an evaluation: one architecture on a benchmark, or several side by side, problem by problem."""

from collections.abc import Sequence
from dataclasses import replace

from pydantic import Field

from itas.core.spec import Spec
from itas.evaluation.comparison import Comparison
from itas.report import words
from itas.report.charts.base import Chart
from itas.report.charts.evaluation import (
    describe_spread,
    draw_differences,
    draw_means,
    draw_scores,
    draw_spread,
)
from itas.report.evaluation_facts import Evaluated, EvaluationFacts, gather_evaluation
from itas.report.page import mark_safe, render_page
from itas.report.picture import draw_svg


class EvaluationAbout(Spec):
    """Where an evaluation comes from.

    Attributes:
        title: Heads the page.
        created: When it was made, ISO 8601.
        command: Makes it again.
        sandbox: The walls behind which code was run; empty where none was.
        versions: Of the program and its surroundings, by name.
        fingerprints: By name.
    """

    title: str
    created: str = ""
    command: str = ""
    sandbox: str = ""
    versions: dict[str, str] = Field(default_factory=dict)
    fingerprints: dict[str, str] = Field(default_factory=dict)


def render_evaluation_report(
    contestants: Sequence[Evaluated], *, comparisons: Sequence[Comparison] = (), about: EvaluationAbout
) -> str:
    """The page, as HTML text.

    Args:
        contestants: At least one; all on the same problems, the first is what the others are held against.
        comparisons: Of the others with the first.
        about: What else the page says.

    Raises:
        Error: A package of the extra ``report`` is missing; says how to install it.
    """
    facts = gather_evaluation(contestants, comparisons)
    first = contestants[0].summary
    return render_page(
        "evaluation.html.j2",
        title=about.title,
        scripts=("grid.js",),
        about=about,
        created=words.when(about.created) if about.created else "",
        facts=facts,
        summary=first,
        verdict=describe_evaluation(facts),
        words=words,
        charts=_charts(facts, first.metric),
        spread=describe_spread,
        pictures=tuple(
            (
                each.name,
                mark_safe(draw_svg(each.architecture, is_alone=False, took=took_by(each))),
                words.describe_architecture(each.architecture),
            )
            for each in contestants
            if each.architecture is not None
        ),
    )


def draw_evaluation_charts(
    contestants: Sequence[Evaluated], *, comparisons: Sequence[Comparison] = ()
) -> dict[str, Chart]:
    """The charts of the page by name, for figures."""
    facts = gather_evaluation(contestants, comparisons)
    drawn = _charts(facts, contestants[0].summary.metric)
    return {name: replace(chart, is_simulated=facts.is_simulated) for name, chart in drawn.items() if chart}


def describe_evaluation(facts: EvaluationFacts) -> tuple[str, ...]:
    """The verdict in sentences: of every comparison, or of the one architecture."""
    if facts.comparisons:
        return tuple(each.sentence for each in facts.comparisons)
    (first, *others) = facts.contestants
    if others:
        return ("No verdict: no problem has a score from all of these architectures.",)
    summary = first.summary
    if summary.score is None:
        return (f"{first.name}: no problem of {summary.n_problems:,} has a score.",)
    score = summary.score
    price = "" if not first.results else f", at {words.usd(_price(first))} a question"
    return (
        f"{first.name}: {words.points(score.mean)} points of {summary.metric} (95 % interval "
        f"{words.interval(score.low, score.high)}) on {words.count(score.n, 'problem')}{price}.",
    )


def took_by(entry: Evaluated) -> dict[tuple[int, int], str]:
    """Money and seconds of every component for one question, for its picture."""
    return {
        (cost.layer, cost.component): (
            f"{words.usd(None if cost.cost_micro_usd is None else cost.cost_micro_usd / cost.answers)}"
            f" · {words.seconds(cost.latency_median_s)}"
        )
        for cost in entry.summary.components
    }


def _price(entry: Evaluated) -> float | None:
    cost = entry.summary.cost_micro_usd
    return None if cost is None else cost / len(entry.results)


def _charts(facts: EvaluationFacts, metric: str) -> dict[str, Chart | None]:
    return {
        "means": draw_means(facts, metric=metric),
        "differences": draw_differences(facts),
        "scores": draw_scores(facts),
        "price": draw_spread(facts, by="price"),
        "latency": draw_spread(facts, by="latency"),
    }
