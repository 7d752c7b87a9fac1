"""Every component and every preset has its paper, in both tables."""

import re
from pathlib import Path

from itas.core.component import component_types
from itas.specs import list_presets

DOCS = Path(__file__).resolve().parents[2] / "docs"
COMPONENTS = Path(__file__).resolve().parents[2] / "src" / "itas" / "components"
# Techniques that docs/papers.md must name; some of them are other settings of one component.
PAPERS = (
    "2305.11860", "2311.17311", "2408.15240", "2306.17563", "2310.07712", "2310.01387", "2009.01325",
    "2306.02561", "2303.17651", "2303.11366", "2305.14325", "2305.05176", "2310.12963", "2310.03094",
    "2207.10397", "2406.04692", "2502.00674", "2203.11171", "2409.15254",
)  # fmt: skip


def table() -> str:
    text = (DOCS / "papers.md").read_text(encoding="utf-8")
    return text.partition("## Every technique")[2].partition("\n## ")[0]


def test_every_component_and_every_preset_has_a_row_in_the_table_of_papers():
    named = set(re.findall(r"`([\w.-]+)`", table()))
    ours = [name for name, cls in component_types().items() if cls.__module__.startswith("itas.components")]
    assert [name for name in ours if f"{name}.py" not in named] == []
    assert [preset.name for preset in list_presets() if preset.name not in named] == []


def test_the_table_of_papers_names_no_file_or_preset_that_is_not_there():
    presets = {preset.name for preset in list_presets()}
    for row in table().splitlines():
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        if len(cells) != 3 or cells[0].startswith(("---", "paper")):
            continue
        files = re.findall(r"`(\w+\.py)`", cells[1])
        assert files
        assert [name for name in files if not (COMPONENTS / name).is_file()] == []
        assert [name for name in re.findall(r"`([\w-]+)`", cells[2]) if name not in presets] == []


def test_every_technique_of_the_literature_is_named():
    assert [number for number in PAPERS if f"arXiv:{number}" not in table()] == []


def test_every_component_and_preset_is_in_the_page_of_techniques():
    named = set(re.findall(r"`([\w-]+)`", (DOCS / "techniques.md").read_text(encoding="utf-8")))
    assert [preset.name for preset in list_presets() if preset.name not in named] == []
    ours = [name for name, cls in component_types().items() if cls.__module__.startswith("itas.components")]
    assert [name for name in ours if name not in named] == []
