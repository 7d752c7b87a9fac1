"""Evaluations on disk: ``results.jsonl`` grows as results come, ``summary.json`` is written at the end."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import ValidationError

from itas.errors import DataError
from itas.evaluation.records import Evaluation, ProblemResult, Summary

RESULTS = "results.jsonl"
SUMMARY = "summary.json"


class ResultWriter:
    """Appends results to a file, one line each, flushed to the operating system at once.

    A line that a killed process left half-written is cut off when the file is opened, so that it is not
    glued to the next one. Use it as a context manager; `append` fits `evaluate(on_result=...)`.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("ab")
        _cut_torn_line(path)

    def append(self, result: ProblemResult) -> None:
        """Write one result."""
        self._file.write(_line(result) + b"\n")
        self._file.flush()

    def close(self) -> None:
        """Make sure that everything is on the disk, and close the file."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def load_results(path: Path) -> tuple[ProblemResult, ...]:
    """Read a results file; of several results for one problem the last counts. A torn last line is left out.

    Raises:
        DataError: The file is missing, or a line other than a torn last one is wrong.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from None
    return tuple({result.problem_id: result for result in _results(path, data)}.values())


def load_kept(folder: Path) -> tuple[ProblemResult, ...]:
    """The final results in a folder, for going on; none where it has no results."""
    path = folder / RESULTS
    return tuple(each for each in load_results(path) if each.is_final) if path.is_file() else ()


def repeat_folders(folder: Path, samples: int) -> list[Path]:
    """Where the results of each repeat stand: the folder itself, or for several answers one folder for each."""
    return [folder] if samples == 1 else [folder / f"sample-{number + 1}" for number in range(samples)]


def write_results(path: Path, evaluation: Evaluation) -> None:
    """Write all results of an evaluation, replacing the file in one step."""
    beside = path.with_name(f"{path.name}.new")
    beside.write_bytes(b"".join(_line(result) + b"\n" for result in evaluation.results))
    beside.replace(path)


def write_summary(path: Path, evaluation: Evaluation) -> Summary:
    """Write the numbers of an evaluation, readable for people, replacing the file in one step."""
    summary = evaluation.summarise()
    text = json.dumps(summary.model_dump(mode="json"), indent=2, ensure_ascii=False, allow_nan=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.new")
    beside.write_text(text + "\n", encoding="utf-8")
    beside.replace(path)
    return summary


def load_summary(path: Path) -> Summary:
    """Read a summary.

    Raises:
        DataError: The file is missing or not a summary.
    """
    try:
        return Summary.model_validate_json(path.read_bytes())
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from None
    except ValidationError as error:
        raise DataError(f"{path}: not the summary of an evaluation: {_first_problem(error)}") from None


def _results(path: Path, data: bytes) -> Iterator[ProblemResult]:
    lines = data.split(b"\n")
    for number, line in enumerate(lines[:-1], start=1):
        if line.strip():
            try:
                yield ProblemResult.model_validate(json.loads(line))
            except (json.JSONDecodeError, UnicodeDecodeError) as error:
                raise DataError(
                    f"{path}:{number}: not JSON: {error}. Remove the line to have the problem asked again."
                ) from None
            except ValidationError as error:
                raise DataError(
                    f"{path}:{number}: not the result of a problem: {_first_problem(error)}. "
                    "Remove the line to have the problem asked again."
                ) from None


def _line(result: ProblemResult) -> bytes:
    data = result.model_dump(mode="json")
    try:
        return json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode("utf-8")
    except UnicodeEncodeError:  # half a surrogate pair in a model's text has no UTF-8; JSON can escape it
        return json.dumps(data, separators=(",", ":"), allow_nan=False).encode("ascii")


def _first_problem(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place}: {first['msg']}" if place else first["msg"]


def _cut_torn_line(path: Path) -> None:
    with path.open("r+b") as file:
        end = file.seek(0, os.SEEK_END)
        position = end
        while position > 0:
            start = max(0, position - 65536)
            file.seek(start)
            found = file.read(position - start).rfind(b"\n")
            if found >= 0:
                position = start + found + 1
                break
            position = start
        if position < end:
            file.truncate(position)
