"""Models of a ranked list."""

from collections.abc import Sequence

from itas.report.charts.base import Chart, finish, import_altair, values_of
from itas.report.words import count, points, shorten, tail, visible
from itas.search.ranking import Ranked


def draw_ranking(ranked: Sequence[Ranked], *, noun: str, metric: str) -> Chart:
    """Models by their score, with 95 % intervals."""
    alt = import_altair()
    rows = [
        {
            "place": place,
            "model": f"{place}  {shorten(visible(tail(entry.model)), 26)}",
            "full": visible(shorten(entry.model, 200)),
            "score": round(100 * entry.skill, 3),
            "low": round(100 * max(entry.skill - 1.96 * entry.se, 0.0), 3),
            "high": round(100 * min(entry.skill + 1.96 * entry.se, 1.0), 3),
            "score_text": points(entry.skill),
            "se_text": points(entry.se),
            "n": entry.n,
        }
        for place, entry in enumerate(ranked, 1)
    ]
    y = alt.Y("model:N").sort(None).title(None).axis(labelLimit=220, ticks=False, domain=False)
    x = alt.X("score:Q").scale(zero=False).axis(tickCount=8).title(f"{metric}, points")
    tooltip = [
        alt.Tooltip("full:N", title="Model"),
        alt.Tooltip("score_text:N", title="Score"),
        alt.Tooltip("se_text:N", title="Standard error"),
        alt.Tooltip("n:Q", title="Problems"),
    ]
    base = alt.Chart(values_of(rows))
    chart = alt.layer(
        base.mark_rule(stroke="var(--accent)", strokeWidth=1.6, opacity=0.6, aria=False).encode(
            y=y, x=alt.X("low:Q"), x2="high:Q"
        ),
        base.mark_point(filled=True, size=80, fill="var(--accent)", opacity=1).encode(
            y=y, x=x, tooltip=tooltip
        ),
    )
    first, last = ranked[0], ranked[-1]
    text = (
        f"{count(len(ranked), noun)} by {metric}, best first: {visible(shorten(tail(first.model), 80))} "
        f"{points(first.skill)} to {visible(shorten(tail(last.model), 80))} {points(last.skill)}."
    )
    return finish(
        chart, text, "Mean score with a 95 % interval (1.96 standard errors).", height=30 * len(rows)
    )
