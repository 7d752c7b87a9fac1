"""The responses API, as far as it is about text."""

import pytest

from itas.core.messages import Message
from tests.serve.running import Writer, running


async def test_a_response_has_the_form_that_clients_read():
    model = Writer("forty-two")
    async with running(model) as server:
        got = await server.post(
            "/v1/responses",
            {"model": "one", "instructions": "Be brief.", "input": "6 x 7?", "metadata": {"a": "b"}},
        )
    data = got.data
    assert got.status == 200
    assert data["object"] == "response"
    assert data["status"] == "completed"
    assert data["output"][0]["content"][0]["text"] == "forty-two"
    assert data["usage"]["total_tokens"] == 15
    assert data["metadata"] == {"a": "b"}
    assert model.asked[0].messages == (
        Message(role="system", content="Be brief."),
        Message(role="user", content="6 x 7?"),
    )


async def test_messages_may_be_given_as_items_with_parts():
    model = Writer()
    items = [
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi"}]},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hello"}]},
        {"role": "user", "content": "And?"},
    ]
    async with running(model) as server:
        got = await server.post("/v1/responses", {"model": "one", "input": items, "max_output_tokens": 5})
    assert got.status == 200
    assert [message.content for message in model.asked[0].messages] == ["Hi", "Hello", "And?"]
    assert model.asked[0].max_tokens == 5


async def test_a_streamed_response_goes_through_its_events_in_order():
    async with running(Writer("a b", word_s=0.01)) as server:
        got = await server.post("/v1/responses", {"model": "one", "input": "x", "stream": True})
    assert [event["type"] for event in got.events] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    assert [event["sequence_number"] for event in got.events] == list(range(10))
    assert got.events[-1]["response"]["output"][0]["content"][0]["text"] == "a b"
    assert b"event: response.created\ndata: " in got.body


async def test_an_answer_cut_by_its_length_is_an_incomplete_response():
    async with running(Writer(finish_reason="length")) as server:
        got = await server.post("/v1/responses", {"model": "one", "input": "x"})
    assert got.data["status"] == "incomplete"
    assert got.data["incomplete_details"] == {"reason": "max_output_tokens"}


@pytest.mark.parametrize(
    "fields",
    [
        {"previous_response_id": "resp_1"},
        {"background": True},
        {"input": [{"type": "reasoning"}]},
        {"input": []},
    ],
)
async def test_what_needs_more_than_text_is_refused(fields: dict):
    async with running() as server:
        got = await server.post("/v1/responses", {"model": "one", "input": "x", **fields})
    assert got.status == 400
