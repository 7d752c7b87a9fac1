"""Requests name their list of draws."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from itas.core.messages import Message, user
from itas.core.request import Completion, Request, Usage, sum_usage
from itas.core.spec import digest


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


def test_a_changed_copy_does_not_keep_the_key_of_the_original():
    request = Request(model="a/b", messages=user("one"))
    key = request.key
    assert request.model_copy(update={"messages": user("two")}).key != key
    assert request.model_copy().key == key


@given(
    st.builds(
        Request,
        model=st.from_regex(r"fake/[^\n]+", fullmatch=True),
        messages=st.lists(
            st.builds(
                Message,
                role=st.sampled_from(["system", "user", "assistant", "tool"]),
                content=st.text(),
                extra=st.text(),
            ),
            min_size=1,
            max_size=4,
        ).map(tuple),
        temperature=st.none() | st.floats(0, 2) | st.integers(0, 2),
        max_tokens=st.none() | st.integers(1, 2**40),
        stop=st.lists(st.text(), max_size=3).map(tuple),
        extra=st.text(),
    )
)
def test_the_key_is_the_digest_of_the_whole_request(request_: Request) -> None:
    assert request_.key == digest(request_.model_dump(mode="json"))


def test_no_field_of_a_request_is_left_out_of_its_key() -> None:
    written = {"model", "messages", "temperature", "max_tokens", "stop", "extra"}
    assert set(Request.model_fields) == written, "write the new field into Request._canonical, then here"
    assert set(Message.model_fields) == {"role", "content", "extra"}


def test_what_is_made_unchecked_is_what_is_made_checked():
    checked, trusted = Usage(tokens_in=3), Usage.trusted(tokens_in=3)
    assert trusted == checked
    assert trusted.model_dump() == checked.model_dump()
    assert trusted.model_dump(exclude_unset=True) == {"tokens_in": 3}
    assert trusted.model_copy(update={"tokens_out": 2}) == Usage(tokens_in=3, tokens_out=2)
    assert hash(Completion.trusted(text="a", usage=trusted)) == hash(Completion(text="a", usage=checked))
