"""Plugins: files that are named, packages that are installed; and messages that name file and line."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from itas.cli.main import main
from itas.core.component import component_types, parse_component
from itas.core.extension import is_plugged
from itas.errors import DataError, SpecError
from itas.models.plugged import model_registry
from itas.plugins import (
    check_plugins,
    load_plugin,
    loaded_plugins,
    plugins_forgotten,
    record_plugins,
)

EXAMPLES = Path(__file__).resolve().parents[1] / "examples" / "extend"
COMPONENT = (EXAMPLES / "shortest.py").read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def _forgetting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "200")
    with plugins_forgotten():
        yield


def write(name: str, text: str) -> Path:
    path = Path(name).absolute()
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_registers_what_it_defines_and_is_run_once():
    file = write("mine.py", f"{COMPONENT}\nwith open('runs.txt', 'a') as f:\n    f.write('x')\n")
    plugin = load_plugin(file)
    assert plugin.defines == (("component", "shortest"),)
    assert load_plugin("mine.py") is plugin
    assert Path("runs.txt").read_text() == "x"
    assert is_plugged(component_types()["shortest"])
    assert parse_component({"type": "shortest", "top_k": 2}).max_out(5) == 2


def test_what_was_plugged_in_is_forgotten_where_that_is_wanted():
    with plugins_forgotten():
        load_plugin(write("mine.py", COMPONENT))
    assert "shortest" not in component_types()
    assert loaded_plugins() == ()


BROKEN = {
    "a wrong word": ("x = 1\nclass (:\n", r"mine\.py:2: cannot be loaded: SyntaxError: "),
    "an error": ("def f():\n    return 1 / 0\n\nf()\n", r"mine\.py:2: cannot be loaded: ZeroDivisionError"),
    "a package that is missing": ("import no_such_package\n", r"mine\.py:1: .*No module named"),
    "the end of the program": ("import sys\nsys.exit(3)\n", r"mine\.py:2: cannot be loaded: SystemExit: 3"),
    "nothing": ("x = 1\n", r"mine\.py: the plugin registers nothing"),
    "a name that is taken": (
        COMPONENT.replace('"shortest"\n\n    top', '"ranker"\n\n    top'),
        r"mine\.py:\d+: .*component 'ranker' is defined twice: .*mine\.py:\d+ and .*ranker\.py:\d+",
    ),
    "a provider of ours": (
        "from itas.models.plugged import register_models\n@register_models('openai')\ndef f(name): ...\n",
        r"mine\.py:2: cannot be loaded: models of 'openai' come with the program",
    ),
    "no name of a provider": (
        "from itas.models.plugged import register_models\n@register_models('A b')\ndef f(name): ...\n",
        r"mine\.py:2: .*'A b' cannot be the first part of a model id",
    ),
    "a benchmark with a colon": (
        "from itas.benchmarks.plugged import register_benchmark\n@register_benchmark('a:b')\ndef f(p, s): ...\n",
        r"mine\.py:2: .*a benchmark cannot be named 'a:b'",
    ),
}


@pytest.mark.parametrize("text, message", BROKEN.values(), ids=BROKEN.keys())
def test_a_file_that_fails_is_refused_with_its_line_and_leaves_nothing_behind(text: str, message: str):
    before = component_types()
    with pytest.raises(SpecError, match=message):
        load_plugin(write("mine.py", text))
    assert component_types() == before
    assert loaded_plugins() == ()
    assert not [name for name in sys.modules if name.startswith("itas_plugin_mine")]


def test_what_a_file_registered_before_it_failed_is_taken_back():
    with pytest.raises(SpecError, match="ZeroDivisionError"):
        load_plugin(write("mine.py", f"{COMPONENT}\n1 / 0\n"))
    assert "shortest" not in component_types()


def test_a_file_that_is_not_there_or_no_python_is_refused():
    with pytest.raises(SpecError, match=r"nowhere\.py: the plugin cannot be read: No such file"):
        load_plugin("nowhere.py")
    with pytest.raises(SpecError, match=r"a plugin is a Python file"):
        load_plugin(write("mine.txt", "x = 1"))


def test_two_files_with_the_same_name_in_them_clash_and_both_are_named():
    load_plugin(write("one.py", COMPONENT))
    with pytest.raises(SpecError, match=r"'shortest' is defined twice: .*two\.py:\d+ and .*one\.py:\d+"):
        load_plugin(write("two.py", COMPONENT + "# other\n"))


def test_a_file_that_changed_in_this_process_is_refused():
    load_plugin(write("mine.py", COMPONENT))
    with pytest.raises(SpecError, match="has changed since it was loaded"):
        load_plugin(write("mine.py", COMPONENT + "# other\n"))


# --- installed packages -------------------------------------------------------------------------------------


def install(folder: Path, entries: str, **modules: str) -> None:
    """A package as pip lays it down: modules, and a .dist-info with its entry points."""
    for name, text in modules.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    info = folder / "stranger-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: stranger\nVersion: 1.2\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(entries, encoding="utf-8")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "site"
    folder.mkdir()
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(folder))
    yield folder
    for name in set(sys.modules) - before:
        if name.startswith("stranger"):
            del sys.modules[name]


def test_an_installed_package_is_imported_only_when_its_name_is_used(site: Path):
    install(site, "[itas.components]\nshortest = stranger_a\n", stranger_a=COMPONENT)
    with pytest.raises(SpecError, match=r"unknown component 'shortst'. Did you mean 'shortest'"):
        parse("shortst")
    assert "stranger_a" not in sys.modules
    assert parse("shortest").type == "shortest"
    assert record_plugins() == [{"package": "stranger", "version": "1.2"}]


def parse(name: str):
    try:
        return parse_component({"type": name})
    except ValueError as error:
        raise SpecError(str(error)) from None


def test_models_benchmarks_and_searchers_of_an_installed_package_work_on_the_command_line(
    site: Path, capsys: pytest.CaptureFixture[str]
):
    install(
        site,
        "[itas.models]\nparrot = stranger_m\n[itas.benchmarks]\ncapitals = stranger_b\n"
        "[itas.searchers]\nneighbours = stranger_s\n[itas.components]\nshortest = stranger_c\n",
        stranger_m=(EXAMPLES / "parrot.py").read_text(encoding="utf-8"),
        stranger_b=(EXAMPLES / "capitals.py").read_text(encoding="utf-8"),
        stranger_s=(EXAMPLES / "neighbours.py").read_text(encoding="utf-8"),
        stranger_c=COMPONENT,
    )
    assert main(["answer", "parrot/quiet", "Who is there?", "-q"]) == 0
    assert capsys.readouterr().out == "Who is there.\n"
    assert main(["evaluate", "parrot/quiet", "--on", "capitals", "-y", "-q", "--json"]) == 0
    capsys.readouterr()
    for command, name in (
        ("components", "shortest"),
        ("searchers", "neighbours"),
        ("models", "parrot"),
        ("benchmarks", "capitals"),
    ):
        assert main([command]) == 0
        line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith(name))
        assert "lugged in" in line


def test_a_package_that_announces_what_it_does_not_define_is_named(site: Path):
    install(site, "[itas.components]\nmissing = stranger_a\n", stranger_a="x = 1\n")
    with pytest.raises(SpecError, match=r"stranger 1\.2 announces component 'missing' .*does not define it"):
        parse("missing")


def test_a_package_that_fails_is_named_with_file_and_line(site: Path):
    install(site, "[itas.models]\nbroken = stranger_a\n", stranger_a="x = 1\n1 / 0\n")
    with pytest.raises(SpecError, match=r"stranger_a\.py:2: cannot be loaded: ZeroDivisionError"):
        model_registry.find("broken")


def test_a_package_cannot_take_a_name_of_ours(site: Path):
    other = COMPONENT.replace('"shortest"\n\n    top', '"ranker"\n\n    top')
    install(site, "[itas.components]\nranker = stranger_a\n", stranger_a=other)
    assert not is_plugged(type(parse_component({"type": "ranker", "model": "fake/a"})))
    assert "stranger_a" not in sys.modules


# --- the command line, settings, runs -----------------------------------------------------------------------

ARCHITECTURE = (
    "layers:\n  - {type: generator, model: simulated/atlas-large, samples: 3}\n  - {type: shortest}\n"
)
SPACE = """\
layers:
  - {type: generator, model: simulated/atlas-large, samples: {choice: [1, 2, 3]}}
  - {type: shortest}
"""


def test_a_file_on_the_command_line_or_in_the_settings(capsys: pytest.CaptureFixture[str]):
    write("a.yaml", ARCHITECTURE)
    assert main(["show", "a.yaml"]) == 2
    Path("sub").mkdir()
    write("sub/mine.py", COMPONENT)
    assert main(["show", "a.yaml", "--plugin", "sub/mine.py"]) == 0
    with plugins_forgotten():
        pass
    write("sub/settings.yaml", "plugins: [mine.py]\n")
    assert main(["estimate", "a.yaml", "--on", "itas/word-problems", "--settings", "sub/settings.yaml"]) == 0
    write("itas.yaml", "plugins: [sub/mine.py]\n")
    assert main(["schema"]) == 0
    assert '"shortest"' in capsys.readouterr().out


def test_a_run_writes_down_its_plugins_and_a_resume_wants_the_same_ones(capsys: pytest.CaptureFixture[str]):
    write("mine.py", COMPONENT)
    write("space.yaml", SPACE)
    search = ["search", "space.yaml", "--on", "itas/word-problems", "--limit", "60", "-y", "-q"]
    search += ["-m", "simulated/atlas-large", "--searcher", "exhaustive", "--max-trials", "2"]
    with plugins_forgotten():
        assert main([*search, "--plugin", "mine.py"]) in (0, 3), capsys.readouterr().err
    run = Path("runs/latest").resolve()
    recorded = json.loads((run / "manifest.json").read_text())["plugins"]
    assert [sorted(entry) for entry in recorded] == [["file", "sha256"]]
    with plugins_forgotten():
        capsys.readouterr()
        assert main(["resume", str(run), "-q"]) == 2
        assert f"it was begun with a plugin. Name it: --plugin {Path('mine.py').absolute()}" in " ".join(
            capsys.readouterr().err.split()
        )
    with plugins_forgotten():
        assert main(["resume", str(run), "-q", "--plugin", "mine.py"]) in (0, 3)
        assert main(["show", str(run), "--plugin", "mine.py"]) == 0
    write("mine.py", COMPONENT + "# changed\n")
    with plugins_forgotten():
        capsys.readouterr()
        assert main(["resume", str(run), "-q", "--plugin", "mine.py"]) == 2
        assert "has changed since it was begun" in " ".join(capsys.readouterr().err.split())


def test_no_run_folder_can_have_a_file_run():
    evil = write("evil.py", "open('ran', 'w').close()\n")
    with pytest.raises(SpecError, match="Name it: --plugin"):
        check_plugins([{"file": str(evil), "sha256": "0" * 64}], where="runs/x")
    assert not Path("ran").exists()


def test_another_version_of_a_package_is_refused():
    with pytest.raises(DataError, match=r"begun with pydantic 0\.1, found 2"):
        check_plugins([{"package": "pydantic", "version": "0.1"}], where="runs/x")
    with pytest.raises(DataError, match=r"begun with no-such-package 1, found none"):
        check_plugins([{"package": "no-such-package", "version": "1"}], where="runs/x")
