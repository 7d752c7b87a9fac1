"""Pages: one HTML file that needs nothing from outside and in which foreign text can do nothing.

Three walls, each of which would do alone: jinja2 escapes everything that is put into a template; data for
charts is JSON without a character that HTML could read; the content security policy allows exactly the
scripts and the style sheet that stand in the file, by their hash, and no address at all. Expressions of charts
are interpreted, so nothing is ever evaluated as JavaScript. Hidden and reordering characters are made visible.
"""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, cast

from itas.errors import Error
from itas.report.words import shorten, visible

if TYPE_CHECKING:
    import jinja2

_BUNDLE = "window.vegaEmbed = vegaEmbed;"
_IN_JSON = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}


def render_page(
    template: str, *, title: str, has_charts: bool = True, scripts: Sequence[str] = (), **values: object
) -> str:
    """A whole page from one of the templates beside this file.

    Args:
        template: Name of the file.
        title: Of the page.
        has_charts: Whether the page brings the program that draws them, about 0.9 MB.
        scripts: Names of further scripts beside the templates.
        **values: What the template shows. Text is escaped; markup is what `mark_safe` made.

    Raises:
        Error: An optional package is missing; says which and how to install it.
    """
    bundle = [_chart_bundle()] if has_charts else []
    programs = [*bundle, _read("page.js"), *(_read(name) for name in scripts)]
    style = _read("page.css")
    rules = {
        "default-src": "'none'",
        "script-src": " ".join(f"'sha256-{_sha256(script)}'" for script in programs),
        "style-src": f"'sha256-{_sha256(style)}'",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    page = _environment().get_template(template)
    return page.render(
        title=title,
        policy="; ".join(f"{name} {value}" for name, value in rules.items()),
        style=mark_safe(style),
        scripts=[mark_safe(script) for script in programs],
        **values,
    )


def mark_safe(html: str) -> Any:
    """Markup of our own, to be put into a page as it is."""
    return _jinja2_module("markupsafe").Markup(html)


def to_script_json(data: object) -> str:
    """JSON that may stand inside a script element: no ``<``, ``>``, ``&`` and no line separator."""
    text = json.dumps(_all_visible(data), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.translate(_IN_JSON)


def _mark_script_json(data: object) -> Any:
    return mark_safe(to_script_json(data))


def _all_visible(data: object) -> object:
    if isinstance(data, str):
        return visible(data)
    if isinstance(data, Mapping):
        entries = cast("Mapping[object, object]", data)
        return {visible(str(name)): _all_visible(value) for name, value in entries.items()}
    if isinstance(data, Sequence):
        return [_all_visible(value) for value in cast("Sequence[object]", data)]
    return data


@cache
def _environment() -> "jinja2.Environment":
    jinja2 = _jinja2_module("jinja2")
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_read),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalize,
    )
    environment.filters["short"] = shorten
    environment.filters["script_json"] = _mark_script_json
    return environment


def _finalize(value: object) -> object:
    """What is put into a page: markup of ours as it is, everything else as text without hidden characters."""
    return value if hasattr(value, "__html__") else visible(str(value))


def _read(name: str) -> str:
    return (files("itas.report") / "templates" / name).read_text(encoding="utf-8")


@cache
def _chart_bundle() -> str:
    """Vega, Vega-Lite and their embedding as one script. Making it takes one to two seconds, once a process."""
    try:
        import vl_convert
    except ImportError as error:
        raise _missing(error) from None
    script = vl_convert.javascript_bundle(_BUNDLE)
    if "</script" in script.lower() or "<!--" in script:
        raise Error("the program that draws charts cannot stand in a page: it contains the end of a script")
    return script


def _jinja2_module(name: str) -> Any:
    from importlib import import_module

    try:
        return import_module(name)
    except ImportError as error:
        raise _missing(error) from None


def _missing(error: ImportError) -> Error:
    return Error(f"a report needs {error.name}. Install it: pip install 'itas[report]'")


def _sha256(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
