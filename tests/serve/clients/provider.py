"""What a provider would answer to the clients' questions, with streams, forms and calls of tools."""

import asyncio
from typing import Any

from tests.models.fake_server import Answer, Sent, chat, streamed_chat


async def answer(sent: Sent) -> Answer:
    """A call if tools are offered and none was made yet, JSON if a form is wanted, else a sentence with 42 in it."""
    await asyncio.sleep(0.02)
    body = sent.body
    if body.get("tools") and not any(message["role"] == "tool" for message in body["messages"]):
        return _call(body)
    text = '{"answer": 42}' if body.get("response_format") else "6 x 7 is 42."
    if body.get("stream"):
        return streamed_chat(*(f"{word} " for word in text.split()))
    return chat(*[text] * (body.get("n") or 1))


def _call(body: dict[str, Any]) -> Answer:
    name = body["tools"][0]["function"]["name"]
    made = [{"id": "call_1", "type": "function", "function": {"name": name, "arguments": '{"a": 6, "b": 7}'}}]
    found = chat("")
    found.data["choices"][0] = {
        "index": 0,
        "message": {"role": "assistant", "content": None, "tool_calls": made},
        "finish_reason": "tool_calls",
    }
    return found
