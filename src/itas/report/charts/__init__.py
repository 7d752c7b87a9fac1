"""Charts of a search report, as Vega-Lite specs made with altair."""

from itas.report.charts.base import Chart
from itas.report.charts.course import draw_course
from itas.report.charts.effects import draw_ablation, draw_effects, draw_gaps
from itas.report.charts.finalists import draw_finalists
from itas.report.charts.parts import draw_parts
from itas.report.charts.quality import By, draw_quality, mark_front
from itas.report.charts.ranking import draw_ranking
from itas.report.charts.spending import draw_spending

__all__ = [
    "By",
    "Chart",
    "draw_ablation",
    "draw_course",
    "draw_effects",
    "draw_finalists",
    "draw_gaps",
    "draw_parts",
    "draw_quality",
    "draw_ranking",
    "draw_spending",
    "mark_front",
]
