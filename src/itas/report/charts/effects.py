"""Differences with intervals: what each choice changes, and what is lost without a part."""

from collections.abc import Sequence
from dataclasses import dataclass

from itas.report.about import AblationLine, GapLine
from itas.report.charts.base import Chart, Row, finish, import_altair, values_of
from itas.report.effects import Effect
from itas.report.words import count, interval, points, shorten, visible

_MOST = 30


@dataclass(frozen=True, slots=True)
class _Bar:
    group: str
    name: str
    difference: float
    low: float
    high: float


def draw_effects(effects: Sequence[Effect]) -> Chart | None:
    """How much each option changes against the first of its choice; None without any."""
    bars = [
        _Bar(each.choice, f"{each.option} instead of {each.instead_of}", each.difference, each.low, each.high)
        for each in effects
    ]
    return _draw(
        bars,
        title="points gained",
        text="What each choice changes, all else equal, by the estimate of the search",
        caption="All else equal, by the estimate of the search on development problems, with 95 % intervals. An "
        "interval that holds 0 says that this choice was not seen to matter.",
    )


def draw_ablation(lines: Sequence[AblationLine]) -> Chart | None:
    """What each part of the winner adds; None without any."""
    bars = [_Bar("", each.without, each.difference, each.low, each.high) for each in lines]
    return _draw(
        bars,
        title="points that the part adds",
        text="What the winner loses without each of its parts",
        caption="The winner minus what is left of it without the part, paired by problem, with 95 % intervals.",
    )


def draw_gaps(lines: Sequence[GapLine]) -> Chart | None:
    """What an architecture of its own gains on each benchmark; None without any."""
    return _draw(
        [_Bar("", each.benchmark, each.difference, each.low, each.high) for each in lines],
        title="points that an architecture of its own gains",
        text="What each benchmark loses by having no architecture of its own",
        caption="The winner of a search on this benchmark alone minus the winner for all of them, on held-out "
        "problems, with 95 % intervals.",
    )


def _draw(bars: Sequence[_Bar], *, title: str, text: str, caption: str) -> Chart | None:
    if not bars:
        return None
    alt = import_altair()
    shown = bars[:_MOST]
    rows: list[Row] = [
        {
            "place": f"{place:03d}",
            "name": visible(shorten(f"{bar.group}: {bar.name}" if bar.group else bar.name, 46)),
            "full": visible(shorten(f"{bar.group}: {bar.name}" if bar.group else bar.name, 240)),
            "difference": round(100 * bar.difference, 3),
            "low": round(100 * bar.low, 3),
            "high": round(100 * bar.high, 3),
            "text": f"{points(bar.difference, signed=True)} ({interval(bar.low, bar.high)})",
            "state": "more" if bar.low > 0 else "less" if bar.high < 0 else "not sure",
        }
        for place, bar in enumerate(shown)
    ]
    seen: dict[str, int] = {}
    for row in rows:  # two with the same beginning stay two rows
        seen[row["name"]] = seen.get(row["name"], 0) + 1
        if seen[row["name"]] > 1:
            row["name"] += f" ({seen[row['name']]})"
    y = (
        alt.Y("name:N")
        .sort(None)
        .title(None)
        .axis(labelLimit=alt.ExprRef("width < 420 ? 150 : 300"), ticks=False, domain=False)
    )
    scale = alt.Scale(
        domain=["more", "not sure", "less"], range=["var(--good)", "var(--tried)", "var(--bad)"]
    )
    colour = alt.Color("state:N").scale(scale).title(None).legend(None)
    base = alt.Chart(values_of(rows))
    zero = alt.Chart(values_of([{"x": 0}])).mark_rule(stroke="var(--quiet)", strokeDash=[3, 3], aria=False)
    chart = alt.layer(
        zero.encode(x="x:Q"),
        base.mark_rule(strokeWidth=1.8, aria=False).encode(y=y, x=alt.X("low:Q"), x2="high:Q", color=colour),
        base.mark_point(filled=True, size=90, opacity=1).encode(
            y=y,
            x=alt.X("difference:Q").title(title).axis(tickCount=7),
            color=colour,
            tooltip=[alt.Tooltip("full:N", title="What"), alt.Tooltip("text:N", title="Points")],
        ),
    )
    said = "; ".join(f"{row['full']} {row['text']}" for row in rows[:12])
    more = f" {count(len(bars) - len(shown), 'further one')} in the table." if len(bars) > len(shown) else ""
    return finish(chart, f"{text}. {said}.", caption + more, height=28 * len(rows))
