"""Recordings: questions with their draws as a JSONL file, to be replayed, shared and read by people.

The first line says what the file is; every further one holds one question:

    {"format": "itas-recording", "version": 1, "about": "..."}
    {"model": "openai/gpt-4", "messages": [...], "temperature": 0.7, "draws": [{"text": "4", ...}]}

The place in `draws` is the number of the draw. Where numbers are missing, the next draw says its own, as in
``{"number": 7, "text": "4"}``, and counting goes on from there; a null also skips one. With
``"any_parameters": true`` the question is answered whatever temperature, length and stops are asked for.
"""

import json
import os
import tempfile
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import orjson
from pydantic import Field, JsonValue, NonNegativeFloat, NonNegativeInt, PositiveInt, field_validator

from itas.core.messages import Conversation, Extra
from itas.core.request import Completion, FinishReason, Request, Usage
from itas.core.spec import Spec
from itas.errors import DataError, SpecError

FORMAT = "itas-recording"
VERSION = 1


class RecordedDraw(Spec):
    """One answer, with what it took. It has a `number` only where it does not continue the list."""

    number: NonNegativeInt | None = None
    text: str
    usage: Usage = Usage()
    cost_micro_usd: NonNegativeInt | None = None
    latency_s: NonNegativeFloat = 0.0
    finish_reason: FinishReason = "stop"
    extra: Extra = ""

    def to_completion(self) -> Completion:
        """As an answer that nobody pays for now."""
        return Completion(
            text=self.text,
            usage=self.usage,
            cost_micro_usd=self.cost_micro_usd,
            latency_s=self.latency_s,
            finish_reason=self.finish_reason,
            extra=self.extra,
            is_stored=True,
        )


class RecordedQuestion(Spec):
    """One question with its answers by number."""

    model: str = Field(min_length=1)
    messages: Conversation = Field(min_length=1)
    temperature: NonNegativeFloat | None = None
    max_tokens: PositiveInt | None = None
    stop: tuple[str, ...] = ()
    extra: Extra = ""
    any_parameters: bool = False
    draws: tuple[RecordedDraw | None, ...]

    @classmethod
    def of(cls, request: Request, draws: Mapping[int, Completion]) -> "RecordedQuestion":
        """Put together from a request and its draws by number."""
        return cls(
            model=request.model,
            messages=request.messages,
            temperature=request.temperature,
            max_tokens=request.max_tokens,
            stop=request.stop,
            extra=request.extra,
            draws=tuple(
                _record(draws[number], number=None if number - 1 in draws or number == 0 else number)
                for number in sorted(draws)
            ),
        )

    def numbered(self) -> Iterator[tuple[int, RecordedDraw | None]]:
        """What stands in `draws`, each with its number, ascending."""
        number = -1
        for draw in self.draws:
            number = number + 1 if draw is None or draw.number is None else draw.number
            yield number, draw

    @field_validator("draws")
    @classmethod
    def _check_numbers(cls, draws: tuple[RecordedDraw | None, ...]) -> tuple[RecordedDraw | None, ...]:
        least = 0
        for draw in draws:
            number = least if draw is None or draw.number is None else draw.number
            if number < least:
                raise ValueError(f"the numbers of draws must ascend, found {number} where {least} comes next")
            least = number + 1
        return draws


def read_recording(path: Path | str) -> Iterator[tuple[int, RecordedQuestion]]:
    """Read a recording, question by question, each with the number of its line.

    Raises:
        DataError: Naming file, line, what is wrong and the cure.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            _check_header(path, file.readline())
            for number, line in enumerate(file, 2):
                if not line.isspace():
                    yield number, _read_question(path, number, line)
    except OSError as error:
        raise DataError(f"{path}: the recording cannot be read: {error.strerror}") from None


def write_recording(
    path: Path | str, questions: Iterable[RecordedQuestion], *, about: Mapping[str, JsonValue] | None = None
) -> None:
    """Write a recording; the file is there completely or not at all.

    Raises:
        DataError: The place cannot be written.
    """
    with opened_recording(path, about=about) as write:
        for question in questions:
            write(question)


@contextmanager
def opened_recording(
    path: Path | str, *, about: Mapping[str, JsonValue] | None = None
) -> Generator[Callable[[RecordedQuestion], None]]:
    """Write a recording question by question; the file is there when all of it went well, or not at all.

    Raises:
        DataError: The place cannot be written.
    """
    path = Path(path)
    header = {"format": FORMAT, "version": VERSION, **(about or {})}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "wb", dir=path.parent, prefix=f".{path.name}.", delete=False
        ) as file:
            try:
                file.write(_to_line(header))
                yield lambda question: _write_question(file, question)
                file.flush()
                os.fsync(file.fileno())
                Path(file.name).replace(path)
            finally:
                Path(file.name).unlink(missing_ok=True)
    except OSError as error:
        raise DataError(f"{path}: the recording cannot be written: {error.strerror}") from None


def _write_question(file: IO[bytes], question: RecordedQuestion) -> None:
    data = question.model_dump(mode="json")
    for draw in data["draws"]:
        if draw is not None and draw["number"] is None:
            del draw["number"]
    file.write(_to_line(data))


def _record(draw: Completion, *, number: int | None) -> RecordedDraw:
    return RecordedDraw(
        number=number,
        text=draw.text,
        usage=draw.usage,
        cost_micro_usd=draw.cost_micro_usd,
        latency_s=draw.latency_s,
        finish_reason=draw.finish_reason,
        extra=draw.extra,
    )


def _check_header(path: Path, line: bytes) -> None:
    header = _read_object(path, 1, line)
    if header.get("format") != FORMAT:
        raise DataError(
            f"{path}:1: not a recording: the first line must be "
            f'{{"format": "{FORMAT}", "version": {VERSION}}}'
        )
    found = header.get("version")
    if not isinstance(found, int) or isinstance(found, bool) or found < 1:
        raise DataError(f"{path}:1: 'version' must be a whole number from 1, found {found!r}")
    if found > VERSION:
        raise DataError(f"{path}:1: version {found} is newer than this program, which reads up to {VERSION}")


def _read_question(path: Path, number: int, line: bytes) -> RecordedQuestion:
    data = _read_object(path, number, line)
    try:
        return RecordedQuestion.parse(data)
    except SpecError as error:
        raise DataError(f"{path}:{number}: {error}") from None


def _read_object(path: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        try:
            data = orjson.loads(line)
        except orjson.JSONDecodeError:  # lone surrogates, which only the slow reader takes
            data = json.loads(line)
    except (ValueError, RecursionError) as error:
        cure = "" if line.endswith(b"\n") else ". The file may have been cut off; remove this line"
        raise DataError(f"{path}:{number}: a line must be one JSON object ({error}){cure}") from None
    if not isinstance(data, dict):
        raise DataError(f"{path}:{number}: a line must be one JSON object, found {type(data).__name__}")
    return data  # pyright: ignore[reportUnknownVariableType]


def _to_line(data: Mapping[str, Any]) -> bytes:
    try:
        return orjson.dumps(data) + b"\n"
    except TypeError:  # lone surrogates: escaped, so that the file is proper UTF-8
        return json.dumps(data).encode("ascii") + b"\n"
