"""Architecture files: read in every form, written short, and the same afterwards."""

import io
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itas.components import (
    Critic,
    Fuser,
    Generator,
    Ranker,
    UnitTestEvaluator,
    UnitTestGenerator,
    Verifier,
    Vote,
)
from itas.core.architecture import Architecture
from itas.core.component import Component
from itas.errors import SpecError
from itas.specs import dump_architecture, load_architecture, load_conversion, parse_architecture, parse_yaml

SHORT = """\
# yaml-language-server: $schema=architecture.schema.json
name: three-then-fuse
layers:
  - type: generator
    models:
      - openai/a
      - openai/b
    samples: 2
  - type: critic
    model: openai/a
  - - type: fuser
      model: openai/a
      length_control: true
    - type: fuser
      model: openai/b
"""
GENERATOR = "layers:\n  - type: generator\n    model: openai/a"


def write(folder: Path, text: str, name: str = "a.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_what_is_written_is_short_and_reads_back_the_same(tmp_path: Path):
    architecture = load_architecture(write(tmp_path, SHORT))
    assert [len(layer.components) for layer in architecture.layers] == [2, 1, 2]
    assert dump_architecture(architecture, schema="architecture.schema.json") == SHORT


def test_every_form_of_a_layer_is_the_same_architecture(tmp_path: Path):
    component = {"type": "generator", "model": "openai/a", "samples": 2}
    forms = [component, [component], {"components": [component]}, {**component, "models": ["openai/a"]}]
    del forms[3]["model"]
    found = {
        parse_architecture({"layers": [layer]}).architecture.fingerprint
        for layer in [*forms, [forms[3]], {"components": [forms[3]]}]
    }
    assert len(found) == 1
    assert (
        load_architecture(write(tmp_path, json.dumps({"layers": forms[:1]}), "a.json")).fingerprint in found
    )


def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(SHORT.encode())))
    assert load_architecture("-").name == "three-then-fuse"


def test_the_address_of_a_schema_is_read_over():
    layers = [{"type": "generator", "model": "openai/a"}]
    assert parse_architecture({"$schema": "x", "layers": layers}) == parse_architecture({"layers": layers})


@pytest.mark.parametrize(
    "text, message",
    [
        (
            f"{GENERATOR.replace('generator', 'generater')}",
            r"a.yaml: layers\[0\]\[0\]: unknown component 'generater'. Did you mean 'generator'\?",
        ),
        (
            f"{GENERATOR}\n    sampels: 2",
            r"layers\[0\]\[0\]: 'generator' has no 'sampels'. Did you mean 'samples'\?",
        ),
        (
            f"{GENERATOR}\n    samples: 0",
            r"layers\[0\]\[0\]\.samples: Input should be greater than 0, found 0",
        ),
        ("layers:\n  - type: generator\n    model: gpt-4o", r"layers\[0\]\[0\]\.model: .*found 'gpt-4o'"),
        (f"{GENERATOR}\n    models: [openai/b]", "give either 'model' or 'models', not both"),
        (GENERATOR.replace("generator", "fuser"), r"layers\[0\]: 'fuser' needs candidates"),
        ("layers: []", "layers: "),
        (GENERATOR.replace("layers", "layer"), "unknown name 'layer'. Did you mean 'layers'"),
        ("- type: generator", "a.yaml: an architecture is a mapping with 'layers'"),
        ("just text", "a.yaml: an architecture is a mapping with 'layers'"),
        ("layers:\n  - type: generator\n    type: fuser", "a.yaml:3: 'type' is given twice"),
    ],
)
def test_a_mistake_is_named_with_file_and_place(
    text: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    write(tmp_path, text)
    with pytest.raises(SpecError, match=message):
        load_architecture("a.yaml")


@pytest.mark.parametrize("reader", ["none", "ranker"])
def test_critiques_that_are_replaced_or_not_shown_are_not_used(reader: str):
    ranker = {"type": "ranker", "model": "openai/a", "use_critiques": reader == "ranker"}
    critic = {"type": "critic", "model": "openai/a"}
    layers = [{"type": "generator", "model": "openai/a", "samples": 3}, critic, ranker, critic]
    layers.append({"type": "fuser", "model": "openai/a"})
    if reader == "ranker":
        assert parse_architecture({"layers": layers}).architecture
    else:
        with pytest.raises(SpecError, match=r"layers\[1\]: nobody uses the critiques"):
            parse_architecture({"layers": layers})


def test_warnings_of_an_old_file_are_logged_and_returned(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    component = {"type": "generator", "model": "gpt-4o", "model_type": "OpenAI_API", "top_k": 1}
    path = write(tmp_path, json.dumps({"name": "old", "layers": [[component]]}), "old.json")
    architecture = load_architecture(path)
    assert architecture.models == ("openai/gpt-4o",)
    (warning,) = load_conversion(path).warnings
    assert warning == "layers[0][0].top_k: ignored: it means nothing on a generator."
    assert warning in caplog.text


# --- a round trip of anything -------------------------------------------------------------------------------

_MODELS = st.sampled_from(["openai/a", "openai/b", "together/org/name-1.5:x", "simulated/1e3"])
_TEMPERATURES = st.none() | st.sampled_from([0.0, 0.7, 1.0, 1.25])
_TOKENS = st.none() | st.integers(1, 10**6)


def _of(cls: type[Component], **fields: st.SearchStrategy[object]) -> st.SearchStrategy[Component]:
    return st.builds(cls, **fields)


def _asking(cls: type[Component], **fields: st.SearchStrategy[object]) -> st.SearchStrategy[Component]:
    return _of(cls, model=_MODELS, temperature=_TEMPERATURES, max_tokens=_TOKENS, **fields)


_GENERATORS = st.lists(_asking(Generator, samples=st.integers(1, 3)), min_size=1, max_size=4)
_TESTS = _asking(
    UnitTestGenerator, count=st.none() | st.integers(1, 9), fallback=st.sampled_from(["no_tests", "error"])
)
_LATER = st.one_of(
    st.lists(_asking(Fuser, samples=st.integers(1, 2), length_control=st.booleans()), min_size=1, max_size=3),
    st.lists(_asking(Ranker, top_k=st.integers(1, 9), use_critiques=st.booleans()), min_size=1, max_size=2),
    st.lists(_asking(Verifier, first_k=st.none() | st.integers(1, 3)), min_size=1, max_size=2),
    st.lists(
        _of(
            Vote,
            top_k=st.integers(1, 3),
            answer_kind=st.sampled_from(["auto", "number"]),
            weights=st.dictionaries(_MODELS, st.floats(0.1, 10), max_size=2),
        ),
        min_size=1,
        max_size=1,
    ),
)


@st.composite
def _architectures(draw: st.DrawFn) -> Architecture:
    layers: list[list[Component]] = [draw(_GENERATORS), *draw(st.lists(_LATER, max_size=3))]
    if draw(st.booleans()):
        layers += [[draw(_asking(Critic, fallback=st.sampled_from(["no_critiques", "error"])))]]
        layers += [[draw(_asking(Fuser))]]
    if draw(st.booleans()):
        layers += [[draw(_TESTS)], [draw(_asking(UnitTestEvaluator, top_k=st.none() | st.integers(1, 5)))]]
    return Architecture.model_validate(
        {
            "name": draw(st.sampled_from(["unnamed", "no", "1e3", "a: b", "é\n# x"])),
            "description": draw(st.sampled_from(["", "two\nlines", "  indented\n text "])),
            "max_candidates": draw(st.integers(60, 90)),
            "rules": draw(st.sampled_from(["paper", "open"])),
            "layers": [{"components": layer} for layer in layers],
        }
    )


@settings(max_examples=60)
@given(_architectures())
def test_any_architecture_reads_back_with_the_same_fingerprint(architecture: Architecture):
    again = parse_architecture(parse_yaml(dump_architecture(architecture))).architecture
    assert again == architecture
    assert again.fingerprint == architecture.fingerprint
