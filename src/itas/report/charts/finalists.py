"""Finalists: what was observed, and what the estimate makes of it."""

from collections.abc import Mapping, Sequence

from itas.report.charts.base import Chart, Row, finish, import_altair, values_of
from itas.report.words import count, interval, points, shorten, visible
from itas.search.records import PointEstimate


def draw_finalists(finalists: Sequence[PointEstimate], labels: Mapping[int, str], *, metric: str) -> Chart:
    """Observed against estimated quality of the finalists."""
    alt = import_altair()
    rows: list[Row] = []
    for place, entry in enumerate(finalists, 1):
        reach = 1.96 * entry.sd
        shared: Row = {
            "finalist": f"{place}  (winner)" if place == 1 else f"{place}",
            "label": visible(shorten(labels.get(entry.point, ""), 240)),
            "mean": round(100 * entry.mean, 3),
            "low": round(100 * (entry.mean - reach), 3),
            "high": round(100 * (entry.mean + reach), 3),
            "mean_text": f"{points(entry.mean)} ({interval(entry.mean - reach, entry.mean + reach)})",
            "observed": None if entry.observed is None else round(100 * entry.observed, 3),
            "observed_text": "nothing" if entry.observed is None else points(entry.observed),
            "n": entry.n,
        }
        rows.append(shared)
    y = alt.Y("finalist:N").sort(None).title(None).axis(labelLimit=160, ticks=False, domain=False)
    tooltip = [
        alt.Tooltip("label:N", title="Architecture"),
        alt.Tooltip("mean_text:N", title="Estimated"),
        alt.Tooltip("observed_text:N", title="Observed"),
        alt.Tooltip("n:Q", title="Problems"),
    ]
    base = alt.Chart(values_of(rows))
    scale = alt.Scale(domain=["estimated", "observed"], range=["var(--accent)", "var(--winner)"])
    key = alt.Color("kind:N").scale(scale).title(None).legend(orient="top", symbolType="circle")
    both = [
        {**row, "kind": kind, "x": row[field]}
        for row in rows
        for kind, field in (("estimated", "mean"), ("observed", "observed"))
        if row[field] is not None
    ]
    chart = alt.layer(
        base.mark_rule(stroke="var(--accent)", strokeWidth=1.6, opacity=0.45, aria=False).encode(
            y=y, x=alt.X("low:Q"), x2="high:Q"
        ),
        base.mark_rule(stroke="var(--winner)", strokeWidth=2, strokeDash=[2, 3], aria=False).encode(
            y=y, x=alt.X("observed:Q"), x2="mean:Q"
        ),
        alt.Chart(values_of(both))
        .mark_point(filled=True, size=90, opacity=1)
        .encode(
            y=y,
            x=alt.X("x:Q").scale(zero=False).axis(tickCount=8).title(f"{metric}, points"),
            color=key,
            tooltip=tooltip,
        ),
    )
    said = "; ".join(
        f"{row['finalist']} observed {row['observed_text']}, estimated {points(row['mean'] / 100)}"
        for row in rows
    )
    text = f"{count(len(rows), 'finalist')}, observed against estimated {metric}. {said}."
    caption = (
        "Estimated with a 95 % interval. The dotted line is the shrinkage: how much of what was observed the "
        "estimate takes for luck."
    )
    return finish(chart, text, caption, height=34 * len(rows))
