"""What a provider says when it does not answer, as one of our errors; never with a secret in it."""

from collections.abc import Mapping
from typing import Any, cast

import orjson

from itas.errors import ModelError
from itas.models.keys import redact
from itas.models.providers.retry_after import parse_retry_after

_SHOWN_CHARS = 300
_MAY_PASS = frozenset({408, 409, 425, 429})
_NOT_BILLED_ABOVE_499 = frozenset({503, 529})
"""Overloaded: refused before any work. Other 5xx may come from a gateway in front of work that was done."""
_NEVER_PASSES = frozenset({"insufficient_quota", "billing_hard_limit_reached"})
_REQUEST_IDS = ("x-request-id", "request-id", "apim-request-id")
_CURES = {
    401: "Is the key right, and for this provider?",
    402: "Is there credit left?",
    403: "May this key use this model?",
    404: "Is the model's name right, and the address?",
}


class Refused(ModelError):
    """An HTTP error, with the provider's own words.

    Attributes:
        detail: Its message.
        code: Its code or type, where it gives one.
        param: The parameter it objects to, where it names one.
        is_about_key: Another key may be taken: this one is wrong, or has no credit left.
    """

    def __init__(
        self,
        message: str,
        *,
        provider: str,
        status: int,
        request_id: str | None,
        retry_after_s: float | None,
        detail: str,
        code: str,
        param: str,
    ) -> None:
        self.detail = detail
        self.code = code
        self.param = param
        self.is_about_key = status in (401, 402) or code in _NEVER_PASSES
        super().__init__(
            message,
            provider=provider,
            status=status,
            request_id=request_id,
            can_retry=(status in _MAY_PASS or status >= 500) and code not in _NEVER_PASSES,
            retry_after_s=retry_after_s,
            may_be_billed=status >= 500 and status not in _NOT_BILLED_ABOVE_499,
        )


def read_refusal(provider: str, status: int, headers: Mapping[str, str], body: bytes) -> Refused:
    """Make the error for an HTTP status outside 200..299."""
    try:
        data: object = orjson.loads(body)
    except orjson.JSONDecodeError:
        data = body.decode("utf-8", "replace")
    return refuse(provider, status, data, headers)


def refuse(provider: str, status: int, data: object, headers: Mapping[str, str]) -> Refused:
    """Make the error for a status and the body that came with it."""
    detail, code, param = (redact(text) for text in _read(data))
    shown = clean(detail) or "no reason was given"
    if 300 <= status < 400:
        shown = "redirects are not followed, since they would take the key along. Correct 'base_url'"
    cure = f" {_CURES[status]}" if status in _CURES else ""
    return Refused(
        f"HTTP {status}: {shown}{cure}",
        provider=provider,
        status=status,
        request_id=find_request_id(headers),
        retry_after_s=parse_retry_after(headers, _text_of(data))
        if status in _MAY_PASS or status >= 500
        else None,
        detail=detail,
        code=code,
        param=param,
    )


def find_request_id(headers: Mapping[str, str]) -> str | None:
    """The provider's id of a request."""
    for name in _REQUEST_IDS:
        if found := clean(headers.get(name, "")):
            return found[:100]
    return None


def clean(text: str) -> str:
    """A short line without control characters and secrets."""
    text = text[:10_000]
    if not text.isprintable():
        text = "".join(char if char.isprintable() else " " for char in text)
    line = " ".join(text.split())
    line = redact(line)
    return line if len(line) <= _SHOWN_CHARS else f"{line[: _SHOWN_CHARS - 3]}..."


def _text_of(data: object) -> str:
    try:
        return data if isinstance(data, str) else str(data)
    except RecursionError:  # deeper than Python writes, though not than it was read
        return ""


def _read(data: object) -> tuple[str, str, str]:
    """Message, code and parameter out of the many forms of an error body."""
    if isinstance(data, list):
        items = cast("list[object]", data)
        data = items[0] if items else ""
    if not isinstance(data, dict):
        return _text_of(data), "", ""
    body = cast("dict[str, Any]", data)
    error: object = body.get("error", body)
    if isinstance(error, dict):
        fields = cast("dict[str, Any]", error)
        detail = fields.get("message") or fields.get("detail") or fields
        code = fields.get("code") or fields.get("type") or ""
        return _text_of(detail), _text_of(code), _text_of(fields.get("param") or "")
    return _text_of(error), _text_of(body.get("code") or ""), _text_of(body.get("param") or "")
