"""How far a run is, read from the files that grow while it runs: each line is read once."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from itas.core.problem import Score
from itas.errors import DataError
from itas.evaluation.files import RESULTS
from itas.evaluation.records import ProblemResult
from itas.report import words

_STAGES = {
    "ranked": "ranking the models",
    "ranking": "searching",
    "space": "searching",
    "proposed": "searching",
    "trial": "searching",
    "search_ended": "evaluating the finalists",
    "finalists": "evaluating the finalists",
    "finalist": "evaluating the finalists",
    "winner": "held-out problems",
    "held_out": "held-out problems",
    "contestant": "held-out problems",
    "verdict": "done",
}
_LAST = 15
_MOST_BYTES = 2**28


class Lines:
    """The whole lines of a file that grows, each given once.

    A file that became shorter was healed after a kill: it is given again from its beginning.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._at = 0
        self.has_restarted = False

    def forget(self) -> None:
        """Give everything again."""
        self._at = 0

    def read(self) -> list[bytes]:
        """What has come since the last call.

        Raises:
            DataError: The file cannot be read.
        """
        self.has_restarted = False
        if not self._path.is_file():  # a pipe of a foreign folder would keep us waiting
            return []
        try:
            with self._path.open("rb") as file:
                size = file.seek(0, 2)
                if size < self._at:
                    self._at, self.has_restarted = 0, True
                file.seek(self._at)
                data = file.read(_MOST_BYTES)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise DataError(f"{self._path}: cannot be read ({error.strerror})") from None
        whole, end, _ = data.rpartition(b"\n")
        self._at += len(whole) + len(end)
        return whole.split(b"\n") if end else []


@dataclass(slots=True)
class StudyFacts:
    """What a journal says so far."""

    stage: str = "beginning"
    counts: dict[str, int] = field(default_factory=dict[str, int])
    budget: Mapping[str, Any] = field(default_factory=dict[str, Any])
    points: int = 0
    samples: int = 0
    micro_usd: int = 0
    best: str = ""
    rows: list[tuple[str, ...]] = field(default_factory=list[tuple[str, ...]])
    choices: dict[int, str] = field(default_factory=dict[int, str])


class StudyFile:
    """Reads the journal of a search again and again."""

    heads = ("When", "What", "Which", "Mean", "Problems")

    def __init__(self, path: Path) -> None:
        self._lines = Lines(path)
        self._path = path
        self.facts = StudyFacts()

    def read(self) -> StudyFacts:
        """The facts, brought up to date.

        Raises:
            DataError: The journal is damaged.
        """
        lines = self._lines.read()
        if self._lines.has_restarted:
            self.facts = StudyFacts()
        for line in lines:
            try:
                self._take(cast("dict[str, Any]", json.loads(line)))
            except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
                raise DataError(f"{self._path}: a line that is no event of a study") from None
        return self.facts

    def _take(self, event: dict[str, Any]) -> None:
        facts = self.facts
        name = str(event["event"])
        facts.stage = _STAGES.get(name, facts.stage)
        observations = cast("Sequence[Mapping[str, Any]]", event.get("observations", ()))
        facts.samples += sum(int(each.get("samples_paid", 0)) for each in observations)
        facts.micro_usd += sum(int(each.get("paid_micro_usd", 0)) for each in observations)
        facts.counts[name] = facts.counts.get(name, 0) + 1
        match name:
            case "budget":
                facts.budget = event["budget"]
            case "space":
                facts.points = int(event["points"])
            case "proposed":
                facts.choices |= {int(each["point"]): _choices(each["choices"]) for each in event["trials"]}
            case "recommendation":
                believed = f"{words.points(event['mean'])} ± {words.points(event['sd'])}"
                facts.best = f"{believed}: {_choices(event['choices'])}"
            case "ranked":
                self._add(event, f"model ranked ({event['of']})", str(event["model"]), observations)
            case "trial":
                self._add(event, "trial", facts.choices.get(int(event["point"]), ""), observations)
            case "finalist":
                self._add(event, "finalist", facts.choices.get(int(event["point"]), ""), observations)
            case "contestant":
                self._add(event, "on held-out problems", ", ".join(event["roles"]), observations)
            case _:
                pass

    def _add(
        self, event: Mapping[str, Any], what: str, which: str, observations: Sequence[Mapping[str, Any]]
    ) -> None:
        values = [each["outcome"]["value"] for each in observations if "value" in each["outcome"]]
        mean = words.points(sum(values) / len(values)) if values else str(event.get("state", ""))
        row = (str(event["at"])[11:19], what, words.shorten(which, 160), mean, str(len(observations)))
        self.facts.rows = [row, *self.facts.rows[: _LAST - 1]]


@dataclass(slots=True)
class ResultFacts:
    """What a file of results says so far."""

    scores: dict[tuple[int, str], float | None] = field(default_factory=dict[tuple[int, str], float | None])
    samples: int = 0
    micro_usd: int = 0
    rows: list[tuple[str, ...]] = field(default_factory=list[tuple[str, ...]])

    @property
    def mean(self) -> str:
        """Of the problems that have a score, in points."""
        found = [score for score in self.scores.values() if score is not None]
        return words.points(sum(found) / len(found)) if found else ""


class ResultFile:
    """Reads the results of one architecture again and again.

    Args:
        folders: Where they stand, one folder for each repeat of the problems.
    """

    heads = ("Problem", "Score", "Samples", "Seconds")

    def __init__(self, folders: Sequence[Path]) -> None:
        self._lines = [Lines(folder / RESULTS) for folder in folders]
        self.facts = ResultFacts()

    def read(self) -> ResultFacts:
        """The facts, brought up to date.

        Raises:
            DataError: A file is damaged.
        """
        new = [lines.read() for lines in self._lines]
        if any(lines.has_restarted for lines in self._lines):
            self.facts = ResultFacts()
            for lines in self._lines:
                lines.forget()
            new = [lines.read() for lines in self._lines]
        for repeat, found in enumerate(new):
            for line in found:
                if line.strip():
                    self._take(repeat, line)
        return self.facts

    def _take(self, repeat: int, line: bytes) -> None:
        try:
            result = ProblemResult.model_validate_json(line)
        except ValueError:
            raise DataError(f"{RESULTS}: a line that is no result of a problem") from None
        facts = self.facts
        value = result.outcome.value if isinstance(result.outcome, Score) else None
        facts.scores[repeat, result.problem_id] = value
        facts.samples += result.samples_paid
        facts.micro_usd += result.paid_micro_usd
        score = words.points(value) if value is not None else getattr(result.outcome, "reason", "")
        row = (
            words.shorten(result.problem_id, 80),
            str(score),
            str(result.samples_used),
            words.seconds(result.latency_s),
        )
        facts.rows = [row, *facts.rows[: _LAST - 1]]


def _choices(choices: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {value}" for name, value in choices.items())
