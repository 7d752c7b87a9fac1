"""Anthropic messages: the system message stands apart, roles alternate, and a length limit is required.

One sample per request. Not sent: prompt caching, tools, thinking.
"""

import logging
import re
from collections.abc import Mapping
from typing import Any, cast

from itas.core.model import Listen
from itas.core.request import FinishReason, Request, Usage
from itas.errors import ModelError, SpecError
from itas.models.providers.anthropic_stream import MessageReader
from itas.models.providers.http import HttpClient, Reply
from itas.models.providers.known import Provider
from itas.models.providers.openai_reply import count
from itas.models.providers.refusal import Refused
from itas.models.providers.wire import Sampled, WireAnswer, cut_at_stop

_log = logging.getLogger(__name__)

VERSION = "2023-06-01"
DEFAULT_MAX_TOKENS = 4096
"""Sent where a request sets none; every model of the provider takes it."""

_FINISH_REASONS: Mapping[str, FinishReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "content_filter",
    "tool_use": "tool_calls",
}
_TEMPERATURE_REFUSED = re.compile(r"temperature.*(?:deprecated|not supported|unsupported|not permitted)")


class AnthropicWire:
    """See `Wire`."""

    def __init__(self, provider: Provider, client: HttpClient) -> None:
        self._provider = provider
        self._client = client
        self._without_temperature: set[str] = set()

    def max_n(self, model: str) -> int:
        """See `Wire.max_n`."""
        return 1

    async def ask(self, request: Request, n: int, *, listen: Listen | None = None) -> WireAnswer:
        """See `Wire.ask`. One sample, however many are asked for."""
        takes_temperature = request.model_name not in self._without_temperature
        try:
            reply = await self._post(request, listen, takes_temperature=takes_temperature)
        except Refused as refused:
            if not takes_temperature or not refuses_temperature(refused):
                raise
            if request.model_name not in self._without_temperature:
                _log.warning("%s: no temperature from now on: %s", request.model, refused)
            self._without_temperature.add(request.model_name)
            reply = await self._post(request, listen, takes_temperature=False)
        answer = parse_reply(reply, provider=self._provider.name)
        return cut_at_stop(answer, request.stop) if _blank_stops(request) else answer

    async def close(self) -> None:
        """See `Wire.close`."""
        await self._client.close()

    async def _post(self, request: Request, listen: Listen | None, *, takes_temperature: bool) -> Reply:
        body = render_body(request, takes_temperature=takes_temperature)
        headers = {"anthropic-version": VERSION}
        if listen is None or _blank_stops(request):
            return await self._client.post("/v1/messages", body, headers)
        reader = MessageReader(self._provider.name, listen)
        reply = await self._client.post("/v1/messages", {**body, "stream": True}, headers, on_event=reader)
        return reader.finish(reply) if reply.is_stream else reply


def render_body(request: Request, *, takes_temperature: bool = True) -> dict[str, Any]:
    """The JSON that is sent.

    Raises:
        SpecError: The conversation does not begin with the user.
    """
    if request.extra or any(message.extra for message in request.messages):
        raise SpecError(f"'{request.model}' takes text only here: no tools, images or response formats")
    system = "\n\n".join(message.content for message in request.messages if message.role == "system")
    turns: list[dict[str, str]] = []
    for message in request.messages:
        if message.role == "system":
            continue
        if turns and turns[-1]["role"] == message.role:
            turns[-1]["content"] += f"\n\n{message.content}"
        else:
            turns.append({"role": message.role, "content": message.content})
    if not turns or turns[0]["role"] != "user":
        raise SpecError(f"'{request.model}' needs a conversation whose first turn is the user's")
    body: dict[str, Any] = {
        "model": request.model_name,
        "messages": turns,
        "max_tokens": request.max_tokens or DEFAULT_MAX_TOKENS,
    }
    if system:
        body["system"] = system
    if request.temperature is not None and takes_temperature:
        body["temperature"] = request.temperature
    if stops := [each for each in request.stop if each.strip()]:
        body["stop_sequences"] = stops
    return body


def _blank_stops(request: Request) -> bool:
    """Whether some stop sequence is nothing but white space, which the provider refuses; we cut there ourselves."""
    return any(not each.strip() for each in request.stop)


def refuses_temperature(refused: Refused) -> bool:
    """Whether the model takes no temperature at all; a value out of range is something else."""
    return refused.status == 400 and _TEMPERATURE_REFUSED.search(refused.detail.casefold()) is not None


def parse_reply(reply: Reply, *, provider: str) -> WireAnswer:
    """Read an answer.

    Raises:
        ModelError: It holds no content.
    """
    content = reply.data.get("content")
    if not isinstance(content, list):
        raise ModelError(
            "the answer holds no content",
            provider=provider,
            request_id=reply.request_id,
            can_retry=True,
            may_be_billed=True,
        )
    blocks = [
        cast("dict[str, Any]", each) for each in cast("list[object]", content) if isinstance(each, dict)
    ]
    text = "".join(
        block["text"]
        for block in blocks
        if block.get("type") == "text" and isinstance(block.get("text"), str)
    )
    stop_reason = reply.data.get("stop_reason")
    reason = _FINISH_REASONS.get(stop_reason, "unknown") if isinstance(stop_reason, str) else "unknown"
    return WireAnswer(
        samples=(Sampled(text, reason),),
        usage=_read_usage(reply.data.get("usage")),
        latency_s=reply.latency_s,
        request_id=reply.request_id,
    )


def _read_usage(data: object) -> Usage | None:
    """Their input tokens leave out what was read from and written to their prompt cache; ours count all."""
    if not isinstance(data, dict):
        return None
    usage = cast("dict[str, Any]", data)
    cached = count(usage.get("cache_read_input_tokens"))
    written = count(usage.get("cache_creation_input_tokens"))
    return Usage(
        tokens_in=count(usage.get("input_tokens")) + cached + written,
        tokens_out=count(usage.get("output_tokens")),
        tokens_cached=cached,
    )
