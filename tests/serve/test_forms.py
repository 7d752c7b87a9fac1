"""Structured output, calls of tools, images: what is passed on, checked, voted on and refused."""

import json
from typing import Any

import pytest

from itas.core.request import Completion, Request
from itas.models.fakes import FunctionModel
from itas.models.providers.openai import Dialect, render_body
from itas.serve.refusal import Refusal
from itas.serve.schema import Checker
from tests.models.fake_server import chat
from tests.serve.running import QUESTION, Writer, architecture, running

SCHEMA = {
    "type": "object",
    "properties": {"answer": {"type": "integer"}, "why": {"$ref": "#/$defs/text"}},
    "required": ["answer"],
    "additionalProperties": False,
    "$defs": {"text": {"type": ["string", "null"]}},
}
FORM = {"type": "json_schema", "json_schema": {"name": "answer", "schema": SCHEMA, "strict": True}}
TOOLS = [{"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}]


def call(arguments: str, *, id: str = "call_1", name: str = "add") -> Completion:
    calls = [{"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}]
    return Completion(text="", extra=json.dumps({"tool_calls": calls}), finish_reason="tool_calls")


async def test_the_last_writer_is_asked_for_the_form_and_nobody_else():
    models = {"test/a": Writer("prose"), "test/b": Writer("prose"), "test/c": Writer('{"answer": 42}')}
    async with running(models) as server:
        got = await server.chat("fused", response_format=FORM)
    assert json.loads(got.text) == {"answer": 42}
    assert json.loads(models["test/c"].asked[0].extra) == {"response_format": FORM}
    assert models["test/a"].asked[0].extra == ""


async def test_a_text_without_the_form_is_asked_for_once_more():
    texts = iter(["no json", '{"answer": 1}', "never"])
    model = FunctionModel(lambda request, draw: next(texts))
    async with running(model) as server:
        got = await server.chat(response_format=FORM)
    assert got.text == '{"answer": 1}'
    assert model.calls == 2
    assert got.data["itas"]["events"] == {"unreadable": 1}


async def test_a_text_that_never_has_the_form_is_a_refusal_that_says_why_and_no_text():
    model = Writer('{"answer": "many"}')
    async with running(model) as server:
        got = await server.chat(response_format=FORM)
        streamed = await server.chat(response_format=FORM, stream=True)
    message = got.data["choices"][0]["message"]
    assert (got.status, message["content"]) == (200, None)
    assert "answer: " in message["refusal"]
    assert got.data["usage"]["completion_tokens"] == 10  # both were paid for
    deltas = [each["delta"] for event in streamed.events for each in event["choices"]]
    assert [each["refusal"] for each in deltas if each.get("refusal")] == [message["refusal"]]
    assert streamed.streamed == ""
    assert len(model.asked) == 4


async def test_one_answer_of_several_without_the_form_takes_nothing_from_the_others():
    texts = iter(["{}", '{"answer": 1}', "no", "no"])
    async with running(FunctionModel(lambda request, draw: next(texts))) as server:
        got = await server.chat(response_format=FORM, n=2)
    found = [(each["message"]["content"], each["message"]["refusal"]) for each in got.data["choices"]]
    assert sorted(content or "" for content, _ in found) == ["", '{"answer": 1}']
    assert sum(refusal is not None for _, refusal in found) == 1


async def test_a_response_without_the_form_holds_a_refusal_in_both_ways():
    form = {"format": {"type": "json_schema", "name": "answer", "schema": SCHEMA}}
    async with running(Writer("prose")) as server:
        whole = await server.post("/v1/responses", {"model": "one", "input": "What?", "text": form})
        body = {"model": "one", "input": "What?", "text": form, "stream": True}
        streamed = await server.post("/v1/responses", body)
    part = whole.data["output"][0]["content"][0]
    assert part["type"] == "refusal"
    assert streamed.events[-1]["response"]["output"][0]["content"] == [part]
    types = [event["type"] for event in streamed.events]
    assert types[2:6] == [
        "response.output_item.added",
        "response.content_part.added",
        "response.refusal.delta",
        "response.refusal.done",
    ]


@pytest.mark.parametrize("last", [[], [{"type": "vote"}]], ids=["all are kept", "voted on"])
async def test_of_the_candidates_that_are_left_the_best_one_with_the_form_is_given(
    last: list[dict[str, Any]],
):
    """Each draw that has not the form is asked for once more: the second one brings it."""
    texts = iter(["bad", "bad", "bad", "bad", '{"answer": 7}', "bad"])
    served = architecture({"type": "generator", "model": "test/a", "samples": 3}, *last, name="three")
    model = FunctionModel(lambda request, draw: next(texts))
    async with running(model, served=[served]) as server:
        got = await server.chat("three", response_format={"type": "json_object"})
    assert got.status == 200
    assert json.loads(got.text) == {"answer": 7}
    assert next(texts, None) is None


async def test_json_mode_takes_any_object_and_streams_it_whole():
    async with running(Writer('{"a": [1, 2]}')) as server:
        got = await server.chat(response_format={"type": "json_object"}, stream=True)
        plain = await server.chat(response_format={"type": "text"})
    assert json.loads(got.streamed) == {"a": [1, 2]}
    assert plain.status == 200


async def test_a_response_may_have_a_form_too():
    model = Writer('{"answer": 42}')
    async with running(model) as server:
        form = {"type": "json_schema", "name": "answer", "schema": SCHEMA, "strict": True}
        got = await server.post("/v1/responses", {"model": "one", "input": "x", "text": {"format": form}})
    assert got.data["text"] == {"format": form}
    assert json.loads(model.asked[0].extra)["response_format"] == FORM


BAD_FORMS: list[dict[str, Any]] = [
    {},
    {"type": "yaml"},
    {"type": "json_schema"},
    {"type": "json_schema", "json_schema": {"name": "x", "schema": {"$ref": "http://x/y"}}},
    {"type": "json_schema", "json_schema": {"name": "x", "schema": {"$ref": "#/no"}}},
]


@pytest.mark.parametrize("form", BAD_FORMS)
async def test_a_form_that_cannot_be_is_refused(form: dict[str, Any]):
    async with running() as server:
        assert (await server.chat(response_format=form)).status == 400


CASES: list[tuple[Any, Any, bool]] = [
    (SCHEMA, {"answer": 1}, True),
    (SCHEMA, {"answer": 1, "why": None}, True),
    (SCHEMA, {"answer": 1.5}, False),
    (SCHEMA, {"answer": True}, False),
    (SCHEMA, {"answer": 1, "more": 2}, False),
    (SCHEMA, {"why": "x"}, False),
    (SCHEMA, [], False),
    ({"enum": [1, "a", None]}, "a", True),
    ({"enum": [1]}, True, False),
    ({"const": {"a": 1}}, {"a": 1}, True),
    ({"type": "array", "items": {"type": "string"}, "minItems": 1}, [], False),
    ({"type": "array", "items": {"type": "string"}}, ["a", 1], False),
    ({"anyOf": [{"type": "string"}, {"type": "null"}]}, None, True),
    ({"anyOf": [{"type": "string"}, {"type": "null"}]}, 3, False),
    ({"allOf": [{"minimum": 1}, {"maximum": 3}]}, 2, True),
    ({"allOf": [{"minimum": 1}, {"maximum": 3}]}, 4, False),
    ({"type": "string", "maxLength": 2}, "abc", False),
    (
        {"$ref": "#/$defs/n", "$defs": {"n": {"type": "object", "properties": {"n": {"$ref": "#/$defs/n"}}}}},
        {"n": {"n": {}}},
        True,
    ),
    (
        {"$ref": "#/$defs/n", "$defs": {"n": {"type": "object", "properties": {"n": {"$ref": "#/$defs/n"}}}}},
        {"n": {"n": 1}},
        False,
    ),
]


@pytest.mark.parametrize("schema,value,holds", CASES)
def test_the_checker_agrees_with_a_full_validator(schema: Any, value: Any, holds: bool):
    import jsonschema

    assert jsonschema.Draft202012Validator(schema).is_valid(value) == holds
    assert (Checker(schema).find_fault(value) is None) == holds


def test_a_schema_that_refers_to_itself_or_branches_without_end_takes_bounded_time():
    endless = {"$ref": "#"}
    wide = {"anyOf": [{"$ref": "#"}, {"$ref": "#"}, {"$ref": "#"}]}
    deep: dict[str, Any] = {}
    for _ in range(500):
        deep = {"items": deep}
    assert Checker(endless).find_fault(1)
    assert Checker(wide).find_fault(1)
    with pytest.raises(Refusal):
        Checker(deep)


async def test_a_call_of_a_tool_is_passed_through_as_the_model_made_it():
    model = FunctionModel(lambda request, draw: call('{"a": 1}'))
    async with running(model) as server:
        got = await server.chat(tools=TOOLS, tool_choice="auto")
    choice = got.data["choices"][0]
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["content"] is None
    assert choice["message"]["tool_calls"] == [
        {"id": "call_1", "type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}}
    ]
    assert json.loads(model.requests[0].extra) == {"tools": TOOLS, "tool_choice": "auto"}


async def test_a_streamed_call_has_its_number():
    async with running(FunctionModel(lambda request, draw: call("{}"))) as server:
        got = await server.chat(tools=TOOLS, stream=True)
    (delta,) = [c["delta"] for e in got.events for c in e["choices"] if "tool_calls" in c["delta"]]
    assert delta["tool_calls"][0]["index"] == 0
    assert got.events[-1]["choices"][0]["finish_reason"] == "tool_calls"


async def test_an_ensemble_votes_on_what_its_calls_say_not_on_how_they_are_written():
    made = iter([call('{"a": 1, "b": 2}', id="x"), call('{"a": 9}'), call('{"b":2,"a":1}', id="y")])
    async with running(FunctionModel(lambda request, draw: next(made))) as server:
        got = await server.chat("vote", tools=TOOLS)
    (chosen,) = got.data["choices"][0]["message"]["tool_calls"]
    assert chosen["id"] == "x"
    assert got.data["itas"]["not_applied"] == ["layers after the first"]


async def test_a_text_wins_where_most_draws_call_nothing():
    made = iter([call("{}"), Completion(text="no need"), Completion(text="none")])
    async with running(FunctionModel(lambda request, draw: next(made))) as server:
        got = await server.chat("vote", tools=TOOLS)
    assert got.text == "no need"
    assert got.data["choices"][0]["finish_reason"] == "stop"


async def test_the_result_of_a_tool_goes_back_to_the_model_as_it_came():
    model = Writer("The sum is 3.")
    calls = [{"id": "call_1", "type": "function", "function": {"name": "add", "arguments": "{}"}}]
    messages = [
        *QUESTION,
        {"role": "assistant", "content": None, "tool_calls": calls},
        {"role": "tool", "tool_call_id": "call_1", "content": "3"},
    ]
    async with running(model) as server:
        got = await server.chat(messages=messages, tools=TOOLS)
    assert got.text == "The sum is 3."
    body = render_body(model.asked[0], 1, Dialect(1))
    assert body["messages"][1:] == [
        {"role": "assistant", "content": "", "tool_calls": calls},
        {"role": "tool", "content": "3", "tool_call_id": "call_1"},
    ]
    assert body["tools"] == TOOLS


async def test_an_image_goes_to_the_generators_inline_and_never_as_an_address():
    model = Writer()
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}
    content = [{"type": "text", "text": "What is this?"}, image]
    async with running(model) as server:
        assert (await server.chat(messages=[{"role": "user", "content": content}])).status == 200
        for url in ("http://169.254.169.254/latest", "file:///etc/passwd", "data:text/html,x"):
            bad = [{"type": "image_url", "image_url": {"url": url}}]
            got = await server.chat(messages=[{"role": "user", "content": bad}])
            assert (got.status, got.error["code"]) == (400, "invalid_image_url")
        sound = [{"type": "input_audio", "input_audio": {"data": "", "format": "wav"}}]
        assert (await server.chat(messages=[{"role": "user", "content": sound}])).status == 400
    assert render_body(model.asked[0], 1, Dialect(1))["messages"][0]["content"] == content
    assert model.asked[0].messages[0].content == "What is this?"


def test_what_has_no_extra_keeps_its_name_in_the_call_store():
    plain = Request.model_validate({"model": "a/b", "messages": [{"role": "user", "content": "x"}]})
    assert "extra" not in json.dumps(plain.model_dump(mode="json"))
    assert "extra" not in Completion(text="x").model_dump(mode="json")
    other = plain.model_copy(update={"extra": "{}"})
    assert other.key != plain.key


def test_calls_are_read_from_what_a_provider_sends():
    from itas.models.providers.http import Reply
    from itas.models.providers.openai_reply import parse_reply

    data = chat("x").data
    data["choices"][0]["message"] = {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]}
    data["choices"][0]["finish_reason"] = "tool_calls"
    (sample,) = parse_reply(Reply(data, {}, None, 0.0), 1, provider="test").samples
    assert json.loads(sample.extra) == {"tool_calls": [{"id": "1"}]}
    assert sample.finish_reason == "tool_calls"
