"""Refusals in OpenAI's shape, ``{"error": {"message", "type", "param", "code"}}``, with the status clients expect."""

import math
from collections.abc import Mapping

from itas.errors import (
    BudgetExceeded,
    EmptyAnswer,
    Error,
    ModelError,
    ParseError,
    SandboxError,
    SpecError,
)
from itas.models.keys import redact
from itas.serve.wire import to_json

_UPSTREAM_REFUSES = frozenset({400, 413, 422})
"""What a provider objects to in the request itself, a context that is too long most of all."""
_MOST_SHOWN = 2000


class Refusal(Exception):
    """A request that is not answered, as it goes out.

    Args:
        status: HTTP status.
        message: For people; without any secret.
        kind: OpenAI's ``type``.
        param: The field that is wrong.
        code: For programs.
        headers: More headers.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        kind: str = "invalid_request_error",
        param: str | None = None,
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.status = status
        self.message = redact(message)[:_MOST_SHOWN]
        self.kind = kind
        self.param = param
        self.code = code
        self.headers = dict(headers or {})
        super().__init__(self.message)

    def data(self) -> dict[str, object]:
        """The body, before it becomes JSON."""
        return {
            "error": {
                "message": self.message,
                "type": self.kind,
                "param": self.param,
                "code": self.code,
            }
        }

    def body(self) -> bytes:
        """The body."""
        return to_json(self.data())

    def raw_headers(self, length: int) -> list[tuple[bytes, bytes]]:
        """The headers of a reply with a body of so many bytes."""
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % length)]
        return headers + [
            (name.encode("ascii"), value.encode("ascii")) for name, value in self.headers.items()
        ]


def wrong(message: str, *, param: str | None = None, code: str | None = None) -> Refusal:
    """400: the request is not what it should be."""
    return Refusal(400, message, param=param, code=code)


def not_supported(param: str, message: str) -> Refusal:
    """400: a field of OpenAI's that would change the answer and cannot be honoured here."""
    return Refusal(400, message, param=param, code="unsupported_parameter")


def no_such_model(id: str) -> Refusal:
    """404, in the words that clients look for."""
    return Refusal(
        404,
        f"The model '{id[:200]}' does not exist or you do not have access to it. GET /v1/models lists what is "
        "served.",
        param="model",
        code="model_not_found",
    )


def too_many(seconds: int) -> Refusal:
    """429: the queue is full."""
    return Refusal(
        429,
        "Too many requests are being worked on. Try again later.",
        kind="rate_limit_error",
        code="queue_full",
        headers={"retry-after": str(seconds)},
    )


def no_key() -> Refusal:
    """401: nobody whom we know."""
    return Refusal(
        401,
        "No valid key was given. Send it as: Authorization: Bearer KEY",
        kind="authentication_error",
        code="invalid_api_key",
        headers={"www-authenticate": "Bearer"},
    )


def head_too_long() -> Refusal:
    """431: for which nothing else is read."""
    return Refusal(431, "The head of the request is too long.", code="headers_too_large")


def body_too_long(most: int) -> Refusal:
    """413."""
    return Refusal(413, f"The body may hold at most {most} bytes.", code="request_too_large")


def body_too_late() -> Refusal:
    """408: the head came, and the body did not."""
    return Refusal(
        408, "The body of the request took too long.", kind="timeout_error", code="request_timeout"
    )


def too_late() -> Refusal:
    """408: the caller's deadline passed before there was any answer."""
    return Refusal(
        408,
        "The deadline passed before there was any answer. Give more time in 'itas.deadline_s'.",
        kind="timeout_error",
        param="itas.deadline_s",
        code="deadline_exceeded",
        headers={"x-should-retry": "false"},
    )


def too_many_connections() -> Refusal:
    """503: beyond the operator's limit."""
    return Refusal(
        503,
        "Too many connections are open. Try again later.",
        kind="api_error",
        code="too_many_connections",
        headers={"retry-after": "2"},
    )


def closing() -> Refusal:
    """503: the time to finish after SIGTERM is over."""
    return Refusal(503, "The server is closing.", kind="api_error", code="server_closing")


def refuse(error: Error) -> Refusal:
    """What a failure of the work looks like from outside."""
    if isinstance(error, ModelError):
        return _refuse_model(error)
    if isinstance(error, BudgetExceeded):
        return Refusal(
            429,
            str(error),
            kind="insufficient_quota",
            code="budget_exceeded",
            headers={"x-should-retry": "false"},
        )
    if isinstance(error, SpecError):
        return wrong(str(error), code="invalid_value")
    if isinstance(error, EmptyAnswer):
        return Refusal(502, "The model gave an empty answer.", kind="api_error", code="empty_answer")
    if isinstance(error, ParseError):
        return Refusal(
            502,
            "A model's reply could not be read, and the architecture declares no fallback for that.",
            kind="api_error",
            code="unreadable_reply",
        )
    if isinstance(error, SandboxError):
        return Refusal(503, str(error), kind="api_error", code="no_sandbox")
    return Refusal(500, "Something went wrong here.", kind="api_error", code="internal_error")


def _refuse_model(error: ModelError) -> Refusal:
    if error.status == 429 or error.retry_after_s is not None:
        seconds = 1 if error.retry_after_s is None else max(1, math.ceil(min(error.retry_after_s, 3600)))
        return Refusal(
            429,
            str(error),
            kind="rate_limit_error",
            code="provider_rate_limit",
            headers={"retry-after": str(seconds)},
        )
    if error.status in _UPSTREAM_REFUSES:
        return wrong(str(error), code="provider_refused")
    return Refusal(502, str(error), kind="api_error", code="provider_error")
