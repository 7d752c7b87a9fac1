"""langchain-openai: whole, streamed, structured output, tools."""

import sys

from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from pydantic import BaseModel

URL, KEY = sys.argv[1], sys.argv[2]


class Sum(BaseModel):
    """A sum."""

    answer: int


@tool
def multiply(a: int, b: int) -> int:
    """Multiply two numbers."""
    return a * b


def chat(model: str) -> ChatOpenAI:
    return ChatOpenAI(model=model, base_url=f"{URL}/v1", api_key=KEY)


whole = chat("fused").invoke("What is 6 x 7?")
assert "42" in str(whole.content)
assert whole.usage_metadata and whole.usage_metadata["total_tokens"] > 0
assert "42" in "".join(str(piece.content) for piece in chat("fused").stream("What is 6 x 7?"))
assert chat("fused").with_structured_output(Sum).invoke("What is 6 x 7?") == Sum(answer=42)
assert chat("one").bind_tools([multiply]).invoke("What is 6 x 7?").tool_calls[0]["name"] == "multiply"
print("fine")
