"""The course of a search: trials, and what was recommended."""

from typing import Any

from itas.report.charts.base import Chart, finish, import_altair, values_of
from itas.report.facts import Facts
from itas.report.words import count, points, shorten, visible


def draw_course(facts: Facts, *, metric: str) -> Chart | None:
    """What the search recommended, and every trial, over samples paid or over trials; None without scores."""
    alt = import_altair()
    by_paid = bool(facts.course)
    trials = [
        {
            "x": step.paid_before if by_paid else step.number + 1,
            "score": round(100 * step.observed, 3),
            "n": step.n,
            "trial": step.number + 1,
            "label": visible(shorten(step.label, 240)),
            "score_text": points(step.observed),
        }
        for step in facts.steps
        if step.observed is not None and (not by_paid or step.paid_before is not None)
    ]
    if not trials:
        return None
    x = alt.X("x:Q").title("samples paid" if by_paid else "trial").axis(format=",d", grid=False, tickCount=6)
    y = alt.Y("score:Q").scale(zero=False, padding=8).title(f"{metric}, points")
    tooltip = [
        alt.Tooltip("label:N", title="Architecture"),
        alt.Tooltip("score_text:N", title="Observed"),
        alt.Tooltip("n:Q", title="Problems"),
        alt.Tooltip("trial:Q", title="Trial"),
    ]
    size = alt.Size("n:Q").scale(range=[14, 90]).title("problems").legend(None)
    layers: list[Any] = [
        alt.Chart(values_of(trials))
        .mark_point(filled=True, fill="var(--tried)", opacity=0.5, aria=False)
        .encode(x=x, y=y, size=size, tooltip=tooltip)
    ]
    text = f"{metric} of {count(len(trials), 'trial')}, as observed, in the order they were made."
    caption = "Dots are trials as observed; larger ones saw more problems."
    if by_paid:
        layers += _draw_recommended(alt, facts, x, y)
        first, last = facts.course[0], facts.course[-1]
        text += (
            f" The architecture recommended was estimated at {points(first.mean)} after {first.paid:,} samples "
            f"and at {points(last.mean)} after {last.paid:,}."
        )
        caption += (
            " The line is the estimate for what was then recommended, with one standard deviation around it. "
            "What lies above it is mostly luck, which is why the best observed is not chosen."
        )
    return finish(alt.layer(*layers), text, caption, height=300)


def _draw_recommended(alt: Any, facts: Facts, x: Any, y: Any) -> list[Any]:
    rows = [
        {
            "x": entry.paid,
            "score": round(100 * entry.mean, 3),
            "low": round(100 * (entry.mean - entry.sd), 3),
            "high": round(100 * (entry.mean + entry.sd), 3),
            "label": visible(shorten(entry.label, 240)),
            "score_text": f"{points(entry.mean)} ± {points(entry.sd)}",
            "trial": entry.trials,
        }
        for entry in facts.course
    ]
    tooltip = [
        alt.Tooltip("label:N", title="Recommended"),
        alt.Tooltip("score_text:N", title="Estimated"),
        alt.Tooltip("trial:Q", title="After trials"),
        alt.Tooltip("x:Q", title="Samples paid", format=","),
    ]
    base = alt.Chart(values_of(rows))
    line = {"interpolate": "step-after", "stroke": "var(--accent)", "strokeWidth": 2}
    return [
        base.mark_area(interpolate="step-after", fill="var(--accent)", opacity=0.14, aria=False).encode(
            x=x, y=alt.Y("low:Q"), y2="high:Q"
        ),
        base.mark_line(**line, aria=False).encode(x=x, y=y),
        base.mark_point(filled=True, size=30, fill="var(--accent)", opacity=1, aria=False).encode(
            x=x, y=y, tooltip=tooltip
        ),
    ]
