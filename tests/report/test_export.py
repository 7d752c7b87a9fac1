import csv
import io
import sys
from pathlib import Path

import pytest

from itas.errors import Error
from itas.report.export import (
    Table,
    tabulate_components,
    tabulate_contestants,
    tabulate_problems,
    tabulate_trials,
    to_csv,
    write_parquet,
)
from tests.report.records import evaluation
from tests.report.worlds import HOSTILE, Run


def rows_of(table: Table) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(to_csv(table), newline="")))


def test_every_problem_of_every_architecture_is_a_row():
    pair = [evaluation("strong", chance=0.9), evaluation("weak", chance=0.4, price=None)]
    rows = rows_of(tabulate_problems(pair))
    assert len(rows) == 80
    assert rows[0]["architecture"] == "strong"
    assert rows[0]["cost_usd"] == "0.0007"
    assert rows[40]["cost_usd"] == ""  # unpriced is not free
    assert (rows[13]["score"], rows[13]["unscored"]) == ("", "parse_error")
    assert rows[0]["answer"] == pair[0].results[0].text


def test_every_component_is_a_row():
    rows = rows_of(tabulate_components([evaluation("strong", chance=0.9)]))
    assert [(row["layer"], row["type"]) for row in rows] == [("1", "generator"), ("2", "vote")]
    assert rows[0]["samples_used"] == "80"


def test_a_search_gives_its_contestants_and_its_trials(run: Run):
    held_out = rows_of(tabulate_contestants(run.result))
    assert len(held_out) == sum(len(entry.observations) for entry in run.result.contestants)
    trials = rows_of(tabulate_trials(run.result))
    assert [int(row["trial"]) for row in trials] == [trial.number for trial in run.result.trials]


def test_no_cell_of_a_csv_is_a_formula_and_each_text_comes_back():
    texts = [text for text in HOSTILE if text.strip()]
    found = evaluation("name", chance=0.5, problems=len(texts), texts=texts)
    rows = rows_of(tabulate_problems([found]))
    assert len(rows) == len(texts)
    for row, text in zip(rows, texts, strict=True):
        for cell in row.values():
            assert not cell.lstrip(" ").startswith(("=", "+", "@", "\t", "\r"))
        is_guarded = row["answer"].startswith("'") and not text.startswith("'")
        assert row["answer"][is_guarded:] == text.replace("\x00", "\ufffd")


def test_numbers_below_0_stay_numbers_and_text_does_not():
    table = Table({"number": "number", "text": "text"}, ((-1.5, "-1.5"),))
    assert to_csv(table) == "number,text\r\n-1.5,'-1.5\r\n"


def test_a_parquet_file_comes_back_with_its_types(tmp_path: Path):
    files = pytest.importorskip("arro3.io", reason="the extra 'parquet' is not installed")
    path = tmp_path / "table.parquet"
    texts = [text for text in HOSTILE if text.strip()]
    write_parquet(tabulate_problems([evaluation("name", chance=0.5, texts=texts)]), path)
    table = files.read_parquet(path).read_all()
    assert table["answer"].to_pylist()[0] == texts[0]
    assert table["score"].to_pylist()[13] is None
    assert table["samples_used"].to_pylist()[0] == 2


def test_without_the_package_parquet_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "arro3.core", None)
    with pytest.raises(Error, match=r"itas\[parquet\]"):
        write_parquet(Table({"a": "text"}, (("x",),)), tmp_path / "x.parquet")
