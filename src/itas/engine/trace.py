"""A trace as JSON lines: every call with its place, prompt, replies, usage, price and times; every event."""

from collections.abc import Iterator
from typing import Any

from itas.engine.answer import Answer


def trace_lines(answer: Answer) -> Iterator[dict[str, Any]]:
    """The lines of one answer's trace, each a JSON object with a ``kind``: call, event, layer, answer."""
    for call in answer.calls:
        yield {
            "kind": "call",
            "layer": call.layer,
            "component": call.component,
            "started_s": round(call.started_s, 6),
            "ended_s": round(call.ended_s, 6),
            "request": call.request.model_dump(mode="json", exclude_defaults=True),
            "first": call.first,
            "draws": [
                completion.model_dump(mode="json", exclude_defaults=True) for completion in call.completions
            ],
        }
    for event in answer.events:
        yield {
            "kind": "event",
            "layer": event.layer,
            "component": event.component,
            "event": event.kind,
            "detail": event.detail,
        }
    for layer in answer.layers:
        yield {
            "kind": "layer",
            "layer": layer.layer,
            "type": layer.type,
            "dropped": list(layer.dropped),
            "candidates": [
                {
                    "text": candidate.text,
                    "model": candidate.origin.model,
                    "layer": candidate.origin.layer,
                    "component": candidate.origin.component,
                    "sample": candidate.origin.sample,
                    "critique": candidate.critique,
                    "marks": [
                        {"kind": mark.kind, "value": mark.value, "note": mark.note, "by": mark.by}
                        for mark in candidate.marks
                    ],
                }
                for candidate in layer.candidates
            ],
        }
    yield {
        "kind": "answer",
        "text": answer.text,
        "is_degraded": answer.is_degraded,
        "samples_used": answer.samples_used,
        "samples_paid": answer.samples_paid,
        "usage": answer.usage.model_dump(),
        "cost_micro_usd": answer.cost_micro_usd,
        "paid_micro_usd": answer.paid_micro_usd,
        "latency_s": answer.latency_s,
        "wall_s": round(answer.wall_s, 6),
        "components": [record.model_dump(mode="json") for record in answer.components],
    }
