"""World: simulates layers of an architecture on many problems at once, as arrays.

A row is one draw of one problem: everything that models do on that problem in one answer. What a component
draws depends on the seed, the row and on what stands before it, and on nothing else; so architectures that
share their first layers share their answers, as they do with a call store, and ten samples contain the first five.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from itas.components.critic import Critic
from itas.components.fuser import Fuser
from itas.components.generator import Generator
from itas.components.ranker import Ranker
from itas.components.unit_test_evaluator import UnitTestEvaluator
from itas.components.unit_test_generator import UnitTestGenerator
from itas.components.verifier import Verifier
from itas.components.vote import Vote
from itas.core.architecture import Layer
from itas.core.component import Component
from itas.core.seeds import derive_seed
from itas.core.spec import canonical_json
from itas.errors import SpecError
from itas.lab.landscape import Landscape

Floats = npt.NDArray[np.float32]
"""Half the memory and time of double precision; what is lost lies far below the noise."""
_AnyFloats = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.int32]

_FAMILIES = 3
_BANK = 2039
"""Columns of random numbers that all places share; a prime, so that strides reach every column."""
_STRIDE = 613
_SHARPNESS = 0.7
"""How strongly a fuser prefers what it takes for better."""
_SAME_MODEL = 0.35
"""What another answer of the same model counts as, where unlike answers are counted."""
_WRONG_ANSWERS = 4
"""Wrong answers that a problem has, for votes: the first is the one most fall for."""


@dataclass(frozen=True, slots=True)
class Answers:
    """The candidates of every row.

    Attributes:
        quality: Log-odds of being right; shape (rows, n).
        allure: How much better than that each looks; shape (rows, n).
        model: Who wrote each, as a number; the same number is the same writer; shape (rows, n).
        chance: Chance that each is right, or whether it is, where a vote has looked; shape (rows, n).
        expected: The same on average over what its writer drew; equal to `chance` as soon as somebody has chosen.
            A mean of these over rows has less noise; shape (rows, n).
        label: The answer each gives: 0 is the right one; shape (rows, n).
        is_criticised: Whether there are critiques.
        depth: Layers of fusers before.
        path: What stands before, as text.
    """

    quality: Floats
    allure: Floats
    model: Ints
    chance: Floats
    expected: Floats
    label: Ints
    is_criticised: bool = False
    depth: int = 0
    path: str = ""

    @property
    def count(self) -> int:
        """Candidates a row."""
        return int(self.quality.shape[1])

    def keep(self, places: Ints) -> "Answers":
        """Candidates by place, shape (rows, kept)."""
        return replace(
            self,
            quality=np.take_along_axis(self.quality, places, axis=1),
            allure=np.take_along_axis(self.allure, places, axis=1),
            model=np.take_along_axis(self.model, places, axis=1),
            chance=np.take_along_axis(self.chance, places, axis=1),
            expected=np.take_along_axis(self.chance, places, axis=1),
            label=np.take_along_axis(self.label, places, axis=1),
        )


class World:
    """Problems and models of a landscape.

    Args:
        landscape: The numbers.
        seed: Another seed is another set of problems.
        problems: How many.
        draws: Rows of every problem.
    """

    def __init__(self, landscape: Landscape, *, seed: int, problems: int, draws: int) -> None:
        self.landscape = landscape
        self.problems = problems
        self.draws = draws
        self._seed = derive_seed(seed, landscape.name)
        count = len(landscape.generating)
        own = np.random.default_rng(derive_seed(self._seed, "problems"))
        difficulty = landscape.difficulty * own.standard_normal(problems)
        family = landscape.kinship * own.standard_normal((problems, _FAMILIES))
        taste = landscape.taste * own.standard_normal((problems, count))
        skill = np.asarray(landscape.generating)
        suits = skill + taste + family[:, np.arange(count) % _FAMILIES] - difficulty[:, None]
        rows = problems * draws
        self._normals: Floats = own.standard_normal((_BANK, rows), dtype=np.float32)
        self._uniforms: Floats = own.random((_BANK, rows), dtype=np.float32)
        self._suits: Floats = np.repeat(suits, draws, axis=0).astype(np.float32)

    @property
    def rows(self) -> int:
        """Problems times draws; row ``p * draws + d`` is draw d of problem p."""
        return self.problems * self.draws

    def run(self, layers: Sequence[Layer]) -> Answers:
        """The candidates after all layers.

        Raises:
            SpecError: A component that this world cannot simulate.
        """
        answers: Answers | None = None
        for layer in layers:
            answers = self.step(answers, layer)
        if answers is None:
            raise SpecError("an architecture has at least one layer")
        return answers

    def step(self, before: Answers | None, layer: Layer) -> Answers:
        """The candidates after one more layer."""
        first = layer.components[0]
        path = _path(before, layer)
        if isinstance(first, Generator):
            new = [self._generate(each) for each in layer.components if isinstance(each, Generator)]
            kept = [] if before is None else [before]
            return replace(_join([*kept, *new]), path=path)
        if before is None:
            raise SpecError(f"'{first.type}' has no answers to work on")
        if isinstance(first, Fuser):
            unlike = _unlike(before.model)
            new = [self._fuse(before, each, unlike) for each in layer.components if isinstance(each, Fuser)]
            return replace(_join(new), depth=before.depth + 1, path=path)
        if isinstance(first, Critic):
            return replace(before, is_criticised=True, path=path)
        if isinstance(first, UnitTestGenerator):
            return replace(before, path=path)
        return replace(self._select(before, first, path), path=path)

    def score_chances(self, answers: Answers) -> Floats:
        """Expected score of the first candidate of every row, in [0, 1]; shape (rows,)."""
        return answers.expected[:, 0]

    # --- writing --------------------------------------------------------------------------------------------

    def _generate(self, generator: Generator) -> Answers:
        model = self.landscape.number_of(generator.model)
        shape = (self.rows, generator.samples)
        center = np.broadcast_to(self._suits[:, [model]], shape)
        writer = np.full(shape, model, dtype=np.int32)
        return self._write(center, self.landscape.wavering, writer, f"generate {model}", depth=0)

    def _fuse(self, before: Answers, fuser: Fuser, unlike: Floats) -> Answers:
        land = self.landscape
        model = land.number_of(fuser.model)
        place = f"{before.path} fuse {model}"
        skill = land.fusing[model]
        seen = before.quality + before.allure + self._noise(before, model, f"{place} read")
        weight = np.exp(_SHARPNESS * skill * (seen - seen.max(axis=1, keepdims=True)))
        weight /= weight.sum(axis=1, keepdims=True)
        mixed = (weight * before.quality).sum(axis=1)
        gain = land.synthesis * skill * land.staleness**before.depth
        gain = gain * (1.0 - np.exp(-(unlike - 1.0) / land.needs))
        quirk = land.quirks * np.random.default_rng(derive_seed(self._seed, place, "quirk")).standard_normal()
        center = (1.0 - land.own_weight) * mixed + land.own_weight * self._suits[:, model]
        shape = (self.rows, fuser.samples)
        writer = np.full(shape, model + 1000 * (before.depth + 1), dtype=np.int32)
        center = np.broadcast_to((center + gain - land.drift + quirk)[:, None], shape)
        return self._write(center, land.fuse_noise, writer, place, depth=before.depth + 1)

    def _write(self, center: _AnyFloats, sd: float, writer: Ints, place: str, *, depth: int) -> Answers:
        samples = center.shape[1]
        luck = self.landscape.luck
        quality = center + sd * self._draw(place, samples)
        chance = _sigmoid(quality / luck)
        # A normal blur of a logistic curve is nearly a flatter logistic curve (MacKay 1992).
        expected = _sigmoid(center / (luck**2 + np.pi / 8.0 * sd**2) ** 0.5)
        fate = self._uniform(f"{place} luck", samples)
        fall = self._uniform(f"{place} fall", samples)
        wrong = 1 + np.minimum((fall**2.0 * _WRONG_ANSWERS).astype(np.int32), _WRONG_ANSWERS - 1)
        allure = self.landscape.allure * self._draw(f"{place} allure", samples)
        allure = allure - self.landscape.deceit * quality
        label = np.where(fate < chance, 0, wrong).astype(np.int32)
        return Answers(_single(quality), _single(allure), writer, chance, expected, label, depth=depth)

    # --- choosing -------------------------------------------------------------------------------------------

    def _select(self, before: Answers, component: Component, path: str) -> Answers:
        if isinstance(component, Vote):
            return self._vote(before, component)
        if isinstance(component, Ranker):
            seen = self._judge(before, component.model, path)
            order = np.argsort(-seen, axis=1, kind="stable")[:, : component.top_k]
            return before.keep(order.astype(np.int32))
        if isinstance(component, Verifier):
            seen = self._check(before, component.model, path, self.landscape.checking)
            passed = seen > self.landscape.threshold
            # Those that pass come first, in their order; rows where none passes keep their order too.
            order = np.argsort(~passed, axis=1, kind="stable").astype(np.int32)
            return _first_passed(before.keep(order), passed)
        if isinstance(component, UnitTestEvaluator):
            seen = self._check(before, component.model, path, self.landscape.testing)
            shares = np.round(5.0 * _sigmoid(seen)) / 5.0
            order = np.argsort(-shares, axis=1, kind="stable")
            return before.keep(order[:, : component.top_k].astype(np.int32))
        raise SpecError(f"the lab cannot simulate '{component.type}'")

    def _vote(self, before: Answers, vote: Vote) -> Answers:
        weights = [vote.weights.get(model, 1.0) for model in self.landscape.models]
        weight = np.asarray(weights, dtype=np.float32)[before.model % 1000]
        answers = np.arange(_WRONG_ANSWERS + 1)
        if self.landscape.scoring == "preferred":  # no two texts are the same answer: the first stays
            return before.keep(np.tile(np.arange(vote.top_k, dtype=np.int32), (self.rows, 1)))
        shares = (weight[:, :, None] * (before.label[:, :, None] == answers)).sum(axis=1)
        votes = np.take_along_axis(shares, before.label, axis=1)
        order = np.argsort(-votes, axis=1, kind="stable")[:, : vote.top_k].astype(np.int32)
        kept = before.keep(order)
        is_right = (kept.label == 0).astype(np.float32)
        return replace(kept, chance=is_right, expected=is_right)

    def _judge(self, before: Answers, model: str, path: str) -> Floats:
        number = self.landscape.number_of(model)
        return before.quality + before.allure + self._noise(before, number, f"{path} judge")

    def _check(self, before: Answers, model: str | None, path: str, share: float) -> Floats:
        """Each answer is looked at alone, so there is no crowding; a check looks past half of the allure.

        Tests that are run and not judged have the noise of a perfect judge.
        """
        skill = 1.0 if model is None else self.landscape.judging[self.landscape.number_of(model)]
        noise = self.landscape.blindness * share / max(skill, 0.05)
        return _single(
            before.quality + 0.5 * before.allure + noise * self._draw(f"{path} check", before.count)
        )

    def _noise(self, before: Answers, model: int, place: str) -> Floats:
        land = self.landscape
        crowd = 1.0 + (land.crowding - 1.0) * (before.count - 1) / 23.0
        noise = land.blindness * crowd / max(land.judging[model], 0.05)
        if before.is_criticised:
            noise *= land.critique_help
        return _single(noise * self._draw(place, before.count))

    # --- draws ----------------------------------------------------------------------------------------------

    def _draw(self, place: str, count: int) -> Floats:
        """Standard normal numbers, column by column: more columns never change the first ones."""
        return self._normals[self._columns(place, count)].T

    def _uniform(self, place: str, count: int) -> Floats:
        return self._uniforms[self._columns(place, count)].T

    def _columns(self, place: str, count: int) -> npt.NDArray[np.int64]:
        """Which columns of the bank stand at a place. Two places may share one, which is rare and harmless: drawing
        numbers anew for each of the 100,000 places of a space would take most of the time."""
        start = derive_seed(place) % _BANK
        return (start + _STRIDE * np.arange(count)) % _BANK


def _path(before: Answers | None, layer: Layer) -> str:
    key = canonical_json(layer.model_dump(mode="json"))
    return f"{derive_seed('' if before is None else before.path, key):016x}"


def _join(parts: Sequence[Answers]) -> Answers:
    return Answers(
        quality=np.concatenate([part.quality for part in parts], axis=1),
        allure=np.concatenate([part.allure for part in parts], axis=1),
        model=np.concatenate([part.model for part in parts], axis=1),
        chance=np.concatenate([part.chance for part in parts], axis=1),
        expected=np.concatenate([part.expected for part in parts], axis=1),
        label=np.concatenate([part.label for part in parts], axis=1),
        depth=max(part.depth for part in parts),
    )


def _first_passed(answers: Answers, passed: npt.NDArray[np.bool_]) -> Answers:
    """Hide what did not pass, where something did: it takes the place of the last one that passed."""
    count: Ints = passed.sum(axis=1, dtype=np.int32)
    count[count == 0] = passed.shape[1]
    places = np.minimum(np.arange(passed.shape[1], dtype=np.int32)[None, :], count[:, None] - 1)
    return answers.keep(places)


def _unlike(model: Ints) -> Floats:
    """How many unlike answers a row holds: one for each writer, and a part for each further one of the same."""
    ordered = np.sort(model, axis=1)
    writers = 1.0 + (np.diff(ordered, axis=1) != 0).sum(axis=1)
    return (writers + _SAME_MODEL * (model.shape[1] - writers)).astype(np.float32)


def _sigmoid(values: _AnyFloats) -> Floats:
    return _single(1.0 / (1.0 + np.exp(-values)))


def _single(values: _AnyFloats) -> Floats:
    return values.astype(np.float32, copy=False)
