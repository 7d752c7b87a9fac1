"""How a value stands in a row: JSON as UTF-8 (lone surrogates kept), with a checksum over value and place."""

import hashlib
import json
from typing import Any

import orjson
from pydantic import ValidationError

from itas.core.request import Completion, Request, Usage

_USAGE_FIELDS = tuple(Usage.model_fields)  # all of them numbers, 0 by default
_COMPLETION_DEFAULTS = tuple(
    (name, field.default)
    for name, field in Completion.model_fields.items()
    if name not in {"is_stored", "usage"}
)


class Damaged(ValueError):
    """A row that is not what was written."""


def encode_completion(completion: Completion) -> bytes:
    """One draw, without whether it was stored: that depends on who asks; defaults are left out.

    By hand, because this runs for every call: `model_dump` takes several times as long.
    """
    values, counts = completion.__dict__, completion.usage.__dict__
    data = {name: value for name, default in _COMPLETION_DEFAULTS if (value := values[name]) != default}
    if usage := {name: value for name in _USAGE_FIELDS if (value := counts[name])}:
        data["usage"] = usage
    return _encode(data)


def decode_completion(body: bytes) -> Completion:
    """The draw of a row, marked as stored.

    Raises:
        Damaged: It cannot be read.
    """
    try:
        return Completion.model_validate({**_decode(body), "is_stored": True})
    except (ValueError, TypeError, ValidationError, RecursionError) as error:
        raise Damaged(str(error)) from None


def read_draw(key: bytes, number: int, body: bytes, found: bytes) -> Completion:
    """The draw of a row.

    Raises:
        Damaged: It does not fit its checksum.
    """
    if not isinstance(body, bytes) or checksum(key, number, body) != found:  # pyright: ignore[reportUnnecessaryIsInstance]
        raise Damaged("the checksum does not fit")
    return decode_completion(body)


def encode_request(request: Request) -> bytes:
    """One request; by hand for the same reason."""
    data: dict[str, Any] = {
        "model": request.model,
        "messages": [
            {"role": each.role, "content": each.content, "extra": each.extra}
            if each.extra
            else {"role": each.role, "content": each.content}
            for each in request.messages
        ],
        "temperature": request.temperature,
        "max_tokens": request.max_tokens,
        "stop": request.stop,
    }
    if request.extra:
        data["extra"] = request.extra
    return _encode(data)


def decode_request(body: bytes) -> Request:
    """The request of a row.

    Raises:
        Damaged: It cannot be read.
    """
    try:
        return Request.model_validate(_decode(body))
    except (ValueError, TypeError, ValidationError, RecursionError) as error:
        raise Damaged(str(error)) from None


def model_in(body: bytes) -> str:
    """The model that a stored request names, without reading the rest.

    Raises:
        Damaged: It cannot be read.
    """
    try:
        return str(_decode(body)["model"])
    except (ValueError, KeyError, RecursionError) as error:
        raise Damaged(str(error)) from None


def checksum(key: bytes, number: int, body: bytes) -> bytes:
    """SHA-256 over place and content, so that a row in the wrong place is noticed too."""
    return hashlib.sha256(b"%b%b%b" % (key, number.to_bytes(8, "big", signed=True), body)).digest()


def _encode(data: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(data)
    except TypeError:  # lone surrogates, or a number of more than 64 bits
        pass
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8", "surrogatepass")


def _decode(body: bytes) -> dict[str, Any]:
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError:  # the same exceptions as above, or damage, which the next line finds
        data = json.loads(body.decode("utf-8", "surrogatepass"))
    if not isinstance(data, dict):
        raise Damaged("not an object")
    return data  # pyright: ignore[reportUnknownVariableType]
