"""Every published architecture file at hand loads, or fails for a reason found here without our reader.

The rules below look at the plain JSON only. They predict for each file whether it loads, which keys are left
out, how many candidates must fit one prompt, and how many model samples one question takes; the totals at
the end are written down, so that a change in behaviour shows.
"""

import collections
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from itas.errors import SpecError
from itas.specs import (
    Conversion,
    architecture_schema,
    dump_architecture,
    load_conversion,
    load_data,
    parse_yaml,
)

UNUSED = "critic never used"

# Why a file cannot run, and what the error must say.
MESSAGES = {
    "not JSON": r":\d+: not valid JSON: .*Look for",
    "fusers first": r": layers\[0\]\[\d\].*: a fuser in the first layer has nothing to fuse",
    UNUSED: r": layers\[\d\]: nobody uses the critiques of 'critic' \(rule 3\)",
}
BROKEN = {
    "archon-1-110bFuser-1-110bRanker3-8-70BM3S.json": "not JSON",
    "archon-1-110bFuser-1-110bRanker5-8-70BM.json": "not JSON",
    "archon-70Bx10_SOTA_1_samples_then_critic_then_fuse_with_Claude_3.5_Sonnet.json": "fusers first",
    "archon-SOTA-modelsx8_1_samples_then_critic_then_rank_top5_then_critic_then_fuser.json": UNUSED,
}  # fmt: skip
TOTALS = {"files": 106, "load": 102, "load without a word": 16, "fail": 4}
PAIR_RANKER = "llm-blender/PairRM"

MEANT = {
    "generator": {"samples"},
    "fuser": {"samples", "length_control"},
    "ranker": {"top_k", "use_critiques"},
    "critic": set[str](),
    "verifier": {"first_k"},
    "unit_test_generator": {"unit_test_cap"},
    "unit_test_evaluator": {"top_k", "first_k", "first_pass"},
}
EVERYWHERE = {"type", "model", "model_type", "temperature", "max_tokens"}


@dataclass(frozen=True, slots=True)
class Prediction:
    failure: str | None
    ignored: dict[str, int]
    limit: int
    samples: int


def layers_of(data: dict[str, Any]) -> list[list[dict[str, Any]]]:
    return [layer.get("models", [layer]) if isinstance(layer, dict) else layer for layer in data["layers"]]


def predict(text: str) -> Prediction:
    try:
        data = json.loads(text)
    except ValueError:
        return Prediction("not JSON", {}, 24, 0)
    layers = layers_of(data)
    limit, samples = measure(layers)
    return Prediction(failure_of(layers), ignored_in(layers), limit, samples)


def failure_of(layers: list[list[dict[str, Any]]]) -> str | None:
    if any(component["type"] == "fuser" for component in layers[0]):
        return "fusers first"
    waiting = False
    for component, *_ in layers:
        reads = component["type"] == "fuser" or (
            component["type"] == "ranker" and component.get("use_critiques")
        )
        if waiting and component["type"] == "critic":
            return UNUSED
        waiting = component["type"] == "critic" or (waiting and not reads)
    return UNUSED if waiting else None


def ignored_in(layers: list[list[dict[str, Any]]]) -> dict[str, int]:
    count: collections.Counter[str] = collections.Counter()
    for layer in layers:
        for component in layer:
            type = component["type"]
            for key, value in component.items():
                is_kept = key in EVERYWHERE or key in MEANT[type]
                if component["model"] == PAIR_RANKER:
                    is_kept = key in ("type", "model", "model_type", "top_k", "use_critiques")
                is_so_anyway = (key, value) == ("samples", 1) or (
                    (type, key, value) == ("unit_test_evaluator", "remove_unit_tests_from_prompt", True)
                )
                count[key] += not is_kept and not is_so_anyway
    return dict(+count)


def measure(layers: list[list[dict[str, Any]]]) -> tuple[int, int]:
    """Most candidates in one prompt (24 at least), and model samples for one question."""
    n, widest, samples = 0, 24, 0
    for layer in layers:
        first = layer[0]
        drawn = sum(component.get("samples", 1) for component in layer)
        match first["type"]:
            case "generator":
                n, samples = n + drawn, samples + drawn
            case "fuser":
                widest, n, samples = max(widest, n), drawn, samples + drawn
            case "ranker" if first["model"] == PAIR_RANKER:
                n = min(n, first["top_k"])
            case "ranker":
                widest, samples, n = max(widest, n), samples + (n > 1), min(n, first["top_k"])
            case "critic":
                widest, samples = max(widest, n), samples + 1
            case "verifier":
                samples += 2 * n
            case "unit_test_evaluator":
                samples, n = samples + n, min(n, first.get("top_k", n))
            case _:
                samples += 1
    return widest, samples


def ignored_by(conversion: Conversion) -> dict[str, int]:
    """How often each key was left out, according to the warnings."""
    count: collections.Counter[str] = collections.Counter()
    for warning in conversion.warnings:
        found = re.match(r"layers\[\d+\]\[\d+\]\.(\w+)(?: \(and (\d+) more\))?: (?!kept|'llm)", warning)
        if found:
            count[found[1]] += 1 + int(found[2] or 0)
    return dict(count)


@pytest.fixture(scope="module")
def published(shared_data: Path) -> list[Path]:
    return sorted((shared_data / "archon-configs").glob("*.json"))


def test_every_file_loads_or_fails_as_predicted(published: list[Path]):
    totals: collections.Counter[str] = collections.Counter()
    broken: dict[str, str] = {}
    for path in published:
        predicted = predict(path.read_text(encoding="utf-8"))
        totals["files"] += 1
        if predicted.failure is not None:
            with pytest.raises(SpecError) as caught:
                load_conversion(path)
            message = str(caught.value)
            assert message.startswith(str(path))
            assert re.match(MESSAGES[predicted.failure], message.removeprefix(str(path))), message
            assert "\n" not in message
            broken[path.name] = predicted.failure
            totals["fail"] += 1
            continue
        conversion = load_conversion(path)
        architecture = conversion.architecture
        assert ignored_by(conversion) == predicted.ignored, path.name
        assert architecture.max_candidates == predicted.limit, path.name
        assert architecture.planned_samples() == predicted.samples, path.name
        raised = [line for line in conversion.warnings if "'max_candidates' is raised" in line]
        assert bool(raised) == (predicted.limit > 24), path.name
        totals["load"] += 1
        totals["load without a word"] += not conversion.warnings
    assert broken == BROKEN
    assert totals == TOTALS


def test_every_model_and_number_of_a_file_is_in_its_architecture(published: list[Path]):
    for path in published:
        if path.name in BROKEN:
            continue
        layers = layers_of(json.loads(path.read_text(encoding="utf-8")))
        architecture = load_conversion(path).architecture
        for old_layer, layer in zip(layers, architecture.layers, strict=True):
            for old, component in zip(old_layer, layer.components, strict=True):
                fields = component.model_dump()
                if old["model"] == PAIR_RANKER:
                    assert fields["type"] == "reward_ranker"
                    assert fields["model"] == "local/llm-blender/PairRM-hf"
                    assert fields["top_k"] == old["top_k"]
                    continue
                assert fields["type"] == old["type"]
                assert fields["model"].partition("/")[2] == old["model"].removeprefix("bedrock/")
                for key in ("temperature", "max_tokens", *(MEANT[old["type"]] & set(fields))):
                    if key in old:
                        assert fields[key] == old[key], f"{path.name}: {key}"
                if "unit_test_cap" in old:
                    assert fields["count"] == old["unit_test_cap"]
                if old.get("first_pass"):
                    assert fields["first_k"] == old.get("first_k", 1)
        shows = layers[0][0]["type"] == "unit_test_generator"
        assert getattr(architecture.layers[0].components[0], "show_tests", False) is shows


def test_every_architecture_is_the_same_after_writing_and_fits_the_schema(
    published: list[Path], tmp_path: Path
):
    import jsonschema

    validator = jsonschema.Draft202012Validator(architecture_schema())
    for path in published:
        if path.name in BROKEN:
            continue
        architecture = load_conversion(path).architecture
        text = dump_architecture(architecture)
        data: Any = parse_yaml(text)
        validator.validate(data)
        written = tmp_path / "a.yaml"
        written.write_text(text, encoding="utf-8")
        again = load_conversion(written)
        assert again.warnings == ()
        assert again.architecture == architecture
        assert again.architecture.fingerprint == architecture.fingerprint


def test_both_misspelt_files_say_so_and_the_right_spelling_does_not(published: list[Path]):
    for path in published:
        if path.name in BROKEN:
            continue
        text = json.dumps(load_data(path))
        said = any("Did you mean 'length_control'?" in line for line in load_conversion(path).warnings)
        assert said == ("length_contorl" in text)
