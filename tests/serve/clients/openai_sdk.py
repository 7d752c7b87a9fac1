"""openai: whole, streamed, async, responses, structured output, tools, errors."""

import asyncio
import sys
from typing import Any

import openai
from pydantic import BaseModel

URL, KEY = sys.argv[1], sys.argv[2]
ASKED: list[Any] = [{"role": "user", "content": "What is 6 x 7?"}]
client = openai.OpenAI(base_url=f"{URL}/v1", api_key=KEY)

assert {"one", "fused"} <= {model.id for model in client.models.list()}
assert client.models.retrieve("one").id == "one"

whole = client.chat.completions.create(model="fused", messages=ASKED, temperature=0.2, seed=3)
assert "42" in (whole.choices[0].message.content or "")
assert whole.usage and whole.usage.total_tokens > 0
assert whole.choices[0].finish_reason == "stop"
assert (whole.model_extra or {})["itas"]["samples_used"] == 3

raw = client.chat.completions.with_raw_response.create(model="one", messages=ASKED, n=2)
assert raw.headers["x-itas-trace-id"].startswith("tr_")
assert len(raw.parse().choices) == 2

stream = client.chat.completions.create(
    model="fused",
    messages=ASKED,
    stream=True,
    stream_options={"include_usage": True},
    extra_body={"itas": {"progress": True}},
)
chunks = list(stream)
assert "42" in "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
assert chunks[-1].usage and chunks[-1].usage.total_tokens > 0
assert len({(chunk.id, chunk.created) for chunk in chunks}) == 1

with client.chat.completions.stream(model="one", messages=ASKED) as events:
    for _ in events:
        pass
    assert "42" in (events.get_final_completion().choices[0].message.content or "")


class Sum(BaseModel):
    answer: int


parsed = client.chat.completions.parse(model="fused", messages=ASKED, response_format=Sum)
assert parsed.choices[0].message.parsed == Sum(answer=42)

tools: list[Any] = [
    {
        "type": "function",
        "function": {
            "name": "multiply",
            "parameters": {"type": "object", "properties": {"a": {"type": "integer"}}},
        },
    }
]
called = client.chat.completions.create(model="one", messages=ASKED, tools=tools)
(call,) = called.choices[0].message.tool_calls or []
assert called.choices[0].finish_reason == "tool_calls"
assert call.type == "function"
assert call.function.name == "multiply"
after: list[Any] = [
    *ASKED,
    called.choices[0].message.model_dump(exclude_none=True),
    {"role": "tool", "tool_call_id": call.id, "content": "42"},
]
assert "42" in (
    client.chat.completions.create(model="one", messages=after, tools=tools).choices[0].message.content or ""
)
calls = [
    c.choices[0].delta.tool_calls
    for c in client.chat.completions.create(model="one", messages=ASKED, tools=tools, stream=True)
    if c.choices
]
assert any(calls)

response = client.responses.create(model="fused", instructions="Be brief.", input="What is 6 x 7?")
assert "42" in response.output_text
assert response.status == "completed"
kinds = [event.type for event in client.responses.create(model="fused", input="What is 6 x 7?", stream=True)]
assert kinds[0] == "response.created"
assert kinds[-1] == "response.completed"
shaped = client.responses.parse(model="one", input="What is 6 x 7?", text_format=Sum)
assert shaped.output_parsed == Sum(answer=42)

for wanted, ask in [
    (openai.NotFoundError, lambda: client.chat.completions.create(model="nobody", messages=ASKED)),
    (openai.BadRequestError, lambda: client.chat.completions.create(model="one", messages=ASKED, top_p=0.3)),
    (
        openai.AuthenticationError,
        lambda: list(openai.OpenAI(base_url=f"{URL}/v1", api_key="wrong").models.list()),
    ),
]:
    try:
        ask()
    except wanted as error:
        assert error.body, error
    else:
        raise AssertionError(wanted)


async def side_by_side() -> None:
    async with openai.AsyncOpenAI(base_url=f"{URL}/v1", api_key=KEY) as several:
        got = await asyncio.gather(
            *(several.chat.completions.create(model="fused", messages=ASKED) for _ in range(10))
        )
        assert all("42" in (each.choices[0].message.content or "") for each in got)
        stream = await several.chat.completions.create(model="one", messages=ASKED, stream=True)
        assert "42" in "".join(
            [chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices]
        )


asyncio.run(side_by_side())
print("fine")
