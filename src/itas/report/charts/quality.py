"""Quality against what one question takes."""

from collections.abc import Sequence
from typing import Any, Literal

from itas.report.charts.base import Chart, Row, finish, import_altair, values_of
from itas.report.facts import Facts, PointFacts, Standing
from itas.report.words import count, interval, points, shorten, usd, visible

By = Literal["samples", "price"]

_TRIED = "tried in the search"
_NAMES = {
    "winner": "winner",
    "best single model": "one call",
    "other single model": "one call of another",
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


def draw_quality(facts: Facts, *, by: By, metric: str) -> Chart | None:
    """Quality against what one question takes: everything tried, the contestants with their intervals.

    None where no contestant has both figures.
    """
    alt = import_altair()
    contestants = _side_by_side([row for entry in facts.standings if (row := _contestant_row(entry, by))])
    if not contestants:
        return None
    tried = _point_rows(facts, by)
    names = list(dict.fromkeys(row["name"] for row in contestants)) + ([_TRIED] if tried else [])
    legend = alt.Legend(
        orient="top",
        direction="horizontal",
        columns=alt.ExprRef("width < 520 ? 2 : width < 800 ? 4 : 7"),
        symbolOpacity=1,
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
            values=_roundvalues_of(min(positions), max(positions)),
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
            alt.Chart(values_of(front))
            .mark_line(
                interpolate="step-after", stroke="var(--tried)", strokeWidth=1, opacity=0.7, aria=False
            )
            .encode(x=x, y=y),
            alt.Chart(values_of([row for row in front if row["low"] is not None]))
            .mark_rule(stroke="var(--tried)", strokeWidth=1, opacity=0.6, aria=False)
            .encode(x=x, y=alt.Y("low:Q"), y2="high:Q"),
            alt.Chart(values_of(tried))
            .mark_point(filled=True, size=36, opacity=0.55, aria=False)
            .encode(x=x, y=y, color=colour, shape=shape, tooltip=_tooltip(alt, by)),
        ]
    layers += [
        alt.Chart(values_of(contestants))
        .mark_rule(strokeWidth=1.6, opacity=0.75, aria=False)
        .encode(x=x, y=alt.Y("low:Q"), y2="high:Q", color=colour),
        alt.Chart(values_of(contestants))
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
            "of them for what they take, with 95 % intervals."
        )
    return finish(alt.layer(*layers), text, caption, height=380)


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
            "low": None if point.sd is None else round(100 * (best - 1.96 * point.sd), 3),
            "high": None if point.sd is None else round(100 * (best + 1.96 * point.sd), 3),
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


def _roundvalues_of(low: float, high: float) -> list[float]:
    """1, 2, 5, 10, ... within a range, one neighbour either side."""
    values = [float(f"{digit}e{power}") for power in range(-9, 10) for digit in (1, 2, 5)]
    return [value for value in values if low / 1.25 <= value <= high * 1.25]


def _tooltip(alt: Any, by: By) -> list[Any]:
    return [
        alt.Tooltip("name:N", title="What"),
        alt.Tooltip("label:N", title="Architecture"),
        alt.Tooltip("score_text:N", title="Score"),
        alt.Tooltip("x_text:N", title="Samples" if by == "samples" else "Price"),
        alt.Tooltip("n:Q", title="Problems"),
    ]


def _colour(name: str) -> str:
    return _COLOURS.get(name.partition(" = ")[0], "var(--accent)")


def _shape(name: str) -> str:
    return _SHAPES.get(name.partition(" = ")[0], "circle")
