"""Plain values cross, nothing hostile does."""

# ruff: noqa: E501 - programs stand on one line

import json
import random

import pytest

from itas.sandbox.inside import wire


def hostile(rng: random.Random, depth: int = 0) -> object:
    """A random message body, often nearly right."""
    kind = rng.randrange(9 if depth < 6 else 5)
    if kind < 4:
        return rng.choice([None, True, 0, -1, 1.5, "", "x", "0x", "nan", "int", "__import__", 10**30])
    if kind == 4:
        return rng.choice([[], {}])
    if kind < 7:
        return [hostile(rng, depth + 1) for _ in range(rng.randrange(4))]
    tags = [*"ifctszbadrkyejnw", "", "zz"]
    return {rng.choice(tags): hostile(rng, depth + 1) for _ in range(rng.choice([1, 1, 1, 2]))}


def test_ten_thousand_hostile_answers_are_values_or_wire_errors():
    rng = random.Random(7)
    refused = 0
    for _ in range(10_000):
        try:
            wire.decode(json.loads(json.dumps(hostile(rng))))
        except wire.WireError:
            refused += 1
    assert 1000 < refused < 9999


@pytest.mark.parametrize("line", [b"", b"[", b"[]", b"1", b"\xff", b"[" * 100_000, b'{"a":' * 5000])
def test_what_is_no_message_is_refused(line: bytes):
    with pytest.raises(wire.WireError):
        wire.read(line)


def test_a_value_in_itself_cannot_cross():
    value: list[object] = []
    value.append(value)
    with pytest.raises(wire.CannotCross):
        wire.encode(value)


@pytest.mark.parametrize("value", [object(), wire, lambda: 1, open, type("T", (), {})()])
def test_what_has_no_plain_form_cannot_cross(value: object):
    with pytest.raises(wire.CannotCross):
        wire.encode(value)


@pytest.mark.parametrize("error", [ValueError("a"), UnicodeDecodeError("u", b"", 0, 1, "r"), KeyError("k"), type("E", (OSError,), {})("x")])  # fmt: skip
def test_an_exception_arrives_as_its_nearest_built_in_class(error: Exception):
    made = wire.make_error(wire.name_error(error))
    assert type(made) in type(error).__mro__
    assert type(made) is not Exception


@pytest.mark.parametrize("error", [SystemExit(0), KeyboardInterrupt(), GeneratorExit()])
def test_an_exit_arrives_as_a_plain_error(error: BaseException):
    assert type(wire.make_error(wire.name_error(error))) is RuntimeError


def test_a_hostile_exception_name_makes_no_object():
    assert type(wire.make_error({"error": ["print", "exec", 3, "SystemExit"], "text": "x"})) is RuntimeError
