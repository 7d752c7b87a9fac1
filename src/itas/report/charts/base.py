"""What all charts have in common: how a spec is finished, and how the page's colours get into it.

Colours are CSS variables of the page, so a chart follows light and dark without being drawn again. Foreign
text stands in data and titles, which are drawn as text, never in the name of a field or an expression.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from itas.errors import Error

Row = dict[str, Any]

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
    "labelSeparation": 6,
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
        "labelLimit": 280,
        "columnPadding": 16,
    },
    "text": {"fill": "currentColor"},
    "title": {"color": "currentColor", "fontSize": 13},
}


@dataclass(frozen=True, slots=True)
class Chart:
    """A Vega-Lite spec, its alternative text and what stands below it.

    Attributes:
        is_simulated: A simulated model took part; a figure that leaves its page has to say so itself.
    """

    spec: dict[str, Any]
    text: str
    caption: str
    is_simulated: bool = False


def finish(chart: Any, text: str, caption: str, *, height: int) -> Chart:
    """The chart as a spec with its alternative text; as wide as its place on the page.

    Nothing is checked against the schema of Vega-Lite: with hundreds of rows that takes seconds a page.
    """
    spec: dict[str, Any] = chart.properties(width="container", height=height).to_dict(validate=False)
    spec.pop("$schema", None)  # an address that nothing needs
    spec |= {"config": _CONFIG, "description": text, "autosize": {"type": "fit-x", "contains": "padding"}}
    return Chart(spec, text, caption)


def values_of(rows: Sequence[Row]) -> Any:
    """Rows as data of a chart."""
    return {"values": list(rows)}


def import_altair() -> Any:
    """The package, or an error that says how to install it."""
    try:
        import altair
    except ImportError as error:
        raise Error(f"a report needs {error.name}. Install it: pip install 'itas[report]'") from None
    return altair
