"""Read the architecture files published with the Archon paper.

Source: Saad-Falcon et al. 2024, arXiv:2409.15254, and the files published with it (JSON; a layer is a list,
``{branches, models: [...]}`` or, in two files, a bare component). What a key meant is kept; a key that meant
nothing in the published code, is misspelt, or has no counterpart here is left out with a warning.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from itas.components import (
    Critic,
    Fuser,
    Generator,
    Ranker,
    RewardRanker,
    UnitTestEvaluator,
    UnitTestGenerator,
    Verifier,
)
from itas.core.architecture import Architecture
from itas.core.spec import suggest
from itas.errors import SpecError

PROVIDERS = {
    "Together_API": "together",
    "OpenAI_API": "openai",
    "Anthropic_API": "anthropic",
    "Google_API": "gemini",
    "Groq_API": "groq",
    "Bedrock_API": "bedrock",
    "vLLM": "vllm",
}
PAIR_RANKER = "llm-blender/PairRM"
PAIR_RANKER_HERE = "local/llm-blender/PairRM-hf"
"""The same weights, in the form that `transformers` reads."""

# The keys of each component that are kept as they are.
_KEPT = {
    Generator.type: {"samples", "temperature", "max_tokens"},
    Fuser.type: {"samples", "temperature", "max_tokens", "length_control"},
    Ranker.type: {"temperature", "max_tokens", "top_k", "use_critiques"},
    Critic.type: {"temperature", "max_tokens"},
    Verifier.type: {"temperature", "max_tokens", "first_k"},
    UnitTestGenerator.type: {"temperature", "max_tokens"},
    UnitTestEvaluator.type: {"temperature", "max_tokens", "top_k", "first_k"},
}
_RENAMED = {(UnitTestGenerator.type, "unit_test_cap"): "count"}
_READ = {"type", "model", "model_type"}

# Keys that are left out, and why that is all right or what to do instead.
_REASONS = {
    "batch_num": "the verifier asks about all candidates at once",
    "checkpoint": "models are named by their provider",
    "fuse_generations_count": "say how many answers to write with 'samples'",
    "no_system": "no system message is added to the caller's, and the caller's own is never removed",
    "ranker_batch_size": "it only concerns PairRM, which takes its pairs in batches of its own here",
    "ranker_config": "put a ranker into the layer before instead",
    "remove_unit_tests_from_prompt": "tests stand beside the request, never in it",
    "samples": "one sample is drawn",
    "top_k_generations": "put a ranker into the layer before instead",
}
_KEYS = {*_REASONS, "first_pass", "unit_test_cap", *(key for keys in _KEPT.values() for key in keys)}


@dataclass(frozen=True, slots=True)
class Conversion:
    """An architecture, and what was left out or changed when its file was read, one line each."""

    architecture: Architecture
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Place:
    """One component of a file: where it stands and what is said about it."""

    layer: int
    path: str
    type: str
    fields: Mapping[str, Any]


def is_legacy(data: object) -> bool:
    """Whether this looks like a file of the authors: ``model_type``, ``branches`` or lists of ``models`` that
    are components."""
    if not isinstance(data, dict):
        return False
    layers = cast("dict[str, object]", data).get("layers")
    return isinstance(layers, list) and any(_is_legacy_layer(layer) for layer in cast("list[object]", layers))


def convert_legacy(data: Mapping[str, Any], *, where: str = "") -> Conversion:
    """Make an architecture from a file of the authors.

    Args:
        data: What the JSON holds.
        where: Name of the file, for messages.

    Raises:
        SpecError: It cannot run: no layers, an unknown component or model_type, fusers in the first layer,
            a critic that nobody uses, a value that makes no sense.
    """
    warnings = _Warnings()
    places = list(_components(data, warnings, where))
    _check_first_layer(places, where)
    layers: list[list[dict[str, Any]]] = [[] for _ in _list(data.get("layers"))]
    for place in places:
        layers[place.layer].append(_convert(place, warnings, where))
    _warn_of_hidden_critiques(places, warnings)
    for key in data:
        if key not in ("name", "layers"):
            warnings.add(key, f"unknown name, ignored. {suggest(key, ['name', 'layers'])}")
    spec: dict[str, Any] = {"layers": layers}
    if data.get("name") is not None:
        spec["name"] = data["name"]
    return Conversion(_raise_limit(spec, warnings, where), warnings.lines())


class _Warnings:
    """Collects warnings; the same one in several places becomes one line."""

    def __init__(self) -> None:
        self._paths: dict[tuple[str, str], list[str]] = {}

    def add(self, path: str, message: str, *, kind: str = "") -> None:
        """Note `message` about `path`; equal messages of one `kind` (a component and key) are one line."""
        self._paths.setdefault((kind or path, message), []).append(path)

    def lines(self) -> tuple[str, ...]:
        return tuple(
            f"{_printable(paths[0])}{f' (and {len(paths) - 1} more)' if len(paths) > 1 else ''}: {message}"
            for (_, message), paths in self._paths.items()
        )


def _is_legacy_layer(layer: object) -> bool:
    if isinstance(layer, dict):
        fields = cast("dict[str, object]", layer)
        models = fields.get("models")
        if "branches" in fields or "model_type" in fields:
            return True
        return isinstance(models, list) and any(isinstance(m, dict) for m in cast("list[object]", models))
    return any(
        isinstance(component, dict) and "model_type" in component
        for component in cast("list[object]", layer if isinstance(layer, list) else [])
    )


def _list(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else []


def _components(data: Mapping[str, Any], warnings: _Warnings, where: str) -> Iterator[_Place]:
    if not _list(data.get("layers")):
        raise SpecError("layers: a list with at least one layer is needed.", path=where)
    for index, layer in enumerate(_list(data["layers"])):
        path = f"layers[{index}]"
        components = _components_of_layer(layer, path, warnings)
        if not components:
            raise _error(where, path, "a layer is a list of components, and not empty.")
        for number, fields in enumerate(components):
            inner = f"{path}[{number}]"
            if not isinstance(fields, dict):
                raise _error(where, inner, f"a component is a mapping with a 'type', found {_short(fields)}.")
            named = cast("dict[str, Any]", fields)
            yield _Place(index, inner, _type(named, inner, where), named)


def _components_of_layer(layer: object, path: str, warnings: _Warnings) -> list[object]:
    if not isinstance(layer, dict):
        return _list(layer)
    fields = cast("dict[str, object]", layer)
    if "type" in fields:
        warnings.add(path, "a component without a list around it; read as a layer of one component.")
        return [fields]
    for key, value in fields.items():
        if key == "branches":
            if value not in (1, None):
                warnings.add(f"{path}.branches", "ignored, as in the published code; the layer stands once.")
        elif key != "models":
            message = f"unknown name, ignored. {suggest(key, ['branches', 'models'])}"
            warnings.add(f"{path}.{key}", message)
    return _list(fields.get("models"))


def _type(fields: Mapping[str, Any], path: str, where: str) -> str:
    name = fields.get("type")
    if isinstance(name, str) and name in _KEPT:
        return name
    if name is None:
        raise _error(where, path, f"a component needs a 'type'. Known: {', '.join(_KEPT)}.")
    raise _error(
        where, f"{path}.type", f"unknown component {_short(name)}. {suggest(str(name), list(_KEPT))}"
    )


def _convert(place: _Place, warnings: _Warnings, where: str) -> dict[str, Any]:
    if _is_pair_ranker(place):
        return _convert_pair_ranker(place, warnings)
    converted: dict[str, Any] = {"type": place.type, "model": _model(place, warnings, where)}
    for key, value in place.fields.items():
        if key in _READ or value is None:
            continue
        if key in _KEPT[place.type]:
            converted[key] = value
        elif (place.type, key) in _RENAMED:
            converted[_RENAMED[place.type, key]] = value
        elif key == "first_pass" and place.type == UnitTestEvaluator.type:
            if value and place.fields.get("first_k") is None:
                converted["first_k"] = 1
            elif value:
                _leave_out(place, key, "ignored: 'first_k' is given too, and counts.", warnings)
        elif not _happens_anyway(place.type, key, value):
            _leave_out(place, key, _reason(place.type, key), warnings)
    if place.type == UnitTestGenerator.type and place.layer == 0:
        converted["show_tests"] = True
    return converted


def _is_pair_ranker(place: _Place) -> bool:
    return place.type == Ranker.type and place.fields.get("model") == PAIR_RANKER


def _convert_pair_ranker(place: _Place, warnings: _Warnings) -> dict[str, Any]:
    """A `reward_ranker`: the weights run on this machine, and read no prompt and no critique."""
    warnings.add(
        f"{place.path}.model",
        f"'{PAIR_RANKER}' is read as a {RewardRanker.type} with '{PAIR_RANKER_HERE}', which runs on this machine; "
        "it needs the extra 'local' (pip install 'itas[local]').",
    )
    for key, value in place.fields.items():
        if key in (*_READ, "top_k") or value is None or _happens_anyway(place.type, key, value):
            continue
        if key != "use_critiques" or value is not False:
            known = key in _KEYS
            reason = "ignored: it means nothing on PairRM." if known else _reason(place.type, key)
            _leave_out(place, key, reason, warnings)
    top_k = place.fields.get("top_k")
    kept = Ranker.model_fields["top_k"].default if top_k is None else top_k
    return {"type": RewardRanker.type, "model": PAIR_RANKER_HERE, "top_k": kept}


def _happens_anyway(type: str, key: str, value: object) -> bool:
    if key == "samples":
        return value == 1 and not isinstance(value, bool)
    if key == "remove_unit_tests_from_prompt":
        return value is True and type == UnitTestEvaluator.type
    return key in ("no_system", "length_control") and value is False


def _leave_out(place: _Place, key: str, reason: str, warnings: _Warnings) -> None:
    warnings.add(f"{place.path}.{key}", reason, kind=f"{place.type}.{key}")


def _reason(type: str, key: str) -> str:
    if key in _REASONS:
        return f"ignored on a {type}: {_REASONS[key]}."
    if key in _KEYS:
        return f"ignored: it means nothing on a {type}."
    known = sorted(_KEPT[type] | {old for owner, old in _RENAMED if owner == type})
    return f"unknown name, ignored, as in the published code. {suggest(key, known)}"


def _model(place: _Place, warnings: _Warnings, where: str) -> str:
    name, model_type = place.fields.get("model"), place.fields.get("model_type")
    if not isinstance(name, str) or not name:
        raise _error(where, f"{place.path}.model", f"the name of a model is needed, found {_short(name)}.")
    if name == PAIR_RANKER:
        raise _error(
            where,
            f"{place.path}.model",
            f"'{PAIR_RANKER}' only ranks. Set 'model' and 'model_type' as in the generators.",
        )
    provider = PROVIDERS.get(model_type) if isinstance(model_type, str) else None
    if provider is None:
        cure = suggest(str(model_type), list(PROVIDERS))
        if not cure.startswith("Known"):
            cure += f" Known: {', '.join(sorted(PROVIDERS))}."
        raise _error(where, f"{place.path}.model_type", f"unknown provider {_short(model_type)}. {cure}")
    if provider == "bedrock" and name.startswith("bedrock/"):
        # The published code names these models in the form of another library, provider first.
        name = name.removeprefix("bedrock/")
    return f"{provider}/{name}"


def _check_first_layer(places: list[_Place], where: str) -> None:
    fusers = [place for place in places if place.layer == 0 and place.type == Fuser.type]
    if fusers:
        others = f" (and {len(fusers) - 1} more)" if len(fusers) > 1 else ""
        raise _error(
            where,
            f"{fusers[0].path}{others}",
            "a fuser in the first layer has nothing to fuse (rule 5). Move it behind the generators, "
            "or make it a generator.",
        )


def _warn_of_hidden_critiques(places: list[_Place], warnings: _Warnings) -> None:
    """Warn where candidates have critiques and a ranker is told not to use them."""
    have_critiques = False
    for place in places:
        if place.type in (Critic.type, Generator.type, Fuser.type):
            have_critiques = place.type == Critic.type
        if _is_pair_ranker(place):
            continue
        if have_critiques and place.type == Ranker.type and place.fields.get("use_critiques") is False:
            warnings.add(
                f"{place.path}.use_critiques",
                "kept: the ranker does not see the critiques (the published code showed them all the same).",
            )


def _raise_limit(spec: dict[str, Any], warnings: _Warnings, where: str) -> Architecture:
    """The architecture, with as high a limit on candidates per prompt as it needs."""
    unlimited = Architecture.parse({**spec, "max_candidates": 10**9}, where=where)
    usual = Architecture.model_fields["max_candidates"].default
    needed = usual
    for index, (layer, n) in enumerate(zip(unlimited.layers, unlimited.widths()[:-1], strict=True)):
        if n > usual and any(component.reads_all for component in layer.components):
            needed = max(needed, n)
            warnings.add(
                f"layers[{index}]",
                f"'{layer.type}' reads {n} candidates in one prompt, more than {usual}; "
                "'max_candidates' is raised.",
            )
    return Architecture.parse({**spec, "max_candidates": needed}, where=where)


def _error(where: str, path: str, message: str) -> SpecError:
    return SpecError(f"{path}: {message}", path=where)


def _printable(text: str) -> str:
    return text if text.isprintable() else ascii(text)[1:-1]


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
