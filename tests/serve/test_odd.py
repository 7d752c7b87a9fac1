"""Bodies that nobody should send, and somebody will: each is refused with its place, and nothing is asked."""

import json
from typing import Any

import pytest

from tests.serve.running import QUESTION, Writer, running

DEEP: Any = 1
for _ in range(900):
    DEEP = {"a": DEEP}
DEEP_LIST: Any = []
for _ in range(900):
    DEEP_LIST = [DEEP_LIST]
FUNCTION = {"type": "function", "function": {"name": "f", "parameters": {}}}


def said(content: Any, role: str = "user", **more: Any) -> dict[str, Any]:
    return {"messages": [{"role": role, "content": content, **more}]}


def image(url: Any) -> dict[str, Any]:
    return said([{"type": "image_url", "image_url": {"url": url}}])


BODIES: dict[str, dict[str, Any]] = {
    "no messages": {"messages": []},
    "a message without a role": {"messages": [{"content": "x"}]},
    "an unknown role": said("x", role="god"),
    "a role with capitals": said("x", role="User"),
    "content that is a number": said(1),
    "content that is deep": said(DEEP),
    "the last word is the system's": said("x", role="system"),
    "the last word is the model's": said("x", role="assistant"),
    "n is 0": {"n": 0},
    "n is too many": {"n": 17},
    "n is enormous": {"n": 10**400},
    "n is true": {"n": True},
    "n is text": {"n": "1"},
    "n is broken": {"n": 1.5},
    "max_tokens is 0": {"max_tokens": 0},
    "max_tokens is negative": {"max_completion_tokens": -1},
    "max_tokens is huge": {"max_tokens": 2**63},
    "two limits that differ": {"max_tokens": 5, "max_completion_tokens": 6},
    "seed is text": {"seed": "1"},
    "seed is broken": {"seed": 1.5},
    "seed is too large": {"seed": 2**63},
    "seed is true": {"seed": True},
    "temperature is too high": {"temperature": 2.1},
    "temperature is text": {"temperature": "1"},
    "five stops": {"stop": list("abcde")},
    "an empty stop": {"stop": [""]},
    "a stop that is a number": {"stop": 5},
    "stream is text": {"stream": "yes"},
    "an image on a server": image("http://169.254.169.254/latest/meta-data"),
    "an image on a server, with a key": image("https://x.example/a.png"),
    "an image in a file": image("file:///etc/passwd"),
    "an image in capitals": image("HTTP://x.example"),
    "an image with a tail": image("data:image/png;base64,AAAA\nhttp://x.example"),
    "an image that is no text": image(5),
    "a sound": said([{"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}]),
    "a file": said([{"type": "file", "file": {"file_id": "file-1"}}]),
    "a tool on a server": {"tools": [{"type": "mcp", "server_url": "http://x.example"}]},
    "a tool that searches": {"tools": [{"type": "web_search"}]},
    "a tool without a function": {"tools": [{"type": "function"}]},
    "a tool that is too deep": {"tools": [{**FUNCTION, "function": {"name": "f", "parameters": DEEP}}]},
    "a choice that is too deep": {"tools": [FUNCTION], "tool_choice": DEEP},
    "a call that is too deep": {
        "messages": [{"role": "assistant", "tool_calls": [{"type": "function", "function": DEEP}]}, *QUESTION]
    },
    "a form that is too deep": {
        "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": DEEP}}
    },
    "a form beside the schema that is too deep": {
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "x", "schema": {}, "strict": DEEP_LIST},
        }
    },
    "a form elsewhere": {
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "x", "schema": {"$ref": "http://x.example/schema"}},
        }
    },
    "an unknown form": {"response_format": {"type": "xml"}},
    "a form of no type": {"response_format": {}},
    "probabilities": {"logprobs": True},
    "a penalty": {"frequency_penalty": 0.5},
    "a deadline of nothing": {"itas": {"deadline_s": 0}},
    "a deadline without end": {"itas": {"deadline_s": 1e300}},
    "a cap that is negative": {"itas": {"max_cost_usd": -1}},
    "a word that itas does not know": {"itas": {"base_url": "http://x.example"}},
    "the model is missing": {"model": None},
    "the model is a list": {"model": ["one"]},
}


@pytest.mark.parametrize("fields", BODIES.values(), ids=BODIES)
async def test_what_cannot_be_meant_is_a_400_with_its_place(fields: dict[str, Any]):
    model = Writer()
    async with running(model) as server:
        got = await server.post("/v1/chat/completions", {"model": "one", "messages": QUESTION, **fields})
        still = await server.get("/health")
    assert got.status == 400, got.body
    assert got.error["type"] == "invalid_request_error"
    assert "x.example" not in got.error["message"]
    assert still.status == 200
    assert not model.asked


IDS = [
    "\u202eone",
    "one\u0000",
    "One",
    " one",
    "one ",
    "../one",
    "öne",
    "\U0001f600",
    "one\r\nset-cookie: a=b",
    "x" * 513,
]


@pytest.mark.parametrize("id", IDS)
async def test_an_id_of_a_model_is_taken_letter_by_letter(id: str):
    async with running() as server:
        got = await server.chat(id)
    assert got.status in (400, 404)
    assert "set-cookie" not in got.headers


async def test_of_a_name_that_stands_twice_in_a_body_one_counts_and_nothing_breaks():
    async with running() as server:
        body = b'{"model": "nobody", "model": "one", "messages": [{"role": "user", "content": "x"}]}'
        assert (await server.post("/v1/chat/completions", body)).status == 200


async def test_the_developer_is_the_system_and_both_limits_may_say_the_same():
    model = Writer()
    async with running(model) as server:
        messages = [{"role": "developer", "content": "Be brief."}, *QUESTION]
        got = await server.chat(messages=messages, max_tokens=7, max_completion_tokens=7)
    assert got.status == 200
    assert [message.role for message in model.asked[0].messages] == ["system", "user"]
    assert model.asked[0].max_tokens == 7


async def test_tools_a_form_and_a_stream_together():
    model = Writer('{"a": 1}')
    async with running(model) as server:
        got = await server.chat(tools=[FUNCTION], response_format={"type": "json_object"}, stream=True)
    assert got.status == 200
    assert json.loads(got.streamed) == {"a": 1}
    assert got.body.endswith(b"data: [DONE]\n\n")
    sent = json.loads(model.asked[0].extra)
    assert set(sent) == {"tools", "response_format"}
