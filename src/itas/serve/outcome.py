"""What came of one request: texts, and what all calls of it took together."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple

from itas.core.money import MICRO, add_prices
from itas.core.request import Completion, Usage, sum_usage
from itas.engine import Answer, ComponentRecord
from itas.serve.served import Served
from itas.serve.stopping import find_stop

Finish = Literal["stop", "length", "content_filter", "tool_calls"]


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer as the caller gets it.

    Attributes:
        text: The answer.
        finish: Why it ended.
        calls: Of the caller's tools.
        index: Its number among those that were asked for.
        refusal: Why there is no text: the models did not give the form that was asked for. Where OpenAI's clients look
            for the reason why there is nothing to parse.
    """

    text: str
    finish: Finish
    calls: tuple[dict[str, Any], ...] = ()
    index: int = 0
    refusal: str | None = None


class Totals(NamedTuple):
    """What all answers took together; `cost` is None if any call is unpriced. In millionths of a dollar."""

    usage: Usage
    cost: int | None
    paid: int
    samples_used: int
    samples_paid: int


@dataclass(frozen=True)
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

    @cached_property
    def totals(self) -> Totals:
        """Over all answers."""
        records = [record for answer in self.answers for record in answer.components]
        if len(records) == 1:
            (one,) = records
            return Totals(
                one.usage, one.cost_micro_usd, one.paid_micro_usd, one.samples_used, one.samples_paid
            )
        return Totals(
            usage=sum_usage([each.usage for each in records]),
            cost=add_prices([each.cost_micro_usd for each in records]),
            paid=sum([each.paid_micro_usd for each in records]),
            samples_used=sum([each.samples_used for each in records]),
            samples_paid=sum([each.samples_paid for each in records]),
        )

    @property
    def usage(self) -> Usage:
        """Tokens of all calls."""
        return self.totals.usage

    def headers(self) -> list[tuple[bytes, bytes]]:
        """Price, for clients that read headers."""
        totals = self.totals
        found = [
            (b"x-itas-cost-usd", usd_text(totals.cost).encode("ascii")),
            (b"x-itas-samples", b"%d" % totals.samples_used),
        ]
        if self.is_cut:
            found.append((b"x-itas-cut", b"true"))
        if self.not_applied:
            found.append((b"x-itas-not-applied", ", ".join(self.not_applied).encode("ascii")))
        return found

    @property
    def is_cut(self) -> bool:
        """A deadline or a cap ended the work; what is given is the best so far."""
        return self._cut is not None

    @cached_property
    def _cut(self) -> str | None:
        for answer in self.answers:
            if answer.cut is not None:
                return answer.cut
        return "budget" if len(self.choices) < self.asked else None

    def data(self) -> dict[str, Any]:
        """The extra field ``itas`` of a reply."""
        answers, totals = self.answers, self.totals
        events = _events(answers)
        return {
            "trace_id": self.trace_id,
            "model": self.served.id,
            "fingerprint": self.served.architecture.fingerprint,
            "is_simulated": self.served.is_simulated,
            "cost_usd": _usd(totals.cost),
            "paid_usd": totals.paid / MICRO,
            "samples_used": totals.samples_used,
            "samples_paid": totals.samples_paid,
            "latency_s": round(max([answer.wall_s for answer in answers]), 4),
            "is_degraded": "degraded" in events,
            "cut": self._cut,
            "not_applied": self.not_applied,
            "events": events,
            "components": [
                {"answer": choice.index, **progress_data(record)}
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


def progress_data(record: ComponentRecord) -> dict[str, Any]:
    """One component that is done, for those who asked to be told."""
    return {
        "layer": record.layer,
        "component": record.component,
        "type": record.type,
        "models": record.models,
        "samples_used": record.samples_used,
        "samples_paid": record.samples_paid,
        "prompt_tokens": record.usage.tokens_in,
        "completion_tokens": record.usage.tokens_out,
        "cost_usd": _usd(record.cost_micro_usd),
        "latency_s": round(record.latency_s, 4),
        "events": record.events,
    }


def _usd(micro_usd: int | None) -> float | None:
    return None if micro_usd is None else micro_usd / MICRO


def _events(answers: Sequence[Answer]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for answer in answers:
        for event in answer.events:
            counts[event.kind] = counts.get(event.kind, 0) + 1
    return counts


def _models(answers: Sequence[Answer]) -> dict[str, dict[str, Any]]:
    drawn: dict[str, list[Completion]] = {}
    for answer in answers:
        for call in answer.calls:
            drawn.setdefault(call.request.model, []).extend(call.completions)
    return {
        model: {
            "samples_used": len(draws),
            "prompt_tokens": sum([each.usage.tokens_in for each in draws]),
            "completion_tokens": sum([each.usage.tokens_out for each in draws]),
            "cost_usd": _usd(add_prices([each.cost_micro_usd for each in draws])),
        }
        for model, draws in drawn.items()
    }
