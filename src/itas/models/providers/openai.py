"""OpenAI chat completions: the wire format that most servers speak, each a little differently.

Which parameters a model takes is learnt from what the provider's refusal says, once per model: the name of
the token limit, whether it takes a temperature, whether it gives several samples in one request.
"""

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, Decimal, InvalidOperation
from typing import Any, Literal, cast

from itas.core.request import FinishReason, Request, Usage
from itas.errors import ModelError
from itas.models.providers.http import HttpClient, Reply
from itas.models.providers.known import Provider
from itas.models.providers.refusal import Refused, clean, refuse
from itas.models.providers.wire import Sampled, WireAnswer
from itas.models.spread import OneAtATime

_log = logging.getLogger(__name__)

_FINISH_REASONS: Mapping[object, FinishReason] = {
    "stop": "stop",
    "eos": "stop",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",
    "content_filter": "content_filter",
    "safety": "content_filter",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
}
_MOST_DIALECTS = 5
_NOT_TAKEN = re.compile(
    r"unsupported|not support|unrecogni[sz]ed|unknown|unexpected|not permitted|not allowed|deprecated"
    r"|only the default"
)
_ABOUT_N = re.compile(
    r"['\"`]n['\"`]|\bn\s*(?:>|=|must|is |should|parameter)|multiple (?:choices|completions)"
)


@dataclass(frozen=True, slots=True)
class Dialect:
    """What is known about the parameters of one model."""

    max_n: int
    tokens_name: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    takes_temperature: bool = True


class OpenAIWire:
    """See `Wire`."""

    def __init__(self, provider: Provider, client: HttpClient) -> None:
        self._provider = provider
        self._client = client
        self._dialects: dict[str, Dialect] = {}

    def max_n(self, model: str) -> int:
        """See `Wire.max_n`."""
        return self._dialect(model).max_n

    async def ask(self, request: Request, n: int) -> WireAnswer:
        """See `Wire.ask`.

        Raises:
            OneAtATime: The provider turns out not to give several samples of this model at once.
        """
        for _ in range(_MOST_DIALECTS):
            sent = self._dialect(request.model_name)
            try:
                reply = await self._client.post("/chat/completions", render_body(request, n, sent))
            except Refused as refused:
                self._learn(request.model_name, sent, refused)
                if n > self.max_n(request.model_name):
                    raise OneAtATime(
                        str(refused), provider=self._provider.name, status=refused.status
                    ) from None
                continue
            answer = parse_reply(reply, n, provider=self._provider.name)
            if len(answer.samples) < n:
                self._dialects[request.model_name] = replace(self._dialect(request.model_name), max_n=1)
            return answer
        raise ModelError(
            f"'{request.model_name}' refuses one form of the parameters after the other",
            provider=self._provider.name,
        )

    async def close(self) -> None:
        """See `Wire.close`."""
        await self._client.close()

    def _dialect(self, model: str) -> Dialect:
        return self._dialects.get(model) or Dialect(self._provider.max_n)

    def _learn(self, model: str, sent: Dialect, refused: Refused) -> None:
        """Remember what the refusal says about parameters; raise it again if it says nothing new."""
        learnt = learn(self._dialect(model), refused)
        if learnt == sent:
            raise refused
        if learnt != self._dialect(model):
            _log.warning("%s/%s: other parameters from now on: %s", self._provider.name, model, refused)
        self._dialects[model] = learnt


def render_body(request: Request, n: int, dialect: Dialect) -> dict[str, Any]:
    """The JSON that is sent."""
    body: dict[str, Any] = {
        "model": request.model_name,
        "messages": [{"role": message.role, "content": message.content} for message in request.messages],
    }
    if request.temperature is not None and dialect.takes_temperature:
        body["temperature"] = request.temperature
    if request.max_tokens is not None:
        body[dialect.tokens_name] = request.max_tokens
    if request.stop:
        body["stop"] = list(request.stop)
    if n > 1:
        body["n"] = n
    return body


def learn(dialect: Dialect, refused: Refused) -> Dialect:
    """The dialect after a refusal; the same one if it is about something else."""
    if refused.status not in (400, 422):
        return dialect
    text = refused.detail.casefold()
    if "max_completion_tokens" in text and "max_tokens" in text.replace("max_completion_tokens", ""):
        return replace(dialect, tokens_name="max_completion_tokens")
    if not _NOT_TAKEN.search(f"{text} {refused.code.casefold()}"):
        is_about_n = refused.param == "n"
        return replace(dialect, max_n=1) if is_about_n else dialect
    if refused.param == "temperature" or "temperature" in text:
        return replace(dialect, takes_temperature=False)
    if refused.param == "max_completion_tokens" or "max_completion_tokens" in text:
        return replace(dialect, tokens_name="max_tokens")
    if refused.param == "max_tokens":
        return replace(dialect, tokens_name="max_completion_tokens")
    if refused.param == "n" or _ABOUT_N.search(text):
        return replace(dialect, max_n=1)
    return dialect


def parse_reply(reply: Reply, n: int, *, provider: str) -> WireAnswer:
    """Read an answer.

    Raises:
        ModelError: It holds an error, or no sample.
    """
    choices = reply.data.get("choices")
    if not isinstance(choices, list) or not choices:
        raise _no_choices(reply, provider)
    found = [cast("dict[str, Any]", each) for each in cast("list[object]", choices) if isinstance(each, dict)]
    found.sort(key=lambda choice: choice["index"] if isinstance(choice.get("index"), int) else 0)
    return WireAnswer(
        samples=tuple(_read_choice(choice, reply, provider) for choice in found[:n]),
        usage=_read_usage(reply.data.get("usage")),
        latency_s=reply.latency_s,
        request_id=reply.request_id,
        cost_micro_usd=_read_cost(reply.data.get("usage")),
    )


def _no_choices(reply: Reply, provider: str) -> ModelError:
    """Some gateways report errors under the status 200."""
    error = reply.data.get("error")
    if isinstance(error, dict):
        code = cast("dict[str, Any]", error).get("code")
        status = code if isinstance(code, int) and 400 <= code < 600 else 502
        return refuse(provider, status, reply.data, reply.headers)
    return ModelError(
        "the answer holds no choices",
        provider=provider,
        request_id=reply.request_id,
        can_retry=True,
        may_be_billed=True,
    )


def _read_choice(choice: dict[str, Any], reply: Reply, provider: str) -> Sampled:
    if choice.get("finish_reason") == "error" or isinstance(choice.get("error"), dict):
        error = choice.get("error")
        detail = cast("dict[str, Any]", error).get("message", "") if isinstance(error, dict) else ""
        raise ModelError(
            f"the answer broke off: {clean(str(detail)) or 'no reason was given'}",
            provider=provider,
            request_id=reply.request_id,
            can_retry=True,
            may_be_billed=True,
        )
    reason = _FINISH_REASONS.get(choice.get("finish_reason"), "unknown")
    message = choice.get("message")
    if not isinstance(message, dict):
        return Sampled(choice["text"] if isinstance(choice.get("text"), str) else "", reason)
    fields = cast("dict[str, Any]", message)
    text = _read_content(fields.get("content"))
    refusal = fields.get("refusal")
    if not text and isinstance(refusal, str) and refusal:
        return Sampled(refusal, "content_filter")
    if not text and fields.get("tool_calls"):
        reason = "tool_calls"
    return Sampled(text, reason)


def _read_content(content: object) -> str:
    """Text of a message: a string, null, or a list of parts of which the text ones count."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    parts = [cast("dict[str, Any]", part) for part in cast("list[object]", content) if isinstance(part, dict)]
    return "".join(part["text"] for part in parts if isinstance(part.get("text"), str))


def _read_usage(data: object) -> Usage | None:
    if not isinstance(data, dict):
        return None
    usage = cast("dict[str, Any]", data)
    tokens_in = count(usage.get("prompt_tokens"))
    tokens_out = count(usage.get("completion_tokens"))
    # Some providers leave the reasoning tokens, which they bill, out of the completion's.
    tokens_out = max(tokens_out, count(usage.get("total_tokens")) - tokens_in)
    if not tokens_in and not tokens_out:
        return None
    cached = _count_in(usage, "prompt_tokens_details", "cached_tokens")
    return Usage(
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        tokens_cached=min(tokens_in, cached or count(usage.get("prompt_cache_hit_tokens"))),
        tokens_reasoning=min(tokens_out, _count_in(usage, "completion_tokens_details", "reasoning_tokens")),
    )


def _count_in(usage: dict[str, Any], part: str, name: str) -> int:
    details = usage.get(part)
    return count(cast("dict[str, Any]", details).get(name)) if isinstance(details, dict) else 0


def count(value: object) -> int:
    """A number of tokens from foreign data; 0 if it is none."""
    return int(value) if isinstance(value, int | float) and 0 <= value < 2**53 else 0


def _read_cost(usage: object) -> int | None:
    """What the provider says it charged (OpenRouter does), in micro-dollars rounded up."""
    cost = cast("dict[str, Any]", usage).get("cost") if isinstance(usage, dict) else None
    if not isinstance(cost, int | float) or isinstance(cost, bool) or not 0 <= cost < 1e6:
        return None
    try:
        return int((Decimal(str(cost)) * 1_000_000).to_integral_value(rounding=ROUND_CEILING))
    except InvalidOperation:
        return None
