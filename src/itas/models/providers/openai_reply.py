"""OpenAI chat completions: what an answer holds, in the many forms that servers give it."""

from collections.abc import Mapping
from decimal import ROUND_CEILING, Decimal, InvalidOperation
from typing import Any, cast

from itas.core.request import FinishReason, Usage
from itas.core.spec import canonical_json
from itas.errors import ModelError
from itas.models.providers.http import Reply
from itas.models.providers.refusal import clean, refuse
from itas.models.providers.wire import Sampled, WireAnswer

_FINISH_REASONS: Mapping[str, FinishReason] = {
    **dict.fromkeys(
        ("stop", "eos", "eos_token", "end_turn", "stop_sequence", "stop_token", "complete"), "stop"
    ),
    **dict.fromkeys(
        ("length", "max_tokens", "model_length", "max_output_tokens", "max_new_tokens"), "length"
    ),
    **dict.fromkeys(
        (
            "content_filter",
            "content_filtered",
            "safety",
            "refusal",
            "recitation",
            "blocklist",
            "prohibited_content",
            "spii",
            "guardrail_intervened",
        ),
        "content_filter",
    ),
    **dict.fromkeys(("tool_calls", "tool_call", "tool_use", "function_call"), "tool_calls"),
}
BROKEN_OFF = ("error", "insufficient_system_resource")
"""Reasons under which a server says that it failed on the way (Mistral, OpenRouter; DeepSeek)."""


def parse_reply(reply: Reply, n: int, *, provider: str) -> WireAnswer:
    """Read an answer.

    Raises:
        ModelError: It holds an error, or no sample.
    """
    choices = reply.data.get("choices")
    if not isinstance(choices, list) or not choices:
        raise no_choices(reply, provider)
    found = [cast("dict[str, Any]", each) for each in cast("list[object]", choices) if isinstance(each, dict)]
    if not found:
        raise no_choices(reply, provider)
    if len(found) > 1:
        found.sort(key=lambda choice: choice["index"] if isinstance(choice.get("index"), int) else 0)
    return WireAnswer(
        samples=tuple(_read_choice(choice, reply, provider) for choice in found[:n]),
        usage=_read_usage(reply.data.get("usage")),
        latency_s=reply.latency_s,
        request_id=reply.request_id,
        cost_micro_usd=_read_cost(reply.data.get("usage")),
    )


def read_reason(reason: object) -> FinishReason:
    """Why a text ended, in our words."""
    return _FINISH_REASONS.get(reason.casefold(), "unknown") if isinstance(reason, str) else "unknown"


def no_choices(reply: Reply, provider: str) -> ModelError:
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
    if choice.get("finish_reason") in BROKEN_OFF or isinstance(choice.get("error"), dict):
        error = choice.get("error")
        detail = cast("dict[str, Any]", error).get("message", "") if isinstance(error, dict) else ""
        raise ModelError(
            f"the answer broke off: {clean(str(detail)) or 'no reason was given'}",
            provider=provider,
            request_id=reply.request_id,
            can_retry=True,
            may_be_billed=True,
        )
    reason = read_reason(choice.get("finish_reason"))
    message = choice.get("message")
    if not isinstance(message, dict):
        return Sampled(choice["text"] if isinstance(choice.get("text"), str) else "", reason)
    fields = cast("dict[str, Any]", message)
    text = read_content(fields.get("content"))
    refusal = fields.get("refusal")
    if not text and isinstance(refusal, str) and refusal:
        return Sampled(refusal, "content_filter")
    if not text and fields.get("tool_calls"):
        reason = "tool_calls"
    given = {name: fields[name] for name in ("tool_calls",) if fields.get(name)}
    if logprobs := choice.get("logprobs"):
        given["logprobs"] = logprobs
    return Sampled(text, reason, canonical_json(given) if given else "")


def read_content(content: object) -> str:
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
    return Usage.trusted(
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
