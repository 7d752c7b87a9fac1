import re
from xml.etree import ElementTree

import pytest

from itas.core.architecture import Architecture
from itas.report import describe_architecture, draw_mermaid, draw_svg
from tests.components.cases import CASES
from tests.report.reading import Reader
from tests.report.worlds import HOSTILE, one_line

PAPER = Architecture.parse(
    {
        "layers": [
            {"type": "generator", "models": ["p/alpha", "q/beta"], "samples": 5},
            {"type": "critic", "model": "p/alpha"},
            {"type": "ranker", "model": "p/alpha", "top_k": 3},
            {"type": "fuser", "model": "q/beta"},
        ]
    }
)


def words_of(svg: str) -> list[str]:
    return [
        "".join(entry.itertext())
        for entry in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")
    ]


def test_the_picture_shows_layers_models_samples_and_candidates():
    words = words_of(draw_svg(PAPER))
    assert [word for word in words if re.match(r"\d [A-Z]", word)] == [
        "1 GENERATOR",
        "2 CRITIC",
        "3 RANKER",
        "4 FUSER",
    ]
    for word in ("question", "answer", "alpha", "beta", "5 samples", "keeps 3", "10", "candidates"):
        assert word in words


def test_equal_components_are_one_box_with_a_count():
    same = Architecture.parse({"layers": [[{"type": "generator", "model": "p/alpha"}] * 3]})
    assert "alpha × 3" in words_of(draw_svg(same))


def test_many_components_are_cut_and_counted():
    many = Architecture.parse(
        {"layers": [{"type": "generator", "models": [f"p/m{number}" for number in range(24)]}]}
    )
    words = words_of(draw_svg(many))
    assert "m8" in words
    assert "m9" not in words
    assert "and 15 more" in words


def test_a_picture_alone_brings_light_and_dark_colours_and_one_in_a_page_none():
    assert "prefers-color-scheme: dark" in draw_svg(PAPER)
    assert "<style" not in draw_svg(PAPER, is_alone=False)


def test_the_alternative_text_is_the_architecture_on_one_line():
    line = describe_architecture(PAPER)
    assert line == "alpha + beta × 5 → critic alpha → ranker alpha, keeps 3 → fuser beta"
    assert ElementTree.fromstring(draw_svg(PAPER)).attrib["aria-label"] == line


@pytest.mark.parametrize("name", CASES)
def test_every_component_can_be_drawn(name: str):
    component = CASES[name]
    first = {"type": "generator", "model": "p/alpha", "samples": 4}
    after: list[object] = []
    before: list[object] = [first]
    if component.type in ("generator", "adaptive_generator"):
        before = []
    if component.type == "critic":
        after = [{"type": "fuser", "model": "p/alpha"}]
    if component.type == "unit_test_generator":
        is_run = getattr(component, "execute", False)
        runs: dict[str, object] = {"execute": True} if is_run else {"model": "p/alpha"}
        after = [{"type": "unit_test_evaluator", **runs}]
        if getattr(component, "show_tests", False):
            before, after = [], [first, *after]
    if component.type == "unit_test_evaluator":
        runs = {"execute": True} if getattr(component, "execute", False) else {}
        before = [first, {"type": "unit_test_generator", "model": "p/alpha", **runs}]
    architecture = Architecture.parse({"layers": [*before, component.model_dump(), *after]})
    assert words_of(draw_svg(architecture))
    assert draw_mermaid(architecture)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_name_is_only_text(text: str):
    architecture = Architecture.parse(
        {"name": text, "layers": [{"type": "generator", "model": f"p/{one_line(text)}"}]}
    )
    svg = draw_svg(architecture)
    assert ElementTree.fromstring(svg) is not None
    page = Reader(svg)
    assert {tag for tag, _ in page.elements} == {"svg", "style", "text", "rect", "path", "g", "title"}
    assert page.unclosed == []
    assert "aria-label" in dict(page.elements)["svg"]
    mermaid = draw_mermaid(architecture)
    assert len(mermaid.splitlines()) == 6
    assert mermaid.count('"') == 6
    assert not set(mermaid) & set("<>&;`|{}\x1b\u202e") - set("<>;")
    assert re.sub(r"<br/>|#\d+;|-->", "", mermaid).count("<") == 0


def test_mermaid_has_a_node_for_every_layer():
    assert draw_mermaid(PAPER) == (
        "flowchart LR\n"
        '    question(["question"])\n'
        '    layer1["1. generator<br/>alpha: 5 samples<br/>beta: 5 samples"]\n'
        '    layer2["2. critic<br/>alpha: a critique of each"]\n'
        '    layer3["3. ranker<br/>alpha: keeps 3"]\n'
        '    layer4["4. fuser<br/>beta: 1 sample"]\n'
        '    answer(["answer"])\n'
        "    question --> layer1\n"
        "    layer1 -- 10 candidates --> layer2\n"
        "    layer2 -- 10 candidates --> layer3\n"
        "    layer3 -- 3 candidates --> layer4\n"
        "    layer4 --> answer\n"
    )
