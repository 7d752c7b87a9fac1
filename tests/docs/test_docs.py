"""What the pages say is so: their code runs, their files load, their commands end as shown, their links lead somewhere.

Each page is worked through in a folder of its own that holds a copy of ``examples/``, without keys and without
a network. Models of OpenAI are answered by a provider on this machine.
"""

import json
import os
import re
import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from itas.api.search_spec import StudyFile, make_search
from itas.api.settings import Settings
from itas.cli.main import main
from itas.core.component import component_types
from itas.core.spec import Spec, parse_as
from itas.models.providers.known import KNOWN
from itas.plugins import plugins_forgotten
from itas.search import SEARCHERS, Space, load_space, shipped_spaces
from itas.search.ranking import Rankings
from itas.specs import parse_architecture, parse_yaml
from tests.docs.blocks import Block, find_anchors, find_blocks, find_commands, find_links
from tests.docs.provider import local_provider

ROOT = Path(__file__).resolve().parents[2]
OUR_EXAMPLES = sorted(
    path
    for path in (ROOT / "examples").rglob("*.yaml")
    if "deploy" not in path.parts  # those are of other programs
)
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
LANGUAGES = {"", "text", "mermaid", "python", "yaml", "json", "jsonl", "csv", "sh", "console"}
HOLES = {"choice", "pool", "same", "top", "best", "skill"}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty working folder with the examples in it, no key, and a provider in the place of OpenAI."""
    for name in list(os.environ):
        if name.endswith("_API_KEY") or name.startswith("ITAS_"):
            monkeypatch.delenv(name)
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "110")
    with plugins_forgotten(), local_provider() as address:
        monkeypatch.setenv("OPENAI_BASE_URL", address)
        yield tmp_path


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_page_does_what_it_says(
    page: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    names: dict[str, Any] = {"__name__": "__main__"}
    for block in find_blocks(page):
        assert block.language in LANGUAGES, f"{block.where}: nobody checks blocks of '{block.language}'"
        if block.file:
            (folder / block.file).write_text(block.text, encoding="utf-8")
        match block.language:
            case "python" if not block.reason:
                exec(compile(block.text, block.where, "exec"), names)
            case "yaml":
                check_yaml(block)
            case "json":
                json.loads(block.text)
            case "jsonl":
                assert all(json.loads(line) for line in block.text.splitlines())
            case "sh" | "console" if not block.reason:
                for command, expected in find_commands(block):
                    run_command(command, expected, block, folder, monkeypatch, capsys)
            case _:
                pass


def check_yaml(block: Block) -> None:
    """Read a block as what it looks like: an architecture, a space, a study or settings."""
    data = parse_yaml(block.text, where=block.where)
    if block.reason:
        return
    assert isinstance(data, dict)
    fields = cast("dict[str, Any]", data)
    if "on" in fields:
        make_search(fields, where=block.where)
    elif "layers" in fields and has_holes(fields["layers"]):
        Space.parse(fields, where=block.where)
    elif "layers" in fields:
        parse_architecture(fields, where=block.where)
    else:
        assert fields.keys() <= Settings.model_fields.keys(), f"{block.where}: not a file that itas reads"
        parse_as(Settings, fields, where=block.where)


def has_holes(data: object) -> bool:
    """Whether a hole stands anywhere in an architecture."""
    if isinstance(data, dict):
        fields = cast("dict[str, object]", data)
        return bool(HOLES & fields.keys()) or any(map(has_holes, fields.values()))
    return isinstance(data, list) and any(map(has_holes, cast("list[object]", data)))


def run_command(
    command: str,
    expected: list[str],
    block: Block,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Run a command of ours; other programs are not run. What the page shows must be in the output."""
    words = shlex.split(command, comments=True)
    if words[0] == "export":
        monkeypatch.setenv(words[1].partition("=")[0], "no-real-key-1")
    if words[0] != "itas":
        return
    target = words[words.index(">") + 1] if ">" in words else None
    code = main(words[1 : words.index(">")] if target else words[1:])
    captured = capsys.readouterr()
    assert code == block.exit_code, f"{block.where}: `{command}` gave {code}\n{captured.out}{captured.err}"
    if target:
        (folder / target).write_text(captured.out, encoding="utf-8")
    said = " ".join((captured.out + " " + captured.err).split())
    for line in expected:
        if line.strip() not in ("", "..."):
            assert " ".join(line.split()) in said, (
                f"{block.where}: `{command}` does not say {line!r} but\n{said}"
            )


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_between_pages_lead_somewhere(page: Path):
    for target in find_links(page):
        name, _, anchor = target.partition("#")
        path = (page.parent / name).resolve() if name else page
        assert path.exists(), f"{page.name}: there is no {target}"
        if anchor:
            assert anchor in find_anchors(path), f"{page.name}: {path.name} has no heading #{anchor}"


def test_every_page_is_linked_from_the_readme():
    linked = {str((ROOT / target.partition("#")[0]).resolve()) for target in find_links(ROOT / "README.md")}
    missing = [page.name for page in (ROOT / "docs").glob("*.md") if str(page) not in linked]
    assert not missing


def test_the_readme_names_the_two_commands_and_stays_short():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "make demo" in text
    assert "make test" in text
    assert len(text.splitlines()) <= 150


def test_the_command_reference_is_up_to_date(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    import generate_commands  # pyright: ignore[reportMissingImports]

    monkeypatch.delitem(sys.modules, "generate_commands")
    assert generate_commands.main(["--check"]) == 0, "run: .venv/bin/python docs/generate_commands.py"


@pytest.mark.parametrize("path", OUR_EXAMPLES, ids=name_of)
def test_an_example_loads(path: Path, folder: Path):
    block = Block(path, 1, "yaml", "", 0, "", path.read_text(encoding="utf-8"))
    check_yaml(block)


@pytest.mark.parametrize("path", sorted((ROOT / "examples" / "extend").glob("*.py")), ids=name_of)
def test_an_example_of_extending_is_the_one_that_its_page_shows(path: Path):
    shown = [block.text for page in PAGES for block in find_blocks(page) if block.file == path.name]
    assert shown == [path.read_text(encoding="utf-8")]
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 45


def test_simulated_results_are_called_simulated():
    for page in PAGES:
        for block in find_blocks(page):
            if block.language == "console" and "simulated/" in block.text and "95 %" in block.text:
                around = page.read_text(encoding="utf-8").splitlines()[max(block.line - 8, 0) : block.line]
                assert "simulated" in " ".join(around).lower(), block.where


def test_the_component_tables_have_every_field_with_its_default():
    text = (ROOT / "docs" / "architectures.md").read_text(encoding="utf-8")
    for name, cls in component_types().items():
        if not cls.__module__.startswith("itas.components"):
            continue
        section = text.partition(f"\n### {name}\n")[2].partition("\n###")[0].partition("\n## ")[0]
        rows = dict(re.findall(r"^\| `(\w+)` \| (\S*) ?\|", section, re.MULTILINE))
        fields = {
            field: "required" if about.is_required() else _shown(about.get_default(call_default_factory=True))
            for field, about in cls.model_fields.items()
        }
        assert rows == fields, name


def _shown(value: object) -> str:
    """A default as the tables write it; one of several fields is told in words."""
    if isinstance(value, Spec):
        return ""
    return value if isinstance(value, str) else json.dumps(value)


def test_the_table_of_shipped_spaces_has_their_counts():
    text = (ROOT / "docs" / "search.md").read_text(encoding="utf-8")
    found = re.findall(r"^\| `([\w-]+)` \| (\d+) \| (\d+) \| (\d+) to (\d+) \|", text, re.MULTILINE)
    models = Rankings.provisional([f"any/{number}" for number in range(10)])
    for name, *counts in found:
        space = load_space(name).bind(models).describe()
        least, _, most = space.planned_samples
        assert [int(count) for count in counts] == [space.points, space.raw, least, most], name
    assert sorted(name for name, *_ in found) == sorted(shipped_spaces())


def test_the_study_file_table_has_every_name():
    text = (ROOT / "docs" / "search.md").read_text(encoding="utf-8").partition("## Study file")[2]
    rows = re.findall(r"^\| (`.+?`) \| ", text, re.MULTILINE)
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == set(StudyFile.model_fields)


def test_every_searcher_and_provider_has_a_row():
    search = (ROOT / "docs" / "search.md").read_text(encoding="utf-8")
    models = (ROOT / "docs" / "models.md").read_text(encoding="utf-8")
    assert [name for name in SEARCHERS if f"| `{name}`" not in search] == []
    assert [name for name in KNOWN if f"`{name}`" not in models] == []
