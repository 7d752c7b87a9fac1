"""Ugly replies: what real servers have been seen to send, in short. Kept as data; add what you meet."""

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Good:
    """What is to be read out of it."""

    text: str
    reason: str = "stop"


@dataclass(frozen=True)
class Bad:
    """It is an error of ours, with these words in it."""

    words: str
    can_retry: bool = True


def choice(content: Any, reason: Any = "stop", **message: Any) -> bytes:
    return json.dumps(
        {"choices": [{"message": {"content": content, **message}, "finish_reason": reason}]}
    ).encode()


def blocks(*content: Any, reason: Any = "end_turn") -> bytes:
    return json.dumps({"content": list(content), "stop_reason": reason}).encode()


def said(text: Any) -> dict[str, Any]:
    return {"type": "text", "text": text}


ODD = "NUL \x00, lone \ud800, bidi a\u202eb\u2066c\u200f, \u2028 \r\n"

OPENAI: list[tuple[bytes, Good | Bad]] = [
    *(
        (choice("4", reason), Good("4", ours))
        for reason, ours in [
            ("stop", "stop"),
            ("STOP", "stop"),
            ("eos", "stop"),
            ("eos_token", "stop"),
            ("stop_sequence", "stop"),
            ("end_turn", "stop"),
            ("complete", "stop"),
            ("length", "length"),
            ("max_tokens", "length"),
            ("MAX_TOKENS", "length"),
            ("model_length", "length"),
            ("max_output_tokens", "length"),
            ("content_filter", "content_filter"),
            ("SAFETY", "content_filter"),
            ("RECITATION", "content_filter"),
            ("PROHIBITED_CONTENT", "content_filter"),
            ("guardrail_intervened", "content_filter"),
            ("tool_calls", "tool_calls"),
            ("tool_use", "tool_calls"),
            ("function_call", "tool_calls"),
            ("FINISH_REASON_UNSPECIFIED", "unknown"),
            ("abort", "unknown"),
            ("", "unknown"),
            (None, "unknown"),
            (7, "unknown"),
            (["stop"], "unknown"),
            ({"type": "stop"}, "unknown"),
        ]
    ),
    (choice("The ans", "error"), Bad("broke off")),
    (choice("The ans", "insufficient_system_resource"), Bad("broke off")),
    (choice(None), Good("")),
    (choice(""), Good("")),
    (choice(7), Good("")),
    (choice({"text": "4"}), Good("")),
    (choice([]), Good("")),
    (choice([said("a"), "b", None, said(None), said("c")]), Good("ac")),
    (choice([{"type": "thinking", "thinking": [said("hm")]}, said("4")]), Good("4")),  # Mistral
    (choice(None, refusal="No."), Good("No.", "content_filter")),
    (choice("4", refusal="No."), Good("4")),
    (choice(None, refusal=""), Good("")),
    (choice(None, tool_calls=[{"id": "x"}]), Good("", "tool_calls")),
    (choice(None, "tool_calls", tool_calls=None), Good("", "tool_calls")),
    (choice(None, "length", reasoning_content="hm, hm"), Good("", "length")),  # all spent on thinking
    (choice(ODD), Good(ODD)),
    (b'{"choices":[{"text":"4","finish_reason":"stop"}]}', Good("4")),
    (b'{"choices":[{"message":null,"finish_reason":"stop"}]}', Good("")),
    (b'{"choices":[{"message":{"content":"4"},"finish_reason":"stop","index":"first"}]}', Good("4")),
    (b'{"choices":[null,{"message":{"content":"4"},"finish_reason":"stop"}]}', Good("4")),
    (
        b'\xef\xbb\xbf{"choices":[{"message":{"content":"4"},"finish_reason":"stop"}]}',
        Bad("not a JSON object"),
    ),
    (b'\n\n {"choices":[{"message":{"content":"4"},"finish_reason":"stop"}]}\n', Good("4")),
    (b'{"choices":[{"message":{"content":"\xff\xfe4"},"finish_reason":"stop"}]}', Good("\ufffd\ufffd4")),
    (b'{"choices":[null]}', Bad("no choices")),
    (b'{"choices":[]}', Bad("no choices")),
    (b'{"choices":null}', Bad("no choices")),
    (b'{"choices":{"message":{"content":"4"}}}', Bad("no choices")),
    (b"{}", Bad("no choices")),
    (b'{"error":{"message":"upstream is down","code":502}}', Bad("upstream is down")),
    (b'{"error":{"message":"slow down","code":429}}', Bad("slow down")),
    (b'{"error":{"message":"no such model","code":404}}', Bad("no such model", can_retry=False)),
    (b'{"choices":[{"error":{"message":"provider returned error"}}]}', Bad("provider returned error")),
    (b"", Bad("not a JSON object")),
    (b"null", Bad("not a JSON object")),
    (b'"4"', Bad("not a JSON object")),
    (b"<html><body><h1>502 Bad Gateway</h1></body></html>", Bad("not a JSON object")),
    (b'{"choices":[{"message":{"content":"4', Bad("not a JSON object")),
    (b'{"choices":[{"message":{"content":"4"}}]} trailing', Bad("not a JSON object")),
    (b"data: {}\n\n", Bad("not a JSON object")),
    (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, Bad("not a JSON object")),
]

ANTHROPIC: list[tuple[bytes, Good | Bad]] = [
    *(
        (blocks(said("4"), reason=reason), Good("4", ours))
        for reason, ours in [
            ("end_turn", "stop"),
            ("stop_sequence", "stop"),
            ("max_tokens", "length"),
            ("model_context_window_exceeded", "length"),
            ("refusal", "content_filter"),
            ("tool_use", "tool_calls"),
            ("pause_turn", "unknown"),
            ("a new one", "unknown"),
            (None, "unknown"),
            (["end_turn"], "unknown"),
        ]
    ),
    (blocks(), Good("")),
    (blocks(reason="refusal"), Good("", "content_filter")),
    (blocks({"type": "thinking", "thinking": "hm"}, said("4")), Good("4")),
    (blocks({"type": "redacted_thinking", "data": "x"}, said("a"), said("b")), Good("ab")),
    (blocks({"type": "tool_use", "name": "x"}, reason="tool_use"), Good("", "tool_calls")),
    (blocks(None, "x", said(None), said(7), {"text": "no type"}), Good("")),
    (blocks(said(ODD)), Good(ODD)),
    (b'{"content":"4","stop_reason":"end_turn"}', Bad("no content")),
    (b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}', Bad("no content")),
    (b"{}", Bad("no content")),
    (b"[]", Bad("not a JSON object")),
    (b"<!DOCTYPE html>", Bad("not a JSON object")),
]
