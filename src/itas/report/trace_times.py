"""When the calls of an answer ran: side by side or one after the other, and the chain that the answer waited for.

Where samples came out of a call store, or from models that answer at once, the clock of this run says nothing; then
the times are those of the day when the samples were drawn, which the engine keeps for every call.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from itas.report.trace_records import Call, Trace

_EARLIER = 1e-6
_FASTER = 2.0
"""Calls that took half of what their samples once took, or less, were not made now."""


@dataclass(frozen=True, slots=True)
class TimedCall:
    """A call on the timeline; `is_critical` if the answer waited for it."""

    call: Call
    type: str
    lane: int
    is_critical: bool

    @property
    def seconds(self) -> float:
        """How long it took."""
        return max(self.call.ended_s - self.call.started_s, 0.0)

    @property
    def is_stored(self) -> bool:
        """Every draw came out of the call store."""
        return bool(self.call.draws) and all(draw.is_stored for draw in self.call.draws)


def as_drawn(trace: Trace) -> tuple[Trace, bool]:
    """The trace with the times of when its samples were drawn, where those of this run say nothing; and whether so.

    A call that failed has no such time, so with one the times stay.
    """
    took = [(call, max((draw.latency_s for draw in call.draws), default=0.0)) for call in trace.calls]
    now_s = sum(call.ended_s - call.started_s for call in trace.calls)
    if (
        any(call.path_s is None or call.error for call in trace.calls)
        or sum(s for _, s in took) < _FASTER * now_s
    ):
        return trace, False
    calls = tuple(
        call.model_copy(update={"started_s": call.path_s, "ended_s": (call.path_s or 0.0) + latency_s})
        for call, latency_s in took
    )
    return replace(trace, calls=calls), bool(calls)


def find_timeline(trace: Trace) -> tuple[TimedCall, ...]:
    """Every call with the lane it is drawn in, by layer, component and start; the critical path marked."""
    types = {layer.layer: layer.type for layer in trace.layers}
    critical = {id(call) for call in critical_path(trace.calls)}
    lanes: dict[tuple[int, int], list[float]] = {}
    found: list[TimedCall] = []
    for call in sorted(trace.calls, key=lambda call: (call.layer, call.component, call.started_s)):
        ends = lanes.setdefault((call.layer, call.component), [])
        free = [(end, lane) for lane, end in enumerate(ends) if end <= call.started_s + _EARLIER]
        lane = max(free)[1] if free else len(ends)  # what became free last is what it went on from
        if lane == len(ends):
            ends.append(call.ended_s)
        else:
            ends[lane] = call.ended_s
        found.append(TimedCall(call, types.get(call.layer, "?"), lane, id(call) in critical))
    return tuple(found)


def critical_path(calls: Sequence[Call]) -> tuple[Call, ...]:
    """The chain of calls that the answer waited for, first to last.

    From the call that ended last, back to the one that ended last before it began, in an earlier layer or in the
    same component: components of one layer do not wait for each other.
    """
    if not calls:
        return ()
    path = [max(calls, key=lambda call: (call.layer, call.ended_s))]
    while True:
        now = path[-1]
        before = [
            call
            for call in calls
            if call is not now
            and call.ended_s <= now.started_s + _EARLIER
            and call.started_s < now.started_s
            and (call.layer < now.layer or (call.layer, call.component) == (now.layer, now.component))
        ]
        if not before:
            return tuple(reversed(path))
        path.append(max(before, key=lambda call: (call.ended_s, call.layer)))
