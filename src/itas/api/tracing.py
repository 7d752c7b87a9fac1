"""Traces of runs on many problems: where they lie, and the answers to one problem."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from itas.errors import DataError, SpecError

TRACE = "trace.jsonl"


@dataclass(frozen=True, slots=True)
class Traced:
    """An answer in the trace of a run.

    Attributes:
        number: In the file.
        problem: Its id.
        architecture: Name.
        fingerprint: Of the architecture.
    """

    number: int
    problem: str
    architecture: str
    fingerprint: str


def check_traceable(where: str | None, *, is_wanted: bool) -> None:
    """Refuse a trace that nobody would write.

    Raises:
        SpecError: It is wanted, and answers are made on other machines.
    """
    if is_wanted and where is not None:
        raise SpecError("a trace is written where the answers are made. Leave out --where", path="trace")


def find_trace(folder: Path, *, is_wanted: bool) -> Path | None:
    """The file that the trace of a run goes to; None where none is wanted, now or when the run was begun."""
    path = folder / TRACE
    return path if is_wanted or path.is_file() else None


def list_traced(run: Path, problem: str) -> tuple[Traced, ...]:
    """The answers to a problem that the trace of a run has, those of judges left out, in their order.

    Raises:
        SpecError: The run has no trace, or no answer to that problem.
        DataError: It is damaged.
    """
    path = run / TRACE
    if not path.is_file():
        raise SpecError(
            f"{run}: this run has no trace. Traces are written with --trace, from the start or when it is resumed"
        )
    begun = [begin for begin in (_begin(line) for line in _lines(path)) if begin is not None]
    found = tuple(
        Traced(
            number=int(begin["answer"]),
            problem=str(begin.get("problem", "")),
            architecture=str(begin.get("architecture", "")),
            fingerprint=str(begin.get("fingerprint", "")),
        )
        for begin in begun
        if begin.get("problem") == problem and not begin.get("is_judging")
    )
    if not found:
        known = list(dict.fromkeys(str(begin.get("problem", "")) for begin in begun))
        few = ", ".join(known[:5]) + (f" and {len(known) - 5} more" if len(known) > 5 else "")
        raise SpecError(f"no answer to '{problem}' is in the trace. It has: {few or 'none'}", path="problem")
    return found


def find_traced(
    run: Path, problem: str, *, answer: int | None = None, preferred: str | None = None
) -> Traced:
    """One answer to a problem: that number; else the last of the preferred architecture, given by its fingerprint, or
    of any.

    Raises:
        SpecError: There is none; see `list_traced`.
        DataError: The trace is damaged.
    """
    found = list_traced(run, problem)
    if answer is None:
        return next((each for each in reversed(found) if each.fingerprint == preferred), found[-1])
    chosen = next((each for each in found if each.number == answer), None)
    if chosen is None:
        known = ", ".join(f"{each.number} ({each.architecture})" for each in found[:10])
        raise SpecError(f"no answer {answer} to '{problem}' is in the trace. It has: {known}", path="answer")
    return chosen


def load_traced(run: Path, number: int) -> list[Mapping[str, Any]]:
    """The lines of one answer.

    Raises:
        DataError: The file is damaged.
    """
    wanted = f'"answer":{number},'.encode()
    return [_parse(run / TRACE, line) for line in _lines(run / TRACE) if wanted in line[:80]]


def _lines(path: Path) -> Iterator[bytes]:
    """Whole lines; one that is being written is left out."""
    try:
        with path.open("rb") as file:
            for line in file:
                if line.endswith(b"\n"):
                    yield line
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None


def _begin(line: bytes) -> Mapping[str, Any] | None:
    return _parse(Path(TRACE), line) if line.startswith(b'{"kind":"begin"') else None


def _parse(path: Path, line: bytes) -> Mapping[str, Any]:
    try:
        found: object = json.loads(line)
    except ValueError as error:
        raise DataError(f"{path}: not JSON: {error}") from None
    if not isinstance(found, dict):
        raise DataError(f"{path}: expected objects")
    return cast("Mapping[str, Any]", found)
