"""The pages of the view as text. Whatever comes from a run is escaped, and hidden characters are made visible."""

from collections.abc import Sequence
from dataclasses import asdict
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from itas.report import words
from itas.view.records import Compared, Detail, Run

if TYPE_CHECKING:
    import jinja2

_KINDS = {"search": "Search", "evaluation": "Evaluation", "trace": "Trace"}
STATES = {
    "running": "running",
    "stopping": "stopping",
    "finished": "finished",
    "stopped": "stopped",
    "broken": "cannot be read",
}


def render_list(runs: Sequence[Run], *, folder: str, token: str) -> str:
    """The first page: every run."""
    return _render(
        "list.html.j2", title="Runs", lines=[run_text(run) for run in runs], folder=folder, token=token
    )


def render_run(detail: Detail, *, token: str) -> str:
    """The page of one run."""
    return _render("run.html.j2", title=detail.run.name, detail=detail, text=detail_text(detail), token=token)


def render_compared(compared: Compared, runs: Sequence[Run], *, query: str) -> str:
    """Evaluations side by side."""
    names = [run_text(run) for run in runs]
    return _render("compare.html.j2", title="Comparison", compared=compared, runs=names, query=query)


def render_problem(title: str, text: str) -> str:
    """Something went wrong, in words."""
    return _render("problem.html.j2", title=title, text=text)


def run_text(run: Run) -> dict[str, Any]:
    """A run as it is shown, for a template or for the script of a page that is open."""
    return {
        **{
            name: words.visible(value) if isinstance(value, str) else value
            for name, value in asdict(run).items()
        },
        "path": path_of(run.id),
        "value": _attribute(run.id),
        "kind": _KINDS.get(run.kind, words.visible(words.shorten(run.kind, 40))),
        "name": words.visible(words.shorten(run.name, 120)),
        "state": run.state,
        "says": STATES[run.state],
        "when": words.visible(words.when(run.created)),
    }


def path_of(id: str) -> str:
    """Address of the page of a run, whatever its folder is called."""
    return f"/runs/{quote(id, safe='')}"


def detail_text(detail: Detail) -> dict[str, Any]:
    """One run as it is shown; see `run_text`."""
    return {
        "run": run_text(detail.run),
        "figures": {words.visible(name): words.visible(value) for name, value in detail.figures.items()},
        "rows": [[words.visible(cell) for cell in row] for row in detail.rows],
        "reports": [each.name for each in detail.reports],
    }


def read_asset(name: str) -> str:
    """The style sheet (that of the reports and what is ours) or the script."""
    if name == "view.css":
        return _file("itas.report", "page.css") + _file("itas.view", name)
    return _file("itas.view", name)


def _render(template: str, *, title: str, **values: object) -> str:
    return _environment().get_template(template).render(title=title, **values)


def _attribute(text: str) -> Any:
    """Text in an attribute as it is, hidden characters too: what is sent back must be what it is called."""
    import markupsafe

    return markupsafe.escape(text)


def _file(package: str, name: str) -> str:
    return (files(package) / "templates" / name).read_text(encoding="utf-8")


@cache
def _environment() -> "jinja2.Environment":
    import jinja2

    def load(name: str) -> str:
        return _file("itas.view", name)

    return jinja2.Environment(
        loader=jinja2.FunctionLoader(load),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalize,
    )


def _finalize(value: object) -> object:
    """What is put into a page: markup of ours as it is, everything else as text without hidden characters."""
    return value if hasattr(value, "__html__") else words.visible(str(value))
