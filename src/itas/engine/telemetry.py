"""OpenTelemetry: a span for every answer and, below it, one for every call, in the words of the GenAI conventions.

Nothing happens, and nothing is imported, unless the program that uses us has set up a tracer provider: in code, or
by starting the command as ``opentelemetry-instrument itas ...``. Prompts and replies are added only where
``OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=true`` asks for them, without the keys known here.

Source: OpenTelemetry semantic conventions for generative AI, spans (status: development); what they have no name
for is called ``itas.*``.
"""

import os
import sys
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from itas.core.architecture import Architecture
from itas.core.request import Request
from itas.engine.answer import Answer, CallRecord, EventRecord, FailedCall, LayerRecord
from itas.engine.trace import (
    ProblemTraces,
    Tell,
    Trace,
    TraceFile,
    TraceItem,
    Traces,
    encode,
    open_trace,
)
from itas.models.keys import mask_line, redact

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Span, Tracer
    from opentelemetry.util.types import AttributeValue

CAPTURE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
# Our provider -> the conventions' name of it, where they differ.
_THEIR_NAMES = {
    "azure": "azure.ai.openai",
    "gemini": "gcp.gemini",
    "mistral": "mistral_ai",
    "xai": "x_ai",
}


def find_telemetry() -> "Telemetry | None":
    """What sends spans; None where nobody has set up OpenTelemetry."""
    if "opentelemetry.trace" not in sys.modules:  # whoever set it up has imported it
        return None
    from opentelemetry import trace

    if isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider | trace.NoOpTracerProvider):
        return None
    return Telemetry(trace.get_tracer("itas"))


@asynccontextmanager
async def opened_traces(path: Path | None) -> AsyncGenerator[Trace | None]:
    """The trace of a run: a file, telemetry, both or none."""
    telemetry = find_telemetry()
    if path is None:
        yield telemetry
        return
    with open_trace(path) as file:
        yield file if telemetry is None else Traces((file, telemetry))


@asynccontextmanager
async def opened_problem_traces(path: Path | None) -> AsyncGenerator[ProblemTraces]:
    """The traces of a run on many problems: a file that goes on where there is one, telemetry, both or none."""
    telemetry = find_telemetry()
    if path is None:
        yield _ProblemTraces(None, telemetry)
        return
    with open_trace(path, goes_on=True) as file:
        yield _ProblemTraces(file, telemetry)


class _ProblemTraces:
    """See `ProblemTraces`. Telemetry knows of answers only."""

    def __init__(self, file: TraceFile | None, telemetry: "Telemetry | None") -> None:
        self._file = file
        self._telemetry = telemetry

    def of(self, problem: str, *, is_judging: bool = False) -> Trace | None:
        """See `ProblemTraces.of`."""
        telemetry = None if is_judging else self._telemetry
        if self._file is None:
            return telemetry
        trace = self._file.of(problem, is_judging=is_judging)
        return trace if telemetry is None else Traces((trace, telemetry))


class Telemetry:
    """Makes spans out of what is told. Made by `find_telemetry`.

    Args:
        tracer: Of the provider that was set up.
    """

    def __init__(self, tracer: "Tracer") -> None:
        self._tracer = tracer
        self._with_content = os.environ.get(CAPTURE, "").casefold() == "true"

    def begin(self, architecture: Architecture) -> Tell:
        """See `engine.trace.Trace.begin`."""
        from opentelemetry.trace import SpanKind, Status, StatusCode, set_span_in_context

        whole = self._tracer.start_span(
            f"invoke_workflow {architecture.name}",
            kind=SpanKind.INTERNAL,
            attributes={
                "gen_ai.operation.name": "invoke_workflow",
                "gen_ai.workflow.name": architecture.name,
                "itas.architecture.fingerprint": architecture.fingerprint,
            },
        )
        inside = set_span_in_context(whole)

        def tell(item: TraceItem) -> None:
            match item:
                case CallRecord() | FailedCall():
                    self._call(item, inside)
                case EventRecord():
                    detail = redact(item.detail)
                    whole.add_event(f"itas.{item.kind}", {"itas.layer": item.layer, "itas.detail": detail})
                case LayerRecord():
                    pass
                case Answer():
                    _end_answer(whole, item)
                case str():
                    whole.set_status(Status(StatusCode.ERROR, redact(item)))
                    whole.end()

        return tell

    def _call(self, call: CallRecord | FailedCall, inside: "Context") -> None:
        from opentelemetry.trace import SpanKind, Status, StatusCode

        end_ns = time.time_ns()  # told as soon as it has ended
        span = self._tracer.start_span(
            f"chat {call.request.model_name}",
            context=inside,
            kind=SpanKind.CLIENT,
            attributes=self._about_call(call),
            start_time=end_ns - round((call.ended_s - call.started_s) * 1e9),
        )
        if isinstance(call, FailedCall):
            span.set_status(Status(StatusCode.ERROR, redact(call.error)))
        span.end(end_ns)

    def _about_call(self, call: CallRecord | FailedCall) -> Mapping[str, "AttributeValue"]:
        found: dict[str, AttributeValue] = {
            **_about_request(call.request),
            "itas.layer": call.layer,
            "itas.component": call.component,
            "itas.first_draw": call.first,
            "itas.retries": len(call.retries),
        }
        if self._with_content:
            messages = [_message(each.role, each.content) for each in call.request.messages]
            found["gen_ai.input.messages"] = _json(messages)
        if isinstance(call, FailedCall):
            found["error.type"] = "ModelError"
            if call.n > 1:
                found["gen_ai.request.choice.count"] = call.n
            return found
        draws = call.completions
        if len(draws) > 1:
            found["gen_ai.request.choice.count"] = len(draws)
        found["gen_ai.response.finish_reasons"] = [draw.finish_reason for draw in draws]
        found["gen_ai.usage.input_tokens"] = sum(draw.usage.tokens_in for draw in draws)
        found["gen_ai.usage.output_tokens"] = sum(draw.usage.tokens_out for draw in draws)
        cached = sum(draw.usage.tokens_cached for draw in draws)
        if cached:
            found["gen_ai.usage.cache_read.input_tokens"] = cached
        request_id = next((draw.request_id for draw in draws if draw.request_id), None)
        if request_id:
            found["gen_ai.response.id"] = request_id
        found["itas.samples_paid"] = sum(not draw.is_stored for draw in draws)
        costs = [draw.cost_micro_usd for draw in draws if draw.cost_micro_usd is not None]
        if len(costs) == len(draws):
            found["itas.cost_micro_usd"] = sum(costs)
        if self._with_content:
            replies = [{**_message("assistant", d.text), "finish_reason": d.finish_reason} for d in draws]
            found["gen_ai.output.messages"] = _json(replies)
        return found


def _about_request(request: Request) -> dict[str, "AttributeValue"]:
    found: dict[str, AttributeValue] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": _THEIR_NAMES.get(request.provider, request.provider),
        "gen_ai.request.model": request.model_name,
    }
    if request.temperature is not None:
        found["gen_ai.request.temperature"] = request.temperature
    if request.max_tokens is not None:
        found["gen_ai.request.max_tokens"] = request.max_tokens
    if request.stop:
        found["gen_ai.request.stop_sequences"] = list(request.stop)
    return found


def _end_answer(span: "Span", answer: Answer) -> None:
    usage = answer.usage
    span.set_attributes(
        {
            "gen_ai.usage.input_tokens": usage.tokens_in,
            "gen_ai.usage.output_tokens": usage.tokens_out,
            "itas.samples_used": answer.samples_used,
            "itas.samples_paid": answer.samples_paid,
            "itas.is_degraded": answer.is_degraded,
        }
    )
    if answer.cost_micro_usd is not None:
        span.set_attribute("itas.cost_micro_usd", answer.cost_micro_usd)
    span.end()


def _message(role: str, content: str) -> dict[str, object]:
    return {"role": role, "parts": [{"type": "text", "content": content}]}


def _json(data: object) -> str:
    return mask_line(encode(data)).decode("utf-8", "replace")
