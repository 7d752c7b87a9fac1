"""Bytes on the wire: JSON, and server-sent events to the letter."""

import json

import orjson

KEEPALIVE = b": keepalive\n\n"
DONE = b"data: [DONE]\n\n"


def to_json(data: object) -> bytes:
    """JSON in UTF-8; what UTF-8 cannot hold (lone surrogates in a model's text) is escaped."""
    try:
        return orjson.dumps(data)
    except TypeError:
        return json.dumps(data, separators=(",", ":"), allow_nan=False).encode("ascii")


def event(data: object, *, name: str | None = None) -> bytes:
    """One server-sent event. JSON holds no line break, so one ``data:`` line is enough."""
    head = b"" if name is None else b"event: " + name.encode("ascii") + b"\n"
    return head + b"data: " + to_json(data) + b"\n\n"
