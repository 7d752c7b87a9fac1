"""A space with models in it: every valid architecture once, with what a searcher needs to know about it.

Nothing heavy is made for a point before it is asked for: layers are made once each and shared, points hold
numbers only, and an architecture is put together when somebody wants to run it.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from statistics import median
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from itas.core.architecture import Architecture, Layer
from itas.core.component import Component
from itas.core.rules import check_rules
from itas.core.seeds import random_for
from itas.core.spec import Spec, canonical_json, digest, parse_as
from itas.errors import SpecError
from itas.search.features import make_features
from itas.search.holes import (
    Block,
    Fields,
    Hole,
    Infeasible,
    Items,
    Node,
    Same,
    open_layers,
    resolve_layer,
    unrank,
    walk,
)
from itas.search.ranking import Rankings
from itas.search.sharing import Sharing
from itas.search.space import CostKind, Measures, Price, Space

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_NO_LIMIT = 10**9
_RULE = re.compile(r"\(rule (\d)\)")


class Description(Spec):
    """A bound space in numbers.

    Attributes:
        name: Of the space.
        fingerprint: Of the space.
        raw: Ways to fill the holes.
        points: Valid architectures, each once.
        removed: Ways that were removed, by reason; a reason says what they do ("want more fusers ...").
        is_sampled: Too many ways to make all; the points are a random part.
        planned_samples: Least, middle and most model samples for one question.
        holes: Options of every hole, as words.
    """

    name: str
    fingerprint: str
    raw: int
    points: int
    removed: dict[str, int]
    is_sampled: bool
    planned_samples: tuple[int, float, int]
    holes: dict[str, tuple[str, ...]]


@dataclass(frozen=True, eq=False)
class Point:
    """One valid architecture of a bound space."""

    index: int
    planned_samples: int
    space: "BoundSpace" = field(repr=False)

    @property
    def choices(self) -> dict[str, str | int | float]:
        """What was chosen for every open hole: numbers as numbers, the rest by its label."""
        return self.space.choices_of(self.index)

    @property
    def label(self) -> str:
        """The choices on one line."""
        return " ".join(f"{name}={_short(value)}" for name, value in self.choices.items())

    @cached_property
    def architecture(self) -> Architecture:
        """The architecture, ready to run; its name is the label."""
        return self.space.architecture_of(self.index)

    @property
    def features(self) -> Floats:
        """Its row of the feature table, shape (n_features,)."""
        return self.space.features[self.index]


class BoundSpace:
    """The valid points of a space for given ranked lists.

    Attributes:
        space: What was bound.
        rankings: The lists it was bound to.
        points: In the order of the ways through the holes; `points[i].index == i`.
        codes: Number of the chosen option of every hole, -1 where the hole is not open; shape (n, n_holes).
        planned_samples: Per question, shape (n,).
        features: What a surrogate model sees, each column scaled to [0, 1]; shape (n, n_features).
        removed: Ways that were removed, by reason.
        is_sampled: Whether the points are a random part of the space.
        layers: Every layer that some point has, each once.
        layer_ids: The layers of every point, as numbers of `layers`.
    """

    def __init__(
        self,
        space: Space,
        rankings: Rankings,
        *,
        layers: Sequence[Layer],
        layer_ids: Sequence[tuple[int, ...]],
        codes: Ints,
        planned: Sequence[int],
        removed: Mapping[str, int],
        raw: int,
        is_sampled: bool,
        price: Price | None = None,
        measures: Measures | None = None,
    ) -> None:
        self.space = space
        self._price = price
        self._measures = measures or {}
        self._costs: dict[CostKind, Floats] = {}
        self.rankings = rankings
        self.codes = codes
        self.planned_samples: Ints = np.asarray(planned, dtype=np.int64)
        self.removed = dict(sorted(removed.items()))
        self.raw = raw
        self.is_sampled = is_sampled
        self.layer_ids = tuple(layer_ids)
        self.layers = tuple(layers)
        self.points = tuple(Point(index, int(samples), self) for index, samples in enumerate(planned))

    def __len__(self) -> int:
        return len(self.points)

    @cached_property
    def features(self) -> Floats:
        return make_features(self.space.holes, self.codes, self.layer_ids, self.rankings)

    def costs(self, kind: CostKind) -> Floats:
        """What one question takes at every point, shape (n,).

        Raises:
            SpecError: Dollars are asked for, and a model has no price; or tokens or seconds, and nobody knows them.
        """
        if kind not in self._costs:
            self._costs[kind] = self._find_costs(kind)
        return self._costs[kind]

    def micro_usd(self, point: int) -> int | None:
        """Estimated price of one question at a point, in millionths of a dollar; None without prices."""
        return None if self._price is None else self._price(self.points[point].architecture)

    def _find_costs(self, kind: CostKind) -> Floats:
        if kind == "samples":
            return self.planned_samples.astype(np.float64)
        if kind == "usd":
            return self._dollars()
        measure = self._measures.get(kind)
        if measure is None:
            raise SpecError(f"costs in {kind} need somebody who knows them. Use cost: samples", path="cost")
        found = [measure(each, self.rankings) for each in self._all_architectures()]
        if None in found:
            raise SpecError(f"costs in {kind} are not known for every model. Use cost: samples", path="cost")
        return np.array([each or 0.0 for each in found], dtype=np.float64)

    def _dollars(self) -> Floats:
        price = self._price
        prices = [None if price is None else price(each) for each in self._all_architectures()]
        if None in prices:
            raise SpecError("costs in dollars need a price for every model. Use cost: samples", path="cost")
        return np.array([price or 0 for price in prices], dtype=np.float64) / 1e6

    def _all_architectures(self) -> Iterator[Architecture]:
        """One after the other; not kept, because there may be a hundred thousand."""
        return (self.architecture_of(index) for index in range(len(self.points)))

    @cached_property
    def sharing(self) -> Sharing:
        """Which model calls the points have in common."""
        return Sharing(self.layers, self.layer_ids)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over the space and all layers of all points."""
        layers = [_layer_key(layer) for layer in self.layers]
        return digest({"space": self.space.fingerprint, "layers": layers, "points": self.layer_ids})

    def architecture_of(self, index: int) -> Architecture:
        """The architecture of a point."""
        return Architecture(
            name=f"{self.space.name}: {self.points[index].label}" if self.space.holes else self.space.name,
            rules=self.space.rules,
            max_candidates=self.space.max_candidates,
            layers=tuple(self.layers[number] for number in self.layer_ids[index]),
        )

    def choices_of(self, index: int) -> dict[str, str | int | float]:
        """The choices of a point, by hole."""
        found: dict[str, str | int | float] = {}
        codes: list[int] = self.codes[index].tolist()
        for hole, code in zip(self.space.holes, codes, strict=True):
            if code >= 0:
                numbers = hole.numbers
                found[hole.name] = hole.options[code].label if numbers is None else _plain(numbers[code])
        return found

    def index_of(self, architecture: Architecture) -> int | None:
        """Number of the point that is this architecture, if there is one."""
        if architecture.rules != self.space.rules or architecture.max_candidates != self.space.max_candidates:
            return None
        ids = {_layer_key(layer): number for number, layer in enumerate(self.layers)}
        wanted = tuple(ids.get(_layer_key(layer), -1) for layer in architecture.layers)
        return self._index_by_layers.get(wanted)

    @cached_property
    def _index_by_layers(self) -> dict[tuple[int, ...], int]:
        return {ids: index for index, ids in enumerate(self.layer_ids)}

    def describe(self) -> Description:
        """The space in numbers."""
        return Description(
            name=self.space.name,
            fingerprint=self.space.fingerprint,
            raw=self.raw,
            points=len(self.points),
            removed=self.removed,
            is_sampled=self.is_sampled,
            planned_samples=(
                int(self.planned_samples.min()),
                float(median(self.planned_samples.tolist())),
                int(self.planned_samples.max()),
            ),
            holes={hole.name: tuple(o.label for o in hole.options) for hole in self.space.holes},
        )


def bind_space(
    space: Space,
    rankings: Rankings,
    *,
    price: Price | None,
    measures: Measures,
    most: int,
    sampled: int,
) -> BoundSpace:
    """See `Space.bind`."""
    if space.max_cost_usd is not None and price is None:
        raise SpecError(
            "a limit in dollars needs prices, and none are given. Use max_samples", path="max_cost_usd"
        )
    for limit, kind in ((space.max_tokens, "tokens"), (space.max_seconds, "seconds")):
        if limit is not None and kind not in measures:
            raise SpecError(
                f"a limit in {kind} needs estimates, and none are given. Use max_samples", path=f"max_{kind}"
            )
    maker = _Maker(space, rankings, price, measures)
    raw = space.raw_count
    is_sampled = raw > most
    enough = sampled if is_sampled else raw
    for number in _draw(raw, space.fingerprint) if is_sampled else range(raw):
        if len(maker.codes) >= enough or maker.tried >= 10 * enough:
            break
        maker.add(unrank(space.start, number))
    if not maker.codes:
        reasons = "; ".join(f"{count} {reason}" for reason, count in sorted(maker.removed.items()))
        least = "".join(
            f". The cheapest of these takes about {amount:.2g} {kind} a question"
            for kind, amount in maker.cheapest.items()
        )
        raise SpecError(f"no point of the space '{space.name}' can be built. Removed: {reasons}{least}")
    return BoundSpace(
        space,
        rankings,
        layers=maker.layers,
        layer_ids=list(maker.seen),
        codes=np.asarray(maker.codes, dtype=np.int64).reshape(len(maker.codes), len(space.holes)),
        planned=maker.planned,
        removed=maker.removed,
        raw=raw,
        is_sampled=is_sampled,
        price=price,
        measures=measures,
    )


@dataclass(slots=True)
class _Maker:
    """Makes points one after the other and remembers everything that many of them have in common."""

    space: Space
    rankings: Rankings
    price: Price | None
    measures: Measures
    tried: int = 0
    cheapest: dict[str, float] = field(default_factory=dict[str, float])
    """The least that a point takes which is over a limit, by what it takes."""
    codes: list[list[int]] = field(default_factory=list[list[int]])
    planned: list[int] = field(default_factory=list[int])
    seen: dict[tuple[int, ...], None] = field(default_factory=dict[tuple[int, ...], None])
    removed: Counter[str] = field(default_factory=Counter[str])
    layers: list[Layer] = field(default_factory=list[Layer])
    _ids: dict[str, int] = field(default_factory=dict[str, int])
    _switches: list[object] = field(default_factory=list[object])
    _filled: dict[tuple[object, ...], tuple[int, ...] | str] = field(
        default_factory=dict[tuple[object, ...], tuple[int, ...] | str]
    )
    _counts: dict[tuple[int, int], tuple[int, int, bool]] = field(
        default_factory=dict[tuple[int, int], tuple[int, int, bool]]
    )
    _broken: dict[tuple[object, ...], str] = field(default_factory=dict[tuple[object, ...], str])
    _holes: dict[str, Hole] = field(init=False)
    _names: dict[int, tuple[str, ...]] = field(default_factory=dict[int, tuple[str, ...]])

    def __post_init__(self) -> None:
        self._holes = {hole.name: hole for hole in self.space.holes}

    def add(self, chosen: Mapping[str, int]) -> None:
        """Keep the point if it is valid and new; else count why not."""
        self.tried += 1
        ids: tuple[int, ...] = ()
        try:
            for item in self.space.template.layers:
                for node in open_layers(item, chosen, self._holes):
                    ids += self._fill(node, chosen)
        except Infeasible as reason:
            self.removed[str(reason)] += 1
            return
        if not ids:
            self.removed["have no layers"] += 1
        elif ids in self.seen:
            self.removed["are the same as another architecture"] += 1
        elif reason := self._objection(ids):
            self.removed[reason] += 1
        else:
            self.seen[ids] = None
            self.codes.append([chosen.get(name, -1) for name in self._holes])
            self.planned.append(self._count(ids)[0])

    def _fill(self, node: Node, chosen: Mapping[str, int]) -> tuple[int, ...]:
        """The number of the layer that `node` becomes, or nothing where all its components are absent."""
        names = self._names.get(id(node))
        if names is None:
            names = self._names[id(node)] = _deciding(node, self._holes)
        key = (id(node), *(chosen.get(name, -1) for name in names))
        if key not in self._filled:
            try:
                layer = resolve_layer(node, chosen, self.rankings, self._holes)
                where = node.path if isinstance(node, (Fields, Items)) else ""
                self._filled[key] = (self._intern(layer, where),) if layer["components"] else ()
            except Infeasible as reason:
                self._filled[key] = str(reason)
            except ValueError as error:
                raise SpecError(str(error)) from None
        filled = self._filled[key]
        if isinstance(filled, str):
            raise Infeasible(filled)
        return filled

    def _intern(self, fields: dict[str, Any], where: str) -> int:
        layer = parse_as(Layer, fields, where=where)
        key = _layer_key(layer)
        if key not in self._ids:
            self._ids[key] = len(self.layers)
            self.layers.append(layer)
            self._switches.append(_switches(layer))
        return self._ids[key]

    def _objection(self, ids: tuple[int, ...]) -> str:
        broken = self._broken_rule(ids)
        if broken:
            return broken
        planned, fits = self._count(ids)
        if not fits:
            return f"put over {self.space.max_candidates} candidates into one prompt (rule 6)"
        if self.space.max_samples is not None and planned > self.space.max_samples:
            return f"over {self.space.max_samples} samples a question"
        if self.space.needs_measures:
            return self._too_much(self._architecture(ids))
        return ""

    def _broken_rule(self, ids: tuple[int, ...]) -> str:
        # Rules 1 to 5 look at classes and switches of components, never at numbers or models.
        key = tuple(self._switches[number] for number in ids)
        if key not in self._broken:
            layers = tuple(self.layers[number] for number in ids)
            candidate = Architecture.model_construct(
                layers=layers, rules=self.space.rules, max_candidates=_NO_LIMIT
            )
            try:
                check_rules(candidate)
                self._broken[key] = ""
            except ValueError as error:
                self._broken[key] = _reason(str(error))
        return self._broken[key]

    def _count(self, ids: tuple[int, ...]) -> tuple[int, bool]:
        n = total = 0
        fits = True
        for number in ids:
            key = (number, n)
            if key not in self._counts:
                layer = self.layers[number]
                reads_all = any(component.reads_all for component in layer.components)
                self._counts[key] = (
                    layer.max_out(n),
                    layer.planned_samples(n),
                    not reads_all or n <= self.space.max_candidates,
                )
            n, samples, layer_fits = self._counts[key]
            total += samples
            fits = fits and layer_fits
        return total, fits

    def _too_much(self, architecture: Architecture) -> str:
        """Which limit in dollars, tokens or seconds one question passes; empty if none."""
        if self.space.max_cost_usd is not None:
            assert self.price is not None
            cost = self.price(architecture)
            if cost is None:
                return "have a model without a price"
            if cost > self.space.max_cost_usd * 1e6:
                self._note("dollars", cost / 1e6)
                return f"over {self.space.max_cost_usd:g} dollars a question"
        limits: tuple[tuple[CostKind, float | None], ...] = (
            ("tokens", self.space.max_tokens),
            ("seconds", self.space.max_seconds),
        )
        for kind, limit in limits:
            if limit is not None:
                amount = self.measures[kind](architecture, self.rankings)
                if amount is None:
                    return f"have a model of which no {kind} are known"
                if amount > limit:
                    self._note(kind, amount)
                    return f"over {limit:g} {kind} a question"
        return ""

    def _note(self, kind: str, amount: float) -> None:
        self.cheapest[kind] = min(self.cheapest.get(kind, amount), amount)

    def _architecture(self, ids: tuple[int, ...]) -> Architecture:
        return Architecture(
            rules=self.space.rules,
            max_candidates=self.space.max_candidates,
            layers=tuple(self.layers[number] for number in ids),
        )


def _draw(count: int, seed: str) -> Iterator[int]:
    """Numbers below `count` at random, each at most once, without an end before all are drawn."""
    rng = random_for("points", seed)
    seen: set[int] = set()
    while len(seen) < count:
        number = rng.randrange(count)
        if number not in seen:
            seen.add(number)
            yield number


def _deciding(node: Node, holes: Mapping[str, Hole]) -> tuple[str, ...]:
    """Names of all holes that decide what a layer becomes, those inside holes it refers to included."""
    found: dict[str, None] = {}
    todo: list[Node] = [node]
    while todo:
        for inner in walk(todo.pop()):
            if isinstance(inner, Hole):
                found[inner.name] = None
            elif isinstance(inner, Same) and inner.name not in found:
                found[inner.name] = None
                todo.append(Block(tuple(option.node for option in holes[inner.name].options)))
    return tuple(found)


def _layer_key(layer: Layer) -> str:
    return canonical_json(layer.model_dump(mode="json"))


def _switches(layer: Layer) -> object:
    """All of a layer that its rules look at."""
    kinds = tuple(dict.fromkeys(_switches_of(component) for component in layer.components))
    if layer.quorum == 1 and layer.grace_s is None:
        return kinds
    return kinds, layer.quorum, len(layer.components)


def _switches_of(component: Component) -> tuple[object, ...]:
    fields: Iterable[tuple[str, object]] = component
    return (component.type, *((name, value) for name, value in fields if isinstance(value, bool)))


def _reason(message: str) -> str:
    rule = _RULE.search(message)
    words = {
        "1": "put several kinds of component into one layer (rule 1)",
        "2": "have no generators first, or some later (rule 2)",
        "3": "make critiques that nobody uses (rule 3)",
        "4": "have tests without an evaluator, or the reverse (rule 4)",
    }
    number = rule.group(1) if rule else ""
    return words.get(number, f"break rule {number}" if number else f"are refused: {message.splitlines()[0]}")


def _plain(number: float) -> float:
    return int(number) if float(number).is_integer() else number


def _short(value: str | int | float) -> str:
    return f"{value:g}" if isinstance(value, float) else str(cast("object", value))
