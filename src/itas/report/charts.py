"""Charts of a search report, as Vega-Lite specs made with altair.

Colours are CSS variables of the page, so a chart follows light and dark without being drawn again. Foreign
text stands in data only, never in the name of a field, a title or an expression.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from itas.errors import Error
from itas.report.facts import Facts, PointFacts, Standing
from itas.report.words import count, interval, points, shorten, tail, times, usd, visible
from itas.search.ranking import Ranked
from itas.search.records import PointEstimate

By = Literal["samples", "price"]
Row = dict[str, Any]

_TRIED = "tried in the search"
_NAMES = {
    "winner": "winner",
    "best single model": "one call",
    "sampled and voted": "sampled and voted",
    "best of n": "best of n",
    "mixture of models": "mixture",
    "cheapest": "cheapest",
}
_COLOURS = {
    _TRIED: "var(--tried)",
    "winner": "var(--winner)",
    "one call": "var(--one-call)",
    "sampled and voted": "var(--voted)",
    "best of n": "var(--best-of-n)",
    "mixture": "var(--mixture)",
    "cheapest": "var(--cheapest)",
}
_SHAPES = {
    _TRIED: "circle",
    "winner": "diamond",
    "one call": "square",
    "sampled and voted": "triangle-up",
    "best of n": "triangle-down",
    "mixture": "triangle-right",
    "cheapest": "triangle-left",
}
_FONT = "system-ui, -apple-system, 'Segoe UI', sans-serif"
_AXIS = {
    "labelColor": "currentColor",
    "titleColor": "currentColor",
    "domainColor": "var(--rule)",
    "tickColor": "var(--rule)",
    "gridColor": "var(--grid)",
    "labelFontSize": 12,
    "titleFontSize": 12,
    "titleFontWeight": 500,
    "titlePadding": 10,
    "labelFlush": False,
    "labelOverlap": True,
}
_CONFIG: dict[str, Any] = {
    "background": None,
    "font": _FONT,
    "view": {"stroke": None},
    "axis": _AXIS,
    "legend": {
        "labelColor": "currentColor",
        "titleColor": "currentColor",
        "labelFontSize": 12,
        "symbolSize": 90,
        "columnPadding": 16,
    },
    "text": {"fill": "currentColor"},
    "title": {"color": "currentColor", "fontSize": 13},
}


@dataclass(frozen=True, slots=True)
class Chart:
    """A Vega-Lite spec, its alternative text and what stands below it."""

    spec: dict[str, Any]
    text: str
    caption: str


def draw_quality(facts: Facts, *, by: By, metric: str) -> Chart | None:
    """Quality against what one question takes: everything tried, the contestants with their intervals.

    None where no contestant has both figures.
    """
    alt = _altair()
    contestants = _side_by_side([row for entry in facts.standings if (row := _contestant_row(entry, by))])
    if not contestants:
        return None
    tried = _point_rows(facts, by)
    names = list(dict.fromkeys(row["name"] for row in contestants)) + ([_TRIED] if tried else [])
    legend = alt.Legend(
        orient="top", direction="horizontal", columns=alt.ExprRef("width < 520 ? 2 : 7"), symbolOpacity=1
    )
    colour = (
        alt.Color("name:N")
        .scale(domain=names, range=[_colour(name) for name in names])
        .title(None)
        .legend(legend)
    )
    shape = (
        alt.Shape("name:N")
        .scale(domain=names, range=[_shape(name) for name in names])
        .title(None)
        .legend(legend)
    )
    positions = [row["x"] for row in (*tried, *contestants)]
    x = (
        alt.X("x:Q")
        .scale(type="log", domain=[min(positions) / 1.25, max(positions) * 1.25], nice=False)
        .axis(
            values=_round_values(min(positions), max(positions)),
            format="~r" if by == "samples" else "$.2~r",
            grid=False,
        )
        .title("samples for one question" if by == "samples" else "price of one question")
    )
    y = alt.Y("score:Q").scale(zero=False, padding=8).title(f"{metric}, points")
    layers: list[Any] = []
    if tried:
        front = [row for row in tried if row["front"]]
        layers += [
            alt.Chart(_values(front))
            .mark_line(
                interpolate="step-after", stroke="var(--tried)", strokeWidth=1, opacity=0.7, aria=False
            )
            .encode(x=x, y=y),
            alt.Chart(_values(tried))
            .mark_point(filled=True, size=36, opacity=0.55, aria=False)
            .encode(x=x, y=y, color=colour, shape=shape, tooltip=_tooltip(alt, by)),
        ]
    layers += [
        alt.Chart(_values(contestants))
        .mark_rule(strokeWidth=1.6, opacity=0.75, aria=False)
        .encode(x=x, y=alt.Y("low:Q"), y2="high:Q", color=colour),
        alt.Chart(_values(contestants))
        .mark_point(filled=True, size=120, opacity=1)
        .encode(
            x=x,
            y=y,
            color=colour,
            shape=shape,
            tooltip=_tooltip(alt, by),
        ),
    ]
    said = "; ".join(f"{row['name']} {row['score_text']} at {row['x_text']}" for row in contestants)
    text = (
        f"{metric} against {'samples' if by == 'samples' else 'price'} of one question, on a logarithmic axis, for "
        f"{count(len(contestants), 'contestant')} and {count(len(tried), 'architecture')} tried. {said}."
    )
    caption = (
        "Contestants with 95 % intervals, measured on the held-out problems; those at the same place stand "
        "side by side."
    )
    if tried:
        known = any(point.mean is not None for point in facts.points)
        kind = "the estimate of the search" if known else "the mean observed in the search"
        caption += (
            f" Dots are {kind} on development problems, which may be easier or harder; the line joins the best "
            "of them for what they take."
        )
    return _finish(alt.layer(*layers), text, caption, height=380)


def draw_ranking(ranked: Sequence[Ranked], *, noun: str, metric: str) -> Chart:
    """Models by their score, with 95 % intervals."""
    alt = _altair()
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
    base = alt.Chart(_values(rows))
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
    return _finish(
        chart, text, "Mean score with a 95 % interval (1.96 standard errors).", height=30 * len(rows)
    )


def draw_course(facts: Facts, *, metric: str) -> Chart | None:
    """What the search recommended, and every trial, over samples paid or over trials; None without scores."""
    alt = _altair()
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
        alt.Chart(_values(trials))
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
    return _finish(alt.layer(*layers), text, caption, height=300)


def draw_finalists(finalists: Sequence[PointEstimate], labels: Mapping[int, str], *, metric: str) -> Chart:
    """Observed against estimated quality of the finalists."""
    alt = _altair()
    rows: list[Row] = []
    for place, entry in enumerate(finalists, 1):
        shared: Row = {
            "finalist": f"{place}  (winner)" if place == 1 else f"{place}",
            "label": visible(shorten(labels.get(entry.point, ""), 240)),
            "mean": round(100 * entry.mean, 3),
            "low": round(100 * (entry.mean - 1.96 * entry.sd), 3),
            "high": round(100 * (entry.mean + 1.96 * entry.sd), 3),
            "mean_text": f"{points(entry.mean)} ({interval(entry.mean - 1.96 * entry.sd, entry.mean + 1.96 * entry.sd)})",
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
    base = alt.Chart(_values(rows))
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
        alt.Chart(_values(both))
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
    return _finish(chart, text, caption, height=34 * len(rows))


def draw_spending(facts: Facts) -> Chart | None:
    """Samples bought, and those that came out of the call store, by stage; None without a journal."""
    if not facts.stages:
        return None
    alt = _altair()
    rows = [
        {
            "stage": stage.name,
            "kind": kind,
            "samples": samples,
            "text": f"{samples:,}",
            "dollars": usd(stage.paid_micro_usd),
            "order": place,
        }
        for stage in facts.stages
        for place, (kind, samples) in enumerate(
            (("bought", stage.paid), ("from the call store", stage.used - stage.paid))
        )
    ]
    scale = alt.Scale(domain=["bought", "from the call store"], range=["var(--accent)", "var(--stored)"])
    chart = (
        alt.Chart(_values(rows))
        .mark_bar(height=18)
        .encode(
            y=alt.Y("stage:N").sort(None).title(None).axis(labelLimit=200, ticks=False, domain=False),
            x=alt.X("samples:Q").title("samples").axis(format=",d", tickCount=6),
            color=alt.Color("kind:N").scale(scale).title(None).legend(orient="top", symbolType="square"),
            order="order:Q",
            tooltip=[
                alt.Tooltip("stage:N", title="Stage"),
                alt.Tooltip("kind:N", title="Samples"),
                alt.Tooltip("text:N", title="How many"),
                alt.Tooltip("dollars:N", title="Paid in the stage"),
            ],
        )
    )
    said = "; ".join(f"{stage.name}: {stage.paid:,} bought of {stage.used:,}" for stage in facts.stages)
    used, paid = sum(stage.used for stage in facts.stages), sum(stage.paid for stage in facts.stages)
    caption = "Architectures share their first layers, so most samples are bought once and used often."
    if paid and used > paid:
        caption = (
            f"Without the call store the same study would have bought {times(used / paid)} as many samples."
        )
    return _finish(chart, f"Samples by stage. {said}.", caption, height=34 * len(facts.stages))


# --- rows ---------------------------------------------------------------------------------------------------


def mark_front(facts: Sequence[PointFacts], by: By) -> frozenset[int]:
    """Points that no other one beats at the same or a lower price."""
    known = [(_taken(point, by), point.best_known, point.point) for point in facts]
    ordered = sorted(
        ((taken, -best, point) for taken, best, point in known if taken is not None and best is not None)
    )
    front: set[int] = set()
    best = float("inf")
    for _, negative, point in ordered:
        if negative < best:
            best = negative
            front.add(point)
    return frozenset(front)


def _taken(point: PointFacts, by: By) -> float | None:
    return point.samples if by == "samples" else None if not point.price else point.price / 1e6


def _point_rows(facts: Facts, by: By) -> list[Row]:
    front = mark_front(facts.points, by)
    rows = [
        {
            "point": point.point,
            "name": _TRIED,
            "x": taken,
            "x_text": _taken_text(taken, by),
            "score": round(100 * best, 3),
            "score_text": _estimate_text(point),
            "label": visible(shorten(point.label, 240)),
            "n": point.n,
            "front": point.point in front,
        }
        for point in facts.points
        if (taken := _taken(point, by)) is not None and (best := point.best_known) is not None
    ]
    return sorted(rows, key=lambda row: (row["x"], row["score"]))


def _estimate_text(point: PointFacts) -> str:
    observed = "" if point.observed is None else f"{points(point.observed)} observed"
    if point.mean is None:
        return observed
    return f"{points(point.mean)} estimated, {observed}" if observed else f"{points(point.mean)} estimated"


def _contestant_row(entry: Standing, by: By) -> Row | None:
    taken = entry.samples if by == "samples" else None if not entry.price else entry.price / 1e6
    if entry.score is None or not taken:
        return None
    score = entry.score
    return {
        "name": " = ".join(_NAMES.get(role, role) for role in entry.roles),
        "x": taken,
        "x_text": _taken_text(taken, by),
        "score": round(100 * score.mean, 3),
        "low": round(100 * score.low, 3),
        "high": round(100 * score.high, 3),
        "score_text": f"{points(score.mean)} ({interval(score.low, score.high)})",
        "label": visible(shorten(entry.architecture, 240)),
        "n": score.n,
    }


def _taken_text(taken: float, by: By) -> str:
    return count(round(taken), "sample") if by == "samples" else usd(taken * 1e6)


def _side_by_side(rows: list[Row]) -> list[Row]:
    """Contestants at about the same place side by side, so that their intervals do not hide each other."""
    ordered = sorted(rows, key=lambda row: row["x"])
    groups: list[list[Row]] = []
    for row in ordered:
        if groups and row["x"] <= groups[-1][0]["x"] * 1.04:
            groups[-1].append(row)
        else:
            groups.append([row])
    return [
        {**row, "x": row["x"] * 1.045 ** (place - (len(group) - 1) / 2)}
        for group in groups
        for place, row in enumerate(group)
    ]


def _round_values(low: float, high: float) -> list[float]:
    """1, 2, 5, 10, ... within a range, one neighbour either side."""
    values = [float(f"{digit}e{power}") for power in range(-9, 10) for digit in (1, 2, 5)]
    return [value for value in values if low / 1.25 <= value <= high * 1.25]


# --- altair -------------------------------------------------------------------------------------------------


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
    base = alt.Chart(_values(rows))
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


def _tooltip(alt: Any, by: By) -> list[Any]:
    return [
        alt.Tooltip("name:N", title="What"),
        alt.Tooltip("label:N", title="Architecture"),
        alt.Tooltip("score_text:N", title="Score"),
        alt.Tooltip("x_text:N", title="Samples" if by == "samples" else "Price"),
        alt.Tooltip("n:Q", title="Problems"),
    ]


def _finish(chart: Any, text: str, caption: str, *, height: int) -> Chart:
    spec: dict[str, Any] = chart.properties(width="container", height=height).to_dict()
    spec.pop("$schema", None)  # an address that nothing needs
    spec |= {"config": _CONFIG, "description": text, "autosize": {"type": "fit-x", "contains": "padding"}}
    return Chart(spec, text, caption)


def _values(rows: Sequence[Row]) -> Any:
    return _altair().InlineData(values=list(rows))


def _colour(name: str) -> str:
    return _COLOURS.get(name.partition(" = ")[0], "var(--accent)")


def _shape(name: str) -> str:
    return _SHAPES.get(name.partition(" = ")[0], "circle")


def _altair() -> Any:
    try:
        import altair
    except ImportError as error:
        raise Error(f"a report needs {error.name}. Install it: pip install 'itas[report]'") from None
    return altair
