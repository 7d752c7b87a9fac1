"""Read the body of a request into one of our types, or say what is wrong in it, in OpenAI's shape."""

import re
from typing import Annotated, Any, Literal, TypeVar, cast

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from itas.core.messages import Conversation, Message, Role
from itas.core.spec import canonical_json, join_path
from itas.serve.limits import Limits
from itas.serve.refusal import Refusal, not_supported, wrong

_INLINE = re.compile(r"data:image/[a-z0-9.+-]{1,40};base64,[A-Za-z0-9+/=\s]*\Z")
_DEEPEST = 100
_BRANCHES = frozenset({"str", "constrained-str", "TextPart", "ImagePart", "OtherPart", "list"})
B = TypeVar("B", bound="Body")

ModelName = Annotated[str, Field(min_length=1, max_length=512)]
Stop = Annotated[str, Field(min_length=1, max_length=1000)]


class Body(BaseModel):
    """A request as it comes; names that nobody knows are left alone, as OpenAI's clients send ever more of them."""

    model_config = ConfigDict(extra="ignore", strict=True, allow_inf_nan=False)


class TextPart(Body):
    """A piece of text."""

    type: Literal["text", "input_text", "output_text"]
    text: str


class Image(Body):
    """Where an image is."""

    url: str
    detail: str | None = None


class ImagePart(Body):
    """An image in the form of chat completions."""

    type: Literal["image_url"]
    image_url: Image


class OtherPart(Body):
    """A sound, a file, and what else there may be."""

    type: str


Content = str | list[TextPart | ImagePart | OtherPart] | None


def read_body(cls: type[B], body: bytes) -> B:
    """Parse.

    Raises:
        Refusal: 400 with the place, never with what was found there.
    """
    try:
        data = orjson.loads(body)  # refuses NaN, lone surrogates, bad UTF-8, and what is too deep
    except orjson.JSONDecodeError as error:
        raise wrong(f"The body is not JSON: {error}", code="invalid_json") from None
    if body.count(b"{") + body.count(b"[") > _DEEPEST and _is_deeper(data, _DEEPEST):
        raise wrong(f"The body is nested more than {_DEEPEST} deep.", code="invalid_json")
    try:
        return cls.model_validate(data)
    except ValidationError as error:
        raise _describe(error) from None


def _is_deeper(data: object, most: int) -> bool:
    """Whether lists and objects stand in each other more than so often. What passes us must not break others."""
    level = [data]
    for _ in range(most):
        level = [
            each
            for node in level
            if isinstance(node, dict | list)
            for each in (
                cast("dict[str, object]", node).values()
                if isinstance(node, dict)
                else cast("list[object]", node)
            )
        ]
        if not level:
            return False
    return any(isinstance(node, dict | list) for node in level)


def _describe(error: ValidationError) -> Refusal:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = join_path(tuple(part for part in first["loc"] if not _is_branch(part)))
    where = f"{place}: " if place else ""
    return wrong(f"{where}{first['msg']}.", param=place or None, code="invalid_value")


def _is_branch(part: str | int) -> bool:
    """Pydantic names the branch of a union in the place; a caller does not know it."""
    return isinstance(part, str) and (part in _BRANCHES or "[" in part)


def text_of(content: Content, place: str) -> str:
    """The text of a message; sounds, files and what else there may be are refused.

    Raises:
        Refusal: 400.
    """
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    for number, part in enumerate(content):
        if isinstance(part, OtherPart):
            raise not_supported(f"{place}[{number}]", f"Parts of type '{part.type[:40]}' are not supported.")
    return "\n".join(part.text for part in content if isinstance(part, TextPart))


def images_of(content: Content, place: str) -> dict[str, Any]:
    """The parts as the provider gets them, where there is an image among them.

    Raises:
        Refusal: 400; an image is somewhere else. A request cannot make anybody fetch an address.
    """
    if not isinstance(content, list) or not any(isinstance(part, ImagePart) for part in content):
        return {}
    parts: list[dict[str, Any]] = []
    for number, part in enumerate(content):
        if isinstance(part, TextPart):
            parts.append({"type": "text", "text": part.text})
        elif isinstance(part, ImagePart):
            if not _INLINE.match(part.image_url.url):
                reason = "An image is given inline, as data:image/...;base64,..., not by an address."
                raise wrong(reason, param=f"{place}[{number}].image_url.url", code="invalid_image_url")
            parts.append({"type": "image_url", "image_url": part.image_url.model_dump(exclude_none=True)})
    return {"content": parts}


def check_conversation(conversation: Conversation, limits: Limits, *, param: str) -> Conversation:
    """Raise unless it can be answered.

    Raises:
        Refusal: 400.
    """
    if not conversation:
        raise wrong("At least one message is needed.", param=param, code="empty_array")
    if len(conversation) > limits.messages:
        raise wrong(
            f"At most {limits.messages} messages, found {len(conversation)}.",
            param=param,
            code="array_above_max_length",
        )
    if conversation[-1].role not in ("user", "tool"):
        raise wrong(
            "The last message must be of the role 'user' or 'tool'.", param=param, code="invalid_value"
        )
    return conversation


def make_message(role: str, text: str, extra: dict[str, Any] | None = None) -> Message:
    """A message; what OpenAI calls ``developer`` is the system."""
    name = cast("Role", "system" if role == "developer" else role)
    if not extra:
        return Message(role=name, content=text)
    return Message(role=name, content=text, extra=canonical_json(extra))


def check_neutral(param: str, value: Any, *neutral: Any) -> None:
    """Refuse a field that would change the answer, unless it holds what it would be anyway.

    Raises:
        Refusal: 400.
    """
    if value is not None and value not in neutral:
        raise not_supported(
            param, f"'{param}' is not supported here: many calls make one answer. Leave it out."
        )


def check_at_most(param: str, value: int | None, most: int) -> None:
    """Refuse what passes a limit of the operator.

    Raises:
        Refusal: 400.
    """
    if value is not None and value > most:
        raise wrong(f"At most {most}, found {value}.", param=param, code="integer_above_max_value")
