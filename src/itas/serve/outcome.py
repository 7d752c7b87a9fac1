"""What came of one request: texts, and what all calls of it took together."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from itas.core.money import MICRO, add_prices
from itas.core.request import Usage, UsageSum, sum_usage
from itas.engine import Answer
from itas.serve.served import Served
from itas.serve.stopping import find_stop

Finish = Literal["stop", "length", "content_filter", "tool_calls"]


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer as the caller gets it; `index` is its number among those that were asked for."""

    text: str
    finish: Finish
    calls: tuple[dict[str, Any], ...] = ()
    index: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """All answers to one request.

    Attributes:
        choices: In order; fewer than asked for where caps or the deadline kept some back.
        answers: How they came about.
        served: Which architecture.
        trace_id: Opens the trace.
        not_applied: Fields of the request that this architecture has no place for.
        asked: How many answers.
    """

    choices: tuple[Choice, ...]
    answers: tuple[Answer, ...]
    served: Served
    trace_id: str
    not_applied: tuple[str, ...] = ()
    asked: int = 1

    @property
    def usage(self) -> Usage:
        """Tokens of all calls."""
        if len(self.answers) == 1:
            return self.answers[0].usage
        return sum_usage(answer.usage for answer in self.answers)

    @property
    def cost_micro_usd(self) -> int | None:
        """Price of all calls; None if any is unpriced."""
        return add_prices(answer.cost_micro_usd for answer in self.answers)

    def headers(self) -> list[tuple[bytes, bytes]]:
        """Price and trace, for clients that read headers."""
        samples = sum(answer.samples_used for answer in self.answers)
        found = [
            (b"x-itas-trace-id", self.trace_id.encode("ascii")),
            (b"x-itas-cost-usd", usd_text(self.cost_micro_usd).encode("ascii")),
            (b"x-itas-samples", b"%d" % samples),
        ]
        if self.is_cut:
            found.append((b"x-itas-cut", b"true"))
        if self.not_applied:
            found.append((b"x-itas-not-applied", ", ".join(self.not_applied).encode("ascii")))
        return found

    @property
    def is_cut(self) -> bool:
        """A deadline or a cap ended the work; what is given is the best so far."""
        return len(self.choices) < self.asked or any(answer.cut for answer in self.answers)

    @property
    def _cut(self) -> str | None:
        cut = next((answer.cut for answer in self.answers if answer.cut), None)
        return "budget" if cut is None and len(self.choices) < self.asked else cut

    def data(self) -> dict[str, Any]:
        """The extra field ``itas`` of a reply."""
        answers = self.answers
        return {
            "trace_id": self.trace_id,
            "model": self.served.id,
            "fingerprint": self.served.architecture.fingerprint,
            "is_simulated": self.served.is_simulated,
            "cost_usd": _usd(self.cost_micro_usd),
            "paid_usd": _usd(sum(answer.paid_micro_usd for answer in answers)),
            "samples_used": sum(answer.samples_used for answer in answers),
            "samples_paid": sum(answer.samples_paid for answer in answers),
            "latency_s": round(max(answer.wall_s for answer in answers), 4),
            "is_degraded": any(answer.is_degraded for answer in answers),
            "cut": self._cut,
            "not_applied": list(self.not_applied),
            "events": _events(answers),
            "components": [
                {"answer": choice.index, **_component(record)}
                for choice, answer in zip(self.choices, answers, strict=True)
                for record in answer.components
            ],
            "models": _models(answers),
        }


def make_choice(answer: Answer, stops: Sequence[str], index: int = 0) -> Choice:
    """The answer as the caller gets it: cut before a stop text, with the reason why it ended."""
    end = find_stop(answer.text, stops) if stops else None
    if end is not None:
        return Choice(answer.text[:end], "stop", index=index)
    return Choice(answer.text, finish_reason(answer), index=index)


def finish_reason(answer: Answer) -> Finish:
    """Why the text ended, as the call that wrote it says."""
    for call in reversed(answer.calls):
        for completion in call.completions:
            if completion.text == answer.text:
                reason = completion.finish_reason
                return reason if reason in ("length", "content_filter") else "stop"
    return "length" if answer.cut else "stop"  # no call ended with this text: it was cut off


def usage_data(usage: Usage) -> dict[str, Any]:
    """Tokens as chat completions count them."""
    return {
        "prompt_tokens": usage.tokens_in,
        "completion_tokens": usage.tokens_out,
        "total_tokens": usage.tokens_in + usage.tokens_out,
        "prompt_tokens_details": {"cached_tokens": usage.tokens_cached, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": usage.tokens_reasoning,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def usd_text(micro_usd: int | None) -> str:
    """Dollars in six places, or ``unpriced``."""
    return "unpriced" if micro_usd is None else f"{micro_usd / MICRO:.6f}"


def progress_data(record: Any) -> dict[str, Any]:
    """One component that is done, for those who asked to be told."""
    return _component(record)


def _usd(micro_usd: int | None) -> float | None:
    return None if micro_usd is None else micro_usd / MICRO


def _component(record: Any) -> dict[str, Any]:
    return {
        "layer": record.layer,
        "component": record.component,
        "type": record.type,
        "models": list(record.models),
        "samples_used": record.samples_used,
        "samples_paid": record.samples_paid,
        "prompt_tokens": record.usage.tokens_in,
        "completion_tokens": record.usage.tokens_out,
        "cost_usd": _usd(record.cost_micro_usd),
        "latency_s": round(record.latency_s, 4),
        "events": dict(record.events),
    }


def _events(answers: Sequence[Answer]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for answer in answers:
        for event in answer.events:
            counts[event.kind] = counts.get(event.kind, 0) + 1
    return counts


def _models(answers: Sequence[Answer]) -> dict[str, dict[str, Any]]:
    tokens: dict[str, UsageSum] = {}
    samples: dict[str, int] = {}
    costs: dict[str, list[int | None]] = {}
    for answer in answers:
        for call in answer.calls:
            model = call.request.model
            total = tokens.setdefault(model, UsageSum())
            for completion in call.completions:
                total.add(completion.usage)
                costs.setdefault(model, []).append(completion.cost_micro_usd)
            samples[model] = samples.get(model, 0) + len(call.completions)
    found: dict[str, dict[str, Any]] = {}
    for model, total in tokens.items():
        usage = total.total()
        found[model] = {
            "samples_used": samples[model],
            "prompt_tokens": usage.tokens_in,
            "completion_tokens": usage.tokens_out,
            "cost_usd": _usd(add_prices(costs[model])),
        }
    return found
