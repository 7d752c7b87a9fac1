"""The architectures in examples/ are right, short, and explained."""

from pathlib import Path

import pytest
import yaml

from itas.core.architecture import Architecture

FILES = sorted((Path(__file__).parents[2] / "examples" / "architectures").glob("*.yaml"))

PLANNED = {
    "single": 1,
    "best-of-n": 11,
    "self-consistency": 20,
    "critic-rank-fuse": 11,
    "moa": 7,
    "verify": 25,
    "unit-tests": 41,
}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_an_example_loads_and_is_named_like_its_file(file: Path):
    text = file.read_text(encoding="utf-8")
    architecture = Architecture.parse(yaml.safe_load(text))
    assert architecture.name == file.stem
    assert text.startswith("# ")
    assert len(text.splitlines()) <= 15


@pytest.mark.parametrize("name", PLANNED)
def test_an_example_costs_what_its_comment_leads_to_expect(name: str):
    (file,) = [file for file in FILES if file.stem == name]
    architecture = Architecture.parse(yaml.safe_load(file.read_text(encoding="utf-8")))
    assert architecture.planned_samples() == PLANNED[name]


def test_a_ranker_that_ignores_critiques_does_not_use_them():
    layers = [
        {"type": "generator", "model": "fake/a", "samples": 3},
        {"type": "critic", "model": "fake/a"},
        {"type": "ranker", "model": "fake/a", "use_critiques": False},
    ]
    with pytest.raises(Exception, match=r"layers\[1\]: nobody uses the critiques"):
        Architecture.parse({"layers": layers})
