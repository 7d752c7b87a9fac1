"""Figures and self-contained HTML pages. Heavy packages are imported when a page is made, not before."""

from itas.report.about import AblationLine, About, GapLine, NextStep
from itas.report.evaluation_facts import Evaluated
from itas.report.evaluation_page import EvaluationAbout, render_evaluation_report
from itas.report.picture import draw_mermaid, draw_svg, draw_text
from itas.report.search import render_search_report
from itas.report.trace_page import TraceAbout, render_trace_page
from itas.report.verdict import describe_verdict
from itas.report.words import describe_architecture

__all__ = [
    "AblationLine",
    "About",
    "Evaluated",
    "EvaluationAbout",
    "GapLine",
    "NextStep",
    "TraceAbout",
    "describe_architecture",
    "describe_verdict",
    "draw_mermaid",
    "draw_svg",
    "draw_text",
    "render_evaluation_report",
    "render_search_report",
    "render_trace_page",
]
