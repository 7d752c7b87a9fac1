"""The body of ``POST /v1/chat/completions``."""

from typing import Annotated, Any, Literal, cast

from pydantic import Field

from itas.core.messages import Message
from itas.serve.ask import Ask, Options
from itas.serve.form import read_form
from itas.serve.limits import Limits
from itas.serve.reading import (
    Body,
    Content,
    ModelName,
    Stop,
    check_at_most,
    check_conversation,
    check_neutral,
    images_of,
    make_message,
    read_body,
    text_of,
)
from itas.serve.refusal import not_supported, wrong

_PLAIN_ROLES = frozenset({"system", "developer", "user", "assistant"})


class ChatMessage(Body):
    """One message of the conversation."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: Content = None
    tool_calls: list[dict[str, Any]] | None = None
    tool_call_id: str | None = None


class StreamOptions(Body):
    """How a stream ends."""

    include_usage: bool | None = None


class ChatRequest(Body):
    """A conversation that asks for its next message."""

    model: ModelName
    messages: Annotated[list[ChatMessage], Field(min_length=1)]
    n: Annotated[int, Field(ge=1)] | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None
    stop: Stop | Annotated[list[Stop], Field(max_length=4)] | None = None
    seed: Annotated[int, Field(ge=-(2**63), lt=2**63)] | None = None
    response_format: dict[str, Any] | None = None
    tools: Annotated[list[dict[str, Any]], Field(max_length=128)] | None = None
    tool_choice: str | dict[str, Any] | None = None
    parallel_tool_calls: bool | None = None
    functions: list[Any] | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    top_p: float | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    logit_bias: dict[str, Any] | None = None
    modalities: list[str] | None = None
    audio: dict[str, Any] | None = None
    prediction: dict[str, Any] | None = None
    web_search_options: dict[str, Any] | None = None
    itas: Options | None = None


_OF_MOST = frozenset(
    {"model", "messages", "stream", "stream_options", "temperature", "max_tokens", "n", "seed"}
)
"""Fields that nearly every request has; the others are only looked at where one of them is there."""


def read_chat(body: bytes, limits: Limits) -> Ask:
    """Read and check.

    Raises:
        Refusal: 400 with the place.
    """
    request = read_body(ChatRequest, body)
    messages = request.messages
    conversation = check_conversation(
        tuple([_message(message, number) for number, message in enumerate(messages)]),
        limits,
        param="messages",
    )
    check_at_most("n", request.n, limits.n)
    check_at_most("max_tokens", request.max_tokens, limits.max_tokens)
    ask = Ask(
        request.model,
        conversation,
        n=request.n or 1,
        stream=bool(request.stream),
        include_usage=request.stream_options is not None and bool(request.stream_options.include_usage),
        temperature=request.temperature,
        max_tokens=request.max_tokens,
        seed=request.seed,
    )
    if request.model_fields_set <= _OF_MOST and not _is_about_calls(messages):
        return ask
    return _with_the_rest(ask, request, limits)


def _with_the_rest(ask: Ask, request: ChatRequest, limits: Limits) -> Ask:
    _refuse_what_changes_answers(request)
    max_tokens = request.max_completion_tokens or request.max_tokens
    if max_tokens != (request.max_tokens or max_tokens):
        raise wrong(
            "'max_tokens' and 'max_completion_tokens' differ. Give one of them.",
            param="max_tokens",
            code="invalid_value",
        )
    check_at_most("max_tokens", max_tokens, limits.max_tokens)
    return ask._replace(
        max_tokens=max_tokens,
        stop=(request.stop,) if isinstance(request.stop, str) else tuple(request.stop or ()),
        options=request.itas or ask.options,
        tools=_tools(request),
        form=read_form(request.response_format),
    )


def _message(message: ChatMessage, number: int) -> Message:
    is_plain = message.role in _PLAIN_ROLES and not message.tool_calls and not message.tool_call_id
    if is_plain and isinstance(message.content, str):
        return make_message(message.role, message.content)
    return _message_of_parts(message, f"messages[{number}]")


def _message_of_parts(message: ChatMessage, place: str) -> Message:
    if message.role == "function":
        raise not_supported(f"{place}.role", "'function' is of old; send the role 'tool'.")
    if message.role == "tool" and not message.tool_call_id:
        raise wrong("Which call it answers is missing.", param=f"{place}.tool_call_id", code="invalid_value")
    extra = images_of(message.content, f"{place}.content")
    if message.tool_calls:
        extra["tool_calls"] = message.tool_calls
    if message.tool_call_id:
        extra["tool_call_id"] = message.tool_call_id
    return make_message(message.role, text_of(message.content, f"{place}.content"), extra)


def _tools(request: ChatRequest) -> dict[str, Any] | None:
    """What is offered; {} where the conversation holds calls and nothing is offered any more."""
    for number, tool in enumerate(request.tools or ()):
        _check_tool(tool, f"tools[{number}]")
    if request.tools:
        fields = {
            "tools": request.tools,
            "tool_choice": request.tool_choice,
            "parallel_tool_calls": request.parallel_tool_calls,
        }
        return {name: value for name, value in fields.items() if value is not None}
    return {} if _is_about_calls(request.messages) else None


def _is_about_calls(messages: list[ChatMessage]) -> bool:
    return any(message.role == "tool" or message.tool_calls for message in messages)


def _check_tool(tool: dict[str, Any], place: str) -> None:
    if tool.get("type") != "function":  # others, like a remote server of tools, are places to go to
        raise not_supported(f"{place}.type", "Only tools of the type 'function' are supported.")
    function: object = tool.get("function")
    if not isinstance(function, dict) or not isinstance(cast("dict[str, object]", function).get("name"), str):
        raise wrong("A tool has a 'function' with a 'name'.", param=f"{place}.function", code="invalid_value")


def _refuse_what_changes_answers(request: ChatRequest) -> None:
    check_neutral("logprobs", request.logprobs, False)
    check_neutral("top_logprobs", request.top_logprobs, 0)
    check_neutral("top_p", request.top_p, 1, 1.0)
    check_neutral("presence_penalty", request.presence_penalty, 0, 0.0)
    check_neutral("frequency_penalty", request.frequency_penalty, 0, 0.0)
    check_neutral("logit_bias", request.logit_bias, {})
    check_neutral("modalities", request.modalities, ["text"], [])
    check_neutral("audio", request.audio)
    check_neutral("prediction", request.prediction)
    check_neutral("web_search_options", request.web_search_options)
    check_neutral("functions", request.functions, [])
