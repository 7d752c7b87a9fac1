"""Trade-offs in the terminal: the front of a search, what its goal gave up, and benchmark by benchmark."""

from typing import TYPE_CHECKING

from itas.cli.tables import print_table
from itas.cli.terminal import clean, out
from itas.core.money import format_usd
from itas.report.verdict import name_contestant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from itas.api.gaps import Gap
    from itas.api.search_outcome import Outcome
    from itas.search import StudyResult
    from itas.search.records import FrontPoint


def describe_goal(result: "StudyResult") -> str | None:
    """What was given up for a lower cost, as the search believes; None where the goal is the best."""
    goal = result.spec.goal
    if not goal.within or not result.front:
        return None
    best = max(result.front, key=lambda point: point.mean)
    winner = result.finalists[0]
    if winner.point == best.point:
        return f"Goal: the cheapest within {100 * goal.within:g} points; nothing cheaper is believed to be that near."
    cheap = next((point for point in result.front if point.point == winner.point), None)
    costs = (
        "" if cheap is None else f" for {say_cost(cheap, goal.cost)} instead of {say_cost(best, goal.cost)}"
    )
    given_up = 100 * (best.mean - winner.mean)
    return (
        f"Goal: the cheapest within {100 * goal.within:g} points gives up {given_up:.1f} points of what the search "
        f"believes the best to have ({100 * best.mean:.1f} +- {100 * best.sd:.1f}){costs} a question."
    )


def say_cost(point: "FrontPoint", kind: str) -> str:
    """``12 samples``, ``$0.0031``, ``3.2 s``."""
    if kind == "usd":
        return format_usd(point.micro_usd)
    if kind == "seconds" and point.cost is not None:
        return f"{point.cost:.1f} s"
    if kind == "tokens" and point.cost is not None:
        return f"{point.cost:,.0f} tokens"
    return f"{point.planned_samples} sample{'s' * (point.planned_samples != 1)}"


def print_front(result: "StudyResult") -> None:
    """A row per point, from cheap to dear."""
    if not result.front:
        return
    kind = result.spec.goal.cost
    has_more = kind in ("tokens", "seconds")
    heads = ["point", "believed", "samples", "price", *([kind] if has_more else []), "choices"]
    winner = result.finalists[0].point
    rows = [
        [
            f"{point.point}{' (winner)' if point.point == winner else ''}",
            f"{100 * point.mean:.1f} +- {100 * point.sd:.1f}",
            str(point.planned_samples),
            format_usd(point.micro_usd),
            *([say_cost(point, kind)] if has_more else []),
            " ".join(f"{name}={value}" for name, value in point.choices.items()),
        ]
        for point in result.front
    ]
    out().print()
    print_table(
        heads,
        rows,
        numbers=tuple(range(1, len(heads) - 1)),
        wide=(len(heads) - 1,),
        title="front on development problems: nothing cheaper is believed to be as good; not proven on held-out ones",
    )


def print_parts(outcome: "Outcome") -> None:
    """Of several benchmarks, what every contestant scores on each of them."""
    if not outcome.parts:
        return
    names = list(outcome.parts)
    rows: list[list[str]] = []
    for entry in outcome.result.contestants:
        found = [outcome.parts[name].get(entry.architecture.fingerprint) for name in names]
        cells = [
            "" if mean is None else f"{100 * mean.mean:.1f} +- {100 * (mean.se or 0):.1f}" for mean in found
        ]
        rows.append([name_contestant(entry), *cells])
    out().print()
    print_table(
        ["by benchmark", *names],
        rows,
        numbers=tuple(range(1, len(names) + 1)),
        title=f"held-out problems of each benchmark; what counted: {outcome.result.spec.aggregate}",
    )


def print_gaps(gaps: "Sequence[Gap]") -> None:
    """A row per benchmark, and a sentence where both stood before the same problems."""
    rows = [
        [
            gap.benchmark,
            f"{100 * gap.general.mean:.1f} +- {100 * (gap.general.se or 0):.1f}",
            f"{100 * gap.specific.mean:.1f} +- {100 * (gap.specific.se or 0):.1f}",
            f"{100 * gap.difference:+.1f}",
            "by problem" if gap.comparison is not None else "of the means",
        ]
        for gap in gaps
    ]
    print_table(
        ["benchmark", "general winner", "own winner", "gap", "difference"],
        rows,
        numbers=(1, 2, 3),
        title="held-out problems: the winner of this search against that of a search on one benchmark",
    )
    for gap in gaps:
        if gap.comparison is not None:
            out().print(clean(gap.comparison.sentence))
