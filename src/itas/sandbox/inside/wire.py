"""Plain values as text: what tests and candidate may say to each other.

Exact built-in types, as tagged JSON; integers and floats without loss. Subclasses become their base (a Counter a
dict, a named tuple a tuple), iterators lists that are cut. Nothing of the sender's classes or code crosses, so an
object that says it equals everything arrives as what it is worth, or not at all.
"""

import builtins
import itertools
import json
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, cast

MAX_DEPTH = 200
MAX_MESSAGE = 8 << 20
MAX_ITERATED = 100_000
_SAFE_INT = 1 << 53
_BASES: tuple[type, ...] = (int, float, complex, str, bytes, bytearray, list, tuple, set, frozenset, dict)
_EMPTY: dict[int, int] = {}
_VIEWS: tuple[type, ...] = (type(_EMPTY.keys()), type(_EMPTY.values()), type(_EMPTY.items()))
_TYPES = {
    name: value for name, value in vars(builtins).items() if isinstance(value, type) and name != "type"
} | {"type": type}


class CannotCross(TypeError):
    """A value that has no plain form."""


class WireError(ValueError):
    """A message that no honest sender writes."""


def encode(value: object, depth: int = 0) -> Any:
    """The plain form of a value, for `json.dumps`.

    Raises:
        CannotCross: It has none, or is nested too deeply (or in itself).
    """
    kind = type(value)
    if value is None or kind is bool or kind is str:
        return value
    if depth > MAX_DEPTH:
        raise CannotCross(f"nested more than {MAX_DEPTH} deep")
    encoder = _ENCODERS.get(kind)
    if encoder is not None:
        return encoder(value, depth + 1)
    return _encode_relative(value, depth)


def _encode_relative(value: object, depth: int) -> Any:
    """A value of another class: as the built-in type that it is, or nearly is."""
    own = cast("dict[str, object] | None", getattr(value, "__dict__", None))
    proxied = own.get(PROXY_MARK) if type(own) is dict else None
    if type(proxied) is str:
        return {"n": proxied}
    if isinstance(value, type) and _TYPES.get(value.__name__) is value:
        return {"y": value.__name__}
    if value is Ellipsis:
        return {"e": ""}
    for base in _BASES:
        if isinstance(value, base):
            # The base's own reading, not what the class says of itself.
            return encode(_copy(base, value), depth)
    kind: type = type(value)
    if kind in _VIEWS:
        return {"k": _sequence(value, depth + 1), "w": _VIEWS.index(kind)}
    if isinstance(value, Iterator):
        return {"j": _sequence(itertools.islice(cast("Iterator[object]", value), MAX_ITERATED), depth + 1)}
    if isinstance(value, deque):
        return _sequence(cast("deque[object]", value), depth + 1)
    raise CannotCross(f"a value of type {type(value).__name__}")


def _copy(base: type, value: Any) -> object:
    if base is int:
        return int.__int__(value)
    if base is str:
        return str.__str__(value)
    if base is dict:
        return cast("object", dict.copy(value))  # pyright: ignore[reportUnknownMemberType]
    if base is float:
        return float.__float__(value)
    return base(value)


PROXY_MARK = "_itas_name"
"""Attribute of the functions that stand for the candidate's; their name crosses back."""


def _sequence(values: Any, depth: int) -> list[Any]:
    return [encode(value, depth) for value in values]


def _int(value: Any, depth: int) -> Any:
    del depth
    return value if -_SAFE_INT < value < _SAFE_INT else {"i": hex(value)}


_ENCODERS: dict[type, Callable[[Any, int], Any]] = {
    int: _int,
    float: lambda value, _: {"f": float.hex(value)},
    complex: lambda value, _: {"c": [float.hex(value.real), float.hex(value.imag)]},
    list: _sequence,
    tuple: lambda value, depth: {"t": _sequence(value, depth)},
    set: lambda value, depth: {"s": _sequence(value, depth)},
    frozenset: lambda value, depth: {"z": _sequence(value, depth)},
    bytes: lambda value, _: {"b": value.hex()},
    bytearray: lambda value, _: {"a": value.hex()},
    dict: lambda value, depth: {"d": [[encode(k, depth), encode(v, depth)] for k, v in value.items()]},
    range: lambda value, _: {"r": [hex(value.start), hex(value.stop), hex(value.step)]},
}


def decode(plain: Any, names: Callable[[str], object] | None = None, depth: int = 0) -> Any:
    """The value of a plain form.

    Args:
        plain: What `json.loads` gave; may be hostile.
        names: What a function's name stands for; without it names are refused.
        depth: Of the place in the message.

    Raises:
        WireError: It is no plain form.
    """
    if depth > 2 * MAX_DEPTH:
        raise WireError("nested too deep")
    if plain is None or type(plain) in (str, bool, int):
        return plain
    if type(plain) is list:
        return [decode(item, names, depth + 1) for item in cast("list[Any]", plain)]
    if type(plain) is not dict:
        raise WireError(f"a bare {type(plain).__name__}")
    tagged = cast("dict[str, Any]", plain)
    tag = next(iter(tagged), "")
    if len(tagged) != (2 if tag == "k" else 1):
        raise WireError("not one tag")
    try:
        return _decode_tagged(tag, tagged, names, depth + 1)
    except (TypeError, ValueError, OverflowError, LookupError) as error:
        if isinstance(error, WireError):
            raise
        raise WireError(f"bad {tag!r}: {error}") from None


def _decode_tagged(
    tag: str, tagged: dict[str, Any], names: Callable[[str], object] | None, depth: int
) -> object:
    body = tagged[tag]

    def items() -> list[Any]:
        if type(body) is not list:
            raise WireError(f"{tag!r} needs a list")
        return [decode(item, names, depth) for item in cast("list[Any]", body)]

    match tag:
        case "i":
            return int(body, 16)
        case "f":
            return float.fromhex(body)
        case "c":
            real, imaginary = body
            return complex(float.fromhex(real), float.fromhex(imaginary))
        case "t":
            return tuple(items())
        case "s":
            return set(items())
        case "z":
            return frozenset(items())
        case "j":
            return iter(items())
        case "b":
            return bytes.fromhex(body)
        case "a":
            return bytearray.fromhex(body)
        case "d":
            return {decode(k, names, depth): decode(v, names, depth) for k, v in body}
        case "k":
            return _view(items(), tagged["w"])
        case "r":
            start, stop, step = body
            return range(int(start, 16), int(stop, 16), int(step, 16))
        case "y":
            return _TYPES[body]
        case "e":
            return Ellipsis
        case "n" if names is not None:
            return names(str(body))
        case _:
            raise WireError(f"unknown tag {tag!r}")


def _view(values: list[Any], which: object) -> object:
    if which == 0:
        return dict.fromkeys(values).keys()
    if which == 1:
        return dict(enumerate(values)).values()
    return dict(values).items()


def write(message: dict[str, Any]) -> bytes:
    """One message as a line."""
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"


def read(line: bytes) -> dict[str, Any]:
    """One line as a message.

    Raises:
        WireError: It is none.
    """
    try:
        message = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise WireError(f"not a message: {error}") from None
    if type(message) is not dict:
        raise WireError("not a message")
    return cast("dict[str, Any]", message)


def name_error(error: BaseException) -> dict[str, Any]:
    """An exception as the names of its built-in classes, nearest first, and its text."""
    names = [cls.__name__ for cls in type(error).__mro__ if vars(builtins).get(cls.__name__) is cls]
    try:
        text = str(error)
    except RecursionError:
        text = ""
    return {"error": names[:-1], "class": type(error).__name__[:80], "text": text[:500]}


def make_error(message: dict[str, Any]) -> Exception:
    """An exception of the nearest built-in class that can be made from a text alone.

    What is no ``Exception`` (an exit, an interrupt) becomes a RuntimeError.
    """
    text = str(message.get("text"))[:500]
    names = message.get("error")
    for name in cast("list[object]", names) if type(names) is list else []:
        cls = vars(builtins).get(name) if type(name) is str else None
        if isinstance(cls, type) and issubclass(cls, Exception):
            try:
                return cls(text)
            except TypeError:  # such as UnicodeDecodeError, which wants five arguments
                continue
    return RuntimeError(text)
