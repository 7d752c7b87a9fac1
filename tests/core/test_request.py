"""Requests name their list of draws."""

import pytest

from itas.core.messages import user
from itas.core.request import Request, Usage, sum_usage


def test_equal_requests_share_a_key_and_any_difference_changes_it() -> None:
    base = Request(model="openai/gpt-4o", messages=user("hi"), temperature=0.7)
    assert base.key == Request(model="openai/gpt-4o", messages=user("hi"), temperature=0.7).key
    others = [
        Request(model="openai/gpt-4", messages=user("hi"), temperature=0.7),
        Request(model="openai/gpt-4o", messages=user("hi "), temperature=0.7),
        Request(model="openai/gpt-4o", messages=user("hi"), temperature=0.0),
        Request(model="openai/gpt-4o", messages=user("hi"), temperature=0.7, max_tokens=5),
    ]
    assert len({base.key, *(other.key for other in others)}) == 5


def test_the_provider_is_the_part_before_the_first_slash() -> None:
    request = Request(model="together/Qwen/Qwen2-72B", messages=user("hi"))
    assert (request.provider, request.model_name) == ("together", "Qwen/Qwen2-72B")


def test_a_model_without_provider_is_refused() -> None:
    with pytest.raises(ValueError, match="pattern"):
        Request(model="gpt-4o", messages=user("hi"))


def test_usage_adds_up() -> None:
    total = sum_usage(
        [Usage(tokens_in=1, tokens_out=2), Usage(tokens_in=3, tokens_out=4, tokens_reasoning=1)]
    )
    assert total == Usage(tokens_in=4, tokens_out=6, tokens_reasoning=1)
