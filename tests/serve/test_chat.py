"""Chat completions that come whole: form, sums, what the caller may say, what is refused."""

from typing import Any

import pytest

from itas.core.messages import Message
from itas.models.fakes import FunctionModel
from itas.serve.limits import Limits
from tests.serve.running import FUSED, ONE, QUESTION, VOTE, Writer, architecture, running


async def test_an_answer_has_the_form_that_clients_read():
    async with running(Writer("forty-two")) as server:
        got = await server.chat()
    data = got.data
    assert got.status == 200
    assert data["id"].startswith("chatcmpl-")
    assert data["object"] == "chat.completion"
    assert data["model"] == "one"
    assert data["choices"] == [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "forty-two", "refusal": None},
            "logprobs": None,
            "finish_reason": "stop",
        }
    ]
    assert got.headers["x-request-id"].startswith("req_")


async def test_usage_is_the_sum_over_all_calls_with_a_part_for_each_component_and_model():
    async with running(Writer()) as server:
        data = (await server.chat("fused")).data
    assert data["usage"]["prompt_tokens"] == 30
    assert data["usage"]["completion_tokens"] == 15
    assert data["usage"]["total_tokens"] == 45
    parts = data["itas"]["components"]
    assert [part["type"] for part in parts] == ["generator", "generator", "fuser"]
    assert sum(part["prompt_tokens"] for part in parts) == 30
    assert {model: part["samples_used"] for model, part in data["itas"]["models"].items()} == {
        "test/a": 1,
        "test/b": 1,
        "test/c": 1,
    }
    assert data["itas"]["cost_usd"] == pytest.approx(0.0003)


async def test_the_price_stands_in_a_header_and_an_unknown_one_is_not_zero():
    async with running({"test/a": Writer(), "test/b": Writer(), "test/c": Writer()}) as server:
        assert (await server.chat("vote")).headers["x-itas-cost-usd"] == "0.000300"
    async with running(Writer(cost_micro_usd=None)) as server:
        assert (await server.chat()).headers["x-itas-cost-usd"] == "unpriced"


async def test_the_trace_id_opens_the_trace_of_all_calls():
    async with running(Writer()) as server:
        id = (await server.chat("fused")).headers["x-itas-trace-id"]
        trace = (await server.get(f"/v1/traces/{id}")).data
        assert (await server.get("/v1/traces/tr_" + "0" * 32)).status == 404
        assert (await server.get("/v1/traces/..%2f..%2fetc")).status == 404
    calls = [line for line in trace["lines"] if line["kind"] == "call"]
    assert [call["request"]["model"] for call in calls][-1] == "test/c"
    assert len(calls) == 3


async def test_n_answers_are_independent_draws():
    model = Writer()
    async with running(model) as server:
        got = await server.chat(n=3)
    assert [choice["index"] for choice in got.data["choices"]] == [0, 1, 2]
    assert len(set(model.firsts)) == 3
    assert got.data["usage"]["prompt_tokens"] == 30


async def test_every_request_draws_afresh_unless_a_seed_or_reuse_says_otherwise():
    model = Writer()
    async with running(model) as server:
        await server.chat()
        await server.chat()
        await server.chat(seed=7)
        await server.chat(seed=7)
        await server.chat(itas={"reuse": True})
    a, b, c, d, e = model.firsts
    assert a != b
    assert c == d
    assert e == 0


async def test_what_the_caller_says_about_the_text_reaches_the_last_writer_only():
    models = {"test/a": Writer(), "test/b": Writer(), "test/c": Writer()}
    async with running(models) as server:
        got = await server.chat("fused", temperature=0.1, max_completion_tokens=33, stop=["END"])
    assert models["test/c"].asked[0].temperature == 0.1
    assert models["test/c"].asked[0].max_tokens == 33
    assert models["test/c"].asked[0].stop == ("END",)
    assert models["test/a"].asked[0].temperature == 0.7
    assert models["test/a"].asked[0].max_tokens == 2048
    assert got.data["itas"]["not_applied"] == []


async def test_a_temperature_cannot_make_the_samples_of_a_vote_equal_and_the_caller_is_told():
    model = Writer()
    async with running(model) as server:
        got = await server.chat("vote", temperature=0, max_tokens=9)
    assert model.asked[0].temperature == 0.7
    assert model.asked[0].max_tokens == 9
    assert got.headers["x-itas-not-applied"] == "temperature"


async def test_a_stop_text_ends_the_answer_whoever_wrote_it():
    async with running(Writer("one two STOP three")) as server:
        got = await server.chat(stop="STOP")
        voted = await server.chat("vote", stop=["x", "two"])
    assert got.text == "one two "
    assert voted.text == "one "


REASONS = [("length", "length"), ("content_filter", "content_filter"), ("unknown", "stop")]


@pytest.mark.parametrize("reason,finish", REASONS)
async def test_the_finish_reason_is_that_of_the_call_that_wrote_the_answer(reason: str, finish: str):
    async with running(Writer(finish_reason=reason)) as server:
        assert (await server.chat()).data["choices"][0]["finish_reason"] == finish


@pytest.mark.parametrize("model,samples", [("one", 1), ("vote", 3)])
async def test_an_empty_answer_is_given_as_it_is(model: str, samples: int):
    """Not as a failure: it was paid for, and clients ask again after one."""
    async with running(Writer("", finish_reason="length")) as server:
        got = await server.chat(model)
        formed = await server.chat(model, response_format={"type": "json_object"})
        streamed = await server.chat(model, stream=True)
    assert got.status == formed.status == streamed.status == 200
    assert got.text == ""
    assert got.data["choices"][0]["finish_reason"] == "length"
    assert got.data["usage"]["completion_tokens"] == 5 * samples
    assert got.data["itas"]["events"] == {"empty": samples}
    assert streamed.events[-1]["choices"][0]["finish_reason"] == "length"


async def test_a_fuser_that_writes_nothing_is_a_failure():
    async with running(Writer(lambda request: "" if request.model == "test/c" else "42")) as server:
        got = await server.chat("fused")
    assert got.status == 502
    assert got.error["code"] == "empty_answer"


async def test_the_conversation_arrives_unedited_with_parts_of_text_and_the_role_developer():
    model = Writer()
    messages = [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "Hello"}]},
        {"role": "assistant", "content": "Hi"},
        {"role": "user", "content": [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]},
    ]
    async with running(model) as server:
        assert (await server.chat(messages=messages)).status == 200
    assert model.asked[0].messages == (
        Message(role="system", content="Be brief."),
        Message(role="user", content="Hello"),
        Message(role="assistant", content="Hi"),
        Message(role="user", content="one\ntwo"),
    )


async def test_a_field_that_nobody_knows_is_left_alone_and_one_that_cannot_be_honoured_is_refused():
    async with running() as server:
        assert (await server.chat(user="x", store=False, some_new_field={"a": 1}, top_p=1.0)).status == 200
        for field, value in [("top_p", 0.5), ("logprobs", True), ("logit_bias", {"1": 2})]:
            got = await server.chat(**{field: value})
            assert (got.status, got.error["param"], got.error["code"]) == (
                400,
                field,
                "unsupported_parameter",
            )


WRONG: list[tuple[Any, str | None]] = [
    ({"messages": QUESTION}, "model"),
    ({"model": "one"}, "messages"),
    ({"model": "one", "messages": []}, "messages"),
    ({"model": "one", "messages": "hi"}, "messages"),
    ({"model": "one", "messages": [{"role": "x", "content": ""}]}, "messages[0].role"),
    ({"model": "one", "messages": [{"role": "assistant", "content": "x"}]}, "messages"),
    ({"model": "one", "messages": QUESTION, "n": 0}, "n"),
    ({"model": "one", "messages": QUESTION, "n": 1000}, "n"),
    ({"model": "one", "messages": QUESTION, "n": "3"}, "n"),
    ({"model": "one", "messages": QUESTION, "temperature": 3}, "temperature"),
    ({"model": "one", "messages": QUESTION, "max_tokens": 10**9}, "max_tokens"),
    ({"model": "one", "messages": QUESTION, "stop": [""]}, "stop"),
    ({"model": "one", "messages": QUESTION, "itas": {"deadline_s": -1}}, "itas.deadline_s"),
    ({"model": "one", "messages": QUESTION, "itas": {"base_url": "http://x"}}, "itas.base_url"),
    ([], None),
    (3, None),
]


@pytest.mark.parametrize("body,param", WRONG)
async def test_a_wrong_body_is_a_400_that_names_the_place(body: Any, param: str | None):
    async with running() as server:
        got = await server.post("/v1/chat/completions", body)
    assert got.status == 400
    assert got.error["param"] == param


UGLY = [
    b"",
    b"{",
    b"\xff\xfe",
    b"[" * 100_000,
    b'{"a":' * 50_000,
    b'{"model": "one", "messages": [], "n": ' + b"9" * 5000 + b"}",
    b'{"model": NaN}',
    b'{"model": "\\ud800", "messages": [{"role": "user", "content": "x"}]}',
    b'{"model": "one", "messages": [{"role": "user", "content": "\\ud83d"}]}',
    b'{"model": "one", "temperature": 1e999, "messages": [{"role": "user", "content": "x"}]}',
]


@pytest.mark.parametrize("body", UGLY)
async def test_a_body_that_is_no_json_is_a_400(body: bytes):
    async with running() as server:
        got = await server.post("/v1/chat/completions", body)
    assert got.status == 400
    assert got.error["type"] == "invalid_request_error"


async def test_what_is_not_there_is_refused_in_the_same_form():
    async with running() as server:
        unknown = await server.chat("nobody")
        path = await server.get("/v2/models")
        method = await server.get("/v1/chat/completions")
        model = await server.get("/v1/models/nobody")
    assert (unknown.status, unknown.error["code"]) == (404, "model_not_found")
    assert (path.status, path.error["code"]) == (404, "unknown_url")
    assert (method.status, method.error["code"]) == (405, "method_not_allowed")
    assert (model.status, model.error["code"]) == (404, "model_not_found")


async def test_models_are_listed_with_what_they_are_made_of():
    named = architecture(
        {"type": "generator", "model": "simulated/euler-large"}, name="simulated/euler-large"
    )
    async with running(served=[ONE, VOTE, FUSED, named]) as server:
        listed = (await server.get("/v1/models")).data
        one = (await server.get("/v1/models/simulated/euler-large")).data
    assert [each["id"] for each in listed["data"]] == ["one", "vote", "fused", "simulated/euler-large"]
    assert listed["data"][1]["itas"]["planned_samples"] == 3
    assert one["itas"]["is_simulated"]


async def test_odd_text_of_a_model_goes_out_as_valid_json():
    text = "NUL \0 lone \ud800 line \u2028 </script>"
    async with running(FunctionModel(lambda request, draw: text)) as server:
        got = await server.chat()
        streamed = await server.chat(stream=True)
    assert got.text == text
    assert streamed.streamed == text


async def test_too_many_messages_are_refused():
    async with running(limits=Limits(messages=2)) as server:
        got = await server.chat(messages=[*QUESTION, *QUESTION, *QUESTION])
    assert (got.status, got.error["code"]) == (400, "array_above_max_length")
