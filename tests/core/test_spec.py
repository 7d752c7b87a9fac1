"""Errors in a description name the place, the law, what was found and the cure."""

import pytest
from pydantic import Field

from itas.core.spec import Spec, canonical_json, digest, parse_as
from itas.errors import SpecError


class Inner(Spec):
    top_k: int = 1


class Outer(Spec):
    name: str
    parts: tuple[Inner, ...] = ()


def message_of(data: object) -> str:
    with pytest.raises(SpecError) as caught:
        Outer.parse(data, where="a.yaml")
    return str(caught.value)


def test_an_unknown_name_is_refused_with_the_nearest_known_one() -> None:
    assert message_of({"naem": "x"}) == (
        "a.yaml: name: required, but not given.\na.yaml: naem: unknown name 'naem'. Did you mean 'name'?"
    )


def test_a_wrong_value_is_named_with_its_path() -> None:
    text = message_of({"name": "x", "parts": [{}, {"top_k": "many"}]})
    assert "parts[1].top_k" in text
    assert "found 'many'" in text


def test_a_spec_cannot_be_changed() -> None:
    spec = Outer(name="x")
    with pytest.raises(ValueError, match="frozen"):
        spec.name = "y"


def test_equal_values_have_one_canonical_text_and_one_digest() -> None:
    assert canonical_json({"b": 1, "a": [1.0, "é"]}) == '{"a":[1.0,"é"],"b":1}'
    assert digest({"b": 1, "a": 2}) == digest({"a": 2, "b": 1})
    assert len(digest("\ud800")) == 64


def test_a_number_that_is_not_finite_is_refused() -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        canonical_json(float("nan"))


class Small(Spec):
    size: int = 0


class Large(Spec):
    inner: dict[str, Small] = Field(default_factory=dict)
    several: tuple[Small, ...] = ()


@pytest.mark.parametrize("data", [{"inner": {"a": {"szie": 1}}}, {"several": [{"szie": 1}]}])
def test_an_unknown_name_deep_inside_is_told_what_may_stand_there(data: object):
    with pytest.raises(SpecError, match=r"unknown name 'szie'\. Did you mean 'size'\?"):
        parse_as(Large, data)
