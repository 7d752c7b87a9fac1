"""`itas report`, `itas export`, `itas compare --report`, `itas show --svg` and the like, as a user calls them."""

import csv
import io
import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from itas.cli.evaluations import print_comparisons, print_summaries
from itas.cli.main import main
from tests.report.reading import ALLOWED, Reader
from tests.report.records import comparisons_of, evaluation, trace
from tests.report.worlds import HOSTILE, one_line

ARCHITECTURE = """\
name: two-and-vote
layers:
  - {type: generator, model: simulated/atlas-small, samples: 2}
  - {type: vote}
"""
SINGLE = "name: one\nlayers: [{type: generator, model: simulated/atlas-small}]\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.yaml").write_text(ARCHITECTURE)
    (tmp_path / "b.yaml").write_text(SINGLE)
    return tmp_path


def evaluate(*files: str) -> str:
    assert main(["evaluate", *files, "--on", "itas/word-problems", "--limit", "12", "--quiet"]) == 0
    return str(Path("runs/latest").resolve())


def test_the_trace_of_an_answer_becomes_a_page_beside_it(folder: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["answer", "a.yaml", "What is 2 and 3?", "--trace", "t.jsonl", "--quiet"]) == 0
    assert main(["report", "t.jsonl"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "t.html"
    text = Reader((folder / "t.html").read_text("utf-8")).text
    assert "What is 2 and 3?" in text
    assert "SIMULATED" in text


def test_an_evaluation_has_a_page_figures_and_tables(folder: Path, capsys: pytest.CaptureFixture[str]):
    run = evaluate("a.yaml", "b.yaml")
    assert main(["report", run]) == 0
    page = Reader((Path(run) / "report.html").read_text("utf-8"))
    assert "two-and-vote" in page.text
    assert "SIMULATED" in page.text
    assert main(["report", run, "--figures", "figures"]) == 0
    assert (folder / "figures" / "means.png").read_bytes().startswith(b"\x89PNG")
    assert ElementTree.parse(folder / "figures" / "means.svg").getroot() is not None
    capsys.readouterr()
    assert main(["export", run, "--csv", "-"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out, newline="")))
    assert len(rows) == 24
    assert main(["export", run, "--csv", "parts.csv", "--table", "components"]) == 0
    assert len((folder / "parts.csv").read_text("utf-8").splitlines()) == 4
    assert main(["export", run, "--csv", "x.csv", "--table", "trials"]) == 2
    assert main(["export", run]) == 2


def test_an_evaluation_that_is_still_running_is_reported_as_far_as_it_is(folder: Path):
    run = Path(evaluate("a.yaml"))
    place = run / "1"
    (place / "summary.json").unlink()
    lines = (place / "results.jsonl").read_bytes().splitlines(keepends=True)
    (place / "results.jsonl").write_bytes(b"".join(lines[:5]) + lines[5][:40])
    assert main(["report", str(run)]) == 0
    text = Reader((run / "report.html").read_text("utf-8")).text
    assert "Not complete." in text
    assert "5 of 12 problems asked" in text
    (place / "results.jsonl").write_bytes(b"")
    assert main(["report", str(run)]) == 2


def test_runs_are_compared_on_a_page(folder: Path, capsys: pytest.CaptureFixture[str]):
    first, second = evaluate("a.yaml"), evaluate("b.yaml")
    capsys.readouterr()
    assert main(["compare", first, second, "--report", "both.html", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 1
    text = Reader((folder / "both.html").read_text("utf-8")).text
    assert "Who is right where the other is not" in text
    assert "two-and-vote right, one wrong" in text


def test_an_architecture_is_drawn_in_three_ways(folder: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["show", "a.yaml", "--svg"]) == 0
    assert ElementTree.fromstring(capsys.readouterr().out).tag.endswith("svg")
    assert main(["show", "a.yaml", "--mermaid"]) == 0
    assert capsys.readouterr().out.startswith("flowchart LR")
    assert main(["show", "a.yaml", "--text"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("question\n")
    assert "atlas-small: 2 samples" in out
    assert out.endswith("answer\n")
    assert main(["show", "a.yaml", "--text", "--svg"]) == 2


def test_what_is_neither_a_run_nor_a_trace_is_refused_with_what_to_do(
    folder: Path, capsys: pytest.CaptureFixture[str]
):
    (folder / "other.jsonl").write_text('{"kind": "else"}\n')
    assert main(["report", "other.jsonl"]) == 2
    assert "not a run folder" in capsys.readouterr().err
    (folder / "cut.jsonl").write_text('{"kind": "begin", "architecture": "x"}\n{"kind": "call", "lay')
    assert main(["report", "cut.jsonl"]) == 0
    assert "No answer." in Reader((folder / "cut.html").read_text("utf-8")).text
    (folder / "bad.jsonl").write_text('{"kind": "begin"}\nnonsense\n{"kind": "layer"}\n')
    assert main(["report", "bad.jsonl"]) != 0
    assert "bad.jsonl:2" in capsys.readouterr().err


def is_clean(text: str) -> bool:
    unseen = {"\x1b", "\x00", "\x07", "\x08", "\r", "\x85", "\x9b", "\u202e", "\u2066", "\u061c"}
    return not set(text) & unseen


def test_hostile_names_and_errors_reach_the_terminal_as_text_only(capsys: pytest.CaptureFixture[str]):
    for start in range(0, len(HOSTILE), 10):
        texts = HOSTILE[start : start + 10]
        found = [
            evaluation(f"{number}{text}", chance=0.5, problems=20, texts=texts, figures={text: text})
            for number, text in enumerate(texts)
        ]
        print_summaries([each.summary for each in found])
        print_comparisons(comparisons_of(*found[:4]))
    shown = capsys.readouterr().out
    assert "<script>" in shown
    assert is_clean(shown)


def test_a_drawing_on_the_terminal_is_text_only(capsys: pytest.CaptureFixture[str], folder: Path):
    for number, text in enumerate(HOSTILE):
        model = one_line(text).strip() or "x"
        file = folder / f"{number}.json"
        file.write_text(
            json.dumps({"name": text, "layers": [{"type": "generator", "model": f"simulated/{model}"}]})
        )
        for option in ("--text", "--mermaid", "--svg"):
            main(["show", str(file), option])
    both = capsys.readouterr()
    assert is_clean(both.out)
    assert is_clean(both.err)


@pytest.mark.parametrize(
    "name", ["<img src=x onerror=alert(1)>", "\x1b[31mred", "\u202egnp.exe", "=1+1", "a\"b'c"]
)
def test_a_hostile_file_name_is_only_text(name: str, folder: Path, capsys: pytest.CaptureFixture[str]):
    (folder / f"{name}.jsonl").write_text("\n".join(json.dumps(line) for line in trace()))
    assert main(["report", f"{name}.jsonl"]) == 0
    assert is_clean(capsys.readouterr().out)
    page = Reader((folder / f"{name}.html").read_text("utf-8"))
    assert not {tag for tag, _ in page.elements} - ALLOWED
    assert is_clean(page.text)
