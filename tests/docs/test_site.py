"""The site: every page is in its table of contents, generated pages are up to date, pictures are small."""

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from itas.core.component import component_types

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
BUILDER = ROOT / ".venv-docs" / "bin" / "python"


def pages_in(nav: Any) -> list[str]:
    """Every page of a table of contents, in order."""
    if isinstance(nav, str):
        return [nav]
    entries = nav.values() if isinstance(nav, dict) else nav
    return [page for entry in entries for page in pages_in(entry)]


def load(name: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A script beside the pages."""
    monkeypatch.syspath_prepend(str(DOCS))
    monkeypatch.delitem(sys.modules, name, raising=False)
    module = __import__(name)
    monkeypatch.delitem(sys.modules, name)
    return module


def test_every_page_stands_once_in_the_table_of_contents():
    nav = tomllib.loads((DOCS / "site.toml").read_text(encoding="utf-8"))["project"]["nav"]
    found = pages_in(nav)
    assert sorted(found) == sorted(str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md"))
    assert found[0] == "index.md"


def test_the_page_of_the_components_is_up_to_date(monkeypatch: pytest.MonkeyPatch):
    generate = load("generate_components", monkeypatch)
    assert generate.main(["--check"]) == 0, "run: .venv/bin/python docs/generate_components.py"


def test_the_page_of_the_components_shows_what_each_asks():
    text = (DOCS / "components.md").read_text(encoding="utf-8")
    silent = {"vote", "consensus", "reward_ranker"}
    for name, cls in component_types().items():
        if not cls.__module__.startswith("itas.components"):
            continue
        section = text.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
        asks = "Task: " in section or "It sends your conversation as it is." in section
        assert asks != (name in silent), name


def test_the_table_of_families_has_every_component():
    text = (DOCS / "concepts.md").read_text(encoding="utf-8").partition("## Four families")[2]
    rows = [line.split("|") for line in text.splitlines() if line.startswith("| ")][1:5]
    shown = {name.strip(): row[1].strip() for row in rows for name in row[3].split(",")}
    known = {
        name: next(base.__name__.lower() for base in cls.__mro__ if base.__module__ == "itas.core.component")
        for name, cls in component_types().items()
        if cls.__module__.startswith("itas.components")
    }
    assert shown == known


def test_pictures_are_small_and_all_of_them_are_shown():
    pictures = list((DOCS / "images").glob("*"))
    sizes = {picture.name: picture.stat().st_size for picture in pictures}
    assert pictures
    assert max(sizes.values()) < 150_000, sizes
    assert sum(sizes.values()) < 1_000_000, sizes
    prose = "".join(page.read_text(encoding="utf-8") for page in DOCS.rglob("*.md"))
    assert [name for name in sizes if f"images/{name})" not in prose] == []


def test_what_is_said_to_the_tests_behind_a_language_does_not_reach_the_site(monkeypatch: pytest.MonkeyPatch):
    rewrite = load("build_site", monkeypatch).rewrite
    page = DOCS / "extend" / "model.md"
    assert rewrite("```yaml file=a.yaml part: x\na: 1\n```\n", page) == "```yaml\na: 1\n```\n"
    assert rewrite("[models](../models.md#x)", page) == "[models](../models.md#x)"
    assert rewrite("[changes](../../CHANGELOG.md)", page) == "changes"


@pytest.mark.skipif(not BUILDER.exists(), reason="the site's environment is not there; `make docs` makes it")
def test_the_site_is_built_without_a_warning_and_loads_nothing_from_elsewhere():
    built = subprocess.run([BUILDER, DOCS / "build_site.py"], capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    pages = list((ROOT / "build" / "docs" / "site").rglob("*.html"))
    assert len(pages) > 20
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert 'src="http' not in text, page
        assert 'rel="stylesheet" href="http' not in text, page
