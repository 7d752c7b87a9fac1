"""What a wire format gives, whatever the provider, and how one request's bill is shared among its samples."""

import json
from dataclasses import dataclass, replace
from typing import Any, Protocol

from itas.core.model import Listen
from itas.core.request import Completion, FinishReason, Request, Usage
from itas.models.listening import Ear
from itas.models.prices import Price


@dataclass(frozen=True, slots=True)
class Sampled:
    """One sample of an answer."""

    text: str
    finish_reason: FinishReason
    extra: str = ""


@dataclass(frozen=True, slots=True)
class WireAnswer:
    """The answer to one HTTP request.

    Attributes:
        samples: At least one; fewer than asked for where a server ignores ``n``.
        usage: Of all samples together; None if the server did not say.
        latency_s: Seconds from sending to the last byte.
        request_id: The provider's.
        cost_micro_usd: What the provider itself says it charged, if it does.
    """

    samples: tuple[Sampled, ...]
    usage: Usage | None
    latency_s: float
    request_id: str | None = None
    cost_micro_usd: int | None = None


def read_extra(extra: str) -> dict[str, Any]:
    """The fields behind an `Extra`."""
    return json.loads(extra) if extra else {}


class Wire(Protocol):
    """A client of one provider in one wire format."""

    async def ask(self, request: Request, n: int, *, listen: Listen | None = None) -> WireAnswer:
        """Send one HTTP request for `n` samples, `n` <= `max_n`.

        With a listener, and where the model can, the text comes in pieces; they are exactly the sample's text.

        Raises:
            ModelError: No answer came.
            SpecError: The wire format cannot express the request.
        """
        ...

    def max_n(self, model: str) -> int:
        """Most samples in one request for a model (the provider's name of it), as far as known."""
        ...

    async def close(self) -> None:
        """Close the connections."""
        ...


class WireModel:
    """A model behind a wire, at its price. May give fewer draws than asked for (see `models/spread.py`)."""

    def __init__(self, wire: Wire, price: Price | None) -> None:
        self._wire = wire
        self._price = price

    async def sample(
        self, request: Request, *, n: int = 1, first: int = 0, listen: Listen | None = None
    ) -> tuple[Completion, ...]:
        """See `core.model.Model.sample`."""
        ear = Ear(listen)
        completions = share_bill(await self._wire.ask(request, n, listen=ear.listen), self._price)
        ear.finish(completions[0].text)
        return completions


def cut_at_stop(answer: WireAnswer, stop: tuple[str, ...]) -> WireAnswer:
    """What the provider would have given, had it taken the stop sequences; all was billed."""
    cut: list[Sampled] = []
    for sample in answer.samples:
        ends = [place for each in stop if each and (place := sample.text.find(each)) >= 0]
        cut.append(Sampled(sample.text[: min(ends)], "stop") if ends else sample)
    return replace(answer, samples=tuple(cut))


def share_bill(answer: WireAnswer, price: Price | None) -> tuple[Completion, ...]:
    """One completion per sample; tokens and money add up to exactly what the request took.

    The prompt is shared evenly, the output by the length of the texts: providers report sums only.
    """
    count = len(answer.samples)
    usage = answer.usage or Usage()
    cost = answer.cost_micro_usd
    if cost is None and price is not None and (answer.usage is not None or price.is_free):
        cost = price.cost(usage)
    if count == 1:
        return (_complete(answer, answer.samples[0], usage, cost),)
    lengths = [len(sample.text) + 1 for sample in answer.samples]
    parts = zip(
        answer.samples,
        split(usage.tokens_in, [1] * count),
        split(usage.tokens_cached, [1] * count),
        split(usage.tokens_out, lengths),
        split(usage.tokens_reasoning, lengths),
        [None] * count if cost is None else split(cost, lengths),
        strict=True,
    )
    return tuple(
        _complete(
            answer,
            sample,
            Usage(
                tokens_in=tokens_in,
                tokens_out=tokens_out,
                tokens_cached=tokens_cached,
                tokens_reasoning=tokens_reasoning,
            ),
            micro_usd,
        )
        for sample, tokens_in, tokens_cached, tokens_out, tokens_reasoning, micro_usd in parts
    )


def _complete(answer: WireAnswer, sample: Sampled, usage: Usage, micro_usd: int | None) -> Completion:
    return Completion.trusted(
        text=sample.text,
        usage=usage,
        cost_micro_usd=micro_usd,
        latency_s=answer.latency_s,
        finish_reason=sample.finish_reason,
        extra=sample.extra,
        request_id=answer.request_id,
    )


def split(total: int, weights: list[int]) -> list[int]:
    """Whole numbers in proportion to `weights` (> 0) that add up to `total`."""
    sum_of_weights = sum(weights)
    seen = given = 0
    parts: list[int] = []
    for weight in weights:
        seen += weight
        parts.append(total * seen // sum_of_weights - given)
        given += parts[-1]
    return parts
