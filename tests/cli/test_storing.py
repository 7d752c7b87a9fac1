"""`itas store`: list, size, prune, export, import; and an answer that comes although the store cannot be used."""

import contextlib
import json
import re
import sqlite3
from pathlib import Path

import pytest

from itas.api.storing import read_age, read_size
from itas.errors import SpecError
from tests.cli.conftest import Itas

STORE = Path(".itas/calls.sqlite3")
_ASKED = '"messages": [{"role": "user", "content": "6 x 7?"}]'
RECORDING = f"""\
{{"format": "itas-recording", "version": 1}}
{{"model": "openai/gpt-4o-mini", {_ASKED}, "draws": [{{"text": "42"}}, {{"text": "43"}}]}}
{{"model": "mine/m", {_ASKED}, "draws": [{{"text": "forty-two"}}]}}
"""
SETTINGS = "providers:\n  mine: {base_url: 'http://127.0.0.1:PORT/v1'}\n"


@pytest.fixture
def filled(itas: Itas, tmp_path: Path) -> Itas:
    """A store with two answers of one model and one of another."""
    (tmp_path / "answers.jsonl").write_text(RECORDING)
    assert itas("store", "import", "answers.jsonl").code == 0
    return itas


def test_the_store_is_listed_by_model(filled: Itas):
    shown = filled("store", "list")
    assert shown.code == 0
    lines = [line for line in shown.out.splitlines() if "/" in line]
    assert re.search(r"openai/gpt-4o-mini +1 +2 +0\.0 +20\d\d-\d\d-\d\d", shown.out)
    assert len(lines) == 2
    data = filled("store", "list", "--json").data
    assert [(each["model"], each["requests"], each["draws"]) for each in data] == [
        ("openai/gpt-4o-mini", 1, 2),
        ("mine/m", 1, 1),
    ]


def test_the_size_counts_requests_and_draws(filled: Itas):
    stats = filled("store", "size", "--json").data["stats"]
    assert (stats["requests"], stats["draws"], stats["damaged"]) == (2, 3, 0)


def test_pruning_counts_first_and_removes_only_with_yes(filled: Itas):
    counted = filled("store", "prune", "--model", "openai/*")
    assert (counted.code, "2 answers" in counted.out, "say --yes" in counted.out) == (0, True, True)
    assert len(filled("store", "list", "--json").data) == 2
    removed = filled("store", "prune", "--model", "openai/*", "--yes")
    assert "2 answers" in removed.out
    assert [each["model"] for each in filled("store", "list", "--json").data] == ["mine/m"]


def test_pruning_by_age_and_size(filled: Itas):
    assert "0 answers" in filled("store", "prune", "--older-than", "1d", "--yes").out
    assert "0 answers" in filled("store", "prune", "--to-size", "1GB", "--yes").out
    with contextlib.closing(sqlite3.connect(STORE)) as connection:
        connection.execute("UPDATE draws SET stored_at = stored_at - 90000 WHERE number = 1")
        connection.commit()
    assert "1 answers" in filled("store", "prune", "--older-than", "1d", "--yes").out
    assert "2 answers" in filled("store", "prune", "--to-size", "1kB", "--yes").out
    assert filled("store", "list", "--json").data == []


@pytest.mark.parametrize(
    "arguments, message",
    [
        ([], "say what is to go: --older-than, --model or --to-size"),
        (
            ["--older-than", "soon"],
            "an age is a number of minutes, hours, days or weeks such as 90d, found 'soon'",
        ),
        (["--to-size", "-1"], "a size is a number of bytes, kB, MB or GB such as 500MB, found '-1'"),
    ],
)
def test_a_pruning_that_cannot_be_read_is_refused(filled: Itas, arguments: list[str], message: str):
    refused = filled("store", "prune", *arguments, "--yes")
    assert refused.code == 2
    assert message in " ".join(refused.err.split())
    assert len(filled("store", "list", "--json").data) == 2


def test_ages_and_sizes_are_read():
    assert [read_age(text) for text in ("30m", "12h", "90d", "8 W")] == [1800, 43_200, 7_776_000, 4_838_400]
    assert [read_size(text) for text in ("500", "1.5 MB", "2GB", "10k")] == [
        500,
        1_500_000,
        2 * 10**9,
        10_000,
    ]
    for text in ("", "-5d", "1y", "9" * 30 + "d"):
        with pytest.raises(SpecError):
            read_age(text)
    for text in ("", "nan", "1e9", "5TB"):
        with pytest.raises(SpecError):
            read_size(text)


def test_what_is_exported_comes_back_and_belongs_to_the_address_in_the_settings(itas: Itas, tmp_path: Path):
    (tmp_path / "answers.jsonl").write_text(RECORDING)
    for port in (1, 2):
        (tmp_path / f"{port}.yaml").write_text(SETTINGS.replace("PORT", str(port)))
    itas("store", "import", "answers.jsonl", "--settings", "1.yaml")
    here = itas("store", "export", "here.jsonl", "--settings", "1.yaml")
    assert "2 questions with 3 answers" in here.out
    there = itas("store", "export", "there.jsonl", "--settings", "2.yaml")
    assert "1 questions with 2 answers" in there.out
    assert "1 questions left out" in there.out
    models = [json.loads(line)["model"] for line in (tmp_path / "here.jsonl").read_text().splitlines()[1:]]
    assert sorted(models) == ["mine/m", "openai/gpt-4o-mini"]


@pytest.mark.parametrize("command", [["list"], ["size"], ["prune", "--model", "x/y"], ["export", "x.jsonl"]])
def test_without_a_store_every_command_says_so(itas: Itas, command: list[str]):
    refused = itas("store", *command)
    assert refused.code == 2
    assert "there is no call store" in refused.err


@pytest.mark.parametrize("what", ["newer", "foreign", "no database"])
def test_an_answer_comes_also_where_the_store_cannot_be_used(
    itas: Itas, what: str, caplog: pytest.LogCaptureFixture
):
    STORE.parent.mkdir()
    if what == "no database":
        STORE.write_bytes(b"Dear diary, " * 1000)
    else:
        with contextlib.closing(sqlite3.connect(STORE)) as connection:
            connection.execute("CREATE TABLE theirs (x)")
            if what == "newer":
                connection.execute(f"PRAGMA application_id = {0x69746173}")
                connection.execute("PRAGMA user_version = 99")
            connection.commit()
    before = STORE.read_bytes()
    answered = itas("answer", "simulated/euler-large", "What is 6 times 7?")
    assert answered.code == 0
    assert answered.out.strip()
    assert "Going on without it" in caplog.text
    assert STORE.read_bytes() == before
    refused = itas("store", "size")
    assert refused.code != 0
    assert "Traceback" not in refused.err
