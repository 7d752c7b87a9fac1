"""The page of one answer: its layers as columns, its candidates as cards, and when every call ran."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import NonNegativeInt

from itas.core.spec import Spec
from itas.errors import DataError, SpecError
from itas.report import words
from itas.report.charts.base import Chart
from itas.report.charts.timeline import draw_timeline
from itas.report.page import render_page
from itas.report.trace_facts import TraceFacts, gather_trace, tokens_of
from itas.report.trace_records import Trace, read_traces

MOST_TEXT = 12_000
"""Characters of one text on the page; the whole stands in the trace."""


class TraceAbout(Spec):
    """What the page says that the trace does not know.

    Attributes:
        title: Heads the page.
        source: The file that was read, for people.
        number: Of the answer in a trace of several; the first one if None.
    """

    title: str
    source: str = ""
    number: NonNegativeInt | None = None


def render_trace_page(lines: Sequence[Mapping[str, Any]], *, about: TraceAbout) -> str:
    """The page, as HTML text.

    Args:
        lines: Of the trace, parsed: of `itas answer --trace`, of a server, or `itas.engine.trace.trace_lines`.
        about: What else the page says.

    Raises:
        DataError: The lines are no trace, or one is damaged.
        SpecError: The trace has no answer of that number.
        Error: A package of the extra ``report`` is missing; says how to install it.
    """
    trace, numbers = _choose(lines, about)
    facts = gather_trace(trace)
    return render_page(
        "trace.html.j2",
        title=about.title,
        about=about,
        trace=trace,
        others=[number for number in numbers if number != trace.number],
        created=words.when(trace.at) if trace.at else "",
        facts=facts,
        timeline=draw_timeline(facts),
        tokens=tokens_of(trace),
        words=words,
        most=MOST_TEXT,
    )


def draw_trace_charts(lines: Sequence[Mapping[str, Any]], *, about: TraceAbout) -> dict[str, Chart]:
    """The charts of the page by name, for figures."""
    trace, _ = _choose(lines, about)
    facts: TraceFacts = gather_trace(trace)
    chart = draw_timeline(facts)
    return {} if chart is None else {"timeline": replace(chart, is_simulated=facts.is_simulated)}


def _choose(lines: Sequence[Mapping[str, Any]], about: TraceAbout) -> tuple[Trace, list[int]]:
    traces = read_traces(lines)
    if not traces:
        raise DataError(f"{about.source or 'the trace'}: no line of a trace in it")
    numbers = [trace.number for trace in traces]
    if about.number is None:
        return traces[0], numbers
    for trace in traces:
        if trace.number == about.number:
            return trace, numbers
    known = ", ".join(str(number) for number in numbers[:20])
    raise SpecError(f"no answer {about.number} in this trace. It has: {known}", path="answer")
