"""Keys are found under the vendors' names, used in turn, and never seen again."""

import logging

import pytest

from itas.core.messages import user
from itas.core.request import Request
from itas.errors import MissingKey, ModelError
from itas.models.keys import Keys, read_keys, redact
from itas.models.pool import ModelPool
from itas.models.providers.known import ProviderSettings
from itas.models.retry import RetryPolicy
from tests.models.fake_server import Sent, chat, refusal, serving

CANARY = "canary-4f1c9d2e7b6a5038"


def test_numbered_keys_are_used_in_turn():
    environ = {"OPENAI_API_KEY": "first-key", "OPENAI_API_KEY_2": "second-key", "OPENAI_API_KEY_3": " "}
    keys = read_keys("openai", ["OPENAI_API_KEY"], environ, needed=True)
    assert [keys.take() for _ in range(3)] == ["first-key", "second-key", "first-key"]


def test_the_first_variable_that_is_set_wins():
    environ = {"GOOGLE_API_KEY": "google-key", "GEMINI_API_KEY_1": "gemini-key"}
    assert (
        read_keys("gemini", ["GEMINI_API_KEY", "GOOGLE_API_KEY"], environ, needed=True).take() == "gemini-key"
    )


def test_a_missing_key_names_the_variable_to_set():
    with pytest.raises(
        MissingKey, match=r"gemini: needs a key and none is set\. Set GEMINI_API_KEY or GOOGLE_API_KEY"
    ):
        read_keys("gemini", ["GEMINI_API_KEY", "GOOGLE_API_KEY"], {}, needed=True)


def test_a_provider_that_needs_no_key_does_without():
    assert read_keys("ollama", ["OLLAMA_API_KEY"], {}, needed=False).take() is None


def test_a_copied_quotation_mark_is_found_and_the_key_not_shown():
    with pytest.raises(MissingKey, match="OPENAI_API_KEY is not a key: character 1 is U\\+201C") as caught:
        read_keys("openai", ["OPENAI_API_KEY"], {"OPENAI_API_KEY": f"“{CANARY}”"}, needed=True)
    assert CANARY not in str(caught.value)


def test_keys_have_a_masked_representation():
    keys = Keys([CANARY])
    assert CANARY not in f"{keys!r} {keys} {vars(keys).keys()}"


@pytest.mark.parametrize(
    "text, expected",
    [
        (f"wrong key {CANARY}!", "wrong key [key]!"),
        ("Authorization: Bearer abcdefgh12345678", "Authorization: [key]"),
        ("x-api-key: abcdefgh12345678 was wrong", "[key] was wrong"),
        ("got sk-proj-abcdefghijklmnop", "got [key]"),
        ("see https://api.example/v1/x?key=abc&y=1 please", "see https://api.example/v1/x please"),
        ("see https://me:secret@api.example/", "see https://api.example/"),
        ("the key idea is task-based", "the key idea is task-based"),
        ("a basic approach", "a basic approach"),
    ],
)
def test_redaction_takes_secrets_and_leaves_the_rest(text: str, expected: str):
    Keys([CANARY])
    assert redact(text) == expected


async def test_a_key_that_the_provider_echoes_stands_in_no_error_log_or_representation(
    caplog: pytest.LogCaptureFixture,
):
    caplog.set_level(logging.DEBUG)
    request = Request(model="openai/gpt-4o", messages=user("hello"), temperature=0.5)

    def behave(sent: Sent):
        key = sent.headers["Authorization"]
        if "temperature" in sent.body:
            return refusal(
                400, f"temperature is not supported for {key}, see https://x.example/?key={CANARY}"
            )
        return refusal(429, f"{key} is too fast", headers={"x-request-id": CANARY, "retry-after": "0"})

    async with serving(behave) as server:
        pool = ModelPool(
            settings={"openai": ProviderSettings(base_url=server.url)},
            environ={"OPENAI_API_KEY": CANARY},
            retry=RetryPolicy(attempts=2, first_wait_s=0.001),
        )
        async with pool:
            model = pool(request.model)
            with pytest.raises(ModelError) as caught:
                await model.sample(request)
    assert len(server.sent) == 3
    shown = f"{caught.value!r} {caught.value.request_id} {caught.value.__dict__} {pool!r} {model!r}"
    assert "too fast" in shown
    assert CANARY not in shown + caplog.text


async def test_each_request_takes_the_next_key():
    environ = {"OPENAI_API_KEY": "first-key", "OPENAI_API_KEY_2": "second-key"}
    async with serving(lambda sent: chat("4")) as server:
        settings = {"openai": ProviderSettings(base_url=server.url)}
        async with ModelPool(settings=settings, environ=environ) as pool:
            for number in range(4):
                request = Request(model="openai/gpt-4o", messages=user(str(number)))
                await pool(request.model).sample(request)
    assert [sent.headers["Authorization"] for sent in server.sent] == [
        "Bearer first-key",
        "Bearer second-key",
    ] * 2


FIRST, SECOND, THIRD = "sk-canary-first-0123", "sk-canary-second-4567", "sk-canary-third-8901"
NUMBERED = {"OPENAI_API_KEY": FIRST, "OPENAI_API_KEY_2": SECOND, "OPENAI_API_KEY_3": THIRD}


@pytest.mark.parametrize(
    "status, fields",
    [
        (401, {}),
        (402, {}),
        (429, {"code": "insufficient_quota"}),
        (429, {"type": "billing_hard_limit_reached"}),
    ],
)
async def test_a_refused_key_is_set_aside_at_once_and_named_by_its_variable_only(
    status: int, fields: dict[str, str], caplog: pytest.LogCaptureFixture
):
    def behave(sent: Sent):
        if sent.headers["Authorization"].endswith(FIRST):
            return refusal(status, f"no: {FIRST}", **fields)
        return chat("4")

    async with serving(behave) as server:
        settings = {"openai": ProviderSettings(base_url=server.url)}
        async with ModelPool(settings=settings, environ=NUMBERED, retry=RetryPolicy(attempts=1)) as pool:
            for number in range(4):
                request = Request(model="openai/gpt-4o", messages=user(str(number)))
                assert (await pool(request.model).sample(request))[0].text == "4"
            assert pool.budget.uncertain_samples == 0
    used = [sent.headers["Authorization"].removeprefix("Bearer ") for sent in server.sent]
    assert used == [FIRST, SECOND, THIRD, SECOND, THIRD]
    assert f"OPENAI_API_KEY was refused (HTTP {status}) and is set aside" in caplog.text
    assert "canary" not in caplog.text


async def test_where_every_key_is_refused_the_last_refusal_is_told_and_all_are_tried_again_next_time():
    good = False

    def behave(sent: Sent):
        return chat("4") if good else refusal(401, f"no: {sent.headers['Authorization']}")

    async with serving(behave) as server:
        settings = {"openai": ProviderSettings(base_url=server.url)}
        async with ModelPool(settings=settings, environ=NUMBERED, retry=RetryPolicy(attempts=1)) as pool:
            request = Request(model="openai/gpt-4o", messages=user("x"))
            with pytest.raises(ModelError, match="HTTP 401") as caught:
                await pool(request.model).sample(request)
            assert len(server.sent) == 3
            assert "canary" not in str(caught.value)
            good = True
            assert (await pool(request.model).sample(request))[0].text == "4"


async def test_a_limit_on_requests_is_no_reason_to_set_a_key_aside():
    def behave(sent: Sent):
        return refusal(429, "slow down") if len(server.sent) == 1 else chat("4")

    async with serving(behave) as server:
        settings = {"openai": ProviderSettings(base_url=server.url)}
        retry = RetryPolicy(first_wait_s=0.01)
        async with ModelPool(settings=settings, environ=NUMBERED, retry=retry) as pool:
            for number in range(4):
                request = Request(model="openai/gpt-4o", messages=user(str(number)))
                await pool(request.model).sample(request)
    used = [sent.headers["Authorization"].removeprefix("Bearer ") for sent in server.sent]
    assert used == [FIRST, SECOND, THIRD, FIRST, SECOND]
