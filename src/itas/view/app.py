"""The routes of the view: pages, what changes on them while they are open, and two buttons."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlencode

from itas.errors import Error
from itas.view import pages
from itas.view.guard import Guard
from itas.view.records import Runs
from itas.view.reports import policy_of

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.responses import Response

T = TypeVar("T")
LOOK_S = 0.5
"""How often the run folders are looked at while a page is open."""
_QUIET_S = 15.0
_PATIENCE = 5
"""Many runs take long to look at: looking takes at most a sixth of the time."""
_ASSETS = {"view.css": "text/css", "view.js": "text/javascript"}


class View:
    """What the routes share.

    Args:
        runs: The run folders.
        look_s: Seconds between two looks at them.
    """

    def __init__(self, runs: Runs, *, look_s: float = LOOK_S) -> None:
        self.runs = runs
        self.look_s = look_s
        self.is_ending = False
        self.token = ""


def make_app(view: View, *, port: int, key: str = "", token: str = "") -> Guard:
    """The application, behind its wall.

    Args:
        view: What is shown.
        port: At which it listens.
        key: Opens it; drawn if empty.
        token: Of every button; drawn if empty.
    """
    guard = Guard(_make_routes(view), port=port, key=key, token=token)
    view.token = guard.token
    return guard


def _make_routes(view: View) -> "FastAPI":
    from fastapi import FastAPI
    from starlette.exceptions import HTTPException
    from starlette.requests import Request
    from starlette.responses import Response

    app = FastAPI(title="itas view", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)

    async def on_error(request: Request, error: Exception) -> Response:
        return _html(pages.render_problem("This did not work", str(error)), 409)

    async def on_surprise(request: Request, error: Exception) -> Response:
        return _html(pages.render_problem("This did not work", f"{type(error).__name__}: {error}"), 500)

    async def on_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return _missing(error.status_code)

    app.add_exception_handler(Error, on_error)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(Exception, on_surprise)
    _add_pages(app, view)
    _add_events(app, view)
    _add_buttons(app, view)
    return app


def _add_pages(app: "FastAPI", view: View) -> None:
    from starlette.requests import Request
    from starlette.responses import Response

    @app.get("/", response_class=Response)
    async def list_runs() -> Response:
        found = await asyncio.to_thread(view.runs.list_runs)
        return _html(pages.render_list(found, folder=view.runs.folder, token=view.token))

    @app.get("/assets/{name}", response_class=Response)
    async def asset(name: str) -> Response:
        if name not in _ASSETS:
            return _missing(404)
        return Response(pages.read_asset(name), media_type=_ASSETS[name])

    @app.get("/runs/{id}", response_class=Response)
    async def run(id: str) -> Response:
        found = await asyncio.to_thread(view.runs.find_run, id)
        return _missing(404) if found is None else _html(pages.render_run(found, token=view.token))

    @app.get("/runs/{id}/reports/{name}", response_class=Response)
    async def report(id: str, name: str) -> Response:
        return _report(await asyncio.to_thread(view.runs.render_report, id, name))

    @app.get("/compare", response_class=Response)
    async def compare(request: Request) -> Response:
        ids = _ids(request)
        compared = await asyncio.to_thread(view.runs.compare, ids)
        known = {run.id: run for run in await asyncio.to_thread(view.runs.list_runs)}
        query = urlencode([("run", id) for id in ids])
        return _html(pages.render_compared(compared, [known[id] for id in ids if id in known], query=query))

    @app.get("/compare/report", response_class=Response)
    async def compare_report(request: Request) -> Response:
        return _report(await asyncio.to_thread(view.runs.render_comparison, _ids(request)))


def _add_events(app: "FastAPI", view: View) -> None:
    from starlette.responses import Response, StreamingResponse

    def stream(look: Callable[[], object]) -> Response:
        return StreamingResponse(_changes(view, look), media_type="text/event-stream")

    @app.get("/events", response_class=Response)
    async def list_events() -> Response:
        return stream(lambda: [pages.run_text(run) for run in view.runs.list_runs()])

    @app.get("/runs/{id}/events", response_class=Response)
    async def run_events(id: str) -> Response:
        if await asyncio.to_thread(view.runs.find_run, id) is None:
            return _missing(404)

        def look() -> object:
            found = view.runs.find_run(id)
            return None if found is None else pages.detail_text(found)

        return stream(look)


async def _changes(view: View, look: Callable[[], object]) -> AsyncGenerator[bytes]:
    """What a page shows, as events: now, and whenever it is different from what was sent last."""
    last = ""
    quiet_s = 0.0
    while not view.is_ending:
        began = time.monotonic()
        text = json.dumps(await asyncio.to_thread(look))
        pause_s = max(view.look_s, _PATIENCE * (time.monotonic() - began))
        if text != last:
            last, quiet_s = text, 0.0
            yield f"data: {text}\n\n".encode()
        elif quiet_s >= _QUIET_S:
            quiet_s = 0.0
            yield b": still here\n\n"
        await asyncio.sleep(pause_s)
        quiet_s += pause_s


def _add_buttons(app: "FastAPI", view: View) -> None:
    from starlette.responses import RedirectResponse, Response

    async def press(id: str, action: Callable[[str], Any]) -> Response:
        if await asyncio.to_thread(view.runs.find_run, id) is None:
            return _missing(404)
        await asyncio.to_thread(action, id)
        return RedirectResponse(pages.path_of(id), 303)

    @app.post("/runs/{id}/stop", response_class=Response)
    async def stop(id: str) -> Response:
        return await press(id, view.runs.stop)

    @app.post("/runs/{id}/resume", response_class=Response)
    async def resume(id: str) -> Response:
        return await press(id, view.runs.resume)


def _ids(request: Any) -> Sequence[str]:
    return list(dict.fromkeys(request.query_params.getlist("run")))[:20]


def _html(text: str, status: int = 200) -> "Response":
    from starlette.responses import Response

    return Response(text.encode("utf-8", "backslashreplace"), status, media_type="text/html")


def _report(text: str | None) -> "Response":
    """A page of the reports: with its own policy, and in an origin of its own, so that it cannot press our buttons."""
    from starlette.responses import Response

    if text is None:
        return _missing(404)
    headers = {"content-security-policy": policy_of(text)}
    return Response(text.encode("utf-8", "backslashreplace"), media_type="text/html", headers=headers)


def _missing(status: int) -> "Response":
    text = "There is nothing here." if status == 404 else "This is not possible here."
    return _html(pages.render_problem("Not found" if status == 404 else "Refused", text), status)
