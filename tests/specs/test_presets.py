"""Presets: each one loads, runs, costs what its source says, and tells a person what is missing."""

import re
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from itas.benchmarks.word_problems import word_problems
from itas.core.component import Component
from itas.engine import answer
from itas.errors import SpecError
from itas.models.simulated import PROFILES, SimulatedPool
from itas.specs import dump_architecture, parse_yaml
from itas.specs.architecture import parse_architecture
from itas.specs.presets import (
    Preset,
    assign_roles,
    fill_preset,
    find_preset,
    is_preset_reference,
    list_presets,
    load_preset,
    load_preset_reference,
    read_preset,
)

NAMES = [preset.name for preset in list_presets()]
PANEL = [f"fake/{number}" for number in range(1, 9)]
ROLES = {"strong": "fake/strong", "cheap": PANEL[:2], "panel": PANEL}

# Calls of one question with a panel of eight and two cheap models, where the source or arithmetic says so.
PLANNED = {
    "adaptive-self-consistency": 40,
    "best-of-n": 10 + 1,
    "cascade": 2 * 3 + 1,
    "code-tests": 1 + 100,
    "critic-rank-fuse": 11,
    "debate": 3 + 3,
    "generative-verifier": 16 + 16 * 8,
    "llm-blender": 8 + 1,
    "minimum-bayes-risk": 16,
    "moa": 8 + 8 + 8 + 1,
    "moa-lite": 8 + 1,
    "paper-best-alpaca-eval": 8 + 8 + 8 + 1,
    "paper-best-arena-hard": 10 + 1 + 1 + 1,
    "paper-best-code": 1 + 1000 + 1000,
    "paper-best-general": 37,
    "paper-best-math": 27 + 1 + 1,
    "paper-best-mixeval": 8 + 4,
    "paper-best-mixeval-hard": 6 + 3,
    "paper-best-mt-bench": 8 + 5 + 3 + 1,
    "pairwise-ranking": 8 + 8 * 7,
    "permutation-ranking": 8 + 5,
    "reflexion": 3 + 3 + 1,
    "reward-best-of-n": 16,
    "self-consistency": 40,
    "self-moa": 6 + 1,
    "self-refine": 1 + 4 * 2,
    "small-models": 8 + 1,
    "universal-self-consistency": 8 + 1,
    "verified-cascade": 4 + 4 * 4 + 1,
}


def roles_of(preset: Preset) -> dict[str, Any]:
    return {role: models for role, models in ROLES.items() if role in preset.roles}


def test_every_preset_of_the_list_is_here():
    assert set(PLANNED) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_preset_loads_and_costs_what_its_source_says(name: str):
    architecture = load_preset(name, roles_of(find_preset(name)))
    assert architecture.name == name
    assert architecture.planned_samples() == PLANNED[name]
    assert set(architecture.models) <= {"fake/strong", *PANEL}


@pytest.mark.parametrize("name", NAMES)
def test_a_preset_says_where_it_comes_from_and_uses_every_role(name: str):
    preset, text = find_preset(name), read_preset(name)
    first = text.partition("\n")[0]
    assert re.search(
        r"arXiv:\d{4}\.\d{5}|authors'", first + text.partition("layers:")[2].partition("- {")[0]
    ), name
    assert set(re.findall(r"\{role: (\w+)", text)) == set(preset.roles)
    assert preset.name == name
    assert preset.description.endswith(".")
    assert len(text.splitlines()) <= 32


@pytest.mark.parametrize("name", NAMES)
def test_a_preset_is_written_and_read_as_any_architecture(name: str):
    architecture = load_preset(name, roles_of(find_preset(name)))
    again = parse_architecture(parse_yaml(dump_architecture(architecture))).architecture
    assert again.fingerprint == architecture.fingerprint


class ByLength:
    """Stands for a reward model."""

    async def rate(self, conversation: object, texts: Any) -> tuple[float, ...]:
        return tuple(float(len(text)) for text in texts)


@pytest.mark.parametrize("name", [name for name in NAMES if PLANNED[name] < 300 and name != "code-tests"])
async def test_a_preset_answers_with_simulated_models(name: str):
    problems = word_problems(3, 1)
    pool = SimulatedPool(problems, seed=1, profiles=PROFILES)
    architecture = load_preset(name, pool.names[:4])
    found = await answer(
        architecture, problems[0].conversation, models=pool.model, raters=lambda id: ByLength()
    )
    assert found.text
    assert found.samples_used <= architecture.max_samples()
    assert found.samples_planned <= architecture.planned_samples()


def test_a_list_of_models_is_best_first():
    cascade, moa = find_preset("cascade"), find_preset("moa")
    assert assign_roles(cascade, ["a/1", "b/2", "c/3"]) == {"strong": ["a/1"], "cheap": ["b/2", "c/3"]}
    assert assign_roles(moa, ["a/1", "b/2"]) == {"strong": ["a/1"], "panel": ["a/1", "b/2"]}
    assert assign_roles(cascade, ["a/1"]) == {"strong": ["a/1"], "cheap": ["a/1"]}
    assert assign_roles(moa, []) == {}


def test_a_count_goes_round_the_panel():
    architecture = load_preset("paper-best-mt-bench", {"strong": "a/s", "panel": ["a/1", "a/2", "a/3"]})
    models = [[model_of(component) for component in layer.components] for layer in architecture.layers]
    assert models == [
        ["a/1", "a/2", "a/3", "a/1", "a/2", "a/3", "a/1", "a/2"],
        ["a/1", "a/2", "a/3", "a/1", "a/2"],
        ["a/1", "a/2", "a/3"],
        ["a/s"],
    ]


def model_of(component: Component) -> str:
    (model,) = component.models()
    return model


def test_one_word_names_a_preset_and_its_models():
    assert is_preset_reference("preset:moa")
    assert not is_preset_reference("moa.yaml")
    by_word = load_preset_reference("preset:moa?strong=openai/gpt-4o&panel=a/1, b/2:free,c/x@y")
    by_roles = load_preset("moa", {"strong": "openai/gpt-4o", "panel": ["a/1", "b/2:free", "c/x@y"]})
    assert by_word == by_roles
    assert load_preset_reference("preset:moa", ["a/1", "b/2"]) == load_preset("moa", ["a/1", "b/2"])


def test_models_fill_what_the_word_leaves_open():
    found = load_preset_reference("preset:moa-lite?strong=s/t", ["a/1", "b/2"])
    assert found == load_preset("moa-lite", {"strong": "s/t", "panel": ["a/1", "b/2"]})


@pytest.mark.parametrize(
    "reference, models, message",
    [
        ("preset:mao", ["a/1"], r"no preset is named 'mao'. Did you mean 'moa'\?"),
        ("preset:", ["a/1"], "no preset is named ''. Known: adaptive-self-consistency, "),
        ("preset:../presets/moa", ["a/1"], "no preset is named"),
        (
            "preset:moa",
            [],
            r"preset:moa: no model for the role 'panel': Answer, .* Add panel=provider/model,",
        ),
        ("preset:cascade?cheap=a/1", [], "no model for the role 'strong': .* Add strong=provider/model"),
        ("preset:moa?strong=a/1&panel=", [], "no model for the role 'panel'"),
        ("preset:moa?strong=a/1,b/2&panel=c/3", [], "'strong' is one model, found 2: a/1, b/2"),
        ("preset:moa?panle=a/1", [], r"it has no role 'panle'. Did you mean 'panel'\?"),
        ("preset:best-of-n?panel=a/1", ["a/1"], "it has no role 'panel'. Known: strong."),
        ("preset:moa?gpt-4o", ["a/1"], r"'gpt-4o' is no role=model. Write preset:moa\?role=model"),
        ("preset:moa?panel=a/1&panel=b/2", [], "'panel=b/2' is given twice"),
        (
            "preset:best-of-n?strong=gpt-4o",
            [],
            "preset:best-of-n: strong: 'gpt-4o' is not a model. Write provider/",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_cure(reference: str, models: list[str], message: str):
    with pytest.raises(SpecError, match=message):
        load_preset_reference(reference, models)


def test_a_preset_with_more_candidates_than_fit_says_so_as_any_architecture():
    panel = [f"fake/{number}" for number in range(30)]
    with pytest.raises(SpecError, match=r"preset:critic-rank-fuse: layers\[1\]: .* 30 candidates .*rule 6"):
        load_preset("critic-rank-fuse", {"strong": "fake/s", "panel": panel})


@pytest.mark.parametrize("name", NAMES)
def test_a_filled_file_is_the_preset_of_these_models(name: str):
    roles = roles_of(find_preset(name))
    text = fill_preset(name, roles)
    assert parse_architecture(parse_yaml(text)).architecture == load_preset(name, roles)
    comments = [line for line in read_preset(name).splitlines() if line.lstrip().startswith("#")]
    assert [line for line in comments if line not in text.splitlines()] == []


def test_the_examples_are_the_presets(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(Path(__file__).resolve().parents[2] / "docs"))
    import generate_examples  # pyright: ignore[reportMissingImports]

    monkeypatch.delitem(sys.modules, "generate_examples")
    assert generate_examples.main(["--check"]) == 0, "run: .venv/bin/python docs/generate_examples.py"


def test_presets_are_in_order_and_read_once_each():
    assert all(one < other for one, other in pairwise(NAMES))
