"""A trace as JSON lines: every call with its place, prompt, replies, usage, price, times and retries; every event.

`TraceFile` writes each line when it is known, so a run that is killed leaves what it did. `trace_lines` gives the
same lines of an answer that is there.
"""

import asyncio
import itertools
import json
import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import orjson

from itas.core.architecture import Architecture
from itas.core.request import Completion, Request, Usage
from itas.engine.answer import Answer, CallRecord, EventRecord, FailedCall, LayerRecord
from itas.errors import SpecError
from itas.models.keys import mask_line

_REQUEST = tuple(
    (name, field.default) for name, field in Request.model_fields.items() if name not in ("messages", "stop")
)
_DRAW = tuple((name, field.default) for name, field in Completion.model_fields.items() if name != "usage")
_USAGE = tuple(Usage.model_fields)

_BEGIN = b'{"kind":"begin"'

_log = logging.getLogger(__name__)

TraceItem = CallRecord | FailedCall | EventRecord | LayerRecord | Answer | str
"""What is told, in the order in which it happens. A text, or the answer, is the last: why there is none."""
Tell = Callable[[TraceItem], None]


class Trace(Protocol):
    """Is told what happens in answers, several at the same time."""

    def begin(self, architecture: Architecture) -> Tell:
        """An answer is begun; what is given is told what happens in it. It must not raise."""
        ...


class ProblemTraces(Protocol):
    """The traces of a run on many problems."""

    def of(self, problem: str, *, is_judging: bool = False) -> Trace | None:
        """The trace of the answers to a problem, or of what a judge is asked about them; None where nothing is kept."""
        ...


class Traces:
    """Several traces as one."""

    def __init__(self, traces: Sequence[Trace]) -> None:
        self._traces = tuple(traces)

    def begin(self, architecture: Architecture) -> Tell:
        """See `Trace.begin`."""
        tells = [trace.begin(architecture) for trace in self._traces]

        def tell(item: TraceItem) -> None:
            for each in tells:
                each(item)

        return tell


class TraceFile:
    """Appends to a file at the end of every turn of the event loop in which something happened.

    A file that refuses ends the trace, not the answer: said once in the log. Keys that this process has read are
    masked; everything else stands as it was said. Made by `open_trace`.
    """

    def __init__(self, path: Path, file: int, *, answers: int = 0) -> None:
        self.path = path
        self._file: int | None = file
        self._numbers = itertools.count(answers + 1)
        self._lines: list[bytes] = []

    def begin(self, architecture: Architecture) -> Tell:
        """See `Trace.begin`."""
        return self.begin_about(architecture, {})

    def of(self, problem: str, *, is_judging: bool = False) -> Trace:
        """See `ProblemTraces.of`: the line with which an answer begins says which problem it is to."""
        return _About(self, {"problem": problem, **({"is_judging": True} if is_judging else {})})

    def begin_about(self, architecture: Architecture, about: Mapping[str, object]) -> Tell:
        """Like `begin`, with more in the line with which the answer begins."""
        number = next(self._numbers)
        begin = {
            "kind": "begin",
            "answer": number,
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "architecture": architecture.name,
            "fingerprint": architecture.fingerprint,
            **about,
        }
        self._add(encode(begin))

        def tell(item: TraceItem) -> None:
            self._add(encode_item(item, number))

        return tell

    def close(self) -> None:
        """Write what is left. Closing twice is fine."""
        self._write()
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _add(self, line: bytes) -> None:
        if self._file is None:
            return
        if not self._lines:
            asyncio.get_running_loop().call_soon(self._write)
        self._lines.append(line)

    def _write(self) -> None:
        if not self._lines or self._file is None:
            return
        data = mask_line(b"\n".join(self._lines) + b"\n")
        self._lines.clear()
        try:
            while data:
                data = data[os.write(self._file, data) :]
        except OSError as error:
            _log.warning("trace %s: cannot be written (%s); going on without", self.path, error.strerror)
            os.close(self._file)
            self._file = None


class _About:
    """A trace file whose answers begin with something known about them."""

    def __init__(self, file: TraceFile, about: Mapping[str, object]) -> None:
        self._file = file
        self._about = about

    def begin(self, architecture: Architecture) -> Tell:
        """See `Trace.begin`."""
        return self._file.begin_about(architecture, self._about)


def open_trace(path: Path, *, goes_on: bool = False) -> TraceFile:
    """A new trace file, instead of what was there; or one that goes on behind it, a torn last line cut off.

    Raises:
        SpecError: It cannot be written; found before anything is paid for.
    """
    try:
        answers = _heal(path) if goes_on and path.is_file() else 0
        kept = 0 if goes_on else os.O_TRUNC
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | kept
        return TraceFile(path, os.open(path, flags, 0o666), answers=answers)
    except (OSError, ValueError) as error:
        raise SpecError(
            f"a file cannot be written there; make the folder first ({error})", path=str(path)
        ) from None


def _heal(path: Path) -> int:
    """Cut off a torn last line; how many answers were begun in what is left."""
    begun = end = 0
    with path.open("rb+") as file:
        for line in file:
            if line.endswith(b"\n"):
                end += len(line)
                begun += line.startswith(_BEGIN)
        file.truncate(end)
    return begun


def encode_item(item: TraceItem, number: int) -> bytes:
    """One line of the file, as bytes: the fields of `trace_lines`, and which answer it belongs to."""
    fields = item_line(item)
    return encode({"kind": fields.pop("kind"), "answer": number, **fields})


def encode(data: object) -> bytes:
    """JSON in one line; lone surrogates as escapes."""
    try:
        return orjson.dumps(data)
    except TypeError:
        return json.dumps(data, separators=(",", ":")).encode("ascii")


def item_line(item: TraceItem) -> dict[str, Any]:
    """One line of a trace: call, failed_call, event, layer, answer, or failed."""
    return {"kind": "failed", "reason": item} if isinstance(item, str) else _fields_of(item)


def trace_lines(answer: Answer) -> Iterator[dict[str, Any]]:
    """The lines of one answer's trace, each a JSON object with a ``kind``: call, event, layer, answer."""
    for item in (*answer.calls, *answer.events, *answer.layers, answer):
        yield _fields_of(item)


def _fields_of(item: CallRecord | FailedCall | EventRecord | LayerRecord | Answer) -> dict[str, Any]:
    match item:
        case CallRecord():
            return _call_fields(item)
        case FailedCall():
            return {
                "kind": "failed_call",
                "layer": item.layer,
                "component": item.component,
                "started_s": round(item.started_s, 6),
                "ended_s": round(item.ended_s, 6),
                "request": _request_fields(item.request),
                "first": item.first,
                "n": item.n,
                "error": item.error,
                "retries": list(item.retries),
            }
        case EventRecord():
            return {
                "kind": "event",
                "layer": item.layer,
                "component": item.component,
                "event": item.kind,
                "detail": item.detail,
            }
        case LayerRecord():
            return _layer_fields(item)
        case Answer():
            return _answer_fields(item)


def _call_fields(call: CallRecord) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "kind": "call",
        "layer": call.layer,
        "component": call.component,
        "started_s": round(call.started_s, 6),
        "ended_s": round(call.ended_s, 6),
        "request": _request_fields(call.request),
        "first": call.first,
        "draws": [_draw_fields(completion) for completion in call.completions],
    }
    if call.path_s is not None:
        fields["path_s"] = round(call.path_s, 6)
    if call.retries:
        fields["retries"] = list(call.retries)
    return fields


def _request_fields(request: Request) -> dict[str, Any]:
    """What differs from the defaults; by hand, because `model_dump` takes several times as long."""
    values = request.__dict__
    fields = {name: value for name, default in _REQUEST if (value := values[name]) != default}
    if request.stop:
        fields["stop"] = list(request.stop)
    fields["messages"] = [
        {"role": each.role, "content": each.content, "extra": each.extra}
        if each.extra
        else {"role": each.role, "content": each.content}
        for each in request.messages
    ]
    return fields


def _draw_fields(completion: Completion) -> dict[str, Any]:
    values, counts = completion.__dict__, completion.usage.__dict__
    fields = {name: value for name, default in _DRAW if (value := values[name]) != default}
    if usage := {name: value for name in _USAGE if (value := counts[name])}:
        fields["usage"] = usage
    return fields


def _layer_fields(layer: LayerRecord) -> dict[str, Any]:
    return {
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
                "parents": list(candidate.origin.parents),
                "critique": candidate.critique,
                "marks": [
                    {"kind": mark.kind, "value": mark.value, "note": mark.note, "by": mark.by}
                    for mark in candidate.marks
                ],
            }
            for candidate in layer.candidates
        ],
    }


def _answer_fields(answer: Answer) -> dict[str, Any]:
    return {
        "kind": "answer",
        "text": answer.text,
        "is_degraded": answer.is_degraded,
        "samples_planned": answer.samples_planned,
        "samples_saved": answer.samples_saved,
        "samples_used": answer.samples_used,
        "samples_paid": answer.samples_paid,
        "usage": answer.usage.model_dump(),
        "cost_micro_usd": answer.cost_micro_usd,
        "paid_micro_usd": answer.paid_micro_usd,
        "latency_s": answer.latency_s,
        "wall_s": round(answer.wall_s, 6),
        "components": [record.model_dump(mode="json") for record in answer.components],
    }
