"""What a trace page shows, gathered from the trace of one answer: cards, columns, and the critical path."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from itas.core.model import is_simulated
from itas.core.money import add_prices
from itas.core.request import Completion, Usage, sum_usage
from itas.engine.answer import ComponentRecord
from itas.report.differences import Difference, compare_words, mark_new_words
from itas.report.trace_records import Call, CandidateLine, EventLine, LayerLine, MarkLine, Trace
from itas.report.trace_times import TimedCall, as_drawn, find_timeline
from itas.report.words import count

_Key = tuple[int, int, int, str]
_TEST = re.compile(r"^\s*TEST\s+\d+\s*:\s*(.+?)\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Card:
    """A candidate in one layer.

    Attributes:
        name: ``2.1`` is the first text that layer 2 wrote; it keeps its name.
        candidate: As it stands after the layer, or before it if it is not kept.
        is_new: Written in this layer.
        place: Among those that go on, 1 is first; None if it does not.
        why: Why it does not go on, in words.
        new_marks: Found out in this layer.
        has_new_critique: Written in this layer.
        difference: To the final answer; None without one, and where the text is not new.
        parents: Names of the candidates that it was written from.
        own: Its words, those that none of these candidates has marked; None where it was not written from any.
        price: Of its draw in micro-dollars; None where unpriced or not known which draw it was.
        seconds: Of the call that wrote it.
        usage: Tokens of its draw.
        is_stored: Its draw came out of the call store.
    """

    name: str
    candidate: CandidateLine
    is_new: bool
    place: int | None
    why: str
    new_marks: tuple[MarkLine, ...]
    has_new_critique: bool
    difference: Difference | None
    parents: tuple[str, ...]
    own: Difference | None
    price: int | None
    seconds: float | None
    usage: Usage | None
    is_stored: bool

    @property
    def is_hostile(self) -> bool:
        """It looks as if it were to talk to a judge."""
        return any(mark.kind == "hostile" for mark in self.candidate.marks)

    @property
    def findings(self) -> tuple[str, ...]:
        """What selectors found out in this layer, in words."""
        return tuple(describe_mark(mark) for mark in self.new_marks if mark.kind != "hostile")


@dataclass(frozen=True, slots=True)
class LayerColumn:
    """One layer: what stood before it, what stands after it, what it took; the tests that it wrote."""

    number: int
    type: str
    cards: tuple[Card, ...]
    calls: tuple[Call, ...]
    events: tuple[EventLine, ...]
    models: tuple[str, ...]
    samples: int
    price: int | None
    seconds: float
    is_degraded: bool
    tests: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TraceFacts:
    """Everything on the page; `is_as_drawn` if the times are those of when the samples were drawn."""

    columns: tuple[LayerColumn, ...]
    timeline: tuple[TimedCall, ...]
    final: str
    question: tuple[tuple[str, str], ...]
    is_simulated: bool
    is_as_drawn: bool

    @property
    def critical_s(self) -> float:
        """Seconds of the calls on the critical path."""
        return sum(each.seconds for each in self.timeline if each.is_critical)

    @property
    def all_calls_s(self) -> float:
        """Seconds of all calls, one after the other."""
        return sum(each.seconds for each in self.timeline)


def gather_trace(trace: Trace) -> TraceFacts:
    """Read the trace of one answer."""
    trace, is_as_drawn = as_drawn(trace)
    last = trace.layers[-1] if trace.layers else None
    final = trace.answer.text if trace.answer else last.candidates[0].text if last and last.candidates else ""
    return TraceFacts(
        columns=_columns(trace, final),
        timeline=find_timeline(trace),
        final=final,
        question=_question(trace),
        is_simulated=any(is_simulated(call.request.model) for call in trace.calls),
        is_as_drawn=is_as_drawn,
    )


def describe_mark(mark: MarkLine) -> str:
    """A finding in words: ``place 2``, ``passed 80 % of the tests``."""
    said = {
        "rank": f"place {mark.value:g}",
        "verified": "accepted" if mark.value >= 1 else f"accepted by {100 * mark.value:.0f} %",
        "test": f"passed {100 * mark.value:.0f} % of the tests",
        "vote": f"its answer has {100 * mark.value:.0f} % of the votes",
    }.get(mark.kind, f"{mark.kind} {mark.value:g}")
    if mark.kind == "verified" and mark.value <= 0:
        said = "not accepted"
    return f"{said}, by {mark.by}" if mark.by else said


# --- layers and cards ---------------------------------------------------------------------------------------


def _columns(trace: Trace, final: str) -> tuple[LayerColumn, ...]:
    names: dict[_Key, str] = {}
    before: tuple[CandidateLine, ...] = ()
    columns: list[LayerColumn] = []
    records = trace.answer.components if trace.answer else ()
    for layer in trace.layers:
        _name(names, layer)
        calls = tuple(call for call in trace.calls if call.layer == layer.layer)
        events = tuple(event for event in trace.events if event.layer == layer.layer)
        took = [record for record in records if record.layer == layer.layer]
        columns.append(
            LayerColumn(
                number=layer.layer + 1,
                type=layer.type,
                cards=_cards(layer, before, names, calls, final),
                calls=calls,
                events=events,
                models=tuple(dict.fromkeys(call.request.model for call in calls if call.request.model)),
                samples=_samples(took, calls),
                price=_price(took, calls),
                seconds=max((call.ended_s for call in calls), default=0.0)
                - min((call.started_s for call in calls), default=0.0),
                is_degraded=any(event.event == "degraded" for event in events),
                tests=_tests(calls) if layer.type == "unit_test_generator" else (),
            )
        )
        before = layer.candidates
    return tuple(columns)


def _name(names: dict[_Key, str], layer: LayerLine) -> None:
    fresh = [each for each in layer.candidates if each.key not in names]
    for place, candidate in enumerate(fresh, start=1):
        names.setdefault(candidate.key, f"{layer.layer + 1}.{place}")


def _cards(
    layer: LayerLine,
    before: Sequence[CandidateLine],
    names: Mapping[_Key, str],
    calls: Sequence[Call],
    final: str,
) -> tuple[Card, ...]:
    earlier = {candidate.key: candidate for candidate in before}
    draws = _Draws(calls)
    cards = [
        _card(candidate, place, earlier.get(candidate.key), before, names, draws, final)
        for place, candidate in enumerate(layer.candidates, start=1)
    ]
    writes = any(card.is_new for card in cards)
    kept = len(layer.candidates)
    for index in layer.dropped:
        if 0 <= index < len(before):
            candidate = before[index]
            why = _why(layer.type, kept, len(before), writes=writes)
            name = names.get(candidate.key, "?")
            cards.append(_gone(name, candidate, why))
    return tuple(cards)


def _gone(name: str, candidate: CandidateLine, why: str) -> Card:
    return Card(
        name=name,
        candidate=candidate,
        is_new=False,
        place=None,
        why=why,
        new_marks=(),
        has_new_critique=False,
        difference=None,
        parents=(),
        own=None,
        price=None,
        seconds=None,
        usage=None,
        is_stored=False,
    )


def _card(
    candidate: CandidateLine,
    place: int,
    old: CandidateLine | None,
    before: Sequence[CandidateLine],
    names: Mapping[_Key, str],
    draws: "_Draws",
    final: str,
) -> Card:
    call, draw = draws.take(candidate) if old is None else (None, None)
    known = () if old is None else old.marks
    parents = [before[number] for number in candidate.parents if old is None and 0 <= number < len(before)]
    return Card(
        name=names.get(candidate.key, "?"),
        candidate=candidate,
        is_new=old is None,
        place=place,
        why="",
        new_marks=tuple(mark for mark in candidate.marks if mark not in known),
        has_new_critique=candidate.critique is not None
        and (old is None or old.critique != candidate.critique),
        difference=compare_words(candidate.text, final) if old is None and final else None,
        parents=tuple(names.get(parent.key, "?") for parent in parents),
        own=mark_new_words(candidate.text, [parent.text for parent in parents]) if parents else None,
        price=None if draw is None else draw.cost_micro_usd,
        seconds=None if call is None else max(call.ended_s - call.started_s, 0.0),
        usage=None if draw is None else draw.usage,
        is_stored=draw is not None and draw.is_stored,
    )


def _tests(calls: Sequence[Call]) -> tuple[str, ...]:
    """Statements that the replies name; none where they have another form."""
    return tuple(test for call in calls for draw in call.draws for test in _TEST.findall(draw.text))


def _why(type: str, kept: int, of: int, *, writes: bool) -> str:
    if writes:
        return "read here, and replaced by what was written from it"
    return {
        "ranker": f"not the one that the ranking put first, of {of}"
        if kept == 1
        else f"not among the {count(kept, 'answer')} that the ranking put first, of {of}",
        "verifier": f"not accepted, or enough others were: {kept} of {of} go on",
        "unit_test_evaluator": f"passed fewer tests than the {kept} of {of} that go on",
        "vote": "another answer has more votes, or stands for the same answer",
        "critic": "left out: more candidates than the next layer can read",
    }.get(type, f"not selected: {kept} of {of} go on")


class _Draws:
    """Finds the draw that wrote a candidate: the same text from the same component, each once."""

    def __init__(self, calls: Sequence[Call]) -> None:
        self._left = [(call, draw) for call in calls for draw in call.draws]

    def take(self, candidate: CandidateLine) -> tuple[Call, Completion] | tuple[None, None]:
        """The call and the draw; none where the text was made from more than one."""
        for number, (call, draw) in enumerate(self._left):
            if call.component == candidate.component and draw.text.strip() == candidate.text.strip():
                return self._left.pop(number)
        return None, None


def _samples(took: Sequence[ComponentRecord], calls: Sequence[Call]) -> int:
    return sum(record.samples_used for record in took) if took else sum(len(call.draws) for call in calls)


def _price(took: Sequence[ComponentRecord], calls: Sequence[Call]) -> int | None:
    if took:
        return add_prices(record.cost_micro_usd for record in took)
    return add_prices(draw.cost_micro_usd for call in calls for draw in call.draws)


def _question(trace: Trace) -> tuple[tuple[str, str], ...]:
    """The caller's conversation as the first generator got it, unedited."""
    for call in sorted(trace.calls, key=lambda call: (call.layer, call.component, call.started_s)):
        if call.layer == 0 or call.request.messages:
            return tuple(
                (str(message.get("role", "")), str(message.get("content", "")))
                for message in call.request.messages
            )
    return ()


def tokens_of(trace: Trace) -> Usage:
    """Tokens of all draws."""
    if trace.answer is not None:
        return trace.answer.usage
    return sum_usage(draw.usage for call in trace.calls for draw in call.draws)
