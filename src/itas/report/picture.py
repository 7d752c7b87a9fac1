"""An architecture as a picture: layers from left to right, what stands in them, how many candidates go on.

SVG of our own, so that it needs no script; mermaid text for documents that draw it themselves. Names are
foreign text: they are escaped, made visible and cut to the width of their box, with the whole in a tooltip.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from itertools import pairwise

from itas.core.architecture import Architecture, Layer
from itas.core.component import Component
from itas.report.words import count, describe_architecture, describe_details, shorten, tail, visible

STYLE = """\
.arch { color: #16202c; font-family: system-ui, sans-serif; }
.arch text { fill: currentColor; }
.arch .quiet { fill: #5b6776; }
.arch .box { fill: #ffffff; stroke: #c3ccd6; }
.arch .stack { fill: none; stroke: #c3ccd6; }
.arch .end { fill: none; stroke: #8b97a5; }
.arch .line { stroke: #8b97a5; fill: none; }
.arch .tip { fill: #8b97a5; }
.arch .kind { fill: #5b6776; }
.arch .generator { fill: #2f6fb3; }
.arch .fuser { fill: #8a4fa8; }
.arch .ranker, .arch .verifier, .arch .vote, .arch .unit_test_evaluator { fill: #1c7c66; }
.arch .critic, .arch .unit_test_generator { fill: #a8621b; }
@media (prefers-color-scheme: dark) {
  .arch { color: #e7ebf0; }
  .arch .quiet { fill: #9ba7b4; }
  .arch .box { fill: #1b232d; stroke: #3b4653; }
  .arch .stack { stroke: #3b4653; }
  .arch .kind { fill: #9ba7b4; }
  .arch .generator { fill: #6ea8e6; }
  .arch .fuser { fill: #c492de; }
  .arch .ranker, .arch .verifier, .arch .vote, .arch .unit_test_evaluator { fill: #5cc3a8; }
  .arch .critic, .arch .unit_test_generator { fill: #e0a05e; }
}
"""
"""Colours for a picture that stands alone; a page brings its own for the same classes."""

BOX, GAP, END = 204, 84, 76
ROW, SPACE, HEAD = 46, 10, 34
MOST_BOXES = 10


@dataclass(frozen=True, slots=True)
class Box:
    """Equal components of one layer; `took` is what one of them takes, where that is known."""

    type: str
    title: str
    full: str
    detail: str
    times: int
    took: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """One layer. `candidates` is how many there are after it, at most."""

    number: int
    type: str
    boxes: tuple[Box, ...]
    left_out: int
    candidates: int


Took = Mapping[tuple[int, int], str]
"""What a component took for one question, in words, by layer and component (both from 0)."""


def draw_svg(architecture: Architecture, *, is_alone: bool = True, took: Took | None = None) -> str:
    """The architecture as SVG text.

    Args:
        architecture: What to draw.
        is_alone: With its own colours (light and dark); a page that has them leaves them out.
        took: Money and time of the components, shown in their boxes.
    """
    columns = read_columns(architecture, took=took)
    rows = max(len(column.boxes) + (column.left_out > 0) for column in columns)
    height = HEAD + rows * (ROW + SPACE) + 18
    width = 2 * END + len(columns) * BOX + (len(columns) + 1) * GAP + 2
    middle = HEAD + rows * (ROW + SPACE) / 2
    parts = [_end(1, middle, "question")]
    x = 1.0 + END
    for place, column in enumerate(columns):
        before = columns[place - 1].candidates if place else 0
        parts.append(_arrow(x, middle, "" if not before else count(before, "candidate")))
        x += GAP
        parts.append(_column(x, middle, column))
        x += BOX
    # Of several candidates the first is the answer.
    last = columns[-1].candidates
    parts.append(_arrow(x, middle, "the first" if last > 1 else ""))
    parts.append(_end(x + GAP, middle, "answer"))
    label = escape(visible(shorten(describe_architecture(architecture), 400)))
    style = f"<style>{STYLE}</style>" if is_alone else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="arch" role="img" aria-label="{label}" '
        f'viewBox="0 0 {width} {height}" width="{width}" height="{height}">{style}{"".join(parts)}</svg>'
    )


def draw_mermaid(architecture: Architecture) -> str:
    """The architecture as a mermaid flowchart."""
    lines = ["flowchart LR", '    question(["question"])']
    columns = read_columns(architecture)
    for column in columns:
        title = f"{column.number}. {column.type.replace('_', ' ')}"
        names = [_title(box, most=60) + (f": {box.detail}" if box.detail else "") for box in column.boxes]
        if column.left_out:
            names.append(f"and {column.left_out} more")
        label = "<br/>".join(_mermaid(text) for text in (title, *names))
        lines.append(f'    layer{column.number}["{label}"]')
    lines.append('    answer(["answer"])')
    lines.append("    question --> layer1")
    for before, after in pairwise(columns):
        arrow = f"-- {count(before.candidates, 'candidate')} -->" if before.candidates else "-->"
        lines.append(f"    layer{before.number} {arrow} layer{after.number}")
    lines.append(f"    layer{columns[-1].number} --> answer")
    return "\n".join(lines) + "\n"


def draw_text(architecture: Architecture) -> str:
    """The architecture in plain text, a layer below the other."""
    lines = ["question"]
    for column in read_columns(architecture):
        lines += ["   |", f"{column.number:>2} {column.type.replace('_', ' ')}"]
        for box in column.boxes:
            detail = f": {visible(box.detail)}" if box.detail else ""
            lines.append(f"     {_title(box, most=60)}{detail}")
        if column.left_out:
            lines.append(f"     and {column.left_out} more")
        if column.candidates:
            lines.append(f"   | {count(column.candidates, 'candidate')}, at most")
    return "\n".join([*lines, "   |", "answer"]) + "\n"


def read_columns(architecture: Architecture, *, took: Took | None = None) -> tuple[Column, ...]:
    """The layers as they are drawn."""
    widths = architecture.widths()
    return tuple(
        _read_column(number, layer, widths[number], took or {})
        for number, layer in enumerate(architecture.layers, 1)
    )


def _read_column(number: int, layer: Layer, candidates: int, took: Took) -> Column:
    counted = Counter(
        _read_box(component, took.get((number - 1, place), ""))
        for place, component in enumerate(layer.components)
    )
    boxes = [replace(box, times=many) for box, many in counted.items()]  # in order of first appearance
    shown = boxes if len(boxes) <= MOST_BOXES else boxes[: MOST_BOXES - 1]
    left_out = sum(box.times for box in boxes[len(shown) :])
    return Column(number, layer.type, tuple(shown), left_out, candidates)


def _read_box(component: Component, took: str) -> Box:
    models = component.models()
    full = ", ".join(models) or component.type
    title = ", ".join(tail(model) for model in models) or component.type.replace("_", " ")
    return Box(component.type, title, full, describe_details(component), 1, took)


# --- drawing ------------------------------------------------------------------------------------------------


def _column(x: float, middle: float, column: Column) -> str:
    rows = len(column.boxes) + (column.left_out > 0)
    y = middle - rows * (ROW + SPACE) / 2 + SPACE / 2
    kind = escape(visible(column.type.replace("_", " ")))
    parts = [
        f'<text x="{x:g}" y="{y - 14:g}" font-size="11" class="kind" letter-spacing="0.06em">'
        f"{column.number} {kind.upper()}</text>"
    ]
    for box in column.boxes:
        parts.append(_box(x, y, box))
        y += ROW + SPACE
    if column.left_out:
        parts.append(_text(x + 12, y + ROW / 2 + 4, f"and {column.left_out} more", size=12, kind="quiet"))
    return "".join(parts)


def _box(x: float, y: float, box: Box) -> str:
    stack = f'<path class="stack" d="M{x + 5:g} {y - 4:g} h{BOX:g} v{ROW:g}"/>' if box.times > 1 else ""
    has_detail = bool(box.detail or box.took)
    under = " · ".join(part for part in (box.detail, box.took) if part)
    title_y = y + (ROW / 2 - 4 if has_detail else ROW / 2 + 4.5)
    marks = f'<rect class="box" x="{x:g}" y="{y:g}" width="{BOX}" height="{ROW}" rx="6"/>'
    marks += (
        f'<rect class="{_kind(box.type)}" x="{x:g}" y="{y + 8:g}" width="3.5" height="{ROW - 16}" rx="1.5"/>'
    )
    text = _text(x + 14, title_y, _title(box, most=20), size=13, weight=600)
    if has_detail:
        text += _text(x + 14, y + ROW / 2 + 13, _fit(box), size=11.5, kind="quiet")
    whole = escape(visible(shorten(f"{box.full}: {under}" if has_detail else box.full, 300)))
    return f"<g><title>{whole}</title>{stack}{marks}{text}</g>"


def _fit(box: Box) -> str:
    """The second line of a box; what it took is never cut off."""
    if not box.took:
        return shorten(visible(box.detail), 28)
    room = 30 - len(box.took) - 3
    told = visible(box.detail).split(", ")
    while told and len(", ".join(told)) > room:
        told.pop()
    return " · ".join(part for part in (", ".join(told), visible(box.took)) if part)


def _title(box: Box, *, most: int) -> str:
    many = f" × {box.times}" if box.times > 1 else ""
    return shorten(visible(box.title), most - len(many)) + many


def _arrow(x: float, y: float, label: str) -> str:
    end = x + GAP - 8
    words: Sequence[str] = label.split(" ") if label else ()
    text = "".join(
        f'<text x="{x + GAP / 2 - 2:g}" y="{y + offset:g}" font-size="11" text-anchor="middle" '
        f'class="quiet">{escape(word)}</text>'
        for word, offset in zip(words, (-8, 17), strict=False)
    )
    return (
        f'<path class="line" d="M{x + 8:g} {y:g} H{end - 5:g}"/>'
        f'<path class="tip" d="M{end:g} {y:g} l-7 -4 v8 z"/>{text}'
    )


def _end(x: float, middle: float, word: str) -> str:
    return (
        f'<rect class="end" x="{x:g}" y="{middle - 15:g}" width="{END}" height="30" rx="15"/>'
        f'<text x="{x + END / 2:g}" y="{middle + 4.5:g}" font-size="13" text-anchor="middle">{word}</text>'
    )


def _text(x: float, y: float, text: str, *, size: float, weight: int = 400, kind: str = "") -> str:
    name = f' class="{kind}"' if kind else ""
    bold = f' font-weight="{weight}"' if weight != 400 else ""
    return f'<text x="{x:g}" y="{y:g}" font-size="{size:g}"{bold}{name}>{escape(text)}</text>'


def _kind(component_type: str) -> str:
    """A class name: component types are named by programmers, but this is an attribute."""
    return "".join(c for c in component_type if c.isascii() and (c.isalnum() or c == "_")) or "other"


def _mermaid(text: str) -> str:
    """Every character that mermaid or HTML could read as more than text, as its number."""
    return "".join(
        c if c.isalnum() or c in " .,:-/×()" else f"#{ord(c)};" for c in visible(text).replace("\n", " ")
    )
