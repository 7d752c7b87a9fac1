"""litellm: whole, streamed, async, tools."""

import asyncio
import sys
from typing import Any

import litellm

URL, KEY = sys.argv[1], sys.argv[2]
COMMON: dict[str, Any] = {
    "model": "openai/fused",
    "api_base": f"{URL}/v1",
    "api_key": KEY,
    "messages": [{"role": "user", "content": "What is 6 x 7?"}],
}

whole = litellm.completion(**COMMON, temperature=0.1)
assert "42" in whole.choices[0].message.content
assert whole.usage.total_tokens > 0
pieces = [chunk.choices[0].delta.content or "" for chunk in litellm.completion(**COMMON, stream=True)]
assert "42" in "".join(pieces)
tools = [
    {"type": "function", "function": {"name": "multiply", "parameters": {"type": "object", "properties": {}}}}
]
called = litellm.completion(**{**COMMON, "model": "openai/one"}, tools=tools)
assert called.choices[0].message.tool_calls[0].function.name == "multiply"
assert "42" in asyncio.run(litellm.acompletion(**COMMON)).choices[0].message.content
try:
    litellm.completion(**{**COMMON, "model": "openai/nobody"})
except litellm.NotFoundError:
    print("fine")
