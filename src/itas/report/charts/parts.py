"""Scores of the contestants on each of several benchmarks."""

from collections import Counter
from collections.abc import Sequence

from itas.report.about import About
from itas.report.charts.base import Chart, Row, finish, import_altair, values_of
from itas.report.facts import Facts
from itas.report.words import interval, points, shorten, visible

_COLOURS = (
    "var(--accent)",
    "var(--winner)",
    "var(--mixture)",
    "var(--best-of-n)",
    "var(--cheapest)",
    "var(--tried)",
)
_MOST = 12


def draw_parts(facts: Facts, about: About, fingerprints: Sequence[str]) -> Chart | None:
    """A row per contestant, a mark per benchmark; None on a single benchmark.

    Args:
        facts: With the contestants.
        about: With the means on each benchmark.
        fingerprints: Of the contestants, in the order of `facts`.
    """
    names = list(about.parts)[: len(_COLOURS)]
    rows: list[Row] = []
    seen: Counter[str] = Counter()
    for entry, fingerprint in zip(facts.standings[:_MOST], fingerprints, strict=False):
        short = visible(shorten(entry.short_name, 40))
        seen[short] += 1
        for name in names:
            mean = about.parts[name].get(fingerprint)
            if mean is not None:
                rows.append({
                    "name": short if seen[short] == 1 else f"{short} ({seen[short]})",
                    "architecture": visible(shorten(entry.architecture, 240)),
                    "benchmark": visible(shorten(name, 40)),
                    "score": round(100 * mean.mean, 3),
                    "low": round(100 * mean.low, 3),
                    "high": round(100 * mean.high, 3),
                    "text": f"{points(mean.mean)} ({interval(mean.low, mean.high)})",
                    "n": mean.n,
                })  # fmt: skip
    if not rows:
        return None
    alt = import_altair()
    shown = [visible(shorten(name, 40)) for name in names]
    colour = (
        alt.Color("benchmark:N").scale(domain=shown, range=list(_COLOURS[: len(shown)])).title(None)
        .legend(orient="top", symbolType="circle")
    )  # fmt: skip
    beside = alt.YOffset("benchmark:N").sort(shown)
    y = (
        alt.Y("name:N")
        .sort(None)
        .title(None)
        .axis(labelLimit=alt.ExprRef("width < 420 ? 150 : 300"), ticks=False, domain=False)
    )
    base = alt.Chart(values_of(rows))
    chart = alt.layer(
        base.mark_rule(strokeWidth=1.6, aria=False).encode(
            y=y, yOffset=beside, x=alt.X("low:Q"), x2="high:Q", color=colour
        ),
        base.mark_point(filled=True, size=80, opacity=1).encode(
            y=y,
            yOffset=beside,
            x=alt.X("score:Q")
            .scale(zero=False)
            .axis(tickCount=7)
            .title(f"{shorten(about.metric, 40)}, points"),
            color=colour,
            tooltip=[
                alt.Tooltip("architecture:N", title="Architecture"),
                alt.Tooltip("benchmark:N", title="Benchmark"),
                alt.Tooltip("text:N", title="Score"),
                alt.Tooltip("n:Q", title="Problems"),
            ],
        ),
    )
    said = "; ".join(f"{row['name']} on {row['benchmark']} {row['text']}" for row in rows[:12])
    return finish(
        chart,
        f"Held-out scores on each benchmark. {said}.",
        "Mean score on the held-out problems of each benchmark, with 95 % intervals.",
        height=(14 + 18 * len(names)) * len({row["name"] for row in rows}),
    )
