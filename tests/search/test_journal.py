"""The journal: what was written is there, whatever happened at the end; one writer at a time."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from itas.errors import DataError
from itas.search.journal import Journal, read_journal


def test_events_are_lines_that_people_can_read(tmp_path: Path):
    path = tmp_path / "journal.jsonl"
    with Journal(path) as journal:
        journal.write("study", name="größer", seed=3)
        journal.write("trial", trial=0, state="done")
    lines = path.read_text(encoding="utf-8").splitlines()
    assert "größer" in lines[0]
    assert [json.loads(line)["event"] for line in lines] == ["study", "trial"]
    assert [event["event"] for event in read_journal(path)] == ["study", "trial"]


@pytest.mark.parametrize("torn", ['{"event": "tri', "{", '{"event": "trial"}', "\0\0\0"])
def test_a_line_that_was_cut_off_is_left_out_and_healed(tmp_path: Path, torn: str):
    path = tmp_path / "journal.jsonl"
    with Journal(path) as journal:
        journal.write("study", seed=3)
    with path.open("a", encoding="utf-8") as file:
        file.write(torn)
    assert len(read_journal(path)) == 1
    with Journal(path) as journal:
        assert len(journal.events) == 1
        journal.write("trial", trial=0)
    assert [event["event"] for event in read_journal(path)] == ["study", "trial"]


def test_a_damaged_last_line_with_an_end_is_healed_too(tmp_path: Path):
    path = tmp_path / "journal.jsonl"
    path.write_bytes(b'{"event": "study"}\n\0\0\0\0\n')
    with Journal(path) as journal:
        journal.write("trial")
    assert [event["event"] for event in read_journal(path)] == ["study", "trial"]


def test_a_damaged_line_in_the_middle_is_an_error_with_its_place(tmp_path: Path):
    path = tmp_path / "journal.jsonl"
    path.write_text('{"event": "study"}\n{"evnt": 1}\n{"event": "trial"}\n', encoding="utf-8")
    with pytest.raises(DataError, match=r"journal\.jsonl, line 2: a JSON object with an 'event'"):
        read_journal(path)
    with pytest.raises(DataError), Journal(path):
        pass
    with pytest.raises(DataError, match="cannot be read"):
        read_journal(tmp_path / "none.jsonl")


def test_two_writers_are_refused_and_told_who_writes(tmp_path: Path):
    path = tmp_path / "journal.jsonl"
    with Journal(path) as journal:
        with pytest.raises(DataError, match=rf"another process writes this study \(pid {os.getpid()}, since"):
            Journal(path).__enter__()
        journal.write("study")
    with Journal(path) as journal:
        assert len(journal.events) == 1
    assert not path.with_name("journal.jsonl.lock").exists()


def test_the_lock_of_a_process_that_died_is_taken_over(tmp_path: Path):
    path = tmp_path / "journal.jsonl"
    code = (
        "import os, sys\nfrom pathlib import Path\nfrom itas.search.journal import Journal\n"
        "journal = Journal(Path(sys.argv[1])).__enter__()\njournal.write('study')\nos._exit(9)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], check=False)
    assert done.returncode == 9
    assert path.with_name("journal.jsonl.lock").exists()
    with Journal(path) as journal:
        journal.write("trial")
    assert len(read_journal(path)) == 2


def test_a_number_that_is_none_is_refused(tmp_path: Path):
    with (
        Journal(tmp_path / "journal.jsonl") as journal,
        pytest.raises(ValueError, match="not JSON compliant"),
    ):
        journal.write("trial", mean=float("nan"))


def test_a_journal_in_memory_keeps_events():
    with Journal(None) as journal:
        journal.write("trial", trial=1, state="done")
        journal.write("trial", trial=2, state="done")
        found = journal.find("trial", trial=1)
        assert found is not None
        assert found["state"] == "done"
        assert journal.find("trial", trial=3) is None
