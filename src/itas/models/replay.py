"""Replay: recorded answers of real models. What is not recorded is an error, never a guess.

``replay/openai/gpt-4`` gives what the recording holds for the model ``openai/gpt-4``.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from itas.core.messages import Conversation
from itas.core.model import Listen
from itas.core.request import Completion, Request
from itas.core.spec import suggest
from itas.errors import NotRecorded, SpecError
from itas.models.listening import Ear
from itas.models.recording import RecordedDraw, RecordedQuestion, read_recording

_MOST_COMPARED = 5_000
_COMPARED_CHARS = 500
_SHOWN_CHARS = 60

_Turns = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Parameters:
    temperature: float | None
    max_tokens: int | None
    stop: tuple[str, ...]
    extra: str = ""

    def describe(self) -> str:
        return f"temperature={self.temperature}, max_tokens={self.max_tokens}, stop={list(self.stop)}"


@dataclass(slots=True)
class _Draws:
    """The draws of one question by number, and the number where further ones go on."""

    by_number: dict[int, RecordedDraw] = field(default_factory=dict[int, RecordedDraw])
    end: int = 0

    def append(self, question: RecordedQuestion) -> None:
        start = self.end
        for number, draw in question.numbered():
            self.end = start + number + 1
            if draw is not None:
                self.by_number[start + number] = draw


_Lists = dict[_Parameters | None, _Draws]
"""Lists of draws by the parameters they were asked with; None: whatever the parameters."""


def load_recording(path: Path | str) -> "Recording":
    """Read a recording into memory.

    Raises:
        DataError: Naming file, line, what is wrong and the cure.
    """
    return Recording(question for _, question in read_recording(path))


class Recording:
    """A recording in memory. Give `model` to a pool: ``ModelPool(plugged={"replay": recording.model})``.

    Args:
        questions: In the order of the file; the draws of a question that comes twice are appended.
    """

    def __init__(self, questions: Iterable[RecordedQuestion]) -> None:
        self._models: dict[str, dict[_Turns, _Lists]] = {}
        for question in questions:
            self._add(question)

    @property
    def models(self) -> list[str]:
        """Names of the recorded models."""
        return sorted(self._models)

    def model(self, name: str) -> "ReplayModel":
        """One recorded model.

        Raises:
            SpecError: There is none of that name.
        """
        if name not in self._models:
            raise SpecError(f"the recording has no model '{name}'. {suggest(name, self.models)}")
        return ReplayModel(name, self._models[name])

    def _add(self, question: RecordedQuestion) -> None:
        parameters = None
        if not question.any_parameters:
            parameters = _Parameters(question.temperature, question.max_tokens, question.stop, question.extra)
        lists = self._models.setdefault(question.model, {}).setdefault(_turns(question.messages), {})
        lists.setdefault(parameters, _Draws()).append(question)


class ReplayModel:
    """Gives the recorded draws of one model. Made by `Recording.model`."""

    def __init__(self, name: str, questions: dict[_Turns, _Lists]) -> None:
        self._name = name
        self._questions = questions

    async def sample(
        self, request: Request, *, n: int = 1, first: int = 0, listen: Listen | None = None
    ) -> tuple[Completion, ...]:
        """See `core.model.Model.sample`.

        Raises:
            NotRecorded: The question is not recorded, or not that many draws of it.
        """
        draws = self._find(request).by_number
        missing = next((number for number in range(first, first + n) if number not in draws), None)
        if missing is not None:
            raise self._error(
                f"has {len(draws)} draws of {_shown(request.messages)}, but not number {missing} (from 0). "
                "Record more draws or ask for fewer"
            )
        completions = tuple(draws[number].to_completion() for number in range(first, first + n))
        if listen is not None:
            Ear(listen).finish(completions[0].text)
        return completions

    def _find(self, request: Request) -> _Draws:
        lists = self._questions.get(_turns(request.messages))
        if lists is None:
            raise self._error(f"has no question {_shown(request.messages)}.{self._describe_nearest(request)}")
        asked = _Parameters(request.temperature, request.max_tokens, request.stop, request.extra)
        for parameters in (asked, None):
            if parameters in lists:
                return lists[parameters]
        recorded = next(parameters for parameters in lists if parameters is not None)
        raise self._error(
            f"has {_shown(request.messages)} only with other parameters: "
            f"recorded with {recorded.describe()}, asked with {asked.describe()}"
        )

    def _describe_nearest(self, request: Request) -> str:
        asked = _words(request.messages[-1].content)
        questions = list(self._questions)[:_MOST_COMPARED]
        nearest = max(questions, key=lambda turns: _likeness(asked, _words(turns[-1][1])), default=None)
        if nearest is None:
            return " It has no question at all"
        draws = sum(len(draws.by_number) for draws in self._questions[nearest].values())
        return (
            f" The nearest recorded one is {_short(nearest[-1][1])} ({len(nearest)} messages, {draws} draws)"
        )

    def _error(self, message: str) -> NotRecorded:
        return NotRecorded(f"the recording of '{self._name}' {message}", provider="replay")


def _turns(messages: Conversation) -> _Turns:
    return tuple((message.role, message.content) for message in messages)


def _words(text: str) -> frozenset[str]:
    return frozenset(text[:_COMPARED_CHARS].casefold().split())


def _likeness(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / (len(one | other) or 1)


def _shown(messages: Conversation) -> str:
    return _short(messages[-1].content)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return repr(line if len(line) <= _SHOWN_CHARS else f"{line[: _SHOWN_CHARS - 3]}...")
