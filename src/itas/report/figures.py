"""Charts as files for papers: PNG and SVG, in the light colours of the pages."""

import json
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

from itas.errors import DataError, Error
from itas.report.charts.base import Chart

WIDTH = 680
SCALE = 2.0
"""Pixels of a PNG for each point of the chart."""
_FOREIGN = frozenset({"values", "datasets", "domain", "sort", "title", "description"})
_COLOUR = re.compile(r"var\((--[a-z-]+)\)")


def write_figures(charts: Mapping[str, Chart], folder: Path) -> tuple[Path, ...]:
    """Write every chart as ``NAME.png`` and ``NAME.svg``, and give the paths.

    Raises:
        DataError: The folder cannot be written.
        Error: A package of the extra ``report`` is missing; says how to install it.
    """
    try:
        import vl_convert
    except ImportError as error:
        raise Error(f"figures need {error.name}. Install it: pip install 'itas[report]'") from None
    written: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, chart in charts.items():
            spec = for_paper(chart)
            svg, png = folder / f"{name}.svg", folder / f"{name}.png"
            svg.write_text(vl_convert.vegalite_to_svg(spec), encoding="utf-8")
            png.write_bytes(vl_convert.vegalite_to_png(spec, scale=SCALE))
            written += [png, svg]
    except OSError as error:
        raise DataError(f"{folder}: figures cannot be written there ({error.strerror})") from None
    return tuple(written)


def for_paper(chart: Chart) -> dict[str, Any]:
    """The spec of a chart with colours instead of the page's variables, a white ground and a width of its own."""
    spec = cast("dict[str, Any]", _coloured(json.loads(json.dumps(chart.spec))))
    spec["width"] = WIDTH
    spec["background"] = "white"
    if chart.is_simulated:
        spec["title"] = {"text": "simulated models", "anchor": "end", "fontSize": 11, "fontWeight": 400}
    spec["autosize"] = {"type": "fit-x", "contains": "padding"}
    spec["config"] = {**spec["config"], "background": "white", "font": "Helvetica, Arial, sans-serif"}
    return spec


def _coloured(data: object) -> object:
    """Colours stand in marks, ranges and the configuration; where foreign text may stand, nothing is changed."""
    if isinstance(data, str):
        if data == "currentColor":
            return _light()["--ink"]
        return _COLOUR.sub(lambda found: _light().get(found[1], "#000000"), data)
    if isinstance(data, dict):
        entries = cast("dict[str, object]", data)
        return {name: value if name in _FOREIGN else _coloured(value) for name, value in entries.items()}
    if isinstance(data, list):
        return [_coloured(value) for value in cast("list[object]", data)]
    return data


@cache
def _light() -> Mapping[str, str]:
    """The light colours of the style sheet, by variable."""
    style = (files("itas.report") / "templates" / "page.css").read_text(encoding="utf-8")
    root = style[: style.index("}")]
    return dict(re.findall(r"(--[a-z-]+):\s*(#[0-9a-fA-F]{6})", root))
