"""Scores, prices, times and differences of the architectures of an evaluation."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from itas.core.problem import Score
from itas.report.charts.base import Chart, Row, finish, import_altair, values_of
from itas.report.evaluation_facts import Evaluated, EvaluationFacts
from itas.report.words import count, interval, points, seconds, shorten, usd, visible

By = Literal["price", "latency"]

_COLOURS = (
    "var(--accent)",
    "var(--winner)",
    "var(--mixture)",
    "var(--best-of-n)",
    "var(--cheapest)",
    "var(--one-call)",
    "var(--tried)",
)
_BINS = 10


def draw_means(facts: EvaluationFacts, *, metric: str) -> Chart | None:
    """Mean score of every architecture with its interval, against its price where all are known."""
    alt = import_altair()
    scored = [each for each in facts.contestants if each.summary.score is not None]
    if not scored:
        return None
    rows: list[Row] = []
    for each in scored:
        score, summary = each.summary.score, each.summary
        assert score is not None
        price = (
            None
            if not summary.cost_micro_usd or not each.results
            else summary.cost_micro_usd / len(each.results)
        )
        rows.append({
            "name": _name(each),
            "score": round(100 * score.mean, 3),
            "low": round(100 * score.low, 3),
            "high": round(100 * score.high, 3),
            "score_text": f"{points(score.mean)} ({interval(score.low, score.high)})",
            "price": None if price is None else price / 1e6,
            "price_text": usd(price),
            "n": score.n,
        })  # fmt: skip
    has_prices = len(rows) > 1 and all(row["price"] for row in rows)
    colour = _colour(alt, [row["name"] for row in rows], legend=has_prices)
    tooltip = [
        alt.Tooltip("name:N", title="Architecture"),
        alt.Tooltip("score_text:N", title="Score"),
        alt.Tooltip("price_text:N", title="Price of a question"),
        alt.Tooltip("n:Q", title="Problems"),
    ]
    base = alt.Chart(values_of(rows))
    score_title = f"{shorten(metric, 40)}, points"
    if has_prices:
        prices = [row["price"] for row in rows]
        x = (
            alt.X("price:Q")
            .scale(type="log", domain=[min(prices) / 1.4, max(prices) * 1.4], nice=False)
            .axis(format="$.2~r", grid=False, tickCount=5)
            .title("price of one question")
        )
        y = alt.Y("score:Q").scale(zero=False, padding=10).title(score_title)
        layers = [
            base.mark_rule(strokeWidth=1.6, aria=False).encode(
                x=x, y=alt.Y("low:Q"), y2="high:Q", color=colour
            ),
            base.mark_point(filled=True, size=120, opacity=1).encode(x=x, y=y, color=colour, tooltip=tooltip),
        ]
        height = 280
    else:
        y = alt.Y("name:N").sort(None).title(None).axis(labelLimit=220, ticks=False, domain=False)
        layers = [
            base.mark_rule(strokeWidth=1.6, aria=False).encode(
                y=y, x=alt.X("low:Q"), x2="high:Q", color=colour
            ),
            base.mark_point(filled=True, size=120, opacity=1).encode(
                y=y, x=alt.X("score:Q").scale(zero=False).title(score_title), color=colour, tooltip=tooltip
            ),
        ]
        height = 46 * len(rows)
    said = "; ".join(f"{row['name']} {row['score_text']} at {row['price_text']}" for row in rows)
    return finish(
        alt.layer(*layers),
        f"Mean {metric} with 95 % intervals. {said}.",
        "Mean score with its 95 % interval. Intervals of two may overlap although one is surely better: the "
        "comparison by problem says so.",
        height=height,
    )


def draw_differences(facts: EvaluationFacts) -> Chart | None:
    """Every architecture minus the first, by problem, with its interval; None without comparisons."""
    if not facts.comparisons:
        return None
    alt = import_altair()
    rows = [
        {
            "name": visible(shorten(each.name_a, 60)),
            "against": visible(shorten(each.name_b, 60)),
            "difference": round(100 * each.difference, 3),
            "low": round(100 * each.low, 3),
            "high": round(100 * each.high, 3),
            "text": f"{points(each.difference, signed=True)} ({interval(each.low, each.high)})",
            "verdict": each.verdict,
            "price": each.price_words,
        }
        for each in facts.comparisons
    ]
    y = alt.Y("name:N").sort(None).title(None).axis(labelLimit=220, ticks=False, domain=False)
    scale = alt.Scale(domain=["better", "tied", "worse"], range=["var(--good)", "var(--tried)", "var(--bad)"])
    colour = alt.Color("verdict:N").scale(scale).title(None).legend(orient="top", symbolType="circle")
    base = alt.Chart(values_of(rows))
    zero = alt.Chart(values_of([{"x": 0}])).mark_rule(stroke="var(--quiet)", strokeDash=[3, 3], aria=False)
    chart = alt.layer(
        zero.encode(x="x:Q"),
        base.mark_rule(strokeWidth=1.8, aria=False).encode(y=y, x=alt.X("low:Q"), x2="high:Q", color=colour),
        base.mark_point(filled=True, size=110, opacity=1).encode(
            y=y,
            x=alt.X("difference:Q").title("points more or less").axis(tickCount=7),
            color=colour,
            tooltip=[
                alt.Tooltip("name:N", title="Architecture"),
                alt.Tooltip("against:N", title="Against"),
                alt.Tooltip("text:N", title="Difference"),
                alt.Tooltip("verdict:N", title="Verdict"),
                alt.Tooltip("price:N", title="Price"),
            ],
        ),
    )
    said = "; ".join(f"{row['name']} {row['text']}: {row['verdict']}" for row in rows)
    return finish(
        chart,
        f"Difference to {rows[0]['against']}, paired by problem, with 95 % intervals. {said}.",
        "Paired by problem, with 95 % intervals. An interval that holds 0 is no proof of a difference.",
        height=46 * len(rows),
    )


def draw_scores(facts: EvaluationFacts) -> Chart | None:
    """How many problems have which score; None where nothing has one."""
    alt = import_altair()
    rows: list[Row] = []
    for each in facts.contestants:
        scores = [result.outcome.value for result in each.results if isinstance(result.outcome, Score)]
        unscored = len(each.results) - len(scores)
        for (place, label), many in sorted(_bins(scores).items()):
            rows.append(_score_row(each, place, label, many, len(each.results)))
        if unscored:
            rows.append(_score_row(each, 99, "no score", unscored, len(each.results)))
    if not rows:
        return None
    order = [label for _, label in sorted({(row["place"], row["score"]) for row in rows})]
    names = [_name(each) for each in facts.contestants]
    chart = (
        alt.Chart(values_of(rows))
        .mark_bar(cornerRadius=1)
        .encode(
            y=alt.Y("score:N").sort(order).title(None).axis(ticks=False, domain=False, labelLimit=160),
            yOffset=alt.YOffset("name:N").sort(names),
            x=alt.X("share:Q").axis(format=".0%", tickCount=5).title("share of the problems"),
            color=_colour(alt, names),
            tooltip=[
                alt.Tooltip("name:N", title="Architecture"),
                alt.Tooltip("score:N", title="Score"),
                alt.Tooltip("text:N", title="Problems"),
            ],
        )
    )
    said = "; ".join(f"{row['name']}, {row['score']}: {row['text']}" for row in rows[:24])
    return finish(
        chart,
        f"Distribution of the scores. {said}.",
        "Problems without a score are counted apart; they are not zeros.",
        height=max(60, 22 * len(order) * max(len(names), 1)),
    )


def draw_spread(facts: EvaluationFacts, *, by: By) -> Chart | None:
    """Which share of the answers took at most how much; None where nothing is known."""
    alt = import_altair()
    rows: list[Row] = []
    known: list[Evaluated] = []
    for each in facts.contestants:
        values = _taken(each, by)
        if len(values) and max(values) > 0:
            known.append(each)
            rows += _curve(each, values, by)
    if not rows:
        return None
    names = [_name(each) for each in known]
    title = "price of one answer" if by == "price" else "seconds of one answer"
    x = alt.X("x:Q").title(title).axis(format="$.2~r" if by == "price" else "~r", grid=False, tickCount=6)
    y = alt.Y("share:Q").axis(format=".0%", tickCount=5).title("answers that took no more")
    base = alt.Chart(values_of(rows))
    tooltip = [
        alt.Tooltip("name:N", title="Architecture"),
        alt.Tooltip("text:N", title="At most"),
        alt.Tooltip("share_text:N", title="Share of the answers"),
    ]
    colour = _colour(alt, names)
    chart = alt.layer(
        base.mark_line(interpolate="step-after", strokeWidth=2, aria=False).encode(x=x, y=y, color=colour),
        base.mark_point(filled=True, size=40, opacity=0.0, aria=False).encode(
            x=x, y=y, color=colour, tooltip=tooltip
        ),
    )
    say = usd if by == "price" else _seconds
    said = "; ".join(
        f"{_name(each)}: half at most {say(float(np.quantile(_taken(each, by), 0.5)))}, 95 % at most "
        f"{say(float(np.quantile(_taken(each, by), 0.95)))}"
        for each in known
    )
    what = "price" if by == "price" else "time"
    return finish(
        chart,
        f"Distribution of the {what} of an answer. {said}.",
        f"The height is the share of the answers that took no more. {said}.",
        height=220,
    )


def describe_spread(entry: Evaluated, by: By) -> tuple[str, str, str, str]:
    """Least, median, 95 % and most of what an answer takes, in words."""
    values = _taken(entry, by)
    say = usd if by == "price" else _seconds
    if not len(values):
        return ("–", "–", "–", "–")
    return (
        say(float(values.min())),
        say(float(np.quantile(values, 0.5))),
        say(float(np.quantile(values, 0.95))),
        say(float(values.max())),
    )


def _taken(entry: Evaluated, by: By) -> Any:
    if by == "price":
        prices = [result.cost_micro_usd for result in entry.results if result.text is not None]
        return np.array([price for price in prices if price is not None], dtype=np.float64)
    return np.array([result.latency_s for result in entry.results if result.text is not None])


def _curve(entry: Evaluated, values: Any, by: By) -> list[Row]:
    """At most a hundred steps of the curve, however many answers."""
    shares = np.linspace(0.0, 1.0, min(len(values), 100) + 1)
    found = np.quantile(values, shares, method="inverted_cdf")
    say = usd if by == "price" else _seconds
    return [
        {
            "name": _name(entry),
            "x": round(float(value) / 1e6, 9) if by == "price" else round(float(value), 4),
            "share": round(float(share), 4),
            "text": say(float(value)),
            "share_text": f"{100 * share:.0f} %",
        }
        for share, value in zip(shares, found, strict=True)
    ]


def _bins(scores: Sequence[float]) -> Counter[tuple[int, str]]:
    if all(score in (0.0, 1.0) for score in scores):
        return Counter((int(score), "right" if score else "wrong") for score in scores)
    found: Counter[tuple[int, str]] = Counter()
    for score in scores:
        place = min(int(score * _BINS), _BINS - 1)
        found[place, f"{10 * place} to {10 * (place + 1)}"] += 1
    return found


def _score_row(entry: Evaluated, place: int, label: str, many: int, of: int) -> Row:
    return {
        "name": _name(entry),
        "place": place,
        "score": label,
        "share": round(many / of, 5),
        "text": f"{count(many, 'problem')} of {of:,} ({100 * many / of:.1f} %)",
    }


def _name(entry: Evaluated) -> str:
    return visible(shorten(entry.name, 60))


def _seconds(value: float) -> str:
    return seconds(value)


def _colour(alt: Any, names: Sequence[str], *, legend: bool = True) -> Any:
    shown = list(dict.fromkeys(names))
    colours = [_COLOURS[place % len(_COLOURS)] for place in range(len(shown))]
    key = (
        alt.Legend(
            orient="top", direction="horizontal", columns=alt.ExprRef("width < 520 ? 1 : 3"), labelLimit=260
        )
        if legend and len(shown) > 1
        else None
    )
    return alt.Color("name:N").scale(domain=shown, range=colours).title(None).legend(key)
