"""The report of a search: one page from the verdict to the command that makes it again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import yaml

from itas.core.architecture import Architecture
from itas.report import charts, words
from itas.report.about import About, NextStep
from itas.report.charts import Chart
from itas.report.facts import Facts, gather
from itas.report.page import mark_safe, render_page
from itas.report.picture import draw_svg, read_columns
from itas.report.verdict import describe_alternatives, describe_choice, describe_verdict, name_contestant
from itas.search.journal import Event
from itas.search.ranking import Dropped, Ranked, RankingName
from itas.search.records import Budget, Contestant, StudyResult
from itas.specs import dump_architecture

_RANKINGS: tuple[tuple[RankingName, str, str], ...] = (
    ("generators", "Models alone", "model"),
    ("fusers", "Fusers", "fuser"),
)


@dataclass(frozen=True, slots=True)
class Ranking:
    """One ranked list as it is shown."""

    title: str
    entries: tuple[Ranked, ...]
    dropped: tuple[Dropped, ...]
    chart: Chart | None


@dataclass(frozen=True, slots=True)
class Spent:
    """Something that was paid, and its cap."""

    name: str
    paid: str
    cap: str
    share: float | None = field(default=None)


def render_search_report(result: StudyResult, *, about: About, journal: Sequence[Event] = ()) -> str:
    """The page, as HTML text.

    Args:
        result: What the study found.
        about: What the page says about the run besides.
        journal: Events of the same study (`itas.search.read_journal`). With them the page also shows prices
            of trials, estimates for everything tried, the course of the search and what every stage took.

    Raises:
        Error: A package of the extra ``report`` is missing; says how to install it.
    """
    facts = gather(result, about, journal)
    recommended = result.recommended
    drawn = _draw(result, facts, about)
    took = _took(about, recommended)
    winner = result.winner.architecture
    return render_page(
        "search.html.j2",
        title=about.title,
        about=about,
        created=words.when(about.created),
        result=result,
        facts=facts,
        words=words,
        verdict=describe_verdict(result),
        headline=_headline(result),
        alternatives=describe_alternatives(result),
        recommended=recommended,
        choice=describe_choice(result),
        recommended_name=name_contestant(_recommended(result)),
        picture=mark_safe(draw_svg(recommended, is_alone=False, took=took)),
        winner_picture=None
        if winner == recommended
        else mark_safe(draw_svg(winner, is_alone=False, took=_took(about, winner))),
        columns=read_columns(recommended, took=took),
        yaml=_yaml(recommended),
        cheaper=tuple(
            (name_contestant(entry), _yaml(entry.architecture))
            for entry in result.contestants
            if set(entry.roles) & set(result.verdict.as_good)
            and not result.verdict.one_call_is_as_good
            and entry.architecture != recommended
        ),
        next_steps=about.next_steps or _next_steps(result),
        goal=describe_goal(result),
        quality=drawn.quality,
        points=sorted(facts.points, key=lambda point: -(point.best_known or -1.0)),
        front=_front(result, facts),
        rankings=drawn.rankings,
        course=drawn.course,
        finalists=drawn.finalists,
        effects=drawn.effects,
        ablation=drawn.ablation,
        parts=drawn.parts,
        fingerprints_of=_contestants(result),
        gaps=drawn.gaps,
        labels=_labels(facts),
        spending=drawn.spending,
        spent=_spent(result, about.caps or result.budget, is_simulated=facts.is_simulated),
        versions=about.versions or _versions(journal),
        fingerprints=_fingerprints(result, about),
    )


def draw_search_charts(
    result: StudyResult, *, about: About, journal: Sequence[Event] = ()
) -> dict[str, Chart]:
    """The charts of the page by name, for figures."""
    facts = gather(result, about, journal)
    drawn = _draw(result, facts, about)
    found: dict[str, Chart | None] = {
        **{f"quality-by-{by}": chart for by, chart in drawn.quality.items()},
        "effects": drawn.effects,
        "ablation": drawn.ablation,
        "benchmarks": drawn.parts,
        "gaps": drawn.gaps,
        **{f"ranking-{ranking.title.lower().replace(' ', '-')}": ranking.chart for ranking in drawn.rankings},
        "course": drawn.course,
        "finalists": drawn.finalists,
        "spending": drawn.spending,
    }
    return {
        name: replace(chart, is_simulated=facts.is_simulated)
        for name, chart in found.items()
        if chart is not None
    }


def describe_goal(result: StudyResult) -> str:
    """What the winner was named for, where that is not simply the best; empty else."""
    goal = result.spec.goal
    if not goal.within:
        return ""
    cost = {"samples": "samples", "usd": "dollars", "tokens": "tokens", "seconds": "seconds"}[goal.cost]
    return (
        f"The goal was the architecture that takes the fewest {cost} among those estimated to be at most "
        f"{words.points(goal.within)} points below the best."
    )


@dataclass(frozen=True, slots=True)
class _Drawn:
    """Every chart of the page."""

    quality: Mapping[charts.By, Chart | None]
    rankings: tuple[Ranking, ...]
    course: Chart | None
    finalists: Chart
    effects: Chart | None
    ablation: Chart | None
    parts: Chart | None
    gaps: Chart | None
    spending: Chart | None


def _draw(result: StudyResult, facts: Facts, about: About) -> _Drawn:
    return _Drawn(
        quality={by: charts.draw_quality(facts, by=by, metric=about.metric) for by in _axes(facts)},
        rankings=tuple(_ranking(result, about, *entry) for entry in _RANKINGS),
        course=charts.draw_course(facts, metric=about.metric),
        finalists=charts.draw_finalists(result.finalists, _labels(facts), metric=about.metric),
        effects=charts.draw_effects(facts.effects),
        ablation=charts.draw_ablation(about.ablation),
        parts=charts.draw_parts(facts, about, _contestants(result)),
        gaps=charts.draw_gaps(about.gaps),
        spending=charts.draw_spending(facts),
    )


def _contestants(result: StudyResult) -> tuple[str, ...]:
    return tuple(entry.architecture.fingerprint for entry in result.contestants)


def _front(result: StudyResult, facts: Facts) -> frozenset[int]:
    """The front as the study has it, by the cost of its goal; for older results, by samples."""
    if result.front:
        return frozenset(entry.point for entry in result.front)
    return charts.mark_front(facts.points, "samples")


def _took(about: About, architecture: Architecture) -> dict[tuple[int, int], str]:
    known = about.took.get(architecture.fingerprint, {})
    places = ((name.partition("."), text) for name, text in known.items())
    return {(int(layer), int(component)): text for (layer, _, component), text in places}


def _headline(result: StudyResult) -> str:
    verdict = result.verdict
    because = verdict.because
    if because == "it is better than one call, the winner is not proven to be":
        return "Not the winner, but something else is better than one call"
    if because == "it is better than one call and than the winner":
        return "Something is better than one call, and than the winner of the search"
    if verdict.relation == "unknown":
        return "No verdict"
    if verdict.one_call_is_as_good:
        return (
            "Nothing is proven better than one call" if verdict.relation == "tied" else "One call is better"
        )
    return "The search found something better than one call"


def _recommended(result: StudyResult) -> Contestant:
    return result.contestant(result.verdict.recommended) or result.winner


def _axes(facts: Facts) -> tuple[charts.By, ...]:
    return ("samples", "price") if facts.has_prices else ("samples",)


def _labels(facts: Facts) -> Mapping[int, str]:
    return {point.point: point.label for point in facts.points}


def _yaml(architecture: Architecture) -> str:
    """The architecture to copy. Where something in it cannot be seen, everything but ASCII is an escape."""
    text = dump_architecture(architecture)
    if words.visible(text) == text:
        return text
    return yaml.safe_dump(yaml.safe_load(text), allow_unicode=False, sort_keys=False)


def _next_steps(result: StudyResult) -> tuple[NextStep, ...]:
    answer = NextStep(
        purpose="Ask it something. Save the YAML below as best.yaml first.",
        command='itas answer best.yaml "Your question"',
    )
    if result.verdict.is_complete:
        return answer, NextStep(
            purpose="See what is in this run, and its figures as data.",
            command="itas show runs/latest --json",
        )
    return answer, NextStep(
        purpose="Go on where the budget ended, with a higher one.",
        command="itas resume runs/latest --max-samples MORE",
    )


def _ranking(result: StudyResult, about: About, name: RankingName, title: str, noun: str) -> Ranking:
    entries = result.rankings.ranked(name)
    is_measured = any(entry.n for entry in entries)
    chart = charts.draw_ranking(entries, noun=noun, metric=about.metric) if is_measured else None
    return Ranking(title, entries, result.dropped.get(name, ()), chart)


def _spent(result: StudyResult, caps: Budget, *, is_simulated: bool) -> tuple[Spent, ...]:
    paid_usd = result.paid_micro_usd / 1e6
    trials = sum(trial.number >= 0 for trial in result.trials)
    return (
        Spent(
            "Samples bought",
            f"{result.paid_samples:,}",
            "no cap" if caps.max_samples is None else f"{caps.max_samples:,}",
            None if caps.max_samples is None else result.paid_samples / caps.max_samples,
        ),
        Spent(
            "Dollars spent" if not is_simulated else "Dollars, at simulated prices",
            words.usd(result.paid_micro_usd),
            "no cap" if caps.max_cost_usd is None else f"${caps.max_cost_usd:,.2f}",
            None if caps.max_cost_usd is None else paid_usd / caps.max_cost_usd,
        ),
        Spent(
            "Trials of the search",
            f"{trials:,}",
            "no cap" if caps.max_trials is None else f"{caps.max_trials:,}",
            None if caps.max_trials is None else trials / caps.max_trials,
        ),
    )


def _versions(journal: Sequence[Event]) -> Mapping[str, str]:
    for event in journal:
        if event["event"] == "study":
            return event.get("versions", {})
    return {}


def _fingerprints(result: StudyResult, about: About) -> Mapping[str, str]:
    return {
        "study": result.spec.fingerprint,
        "space": result.space.fingerprint,
        "winner": result.winner.architecture.fingerprint,
        **about.fingerprints,
    }
