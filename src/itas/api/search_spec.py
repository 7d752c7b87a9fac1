"""What a search is: the study file, the arguments, and what becomes of both."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from pydantic import Field, JsonValue, NonNegativeInt, PositiveFloat, PositiveInt

from itas.api.answering import SIMULATED
from itas.benchmarks.registry import find_judges
from itas.core.model import is_simulated
from itas.core.spec import Spec
from itas.errors import SpecError
from itas.evaluation.estimate import Lengths
from itas.search import (
    Budget,
    Space,
    StudySpec,
    load_space,
    shipped_spaces,
)
from itas.search.records import Aggregate
from itas.search.space import CostKind
from itas.specs import load_data  # brings the component types

TRUTH_PROBLEMS = 1000


class SearchSpec(Spec):
    """A search from outside: what stands in a study file, and what the arguments say.

    Attributes:
        study: Space, models, searcher, split, baselines, seed.
        on: Benchmark; several for a mixture of them.
        scorer: For the user's own data.
        limit: Size of a random subset, of each benchmark.
        recording: For ``replay`` models.
        budget: Caps on the whole search.
        truth_problems: For simulated models on generated problems: on how many others the truth is measured.
        lengths: How long answers are taken to be, as it was known when the search began; so that prices, and what
            depends on them, stay the same when it is resumed.
    """

    study: StudySpec
    on: str | tuple[str, ...]
    scorer: str | None = None
    limit: PositiveInt | None = None
    recording: Path | None = None
    budget: Budget = Budget()
    truth_problems: NonNegativeInt = TRUTH_PROBLEMS
    lengths: Lengths | None = Field(default=None, exclude_if=lambda lengths: lengths is None)

    @property
    def benchmarks(self) -> tuple[str, ...]:
        """Every benchmark."""
        return (self.on,) if isinstance(self.on, str) else self.on

    @property
    def is_simulated(self) -> bool:
        """Some model is simulated."""
        return any(is_simulated(model) for model in (*self.study.models, *self.study.all_fusers))

    @property
    def is_all_simulated(self) -> bool:
        """Every model is simulated, the judge too where there is one, so nothing costs anything."""
        judges = (judge for on in self.benchmarks for judge in find_judges(on, scorer=self.scorer))
        models = (*self.study.models, *self.study.all_fusers, *judges)
        return all(model.startswith(SIMULATED) for model in models)


class StudyFile(Spec):
    """What may stand in a study file; arguments of the command line win over it."""

    space: str | dict[str, JsonValue]
    on: str | tuple[str, ...] = Field(min_length=1)
    models: tuple[str, ...] = Field(min_length=1)
    fusers: tuple[str, ...] | None = None
    name: str | None = None
    scorer: str | None = None
    limit: PositiveInt | None = None
    recording: Path | None = None
    searcher: str | dict[str, JsonValue] | None = None
    dev: PositiveInt | None = None
    held_out: PositiveInt | None = None
    finalists: PositiveInt | None = None
    batch: PositiveInt | None = None
    stop_gap: float | None = None
    min_evaluations: float | None = None
    baselines: tuple[str, ...] | None = None
    within: float | None = None
    cost: CostKind | None = None
    under: PositiveFloat | None = None
    aggregate: Aggregate | None = None
    seed: int = 0
    max_trials: PositiveInt | None = None
    max_samples: PositiveInt | None = None
    max_cost_usd: float | None = None
    max_seconds: PositiveFloat | None = None
    truth_problems: NonNegativeInt = TRUTH_PROBLEMS


def make_search(data: Mapping[str, Any], *, where: str = "") -> SearchSpec:
    """Put a search together from what a study file and the arguments say (see `StudyFile`).

    Raises:
        SpecError: What is missing or wrong, with its place.
    """
    given = StudyFile.parse(dict(data), where=where)
    space = find_space(given.space)
    if given.under is not None:
        limit = min(given.under, space.max_cost_usd or given.under)
        space = Space.parse({**space.model_dump(mode="json"), "max_cost_usd": limit})
    on = given.on if isinstance(given.on, str) else given.on[0] if len(given.on) == 1 else given.on
    study: dict[str, Any] = {
        "name": given.name or space.name,
        "space": space,
        "models": given.models,
        "fusers": given.fusers,
        "seed": given.seed,
    }
    for name in (
        "searcher",
        "dev",
        "held_out",
        "finalists",
        "batch",
        "stop_gap",
        "min_evaluations",
        "baselines",
    ):
        if (value := getattr(given, name)) is not None:
            study[name] = value
    goal = {"within": given.within, "cost": given.cost}
    if goal := {name: value for name, value in goal.items() if value is not None}:
        study["goal"] = goal
    if isinstance(on, tuple):
        study["aggregate"] = given.aggregate or "standardised"
    elif given.aggregate is not None:
        raise SpecError("'aggregate' is for several benchmarks, and there is one", path="aggregate")
    budget = {
        "max_trials": given.max_trials,
        "max_samples": given.max_samples,
        "max_cost_usd": given.max_cost_usd,
        "max_seconds": given.max_seconds,
    }
    return SearchSpec(
        study=StudySpec.parse(study, where=where),
        on=on,
        scorer=given.scorer,
        limit=given.limit,
        recording=given.recording,
        budget=Budget.parse(budget, where=where),
        truth_problems=given.truth_problems,
    )


def find_space(name: str | Mapping[str, Any]) -> Space:
    """A shipped space by its name, one from a file, or one given as data.

    Raises:
        SpecError: No such space, or what is wrong in it, with its place.
    """
    if not isinstance(name, str):
        return Space.parse(dict(name), where="space")
    if name in shipped_spaces() or Path(name).suffix not in (".yaml", ".yml", ".json"):
        return load_space(name)
    return Space.parse(load_data(name), where=name)


def describe_shipped() -> tuple[Space, ...]:
    """The spaces that come with the program."""
    return tuple(load_space(name) for name in shipped_spaces())


def load_study_file(path: Path) -> dict[str, Any]:
    """A study file as data: ``space``, ``on``, ``models`` and whatever else `make_search` takes.

    Paths in it are relative to the file.

    Raises:
        SpecError: Not a mapping.
    """
    data = load_data(path)
    if not isinstance(data, dict):
        raise SpecError("a study file is a mapping", path=str(path))
    fields = cast("dict[str, Any]", data)
    return {
        name: _all_beside(path, value) if name in ("space", "on", "recording") else value
        for name, value in fields.items()
    }


def _all_beside(file: Path, value: Any) -> Any:
    if isinstance(value, str):
        return find_beside(file, value)
    if isinstance(value, list):
        return [_all_beside(file, each) for each in cast("list[Any]", value)]
    return value


def find_beside(file: Path, value: str) -> str:
    """A path that a study file gives, which is relative to that file; anything else as it is."""
    name, colon, rest = value.partition(":")
    start, path = (f"{name}:", rest) if colon and rest else ("", value)
    found = file.parent / path
    return f"{start}{found}" if not Path(path).is_absolute() and found.is_file() else value
