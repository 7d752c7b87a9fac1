"""Pieces of the OpenAPI document: bodies from the types that read them, replies by their shape."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel

_ERROR: dict[str, Any] = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["message", "type", "param", "code"],
            "properties": {
                "message": {"type": "string"},
                "type": {"type": "string"},
                "param": {"type": ["string", "null"]},
                "code": {"type": ["string", "null"]},
            },
        }
    },
}
_OBJECTS: dict[str, dict[str, Any]] = {
    "chat.completion": {
        "required": ["id", "object", "created", "model", "choices", "usage"],
        "properties": {
            "id": {"type": "string"},
            "object": {"const": "chat.completion"},
            "created": {"type": "integer"},
            "model": {"type": "string"},
            "choices": {"type": "array", "items": {"type": "object"}},
            "usage": {"type": "object"},
        },
    },
    "response": {
        "required": ["id", "object", "created_at", "model", "output", "status", "usage"],
        "properties": {
            "id": {"type": "string"},
            "object": {"const": "response"},
            "output": {"type": "array"},
        },
    },
    "list": {"required": ["object", "data"], "properties": {"object": {"const": "list"}}},
    "model": {"required": ["id", "object"], "properties": {"object": {"const": "model"}}},
    "trace": {"required": ["id", "lines"], "properties": {"lines": {"type": "array"}}},
    "health": {
        "required": ["status", "worker"],
        "properties": {
            "status": {"const": "ok"},
            "worker": {"type": "integer", "description": "Its process."},
        },
    },
}


def describe_body(body: type[BaseModel], ids: Sequence[str]) -> dict[str, Any]:
    """The request body of a route, as the type that reads it has it; `ids` are those of the models that are served."""
    schema = body.model_json_schema(ref_template="#/components/schemas/{model}")
    schema["properties"]["model"] = {"type": "string", "enum": list(ids)}
    return {
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": _inlined(schema)}},
        }
    }


def describe_replies(kind: str) -> dict[int | str, dict[str, Any]]:
    """What a route answers, and how it refuses."""
    if kind == "metrics":
        content: dict[str, Any] = {"text/plain": {"schema": {"type": "string"}}}
    else:
        content = {"application/json": {"schema": {"type": "object", **_OBJECTS[kind]}}}
    if kind in ("chat.completion", "response"):
        content["text/event-stream"] = {"schema": {"type": "string"}}
    if kind == "trace":
        content["text/html"] = {"schema": {"type": "string"}}
    refused = {"description": "Refused", "content": {"application/json": {"schema": _ERROR}}}
    return {200: {"description": "Done", "content": content}, "4XX": refused, "5XX": refused}


def _inlined(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema without references: FastAPI knows nothing of the types behind them."""
    parts: dict[str, Any] = schema.pop("$defs", {})

    def fill(node: Any) -> Any:
        if isinstance(node, dict):
            name = str(node.get("$ref", "")).rpartition("/")[2]  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType]
            return fill(parts[name]) if name in parts else {key: fill(value) for key, value in node.items()}  # pyright: ignore[reportUnknownVariableType]
        return [fill(each) for each in node] if isinstance(node, list) else node  # pyright: ignore[reportUnknownVariableType]

    return fill(schema)
