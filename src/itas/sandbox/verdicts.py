"""From how the processes of a run ended to a verdict. Made here, outside the sandbox, from facts of the kernel
and, for tests with assertions, from the tester's own record.
"""

import json
import math
import re
import signal
from collections.abc import Mapping, Sequence
from typing import Any, cast

from itas.core.execution import CodeLimits, CodeOutcome, CodeVerdict, InputTest

_MAX_DETAIL = 300
_DECIMAL = re.compile(r"[-+]?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})(?:[eE][-+]?[0-9]{1,3})?")
_WORDS = frozenset({"passed", "failed", "error", "memory"})


def judge_call(
    reply: Mapping[str, Any], record: bytes, nonce: str, limits: CodeLimits, *, is_weak: bool
) -> CodeOutcome:
    """Of a test with assertions.

    Args:
        reply: How its processes ended, the tester first.
        record: What the tester wrote on its own descriptor.
        nonce: What only the tester was told.
        limits: Of each process.
        is_weak: Whether tester and candidate were one process.
    """
    said = _read_record(record, nonce)
    gone = str(said.get("gone", ""))
    limit = _find_limit(reply, limits)
    detail = str(said.get("detail", ""))
    if limit:
        verdict, detail = limit, _describe_limit(limit, limits)
    elif gone in ("output", "memory"):
        verdict = cast("CodeVerdict", gone)
    elif (found := _find_signal(reply)) is not None:
        verdict, detail = found
    elif gone == "early":
        verdict, detail = "crash", detail or "the candidate's process ended early"
    elif (word := str(said.get("verdict"))) in _WORDS:
        verdict = cast("CodeVerdict", word)
    else:
        verdict, detail = "crash", "the tests ended early"
    if "unsendable" in said:
        verdict, detail = "error", f"cannot be judged from another process ({said['unsendable']}): {detail}"
    return _outcome(verdict, detail, reply, is_weak=is_weak)


def needs_weak(record: bytes, nonce: str) -> bool:
    """Whether it was the tests that asked for what cannot cross between processes, not the candidate's result."""
    return _read_record(record, nonce).get("unsendable") in ("class", "argument")


def judge_input(
    reply: Mapping[str, Any], out: bytes, error: bytes, test: InputTest, limits: CodeLimits
) -> CodeOutcome:
    """Of a program that reads and prints; compared here, where the program cannot reach."""
    cap = limits.output_kb * 1024
    code = int(reply["ends"][0]["code"])
    last = error.decode("utf-8", "replace").strip().rpartition("\n")[2]
    limit = _find_limit(reply, limits)
    if limit:
        return _outcome(limit, _describe_limit(limit, limits), reply)
    if len(out) >= cap or len(error) >= cap or code == -signal.SIGXFSZ:
        return _outcome("output", _describe_limit("output", limits), reply)
    if (found := _find_signal(reply)) is not None:
        return _outcome(*found, reply)
    if code:
        return _outcome(
            "memory" if last.startswith("MemoryError") else "error", last or f"exit {code}", reply
        )
    difference = find_difference(out.decode("utf-8", "replace"), test.expected, tolerance=test.tolerance)
    return _outcome("failed" if difference else "passed", difference, reply)


def find_difference(out: str, expected: str, *, tolerance: float | None = None) -> str:
    """The first line that differs, in words; empty where the texts are equal but for blanks at ends, and for
    rounding where there is a tolerance (see `core.execution.InputTest`)."""
    got, wanted = _lines(out), _lines(expected)
    for number, (line, other) in enumerate(zip(got, wanted, strict=False), 1):
        if line != other and (tolerance is None or not _is_close_line(line, other, tolerance)):
            return f"line {number}: expected {other[:100]!r}, got {line[:100]!r}"
    if len(got) != len(wanted):
        return f"expected {len(wanted)} lines, got {len(got)}"
    return ""


def _is_close_line(line: str, expected: str, tolerance: float) -> bool:
    got, wanted = line.split(), expected.split()
    return len(got) == len(wanted) and all(
        one == other or _is_close(one, other, tolerance) for one, other in zip(got, wanted, strict=True)
    )


def _is_close(text: str, expected: str, tolerance: float) -> bool:
    """Whole numbers must be equal: a count that is nearly right is wrong."""
    if not (_DECIMAL.fullmatch(text) and _DECIMAL.fullmatch(expected)) or expected.lstrip("+-").isdigit():
        return False
    wanted = float(expected)
    return math.isfinite(wanted) and abs(float(text) - wanted) <= tolerance * max(1.0, abs(wanted))


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip().splitlines()]


def _read_record(record: bytes, nonce: str) -> dict[str, Any]:
    """The tester's record, empty unless it carries the nonce."""
    try:
        said = json.loads(record)
    except (ValueError, RecursionError):
        return {}
    if type(said) is not dict:
        return {}
    record_said = cast("dict[str, Any]", said)
    return record_said if record_said.get("nonce") == nonce else {}


def _find_limit(reply: Mapping[str, Any], limits: CodeLimits) -> CodeVerdict | None:
    """Whether time was up: CPU time is the judge, wall time stops what sleeps."""
    ends: Sequence[Mapping[str, Any]] = reply["ends"]
    if any(end["cpu_s"] > limits.cpu_s or end["code"] == -signal.SIGXCPU for end in ends):
        return "timeout"
    return "timeout" if reply["why"] == "wall" else None


def _describe_limit(limit: CodeVerdict, limits: CodeLimits) -> str:
    if limit == "output":
        return f"wrote more than {limits.output_kb} KB"
    return f"more than {limits.cpu_s:g} s of CPU time, or asleep for longer than that allows"


def _find_signal(reply: Mapping[str, Any]) -> tuple[CodeVerdict, str] | None:
    """Of a process that a signal ended, before we did."""
    for end in reply["ends"]:
        code = int(end["code"])
        if code < 0 and not end["was_alive"]:
            if code == -signal.SIGKILL:
                return "memory", "killed; most likely the machine was out of memory"
            return (
                "crash",
                f"ended by {signal.Signals(-code).name if -code in _SIGNALS else f'signal {-code}'}",
            )
    return None


_SIGNALS = frozenset(signal.Signals)


def _outcome(
    verdict: CodeVerdict, detail: str, reply: Mapping[str, Any], *, is_weak: bool = False
) -> CodeOutcome:
    ends: Sequence[Mapping[str, Any]] = reply["ends"]
    return CodeOutcome(
        verdict=verdict,
        detail="" if verdict == "passed" else _clean(detail),
        cpu_s=round(sum(end["cpu_s"] for end in ends), 4),
        peak_mb=math.ceil(max(end["peak_kb"] for end in ends) / 1024),
        is_weak=is_weak,
    )


def _clean(text: str) -> str:
    """Short, and text that can be written: without lone surrogates and control characters."""
    kept = "".join(char if char.isprintable() else " " for char in text[:_MAX_DETAIL])
    return kept.encode("utf-8", "replace").decode("utf-8")
