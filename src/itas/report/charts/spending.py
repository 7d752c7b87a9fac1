"""Where the samples went."""

from itas.report.charts.base import Chart, finish, import_altair, values_of
from itas.report.facts import Facts
from itas.report.words import times, usd


def draw_spending(facts: Facts) -> Chart | None:
    """Samples bought, and those that came out of the call store, by stage; None without a journal."""
    if not facts.stages:
        return None
    alt = import_altair()
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
        alt.Chart(values_of(rows))
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
    return finish(chart, f"Samples by stage. {said}.", caption, height=34 * len(facts.stages))
