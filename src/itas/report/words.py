"""Figures, counts and architectures in words, and foreign text made fit to be shown."""

import re
from collections.abc import Sequence
from datetime import datetime

from itas.core.architecture import Architecture, Layer
from itas.core.component import Component
from itas.core.money import format_usd

MINUS = "\u2212"
NONE = "\u2013"
"""Stands where there is no figure."""

# Controls but for tab and line feed, half surrogate pairs, and what reorders or hides text.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ufffe\uffff\ud800-\udfff\U000e0000-\U000e007f]"
)
_FIELDS = {
    "top_k": "keeps {}",
    "first_k": "stops at {} that pass",
    "count": "{} tests",
}
_ALWAYS = {
    "critic": "a critique of each",
    "verifier": "keeps what it accepts",
    "unit_test_generator": "5 to 10 tests",
    "unit_test_evaluator": "keeps what passes most",
}


def visible(text: str) -> str:
    """Text in which nothing is hidden or reordered: such characters are written as ``⟨U+202E⟩``."""
    return _UNSEEN.sub(lambda found: f"\u27e8U+{ord(found[0]):04X}\u27e9", text.replace("\r\n", "\n"))


def shorten(text: str, most: int) -> str:
    """At most `most` characters, the last one an ellipsis where something is left out."""
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}\u2026"


# --- figures ------------------------------------------------------------------------------------------------


def points(value: float, *, signed: bool = False) -> str:
    """A share or a difference of shares in points of 100, with one decimal."""
    text = f"{100 * value:+.1f}" if signed else f"{100 * value:.1f}"
    if float(text) == 0:
        text = "0.0"
    return text.replace("-", MINUS)


def interval(low: float, high: float) -> str:
    """``0.4 to 5.8``, in points."""
    return f"{points(low)} to {points(high)}"


def usd(micro_usd: float | None) -> str:
    """Dollars for people; ``unpriced`` where a price is not known."""
    return format_usd(None if micro_usd is None else round(micro_usd))


def seconds(value: float | None) -> str:
    """``0.84 s``."""
    if value is None:
        return NONE
    return f"{value:.2f} s" if value < 10 else f"{value:,.0f} s"


def count(number: int, noun: str) -> str:
    """``1 sample``, ``1,200 samples``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def times(ratio: float) -> str:
    """``7.0 times``."""
    return f"{ratio:.1f} times" if ratio < 100 else f"{ratio:,.0f} times"


def when(iso: str) -> str:
    """``24 November 2026, 09:40 UTC``; a text that is no date stays as it is."""
    try:
        moment = datetime.fromisoformat(iso)
    except ValueError:
        return iso
    zone = moment.tzname() or ""
    return f"{moment.day} {moment:%B %Y, %H:%M} {zone}".rstrip()


def share(part: int, whole: int) -> str:
    """``12 of 160 (7.5 %)``."""
    return f"{part:,} of {whole:,} ({100 * part / whole:.1f} %)" if whole else NONE


# --- architectures ------------------------------------------------------------------------------------------


def tail(model: str) -> str:
    """The last part of a model's id, which is what people call it."""
    return model.rstrip("/").rpartition("/")[2] or model


def describe_architecture(architecture: Architecture) -> str:
    """The architecture on one line: ``a + b × 5 → critic a → ranker a, keeps 5 → fuser a``."""
    return " → ".join(_describe_layer(layer) for layer in architecture.layers)


def describe_details(component: Component) -> str:
    """What a component is told to do, less what nearly always is so: ``keeps 5``."""
    found: list[str] = []
    samples = getattr(component, "samples", None)
    if isinstance(samples, int):
        found.append(count(samples, "sample"))
    for field, words in _FIELDS.items():
        value = getattr(component, field, None)
        if value is not None and not (component.type == "vote" and value == 1):
            found.append(words.format(value))
    if component.type in _ALWAYS and not found:
        found.append(_ALWAYS[component.type])
    if component.type == "vote":
        found.append("weighted by skill" if getattr(component, "weights", None) else "the majority")
    if getattr(component, "show_tests", False):
        found.append("shown to the generators")
    fields = type(component).model_fields
    temperature = getattr(component, "temperature", None)
    if "temperature" in fields and temperature != fields["temperature"].default:
        found.append("default temperature" if temperature is None else f"temperature {temperature:g}")
    return ", ".join(found)


def name_models(models: Sequence[str], *, most: int = 3) -> str:
    """``a + b``, or ``5 models`` where there are many. Equal ones are named once."""
    names = list(dict.fromkeys(tail(model) for model in models))
    return " + ".join(names) if len(names) <= most else f"{len(names)} models"


def _describe_layer(layer: Layer) -> str:
    models = [model for component in layer.components for model in component.models()]
    details = sorted({_short_details(component) for component in layer.components} - {""})
    name = "" if layer.type == "generator" else layer.type.replace("_", " ")
    words = " ".join(part for part in (name, name_models(models) if models else "") if part)
    samples = {getattr(component, "samples", 1) for component in layer.components}
    if samples != {1}:
        words += f" × {'/'.join(str(number) for number in sorted(samples))}"
    return ", ".join([words, *details])


def _short_details(component: Component) -> str:
    if component.type == "vote":
        return "by skill" if getattr(component, "weights", None) else ""
    kept = getattr(component, "top_k", None) or getattr(component, "first_k", None)
    return "" if kept is None else f"keeps {kept}"
