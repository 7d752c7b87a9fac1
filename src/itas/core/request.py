"""A question to a model, one draw of its answer, and what it took."""

import hashlib
from collections.abc import Iterable
from functools import cached_property
from json.encoder import encode_basestring as _quote
from typing import Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveInt

from itas.core.messages import Conversation, Extra
from itas.core.spec import MODEL_PATTERN, Spec

FinishReason = Literal["stop", "length", "content_filter", "tool_calls", "unknown"]


class Request(Spec):
    """Everything that decides the distribution of an answer; how many are drawn is not part of it.

    `model` is ``provider/model``. Two equal requests share one list of draws in the call store. `extra` holds what
    the caller wants from the provider beyond that: tools, a response format.
    """

    model: str = Field(pattern=MODEL_PATTERN)
    messages: Conversation = Field(min_length=1)
    temperature: NonNegativeFloat | None = None
    max_tokens: PositiveInt | None = None
    stop: tuple[str, ...] = ()
    extra: Extra = ""

    @property
    def provider(self) -> str:
        """The part of `model` before the first slash."""
        return self.model.partition("/")[0]

    @property
    def model_name(self) -> str:
        """The part of `model` after the first slash: what the provider calls it."""
        return self.model.partition("/")[2]

    @cached_property
    def key(self) -> str:
        """SHA-256 of the whole request, 64 hexadecimal digits; the name of its list of draws."""
        return hashlib.sha256(self._canonical().encode("utf-8", "surrogatepass")).hexdigest()

    def _canonical(self) -> str:
        """`canonical_json` of the dump, written by hand: it is made for every call. `extra` is there if it is set."""
        messages = ",".join(
            f'{{"content":{_quote(each.content)},{_extra(each.extra)}"role":"{each.role}"}}'
            for each in self.messages
        )
        limit = "null" if self.max_tokens is None else self.max_tokens
        temperature = "null" if self.temperature is None else repr(self.temperature)
        stop = ",".join(map(_quote, self.stop))
        return (
            f'{{{_extra(self.extra)}"max_tokens":{limit},"messages":[{messages}],"model":{_quote(self.model)},'
            f'"stop":[{stop}],"temperature":{temperature}}}'
        )


def _extra(text: str) -> str:
    return f'"extra":{_quote(text)},' if text else ""


class Usage(Spec):
    """Tokens as the provider counted them. `tokens_cached` is part of `tokens_in`,
    `tokens_reasoning` part of `tokens_out`."""

    tokens_in: NonNegativeInt = 0
    tokens_out: NonNegativeInt = 0
    tokens_cached: NonNegativeInt = 0
    tokens_reasoning: NonNegativeInt = 0


class UsageSum:
    """Adds up usages; for hot paths, where a new frozen value per sample would cost more than the sample."""

    __slots__ = ("_cached", "_in", "_out", "_reasoning")

    def __init__(self) -> None:
        self._in = self._out = self._cached = self._reasoning = 0

    def add(self, usage: Usage) -> None:
        """Count one more."""
        self._in += usage.tokens_in
        self._out += usage.tokens_out
        self._cached += usage.tokens_cached
        self._reasoning += usage.tokens_reasoning

    def total(self) -> Usage:
        """The sum so far."""
        return Usage.trusted(
            tokens_in=self._in,
            tokens_out=self._out,
            tokens_cached=self._cached,
            tokens_reasoning=self._reasoning,
        )


def sum_usage(usages: Iterable[Usage]) -> Usage:
    """Tokens of all together."""
    total = UsageSum()
    for usage in usages:
        total.add(usage)
    return total.total()


class Completion(Spec):
    """One draw.

    Attributes:
        cost_micro_usd: Price of this draw in millionths of a dollar, rounded up; None when no price is
            known ("unpriced"), which is not the same as free.
        latency_s: Seconds from sending to the last byte, of the call that bought it.
        is_stored: It came out of the call store or a recording: nothing was paid for it now.
        extra: What the model gave beside text: calls of tools.
    """

    text: str
    usage: Usage = Usage()
    cost_micro_usd: NonNegativeInt | None = None
    latency_s: NonNegativeFloat = 0.0
    finish_reason: FinishReason = "stop"
    request_id: str | None = None
    is_stored: bool = False
    extra: Extra = ""
