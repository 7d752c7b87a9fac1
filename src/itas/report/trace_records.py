"""The lines of a trace, read: what `itas answer --trace` and a server write (see `itas.engine.trace`)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from itas.core.request import Completion, Usage
from itas.engine.answer import ComponentRecord
from itas.errors import DataError

KINDS = frozenset({"trace", "begin", "call", "failed_call", "event", "layer", "answer", "failed"})


class _Line(BaseModel):
    """A line may say more than is shown."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Asked(_Line):
    """The request of a call, as far as a page shows it."""

    model: str = ""
    messages: tuple[dict[str, Any], ...] = ()


class Call(_Line):
    """One call; `error` where it brought nothing."""

    layer: int
    component: int
    started_s: float = 0.0
    ended_s: float = 0.0
    request: Asked = Asked()
    first: int = 0
    n: int = 0
    draws: tuple[Completion, ...] = ()
    retries: tuple[str, ...] = ()
    path_s: float | None = None
    error: str = ""


class MarkLine(_Line):
    """What a selector found out about a candidate."""

    kind: str
    value: float = 0.0
    note: str = ""
    by: str = ""


class CandidateLine(_Line):
    """One candidate after a layer."""

    text: str
    model: str = ""
    layer: int = 0
    component: int = 0
    sample: int = 0
    parents: tuple[int, ...] = ()
    critique: str | None = None
    marks: tuple[MarkLine, ...] = ()

    @property
    def key(self) -> tuple[int, int, int, str]:
        """Who it is, in every layer."""
        return self.layer, self.component, self.sample, self.text


class LayerLine(_Line):
    """What stood after a layer; `dropped` are numbers in its input."""

    layer: int
    type: str
    dropped: tuple[int, ...] = ()
    candidates: tuple[CandidateLine, ...] = ()


class EventLine(_Line):
    """Something that did not go as described."""

    layer: int
    component: int
    event: str
    detail: str = ""


class AnswerLine(_Line):
    """The answer, and what it took."""

    text: str
    is_degraded: bool = False
    samples_used: int = 0
    samples_paid: int = 0
    usage: Usage = Usage()
    cost_micro_usd: int | None = None
    paid_micro_usd: int = 0
    latency_s: float = 0.0
    wall_s: float = 0.0
    components: tuple[ComponentRecord, ...] = ()


@dataclass(frozen=True, slots=True)
class Trace:
    """One answer as its trace tells it.

    Attributes:
        number: Of the answer in its file.
        architecture: Name; empty where the trace does not say.
        at: When it was begun, ISO 8601.
        calls: In the order in which they ended, failed ones too.
        layers: In order; those that were done.
        answer: None where there is none.
        failure: Why there is none; empty where the trace ends without saying.
    """

    number: int
    architecture: str = ""
    at: str = ""
    calls: tuple[Call, ...] = ()
    events: tuple[EventLine, ...] = ()
    layers: tuple[LayerLine, ...] = ()
    answer: AnswerLine | None = None
    failure: str = ""


class _Collected(_Line):
    model_config = ConfigDict(frozen=False, extra="ignore")

    architecture: str = ""
    at: str = ""
    calls: list[Call] = Field(default_factory=list[Call])
    events: list[EventLine] = Field(default_factory=list[EventLine])
    layers: list[LayerLine] = Field(default_factory=list[LayerLine])
    answer: AnswerLine | None = None
    failure: str = ""


def read_traces(lines: Iterable[Mapping[str, Any]]) -> tuple[Trace, ...]:
    """All answers of a trace, in order. Lines of unknown kinds are left out.

    Raises:
        DataError: A line is not what it says it is; says which.
    """
    found: dict[int, _Collected] = {}
    for number, line in enumerate(lines, start=1):
        kind = line.get("kind")
        if kind not in KINDS or kind == "trace":
            continue
        which = line.get("answer", line.get("answer_number", 0))
        collected = found.setdefault(which if isinstance(which, int) else 0, _Collected())
        try:
            _collect(collected, str(kind), line)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(str(part) for part in first["loc"])
            raise DataError(f"line {number} of the trace ({kind}): {place}: {first['msg']}") from None
    return tuple(
        Trace(
            number,
            each.architecture,
            each.at,
            tuple(each.calls),
            tuple(each.events),
            tuple(sorted(each.layers, key=lambda layer: layer.layer)),
            each.answer,
            each.failure,
        )
        for number, each in sorted(found.items())
    )


def _collect(collected: _Collected, kind: str, line: Mapping[str, Any]) -> None:
    match kind:
        case "begin":
            collected.architecture = str(line.get("architecture", ""))
            collected.at = str(line.get("at", ""))
        case "call" | "failed_call":
            collected.calls.append(Call.model_validate(line))
        case "event":
            collected.events.append(EventLine.model_validate(line))
        case "layer":
            collected.layers.append(LayerLine.model_validate(line))
        case "answer":
            collected.answer = AnswerLine.model_validate(line)
        case _:
            collected.failure = str(line.get("reason", ""))
