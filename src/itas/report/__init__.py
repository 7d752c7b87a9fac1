"""Figures and self-contained HTML pages. Heavy packages are imported when a page is made, not before."""

from itas.report.about import About, NextStep
from itas.report.picture import draw_mermaid, draw_svg
from itas.report.search import render_search_report
from itas.report.verdict import describe_verdict
from itas.report.words import describe_architecture

__all__ = [
    "About",
    "NextStep",
    "describe_architecture",
    "describe_verdict",
    "draw_mermaid",
    "draw_svg",
    "render_search_report",
]
