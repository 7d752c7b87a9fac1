"""What stands in a row is what a value says of itself, field by field, also when fields are added to it."""

import json

import pytest

from itas.core.messages import Message
from itas.core.request import Completion, Request, Usage
from itas.models.store.rows import (
    Damaged,
    decode_completion,
    decode_request,
    encode_completion,
    encode_request,
)

FULL = Completion(
    text="t",
    usage=Usage(tokens_in=4, tokens_out=3, tokens_cached=2, tokens_reasoning=1),
    cost_micro_usd=5,
    latency_s=0.5,
    finish_reason="length",
    request_id="req-1",
    extra='{"tool_calls":[]}',
)
REQUEST = Request(
    model="fake/m",
    messages=(Message(role="system", content="s"), Message(role="user", content="u", extra='{"name":"n"}')),
    temperature=0.7,
    max_tokens=9,
    stop=("a", "b"),
    extra='{"tools":[]}',
)


@pytest.mark.parametrize(
    "completion",
    [
        FULL,
        Completion(text=""),
        Completion(text="\ud800", cost_micro_usd=0),
    ],
    ids=["full", "empty", "surrogate"],
)
def test_a_completion_comes_back_as_it_was(completion: Completion):
    assert decode_completion(encode_completion(completion)) == completion.model_copy(
        update={"is_stored": True}
    )


def test_a_completion_stands_there_as_it_dumps_itself():
    dumped = FULL.model_dump(mode="json", exclude={"is_stored"}, exclude_defaults=True)
    assert set(FULL.model_dump(exclude_defaults=True)) == set(Completion.model_fields) - {"is_stored"}, (
        "a new field"
    )
    assert json.loads(encode_completion(FULL)) == dumped
    assert json.loads(encode_completion(Completion(text="x"))) == {"text": "x"}


def test_a_request_stands_there_as_it_dumps_itself():
    assert set(REQUEST.model_dump(exclude_defaults=True)) == set(Request.model_fields), "a new field"
    assert json.loads(encode_request(REQUEST)) == REQUEST.model_dump(mode="json")
    assert decode_request(encode_request(REQUEST)) == REQUEST
    assert decode_request(encode_request(REQUEST)).key == REQUEST.key


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b"null", b"\xff", b"[" * 100_000, b'{"text": 1}', b'{"text": "a", "b": 1}']
)
def test_what_is_no_row_is_damaged(body: bytes):
    with pytest.raises(Damaged):
        decode_completion(body)
    with pytest.raises(Damaged):
        decode_request(body)
