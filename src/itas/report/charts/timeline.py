"""When each call of an answer ran: what ran side by side, and what the answer waited for."""

from itas.report.charts.base import Chart, Row, finish, import_altair, values_of
from itas.report.trace_facts import TraceFacts
from itas.report.words import count, seconds, shorten, tail, usd, visible

_MOST_LANES = 120
_PATH, _BESIDE, _FAILED = "on the critical path", "beside it", "failed"


def draw_timeline(facts: TraceFacts) -> Chart | None:
    """A bar per call, a row per component (more where its calls overlap); None without calls."""
    if not facts.timeline:
        return None
    alt = import_altair()
    rows: list[Row] = []
    for each in facts.timeline:
        call = each.call
        model = tail(call.request.model)
        lane = f"{call.layer + 1} {each.type.replace('_', ' ')} · {model}"
        rows.append({
            "lane": f"{call.layer:03d}.{call.component:03d}.{each.lane:03d}",
            "name": visible(shorten(lane, 44)) if each.lane == 0 else "",
            "start": round(call.started_s, 4),
            "end": round(max(call.ended_s, call.started_s), 4),
            "state": _FAILED if call.error else _PATH if each.is_critical else _BESIDE,
            "what": visible(shorten(f"{lane}, component {call.component + 1}", 200)),
            "took": seconds(each.seconds),
            "draws": len(call.draws),
            "paid": _price_text(each.is_stored, [draw.cost_micro_usd for draw in call.draws]),
            "retries": len(call.retries),
        })  # fmt: skip
    lanes = list(dict.fromkeys(row["lane"] for row in rows))[:_MOST_LANES]
    shown = [row for row in rows if row["lane"] in set(lanes)]
    names = {row["lane"]: row["name"] for row in reversed(shown) if row["name"]}
    states = [state for state in (_PATH, _BESIDE, _FAILED) if any(row["state"] == state for row in shown)]
    colours = {_PATH: "var(--winner)", _BESIDE: "var(--stored)", _FAILED: "var(--one-call)"}
    for row in shown:
        row["label"] = names.get(row["lane"], "") or f"\u2026 {row['lane']}"
    y = (
        alt.Y("lane:N")
        .sort(lanes)
        .title(None)
        .axis(labels=False, ticks=False, domain=False, labelLimit=0, grid=False)
    )
    base = alt.Chart(values_of(shown))
    bars = base.mark_bar(height=13, cornerRadius=2, stroke="var(--page)", strokeWidth=1).encode(
        y=y,
        x=alt.X("start:Q").title("seconds after the start").axis(tickCount=6),
        x2="end:Q",
        color=alt.Color("state:N")
        .scale(domain=states, range=[colours[state] for state in states])
        .title(None)
        .legend(orient="top", symbolType="square"),
        tooltip=[
            alt.Tooltip("what:N", title="Call"),
            alt.Tooltip("took:N", title="Took"),
            alt.Tooltip("state:N", title="Is"),
            alt.Tooltip("draws:Q", title="Samples"),
            alt.Tooltip("paid:N", title="Price"),
            alt.Tooltip("retries:Q", title="Sent again"),
        ],
    )
    labels = [{"lane": lane, "name": name} for lane, name in names.items()]
    text_marks = (
        alt.Chart(values_of(labels))
        .mark_text(align="left", baseline="bottom", dy=-8, fontSize=11, fill="var(--quiet)", aria=False)
        .encode(y=y, x=alt.XDatum(0), text="name:N")
    )
    said = (
        f"{count(len(facts.timeline), 'call')}; the critical path holds "
        f"{count(sum(each.is_critical for each in facts.timeline), 'call')} and {seconds(facts.critical_s)} of "
        f"{seconds(facts.all_calls_s)} that all calls took together."
    )
    left_out = len(facts.timeline) - len(shown)
    caption = (
        "A bar is a call. Bars above each other ran side by side; the answer waited for the chain that is marked."
        + (f" {left_out} further calls are in the table." if left_out else "")
    )
    chart = alt.layer(bars, text_marks)
    return finish(chart, f"Timeline of the calls of this answer. {said}", caption, height=34 * len(lanes))


def _price_text(is_stored: bool, prices: list[int | None]) -> str:
    known = [price for price in prices if price is not None]
    total = sum(known) if len(known) == len(prices) and prices else None
    return f"{usd(total)}, not paid now" if is_stored else usd(total)
