"""The grammar of holes: what may stand in a space where an architecture has a value.

| written | means |
|---|---|
| ``{choice: [a, b, c], name: k}`` | one of the options; ``{choice: {few: 2, many: 9}}`` labels them |
| ``{pool: [openai/a, ollama/b], name: k}`` | one of these models |
| ``{same: k}`` | whatever was chosen for the hole named ``k``, which stands before |
| ``models: {top: 3, of: generators}`` | one component per model: the three best of the ranked list |
| ``model: {top: 1, of: fusers}``, ``model: {best: fusers}`` | the best model of the ranked list |
| ``weights: {skill: generators}`` | a weight for each ranked model, from its share of right answers |
| ``{layers: [...]}`` | several layers where one may stand; ``null`` is no layer, or no component |

Options may contain holes of their own; these are open only where their option is chosen.
A path through the holes is a choice of one option for every open one; `count_paths` counts them without
making them, `unrank` makes the one with a given number.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from itas.core.component import component_types
from itas.core.spec import suggest
from itas.search.ranking import RankingName, Rankings

Mode = Literal["layer", "value"]
Chosen = Mapping[str, int]

_FORMS = ("choice", "pool", "same", "top", "best", "skill", "layers")
_RANKED: tuple[RankingName, ...] = ("generators", "fusers")


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value as it stands."""

    value: object


@dataclass(frozen=True, slots=True)
class Fields:
    """A mapping, for instance a component."""

    items: tuple[tuple[str, "Node"], ...]
    path: str = ""


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    items: tuple["Node", ...]
    path: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """Layers in order, where one layer may stand."""

    items: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a hole and the word for it in tables."""

    label: str
    node: "Node"


@dataclass(frozen=True, slots=True, eq=False)
class Hole:
    """An open value. `numbers` are its options if all of them are numbers."""

    name: str
    path: str
    options: tuple[Option, ...]
    is_pool: bool = False

    @property
    def numbers(self) -> tuple[float, ...] | None:
        """The options as numbers, if all are."""
        values = [option.node.value for option in self.options if isinstance(option.node, Leaf)]
        if len(values) < len(self.options):
            return None
        if any(isinstance(value, bool) or not isinstance(value, (int, float)) for value in values):
            return None
        return tuple(float(cast("float", value)) for value in values)


@dataclass(frozen=True, slots=True)
class Same:
    """The choice of another hole again."""

    name: str
    path: str


@dataclass(frozen=True, slots=True)
class Top:
    """The best models of a ranked list; `is_single` where one model is wanted, not a list."""

    count: "Node"
    of: RankingName
    path: str
    is_single: bool


@dataclass(frozen=True, slots=True)
class Skill:
    """Weights of the ranked models."""

    of: RankingName
    chance: float


Node = Leaf | Fields | Items | Block | Hole | Same | Top | Skill


class Infeasible(ValueError):
    """A choice that cannot be built; its text is the reason under which it is counted."""


@dataclass(frozen=True, slots=True)
class Template:
    """The layers of a space, parsed, with its holes in the order in which they are met."""

    layers: tuple[Node, ...]
    holes: tuple[Hole, ...]


@dataclass(slots=True)
class _Reader:
    holes: dict[str, Hole] = field(default_factory=dict[str, Hole])

    def read(self, data: object, path: str, mode: Mode) -> Node:
        if isinstance(data, dict):
            return self._read_mapping(cast("dict[object, object]", data), path, mode)
        if isinstance(data, (list, tuple)):
            items = cast("list[object]", data)
            read = tuple(self.read(item, f"{path}[{i}]", "value") for i, item in enumerate(items))
            return Items(read, path)
        return Leaf(data)

    def _read_mapping(self, data: dict[object, object], path: str, mode: Mode) -> Node:
        fields = {str(key): value for key, value in data.items()}
        if "choice" in fields:
            return self._read_choice(fields, path, mode)
        if "pool" in fields:
            return self._read_pool(fields, path)
        if "same" in fields:
            _check_names(fields, ("same",), path)
            return self._read_same(fields["same"], path)
        if "top" in fields or "best" in fields or "of" in fields:
            return self._read_top(fields, path)
        if "skill" in fields:
            return self._read_skill(fields, path)
        if "layers" in fields:
            return self._read_block(fields, path, mode)
        if mode == "layer" and "type" not in fields and "components" not in fields:
            raise ValueError(
                f"{path}: a layer is a component with a 'type', a list of components, or one of "
                "{choice: [...]}, {same: name}, {layers: [...]}, null; "
                f"found the names {', '.join(fields) or 'none'}"
            )
        read = tuple((key, self.read(value, f"{path}.{key}", "value")) for key, value in fields.items())
        return Fields(read, path)

    def _read_choice(self, fields: dict[str, object], path: str, mode: Mode) -> Hole:
        _check_names(fields, ("choice", "name"), path)
        options = fields["choice"]
        labelled: list[tuple[str | None, object]]
        if isinstance(options, dict):
            labelled = [(str(k), v) for k, v in cast("dict[object, object]", options).items()]
        elif isinstance(options, (list, tuple)):
            labelled = [(None, value) for value in cast("list[object]", options)]
        else:
            raise ValueError(
                f"{path}.choice: a list of options, or a mapping of labels to options, found {options!r}"
            )
        if not labelled:
            raise ValueError(f"{path}.choice: at least one option, found none")
        name = self._name(fields, path)
        nodes = [
            (label, self.read(value, f"{path}.choice[{i}]", mode))
            for i, (label, value) in enumerate(labelled)
        ]
        labels = [label if label is not None else _label(node) for label, node in nodes]
        if len(set(labels)) < len(labels):
            labels = [
                label if labels.count(label) == 1 else f"{label} ({i + 1})" for i, label in enumerate(labels)
            ]
        hole = Hole(
            name, path, tuple(Option(label, node) for label, (_, node) in zip(labels, nodes, strict=True))
        )
        return self._add(hole)

    def _read_pool(self, fields: dict[str, object], path: str) -> Hole:
        _check_names(fields, ("pool", "name"), path)
        models = fields["pool"]
        if not isinstance(models, (list, tuple)) or not models:
            raise ValueError(f"{path}.pool: a list of at least one model, found {models!r}")
        options = tuple(Option(str(model), Leaf(str(model))) for model in cast("list[object]", models))
        return self._add(Hole(self._name(fields, path), path, options, is_pool=True))

    def _read_same(self, name: object, path: str) -> Same:
        if str(name) not in self.holes:
            known = list(self.holes)
            cure = suggest(str(name), known).rstrip(".") if known else "No hole stands before it"
            raise ValueError(f"{path}.same: names a hole that stands before it, found {name!r}. {cure}")
        return Same(str(name), path)

    def _read_top(self, fields: dict[str, object], path: str) -> Top:
        is_single = path.endswith(".model")
        if "best" in fields:
            _check_names(fields, ("best",), path)
            return Top(Leaf(1), _ranking(fields["best"], f"{path}.best"), path, is_single)
        _check_names(fields, ("top", "of"), path)
        if "top" not in fields or "of" not in fields:
            raise ValueError(f"{path}: write {{top: how many, of: generators}}, found {', '.join(fields)}")
        count = self.read(fields["top"], f"{path}.top", "value")
        return Top(count, _ranking(fields["of"], f"{path}.of"), path, is_single)

    def _read_skill(self, fields: dict[str, object], path: str) -> Skill:
        _check_names(fields, ("skill", "chance"), path)
        chance = fields.get("chance", 0.25)
        if isinstance(chance, bool) or not isinstance(chance, (int, float)) or not 0.0 < chance < 1.0:
            raise ValueError(
                f"{path}.chance: share of right answers when guessing, above 0 and below 1, found {chance!r}"
            )
        return Skill(_ranking(fields["skill"], f"{path}.skill"), float(chance))

    def _read_block(self, fields: dict[str, object], path: str, mode: Mode) -> Block:
        if mode != "layer":
            raise ValueError(f"{path}: 'layers' may stand only where a layer may stand")
        _check_names(fields, ("layers",), path)
        return Block(self.read_layers(fields["layers"], f"{path}.layers"))

    def read_layers(self, data: object, path: str) -> tuple[Node, ...]:
        if not isinstance(data, (list, tuple)):
            raise ValueError(f"{path}: a list of layers, found {data!r}")
        return tuple(
            self.read(layer, f"{path}[{i}]", "layer") for i, layer in enumerate(cast("list[object]", data))
        )

    def _name(self, fields: dict[str, object], path: str) -> str:
        name = fields.get("name", path)
        if not isinstance(name, str) or not name:
            raise ValueError(f"{path}.name: a word, found {name!r}")
        if name in self.holes:
            raise ValueError(
                f"{path}.name: every hole has its own name, '{name}' is taken by {self.holes[name].path}. "
                f"To use the same choice again, write {{same: {name}}}"
            )
        return name

    def _add(self, hole: Hole) -> Hole:
        # Options are read before, so the holes inside them may have taken the name meanwhile.
        if hole.name in self.holes:
            raise ValueError(f"{hole.path}.name: '{hole.name}' is taken by {self.holes[hole.name].path}")
        self.holes[hole.name] = hole
        return hole


def parse_template(layers: object) -> Template:
    """Read the layers of a space.

    Raises:
        ValueError: Naming the place, the law and what was found.
    """
    reader = _Reader()
    nodes = reader.read_layers(layers, "layers")
    if not nodes:
        raise ValueError("layers: at least one layer, found none")
    return Template(nodes, tuple(_holes_in_order(nodes)))


def rankings_used(template: Template) -> frozenset[RankingName]:
    """Which ranked lists the layers refer to."""
    return frozenset(node.of for node in walk(Block(template.layers)) if isinstance(node, (Top, Skill)))


def walk(node: Node) -> Iterator[Node]:
    """The node and everything below it, in the order of the file."""
    yield node
    for child in _children(node):
        yield from walk(child)


def resolve(node: Node, chosen: Chosen, rankings: Rankings, holes: Mapping[str, Hole]) -> Any:
    """Fill the holes of a value.

    Raises:
        Infeasible: With the reason.
    """
    match node:
        case Leaf(value):
            return value
        case Fields(items):
            return {key: resolve(item, chosen, rankings, holes) for key, item in items}
        case Items(items):
            return [resolve(item, chosen, rankings, holes) for item in items]
        case Hole():
            return resolve(node.options[chosen[node.name]].node, chosen, rankings, holes)
        case Same():
            return resolve(_referred(node, chosen, holes), chosen, rankings, holes)
        case Top():
            count = resolve(node.count, chosen, rankings, holes)
            return _best(node, count, rankings)
        case Skill():
            return rankings.weights(node.of, chance=node.chance)
        case Block():
            raise AssertionError("a block is resolved layer by layer")


def open_layers(node: Node, chosen: Chosen, holes: Mapping[str, Hole]) -> Iterator[Node]:
    """The layers that stand where `node` stands once the holes above them are filled.

    Raises:
        Infeasible: With the reason.
    """
    match node:
        case Leaf(None):
            return
        case Block(items):
            for item in items:
                yield from open_layers(item, chosen, holes)
        case Hole():
            yield from open_layers(node.options[chosen[node.name]].node, chosen, holes)
        case Same():
            yield from open_layers(_referred(node, chosen, holes), chosen, holes)
        case _:
            yield node


def resolve_layer(
    node: Node, chosen: Chosen, rankings: Rankings, holes: Mapping[str, Hole]
) -> dict[str, Any]:
    """One layer: its components, models spread out, absent ones left out; and its other fields, such as ``quorum``.

    Raises:
        Infeasible: With the reason.
    """
    return _layer(resolve(node, chosen, rankings, holes))


def find_fields(template: Template, component_type: str) -> dict[str, Any]:
    """Fields of the first component of a type in the layers, without its models and samples: an open value is the
    option nearest to the component's default."""
    node = _find_component(template, component_type)
    if node is None:
        return {"type": component_type}
    found: dict[str, Any] = {}
    for key, written in node.items:
        if key in ("model", "models", "samples"):
            continue
        item: Node = written
        if isinstance(written, Same):
            item = next(hole for hole in template.holes if hole.name == written.name)
        if isinstance(item, Leaf):
            found[key] = item.value
        elif isinstance(item, Hole):
            options = [option.node.value for option in item.options if isinstance(option.node, Leaf)]
            if options:
                found[key] = _nearest_to_default(options, component_type, key)
    return found


def find_model(template: Template, component_type: str) -> str | None:
    """The fixed model of the first component of a type; None where there is none, or it is open."""
    node = _find_component(template, component_type)
    model = None if node is None else dict(node.items).get("model")
    return model.value if isinstance(model, Leaf) and isinstance(model.value, str) else None


def _find_component(template: Template, component_type: str) -> Fields | None:
    for node in walk(Block(template.layers)):
        if isinstance(node, Fields) and ("type", Leaf(component_type)) in node.items:
            return node
    return None


def _nearest_to_default(options: list[object], component_type: str, name: str) -> object:
    """The default itself, else the nearest number, else the first option."""
    kind = component_types().get(component_type)
    field_info = None if kind is None else kind.model_fields.get(name)
    default: object = None if field_info is None else field_info.default
    if default in options or not isinstance(default, (int, float)):
        return default if default in options else options[0]
    numbers = [option for option in options if isinstance(option, (int, float))]
    return min(numbers, key=lambda number: abs(number - default)) if numbers else options[0]


# --- paths --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """A hole that is met, and where each of its options leads; `paths` is how many ways lead on from here."""

    hole: Hole
    onward: "tuple[Step | None, ...]"
    counts: tuple[int, ...]

    @property
    def paths(self) -> int:
        return sum(self.counts)


def compile_paths(template: Template) -> Step | None:
    """The holes as a graph in which every way from the start to the end is one point."""
    return _compile(Block(template.layers), None)


def count_paths(start: Step | None) -> int:
    """Ways through the graph."""
    return 1 if start is None else start.paths


def unrank(start: Step | None, number: int) -> dict[str, int]:
    """Way number `number` (from 0): hole name -> number of the option, holes that are not met left out."""
    chosen: dict[str, int] = {}
    step = start
    while step is not None:
        index = 0
        while number >= step.counts[index]:
            number -= step.counts[index]
            index += 1
        chosen[step.hole.name] = index
        step = step.onward[index]
    return chosen


def _compile(node: Node, onward: Step | None) -> Step | None:
    if isinstance(node, Hole):
        steps = tuple(_compile(option.node, onward) for option in node.options)
        return Step(node, steps, tuple(count_paths(step) for step in steps))
    for child in reversed(_children(node)):
        onward = _compile(child, onward)
    return onward


# --- small parts --------------------------------------------------------------------------------------------


def _children(node: Node) -> tuple[Node, ...]:
    match node:
        case Fields(items):
            return tuple(item for _, item in items)
        case Items(items) | Block(items):
            return items
        case Hole():
            return tuple(option.node for option in node.options)
        case Top():
            return (node.count,)
        case _:
            return ()


def _holes_in_order(nodes: tuple[Node, ...]) -> Iterator[Hole]:
    return (node for node in walk(Block(nodes)) if isinstance(node, Hole))


def _referred(node: Same, chosen: Chosen, holes: Mapping[str, Hole]) -> Node:
    index = chosen.get(node.name)
    if index is None:
        raise Infeasible(f"use the choice of '{node.name}' where none was made")
    return holes[node.name].options[index].node


def _best(node: Top, count: object, rankings: Rankings) -> list[str] | str:
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise ValueError(f"{node.path}.top: a whole number of at least 1, found {count!r}")
    if node.is_single and count != 1:
        raise ValueError(
            f"{node.path}.top: 'model' takes one model, found {count}. Write 'models' for several"
        )
    ranked = rankings.models(node.of)
    if count > len(ranked):
        raise Infeasible(f"want more {node.of} than are ranked ({len(ranked)})")
    return ranked[0] if node.is_single else list(ranked[:count])


def _layer(resolved: object) -> dict[str, Any]:
    """A layer as a mapping with its components and whatever else was written beside them."""
    fields = cast("dict[str, Any]", resolved) if isinstance(resolved, dict) else {}
    if "components" not in fields:
        return {"components": _components(cast("object", resolved))}
    return {**fields, "components": _components(fields["components"])}


def _components(resolved: object) -> tuple[dict[str, Any], ...]:
    parts: list[object] = cast("list[object]", resolved) if isinstance(resolved, list) else [resolved]
    found: list[dict[str, Any]] = []
    for part in parts:
        if part is None:
            continue
        fields = cast("dict[str, Any]", part)
        models = fields.get("models")
        if isinstance(models, list):
            rest = {key: value for key, value in fields.items() if key != "models"}
            found.extend({**rest, "model": model} for model in cast("list[object]", models))
        else:
            found.append(fields)
    return tuple(found)


def _ranking(name: object, path: str) -> RankingName:
    if name not in _RANKED:
        raise ValueError(f"{path}: one of {', '.join(_RANKED)}, found {name!r}")
    return name


def _check_names(fields: dict[str, object], known: tuple[str, ...], path: str) -> None:
    for name in fields:
        if name not in known:
            raise ValueError(
                f"{path}: '{known[0]}' has no '{name}'. {suggest(name, list(known)).rstrip('.')}"
            )


def _label(node: Node) -> str:
    match node:
        case Leaf(None):
            return "none"
        case Leaf(value):
            return str(value)
        case Fields(items):
            kind = dict(items).get("type")
            return str(kind.value) if isinstance(kind, Leaf) else "mapping"
        case Items(items):
            return ", ".join(_label(item) for item in items)
        case Block(items):
            return " + ".join(_label(item) for item in items) or "none"
        case Hole() | Same():
            return f"<{node.name}>"
        case Top():
            return f"top {_label(node.count)} {node.of}"
        case Skill():
            return f"skill of {node.of}"
