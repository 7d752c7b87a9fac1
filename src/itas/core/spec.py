"""Specs: frozen, strict descriptions of what to run, and errors that a person can act on."""

import difflib
import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Self, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from itas.errors import SpecError

MODEL_PATTERN = r"^[a-z0-9_-]+/.+$"
"""How a model is named: ``provider/model``."""


class Spec(BaseModel):
    """A frozen value that refuses unknown names. Everything that crosses disk or wire is one."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @classmethod
    def parse(cls, data: object, *, where: str = "") -> Self:
        """Check foreign data.

        Args:
            data: What a file or a caller gave.
            where: Prefix of the paths in the message, for instance a file name.

        Raises:
            SpecError: Naming each place that is wrong, the law and what was found.
        """
        return parse_as(cls, data, where=where)

    @classmethod
    def trusted(cls, **values: Any) -> Self:
        """Made of values that are known to be right, unchecked: for what is made several times per call, where the
        checks cost more than everything else. Every field without a plain default must be given."""
        made = cls.__new__(cls)
        put = object.__setattr__
        put(made, "__dict__", {**_defaults(cls), **values})
        put(made, "__pydantic_fields_set__", set(values))
        put(made, "__pydantic_extra__", None)
        put(made, "__pydantic_private__", None)
        return made

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """See pydantic, which copies cached properties too: after a change they would tell of the original. By hand
        for the plain case, which is met several times per call."""
        if deep or not update or self.__pydantic_private__ is not None:
            copied = super().model_copy(update=update, deep=deep)
            if update:
                for name in copied.__dict__.keys() - type(self).model_fields.keys():
                    object.__delattr__(copied, name)
            return copied
        copied = type(self).__new__(type(self))
        values = self.__dict__
        put = object.__setattr__
        fields = type(self).model_fields
        put(copied, "__dict__", {**{name: values[name] for name in fields}, **update})
        put(copied, "__pydantic_fields_set__", self.__pydantic_fields_set__ | update.keys())
        put(copied, "__pydantic_extra__", self.__pydantic_extra__)
        put(copied, "__pydantic_private__", None)
        return copied


@cache
def _defaults(cls: type[Spec]) -> dict[str, Any]:
    return {
        name: field.default
        for name, field in cls.model_fields.items()
        if not field.is_required() and field.default_factory is None
    }


S = TypeVar("S", bound=BaseModel)


def parse_as(cls: type[S], data: object, *, where: str = "") -> S:
    """Validate `data` as `cls`, with our wording of the errors (see `Spec.parse`)."""
    try:
        return cls.model_validate(data)
    except ValidationError as error:
        found = error.errors(include_url=False)
        lines = [
            _describe(cls, item) for item in found if not _only_follows(item["loc"], item["type"], found)
        ]
        separator = f"\n{where}: " if where else "\n"
        raise SpecError(separator.join(lines), path=where) from None


def canonical_json(data: object) -> str:
    """One text per value: sorted names, no spaces, no NaN. What is hashed and compared.

    Raises:
        ValueError: If a number is not finite.
    """
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(data: object) -> str:
    """SHA-256 of the canonical JSON, as 64 hexadecimal digits."""
    text = canonical_json(data)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def suggest(word: str, known: list[str]) -> str:
    """A cure for a misspelt word: ``did you mean 'x'?`` or the list of what is known."""
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    if close:
        return f"Did you mean '{close[0]}'?"
    return f"Known: {', '.join(sorted(known))}."


def join_path(parts: tuple[str | int, ...]) -> str:
    """Write a place as people do: ``layers[1][0].top_k`` (the word ``components`` is left out)."""
    text = ""
    for part in parts:
        if part == "components":
            continue
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text


def _only_follows(loc: tuple[str | int, ...], kind: str, found: Sequence[Mapping[str, Any]]) -> bool:
    """Whether an "is empty" error is only the shadow of an error inside the list."""
    return kind == "too_short" and any(
        len(other["loc"]) > len(loc) and other["loc"][: len(loc)] == loc for other in found
    )


def _names_at(cls: type[BaseModel], loc: tuple[str | int, ...]) -> list[str]:
    """The names that may stand at a place inside a value; those of the whole where the place is not one model."""
    found: type[BaseModel] = cls
    for part in loc:
        if part in found.model_fields:
            inner = _models_in(found.model_fields[str(part)].annotation)
            if len(inner) != 1:
                break
            found = inner[0]
    return list(found.model_fields)


def _models_in(annotation: object) -> list[type[BaseModel]]:
    """Every model that an annotation names, inside optional values, lists and mappings too."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models_in(part)]


def _describe(cls: type[BaseModel], item: Mapping[str, Any]) -> str:
    path = join_path(tuple(item["loc"]))
    prefix = f"{path}: " if path else ""
    if item["type"] == "extra_forbidden":
        known: list[str] = item.get("ctx", {}).get("known") or _names_at(cls, item["loc"][:-1])
        name = str(item["loc"][-1])
        return f"{prefix}unknown name '{name}'. {suggest(name, known)}"
    if item["type"] == "missing":
        return f"{prefix}required, but not given."
    if item["type"] == "string_pattern_mismatch" and item["ctx"]["pattern"] == MODEL_PATTERN:
        example = "a model is named provider/model, for instance openai/gpt-4o"
        return f"{prefix}{example}; found {_short(item['input'])}."
    if item["type"] == "too_short" and not item["input"]:
        return f"{prefix}at least one is needed, found none."
    message = str(item["msg"]).removeprefix("Value error, ").rstrip(".")
    if item["type"] in ("value_error", "assertion_error"):
        return f"{prefix}{message}" + ("" if message.endswith("?") else ".")
    if "providers" in item["loc"]:  # people put keys there; what was found is not repeated
        return f"{prefix}{message}."
    return f"{prefix}{message}, found {_short(item['input'])}."


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
