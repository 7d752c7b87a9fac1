"""What a run found as flat tables: CSV that a spreadsheet opens without running anything, and Parquet."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from itas.core.observation import Observation
from itas.core.problem import Outcome, Score
from itas.errors import DataError, Error
from itas.report.evaluation_facts import Evaluated
from itas.report.words import describe_architecture
from itas.search.records import StudyResult

Kind = Literal["text", "number", "count"]
Value = str | float | int | None

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


@dataclass(frozen=True, slots=True)
class Table:
    """Named columns with a kind each, and rows in their order."""

    columns: Mapping[str, Kind]
    rows: tuple[tuple[Value, ...], ...]


_OUTCOME: dict[str, Kind] = {
    "score": "number",
    "extracted": "text",
    "unscored": "text",
    "detail": "text",
}
_TAKEN: dict[str, Kind] = {
    "samples_used": "count",
    "samples_paid": "count",
    "cost_usd": "number",
    "paid_usd": "number",
    "latency_s": "number",
    "events": "text",
}


def tabulate_problems(contestants: Sequence[Evaluated]) -> Table:
    """A row for every problem and architecture of an evaluation."""
    columns: dict[str, Kind] = {
        "architecture": "text",
        "problem": "text",
        **_OUTCOME,
        **_TAKEN,
        "wall_s": "number",
        "tags": "text",
        "answer": "text",
    }
    rows = [
        (
            each.name,
            result.problem_id,
            *_outcome(result.outcome),
            *_taken(result.to_observation()),
            result.wall_s,
            _json(result.tags),
            result.text,
        )
        for each in contestants
        for result in each.results
    ]
    return Table(columns, tuple(rows))


def tabulate_components(contestants: Sequence[Evaluated]) -> Table:
    """A row for every component of every architecture of an evaluation."""
    columns: dict[str, Kind] = {
        "architecture": "text",
        "layer": "count",
        "component": "count",
        "type": "text",
        "models": "text",
        "answers": "count",
        "samples_used": "count",
        "samples_paid": "count",
        "tokens_in": "count",
        "tokens_out": "count",
        "cost_usd": "number",
        "paid_usd": "number",
        "latency_median_s": "number",
        "events": "text",
    }
    rows = [
        (
            each.name,
            part.layer + 1,
            part.component + 1,
            part.type,
            ", ".join(part.models),
            part.answers,
            part.samples_used,
            part.samples_paid,
            part.usage.tokens_in,
            part.usage.tokens_out,
            _usd(part.cost_micro_usd),
            _usd(part.paid_micro_usd),
            part.latency_median_s,
            _json(part.events),
        )
        for each in contestants
        for part in each.summary.components
    ]
    return Table(columns, tuple(rows))


def tabulate_contestants(result: StudyResult) -> Table:
    """A row for every held-out problem and contestant of a search."""
    columns: dict[str, Kind] = {
        "roles": "text",
        "architecture": "text",
        "problem": "text",
        **_OUTCOME,
        **_TAKEN,
    }
    rows = [
        (
            ", ".join(entry.roles),
            describe_architecture(entry.architecture),
            each.problem_id,
            *_outcome(each.outcome),
            *_taken(each),
        )
        for entry in result.contestants
        for each in entry.observations
    ]
    return Table(columns, tuple(rows))


def tabulate_trials(result: StudyResult) -> Table:
    """A row for every trial of a search; numbers below 0 are the models alone."""
    columns: dict[str, Kind] = {
        "trial": "count",
        "point": "count",
        "state": "text",
        "reason": "text",
        "mean": "number",
        "problems": "count",
    }
    rows = [
        (trial.number, trial.point, trial.state, trial.reason, trial.mean, trial.n) for trial in result.trials
    ]
    return Table(columns, tuple(rows))


def to_csv(table: Table) -> str:
    """CSV (RFC 4180) with a line of names; text that a spreadsheet would run as a formula gets an apostrophe."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(table.columns)
    for row in table.rows:
        writer.writerow(["" if value is None else _inert(value) for value in row])
    return stream.getvalue()


def write_parquet(table: Table, path: Path) -> None:
    """Write a Parquet file, text as it is.

    Raises:
        DataError: It cannot be written.
        Error: The package of the extra ``parquet`` is missing; says how to install it.
    """
    from importlib import import_module

    try:
        core: Any = import_module("arro3.core")
        files: Any = import_module("arro3.io")
    except ImportError as error:
        raise Error(f"Parquet needs {error.name}. Install it: pip install 'itas[parquet]'") from None
    types = {
        "text": core.DataType.string(),
        "number": core.DataType.float64(),
        "count": core.DataType.int64(),
    }
    columns = {
        name: core.Array([_plain(row[place]) for row in table.rows], types[kind])
        for place, (name, kind) in enumerate(table.columns.items())
    }
    beside = path.with_name(f".{path.name}.new")
    try:
        with beside.open("wb") as stream:
            files.write_parquet(core.Table.from_pydict(columns), stream)
        beside.replace(path)
    except OSError as error:
        raise DataError(f"{path}: cannot be written ({error.strerror})") from None


def _outcome(outcome: Outcome) -> tuple[Value, Value, Value, Value]:
    if isinstance(outcome, Score):
        return outcome.value, outcome.answer, None, None
    return None, None, str(outcome.reason), outcome.detail


def _taken(entry: Observation) -> tuple[Value, ...]:
    return (
        entry.samples_used,
        entry.samples_paid,
        _usd(entry.cost_micro_usd),
        _usd(entry.paid_micro_usd),
        entry.latency_s,
        _json(entry.events),
    )


def _usd(micro_usd: int | None) -> float | None:
    return None if micro_usd is None else micro_usd / 1e6


def _json(data: Mapping[Any, Any]) -> str | None:
    return json.dumps(data, ensure_ascii=False, sort_keys=True) if data else None


def _inert(value: Value) -> Value:
    if isinstance(value, str):
        value = value.replace("\x00", "\ufffd")
        return f"'{value}" if value.lstrip(" ").startswith(_FORMULA) else value
    return value


def _plain(value: Value) -> Value:
    """Half a surrogate pair has no UTF-8."""
    return value.encode("utf-8", "replace").decode("utf-8") if isinstance(value, str) else value
