"""The routes, and the document that describes them."""

import asyncio
import os
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Any

from itas.errors import Error
from itas.serve.answering import Answering
from itas.serve.chat_request import ChatRequest
from itas.serve.document import describe_body, describe_replies
from itas.serve.gate import Gate
from itas.serve.refusal import Refusal
from itas.serve.responses_request import ResponsesRequest
from itas.serve.service import Opened, Service, Visit
from itas.serve.streaming import explain
from itas.serve.wire import to_json

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.requests import Request
    from starlette.responses import Response

Open = Callable[[], AbstractAsyncContextManager[Opened]]
"""Opens models, store and sandbox, inside the event loop of the server."""


_PAGE_HEADERS = {
    "content-type": "text/html; charset=utf-8",
    "referrer-policy": "no-referrer",
    "content-security-policy": "frame-ancestors 'none'",  # the page itself says what it may load: nothing
}


def make_app(service: Service, open: Open) -> Gate:
    """The application that a server runs.

    Args:
        service: What is served.
        open: Called when the server starts, closed when it has drained.
    """
    return Gate(_make_routes(service, open), service, Answering(service).routes())


def _make_routes(service: Service, open: Open) -> "FastAPI":
    from fastapi import FastAPI
    from starlette.exceptions import HTTPException
    from starlette.requests import Request
    from starlette.responses import Response

    from itas import __version__

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        async with open() as opened:
            service.opened = opened
            yield

    app = FastAPI(
        title="itas",
        version=__version__,
        description="Inference-time architectures as models.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )

    async def on_refusal(request: Request, error: Exception) -> Response:
        return _refused(explain(error))

    async def on_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return _refused(_no_route(request, error.status_code, dict(error.headers or {})))

    app.add_exception_handler(Refusal, on_refusal)
    app.add_exception_handler(Error, on_refusal)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(Exception, on_refusal)
    _describe_answering(app, service)
    _add_looking(app, service)
    return app


def _describe_answering(app: "FastAPI", service: Service) -> None:
    """What `Answering` does, for the document; the gate never lets such a request through to here."""
    from starlette.responses import Response

    @app.post(
        "/v1/chat/completions",
        response_class=Response,
        openapi_extra=describe_body(ChatRequest, tuple(service.served)),
        responses=describe_replies("chat.completion"),
    )
    async def chat_completions() -> Response:
        """The next message of a conversation."""
        raise NotImplementedError

    @app.post(
        "/v1/responses",
        response_class=Response,
        openapi_extra=describe_body(ResponsesRequest, tuple(service.served)),
        responses=describe_replies("response"),
    )
    async def responses() -> Response:
        """A response to a text or a conversation."""
        raise NotImplementedError


def _add_looking(app: "FastAPI", service: Service) -> None:
    from starlette.requests import Request
    from starlette.responses import Response

    @app.get("/v1/models", response_class=Response, responses=describe_replies("list"))
    async def models() -> Response:
        """Every model id that is served."""
        return _json({"object": "list", "data": [each.data() for each in service.served.values()]})

    @app.get("/v1/models/{id:path}", response_class=Response, responses=describe_replies("model"))
    async def model(id: str) -> Response:
        """One model id."""
        return _json(service.find(id).data())

    @app.get("/v1/traces/{id}", response_class=Response, responses=describe_replies("trace"))
    async def trace(id: str, request: Request) -> Response:
        """Every call, event and candidate of one request; for the key that made it. A page for ``text/html``."""
        visit: Visit = request.scope["itas.visit"]
        lines = service.traces.find(id, visit.caller)
        if lines is None:
            raise Refusal(
                404, "There is no such trace, or it has been forgotten.", param="id", code="not_found"
            )
        if "text/html" in request.headers.get("accept", ""):
            return Response(await asyncio.to_thread(_page_of, service, id, lines), headers=_PAGE_HEADERS)
        return _json({"object": "trace", "id": id, "lines": lines})

    @app.get("/health", response_class=Response, responses=describe_replies("health"))
    async def health() -> Response:
        """Whether the server is up, and which of its workers answers."""
        return _json({"status": "ok", "worker": os.getpid()})

    @app.get("/metrics", response_class=Response, responses=describe_replies("metrics"))
    async def metrics() -> Response:
        """Figures for Prometheus."""
        service.metrics.load(in_work=service.turns.in_work, waiting=service.turns.waiting)
        page, content_type = service.metrics.render()
        return Response(page, headers={"content-type": content_type})


def _page_of(service: Service, id: str, lines: list[dict[str, Any]]) -> bytes:
    opened = service.opened
    if opened is None or opened.render_trace is None:
        raise Refusal(406, "This server makes no pages. Ask for application/json.", code="not_acceptable")
    return opened.render_trace(id, lines).encode("utf-8", "replace")


def _no_route(request: "Request", status: int, headers: dict[str, str]) -> Refusal:
    where = f"{request.method[:20]} {request.url.path[:200]}"
    if status == 405:
        return Refusal(405, f"Not allowed: {where}.", code="method_not_allowed", headers=headers)
    if status == 404:
        return Refusal(404, f"There is nothing at {where}.", code="unknown_url")
    return Refusal(status, f"Refused: {where}.", code="invalid_request")


def _json(data: object) -> "Response":
    from starlette.responses import Response

    return Response(to_json(data), media_type="application/json")


def _refused(refusal: Refusal) -> "Response":
    from starlette.responses import Response

    return Response(refusal.body(), refusal.status, media_type="application/json", headers=refusal.headers)
