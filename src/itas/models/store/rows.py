"""How a value stands in a row: JSON as UTF-8 (lone surrogates kept), with a checksum over value and place."""

import hashlib
import json
from typing import Any

import orjson
from pydantic import ValidationError

from itas.core.request import Completion, Request


class Damaged(ValueError):
    """A row that is not what was written."""


def encode_completion(completion: Completion) -> bytes:
    """One draw, without whether it was stored: that depends on who asks."""
    return _encode(completion.model_dump(mode="json", exclude={"is_stored"}, exclude_defaults=True))


def decode_completion(body: bytes) -> Completion:
    """The draw of a row, marked as stored.

    Raises:
        Damaged: It cannot be read.
    """
    try:
        return Completion.model_validate({**_decode(body), "is_stored": True})
    except (ValueError, TypeError, ValidationError, RecursionError) as error:
        raise Damaged(str(error)) from None


def encode_request(request: Request) -> bytes:
    """One request."""
    return _encode(request.model_dump(mode="json"))


def decode_request(body: bytes) -> Request:
    """The request of a row.

    Raises:
        Damaged: It cannot be read.
    """
    try:
        return Request.model_validate(_decode(body))
    except (ValueError, TypeError, ValidationError, RecursionError) as error:
        raise Damaged(str(error)) from None


def checksum(key: bytes, number: int, body: bytes) -> bytes:
    """SHA-256 over place and content, so that a row in the wrong place is noticed too."""
    digest = hashlib.sha256(key)
    digest.update(number.to_bytes(8, "big", signed=True))
    digest.update(body)
    return digest.digest()


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
