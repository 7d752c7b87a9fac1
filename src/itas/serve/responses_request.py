"""The body of ``POST /v1/responses``, as far as it is about text."""

from typing import Annotated, Any, Literal

from pydantic import Field

from itas.core.messages import Message
from itas.serve.ask import NO_OPTIONS, Ask, Options
from itas.serve.form import read_text_format
from itas.serve.limits import Limits
from itas.serve.reading import (
    Body,
    Content,
    ModelName,
    check_at_most,
    check_conversation,
    check_neutral,
    make_message,
    read_body,
    text_of,
)
from itas.serve.refusal import not_supported


class InputItem(Body):
    """One message; items of other types are refused."""

    type: str = "message"
    role: Literal["system", "developer", "user", "assistant"] | None = None
    content: Content = None


class TextOptions(Body):
    """What form the text has."""

    format: dict[str, Any] | None = None


class ResponsesRequest(Body):
    """A conversation that asks for a response."""

    model: ModelName
    input: str | Annotated[list[InputItem], Field(min_length=1)]
    instructions: str | None = None
    stream: bool | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    max_output_tokens: Annotated[int, Field(ge=1)] | None = None
    text: TextOptions | None = None
    tools: list[dict[str, Any]] | None = None
    previous_response_id: str | None = None
    conversation: str | dict[str, Any] | None = None
    prompt: dict[str, Any] | None = None
    background: bool | None = None
    top_p: float | None = None
    top_logprobs: int | None = None
    metadata: dict[str, str] | None = None
    itas: Options | None = None


def read_responses(body: bytes, limits: Limits) -> tuple[Ask, dict[str, Any]]:
    """Read and check: what is asked for, and the fields that a response repeats.

    Raises:
        Refusal: 400 with the place.
    """
    request = read_body(ResponsesRequest, body)
    check_neutral("previous_response_id", request.previous_response_id)
    check_neutral("conversation", request.conversation)
    check_neutral("prompt", request.prompt)
    check_neutral("background", request.background, False)
    check_neutral("top_p", request.top_p, 1, 1.0)
    check_neutral("top_logprobs", request.top_logprobs, 0)
    check_neutral("tools", request.tools, [])
    text_format = request.text.format if request.text else None
    check_at_most("max_output_tokens", request.max_output_tokens, limits.max_tokens)
    ask = Ask(
        model=request.model,
        conversation=check_conversation(_conversation(request), limits, param="input"),
        stream=bool(request.stream),
        temperature=request.temperature,
        max_tokens=request.max_output_tokens,
        options=request.itas or NO_OPTIONS,
        form=read_text_format(text_format),
    )
    return ask, {
        "instructions": request.instructions,
        "max_output_tokens": request.max_output_tokens,
        "temperature": request.temperature,
        "metadata": request.metadata or {},
        "text": {"format": text_format or {"type": "text"}},
    }


def _conversation(request: ResponsesRequest) -> tuple[Message, ...]:
    first = () if request.instructions is None else (make_message("system", request.instructions),)
    if isinstance(request.input, str):
        return (*first, make_message("user", request.input))
    return (*first, *(_message(item, number) for number, item in enumerate(request.input)))


def _message(item: InputItem, number: int) -> Message:
    if item.type != "message" or item.role is None:
        raise not_supported(f"input[{number}]", "Only messages with a role are supported as input.")
    return make_message(item.role, text_of(item.content, f"input[{number}].content"))
