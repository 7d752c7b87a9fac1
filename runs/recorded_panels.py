"""Recorded answers of real models as panels that a search can be run on, without a call.

A panel holds what every model said to every problem, read by the program's own reader, and scores any architecture
that samples and selects (one call, a vote with or without weights, tests) by the rules of the components. What it
does not hold (a fused text, another order of candidates in a prompt) cannot be asked.
"""

import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from math import lcm
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from itas.components.vote import read_answers
from itas.core.answers import AnswerKind, normal_text
from itas.core.architecture import Architecture
from itas.core.observation import Observation
from itas.core.problem import Outcome, Score, Unscored
from itas.core.seeds import derive_seed
from itas.errors import ModelError

Key = tuple[str, float | None]
"""A model and its temperature; None where the recording has one answer for any."""
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Panel:
    """What several models said to the same problems.

    Attributes:
        name: Of files.
        title: Of its section.
        about: What it is, in sentences.
        kind: How a vote reads the answers; None where nothing is voted on.
        problems: Ids.
        said: Answers as numbers, -1 for none that could be read; (draws, problems) for every model.
        worth: What the answers score, NaN where nothing is known; likewise.
        space: What is searched.
        dev: Problems for development.
        baselines: That the winner is held against.
        held_out: Most problems of a verdict.
        texts: The answers as texts, for the check against the engine; (draws, problems) for every model.
        questions: Likewise.
        gold: Likewise.
    """

    name: str
    title: str
    about: str
    kind: AnswerKind | None
    problems: tuple[str, ...]
    said: Mapping[Key, Ints]
    worth: Mapping[Key, Floats]
    space: dict[str, Any]
    dev: int
    baselines: tuple[str, ...] = ("sampled and voted", "cheapest")
    held_out: int | None = None
    texts: Mapping[Key, list[list[str]]] = field(default_factory=dict[Key, list[list[str]]])
    questions: Mapping[str, str] = field(default_factory=dict[str, str])
    gold: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def models(self) -> tuple[str, ...]:
        """Every model, in the order of the data."""
        return tuple(dict.fromkeys(model for model, _ in self.said))


class Recorded:
    """Answers of a panel in an order of draws that a seed decides; evaluates architectures for a study.

    Args:
        panel: The answers.
        seed: Of the order in which the draws of a problem are given out; None leaves them as recorded.
    """

    def __init__(self, panel: Panel, *, seed: int | None) -> None:
        self._panel = panel
        self._place = {problem: place for place, problem in enumerate(panel.problems)}
        self._order = {
            key: _order(
                said.shape, None if seed is None else np.random.default_rng(derive_seed(seed, "draws", *key))
            )
            for key, said in panel.said.items()
        }
        self._bought = {key: np.zeros(said.shape[1], dtype=np.int64) for key, said in panel.said.items()}
        self._scores: dict[str, Floats] = {}

    def scores(self, architecture: Architecture) -> Floats:
        """What it scores on every problem; NaN where a model was not asked.

        Raises:
            ModelError: It needs more draws than were recorded.
        """
        if architecture.fingerprint not in self._scores:
            self._scores[architecture.fingerprint] = self._score(architecture)
        return self._scores[architecture.fingerprint]

    async def evaluate(self, architecture: Architecture, problems: Sequence[str]) -> tuple[Observation, ...]:
        """See `search.Evaluate`."""
        scores = self.scores(architecture)
        places = np.array([self._place[problem] for problem in problems], dtype=np.int64)
        paid = np.zeros(len(places), dtype=np.int64)
        drawn: dict[Key, int] = {}
        for key, count in _drawn(architecture, self._panel):
            drawn[key] = drawn.get(key, 0) + count
        for key, count in drawn.items():
            bought = self._bought[key]
            paid += np.maximum(count - bought[places], 0)
            bought[places] = np.maximum(bought[places], count)
        used = architecture.planned_samples()
        paid += used - sum(drawn.values())
        return tuple(
            Observation(
                problem_id=problem,
                outcome=_outcome(float(scores[place])),
                samples_used=used,
                samples_paid=int(now),
            )
            for problem, place, now in zip(problems, places, paid, strict=True)
        )

    def _score(self, architecture: Architecture) -> Floats:
        said: list[Ints] = []
        worth: list[Floats] = []
        models: list[str] = []
        for key, count in _drawn(architecture, self._panel):
            order = self._order[key][:count]
            if len(order) < count:
                raise ModelError(f"{len(order)} draws were recorded, {count} are asked for", provider=key[0])
            said.append(np.take_along_axis(self._panel.said[key], order, axis=0))
            worth.append(np.take_along_axis(self._panel.worth[key], order, axis=0))
            models += [key[0]] * count
        answers, values = np.concatenate(said), np.concatenate(worth)
        last = architecture.layers[-1].components[0]
        if last.type == "generator":
            chosen = np.zeros(answers.shape[1], dtype=np.int64)
        elif last.type == "vote":
            weights = cast("Mapping[str, float]", getattr(last, "weights", {}))
            chosen = _vote(answers, [weights.get(model, 1.0) for model in models])
        elif last.type == "unit_test_evaluator":
            chosen = np.argmax(values == 1.0, axis=0)  # tests that are never wrong: the first that passes
        else:
            raise ModelError(f"a '{last.type}' was not recorded", provider="recorded")
        return values[chosen, np.arange(answers.shape[1])]


def _vote(answers: Ints, weights: Sequence[float]) -> Ints:
    """The candidate that a vote keeps, by problem, as `components.vote` decides; weights are exact there too."""
    exact = [Fraction(str(weight)) for weight in weights]
    scale = lcm(*(each.denominator for each in exact))
    whole = np.array([int(each * scale) for each in exact], dtype=np.int64)
    share = np.zeros(answers.shape, dtype=np.int64)
    for place, weight in enumerate(whole):
        share += np.where(answers == answers[place], weight, 0)
    share[answers < 0] = -1  # no readable answer: no vote, and last
    return np.argmax(share, axis=0)  # of equal shares the first that appeared


def _drawn(architecture: Architecture, panel: Panel) -> Iterator[tuple[Key, int]]:
    """Who is asked how often, in the order of candidates."""
    for component in architecture.layers[0].components:
        (model,) = component.models()
        temperature = float(getattr(component, "temperature", 0.7))
        key = (model, None) if (model, None) in panel.said else (model, temperature)
        if key not in panel.said:
            raise ModelError(f"nothing was recorded at temperature {temperature:g}", provider=model)
        yield key, int(getattr(component, "samples", 1))


def _order(shape: tuple[int, ...], rng: np.random.Generator | None) -> Ints:
    draws, problems = shape
    if rng is None:
        return np.repeat(np.arange(draws)[:, None], problems, axis=1)
    return np.argsort(rng.random((draws, problems)), axis=0)


def _outcome(score: float) -> Outcome:
    if np.isnan(score):
        return Unscored(reason="model_error", detail="not recorded")
    return Score(value=score)


# --- reading --------------------------------------------------------------------------------------------------


def panel_of_texts(
    texts: Mapping[Key, list[list[str]]],
    questions: Mapping[str, str],
    gold: Mapping[str, str],
    kind: AnswerKind,
    **about: Any,
) -> Panel:
    """A panel of answers that are read here; right is what reads like the answer of the data."""
    problems = tuple(questions)
    numbers: dict[str, int] = {}
    wanted = [_read(questions[id], gold_text(kind, gold[id]), kind) for id in problems]
    said: dict[Key, Ints] = {}
    worth: dict[Key, Floats] = {}
    for key, draws in texts.items():
        read = [
            [_read(questions[id], text, kind) for id, text in zip(problems, draw, strict=True)]
            for draw in draws
        ]
        said[key] = np.array(
            [[-1 if a is None else numbers.setdefault(a, len(numbers)) for a in row] for row in read]
        )
        worth[key] = np.array(
            [[float(a is not None and a == w) for a, w in zip(row, wanted, strict=True)] for row in read]
        )
    return Panel(
        kind=kind,
        problems=problems,
        said=said,
        worth=worth,
        texts=texts,
        questions=questions,
        gold=gold,
        **about,
    )


def gold_text(kind: AnswerKind, gold: str) -> str:
    """The answer of the data as a text that the reader reads."""
    return f"Answer: {gold}"


def said_text(answer: str | None) -> str:
    """A text for an answer of which only the outcome of somebody's reader is known."""
    return f"Answer: {answer}" if answer and answer != "-" else "(no answer was recorded)"


@lru_cache(maxsize=500_000)
def _read(question: str, text: str, kind: AnswerKind) -> str | None:
    (answer,) = read_answers(question, [text], kind)
    return normal_text(answer) if answer is not None and kind == "text" else answer


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The objects of a packed JSONL file."""
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        return [json.loads(line) for line in stream]
