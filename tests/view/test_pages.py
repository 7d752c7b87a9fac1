"""What is shown: every run of a folder, whatever stands in it."""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from itas.cli.main import main
from tests.view.conftest import make_run, press

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>\u202e</td></table>"


def test_an_empty_folder_says_how_to_begin(browser: TestClient):
    assert "itas demo" in browser.get("/").text


def test_an_evaluation_is_listed_and_opened(browser: TestClient, evaluated: Callable[..., str]):
    id = evaluated("simulated/atlas-large", "simulated/euler-large")
    page = browser.get("/").text
    assert f'href="/runs/{id}"' in page
    assert re.search(r"simulated/atlas-large: [\d.]+ \([\d.]+ to [\d.]+\)", page)
    assert ">finished<" in page
    one = browser.get(f"/runs/{id}").text
    assert "SIMULATED" in one
    assert "(8 of 8)" in one
    report = browser.get(f"/runs/{id}/reports/evaluation")
    assert report.status_code == 200
    assert "sandbox allow-scripts" in report.headers["content-security-policy"]
    assert "'sha256-" in report.headers["content-security-policy"]


def test_the_link_to_the_newest_run_is_not_a_second_run(
    browser: TestClient, evaluated: Callable[..., str], folder: Path
):
    evaluated()
    assert (folder / "latest").is_symlink()
    assert browser.get("/").text.count("data-run=") == 1
    assert browser.get("/runs/latest").status_code == 404


def test_a_trace_in_the_folder_is_opened(
    browser: TestClient, folder: Path, capsys: pytest.CaptureFixture[str]
):
    asked = main(
        ["answer", "simulated/atlas-large", "What is 6 times 7?", "--trace", str(folder / "one.jsonl")]
    )
    capsys.readouterr()
    assert asked == 0
    (folder / "other.jsonl").write_text('{"input": "no trace"}\n')
    (folder / "linked.jsonl").symlink_to(folder / "one.jsonl")
    page = browser.get("/").text
    assert page.count("data-run=") == 1
    assert "/runs/one.jsonl/reports/trace" in browser.get("/runs/one.jsonl").text
    report = browser.get("/runs/one.jsonl/reports/trace")
    assert report.status_code == 200
    assert "6 times 7" in report.text
    (folder / "one.jsonl").write_text('{"kind": "begin"}\nnoise\n')
    assert browser.get("/runs/one.jsonl/reports/trace").status_code == 409


def test_two_evaluations_are_compared(browser: TestClient, evaluated: Callable[..., str]):
    ids = [evaluated("simulated/atlas-large"), evaluated("simulated/atlas-small")]
    query = "&".join(f"run={id}" for id in ids)
    page = browser.get(f"/compare?{query}").text
    assert "simulated/atlas-small" in page
    assert "95 % interval" in page
    assert all(f"/runs/{id}" in page for id in ids)
    assert browser.get(f"/compare/report?{query}").status_code == 200


def test_what_cannot_be_compared_is_said(browser: TestClient, evaluated: Callable[..., str], folder: Path):
    id = evaluated()
    other = evaluated(limit=9)
    make_run(folder, "a-search")
    for query in ("", f"run={id}", f"run={id}&run={other}", f"run={id}&run=a-search", "run=../../etc"):
        found = browser.get(f"/compare?{query}")
        assert found.status_code == 409, query
        assert "This did not work" in found.text


@pytest.mark.parametrize("kind", ["search", "evaluation", HOSTILE])
def test_text_of_a_run_is_inert(browser: TestClient, folder: Path, kind: str):
    event = {
        "event": "ranked",
        "at": HOSTILE,
        "of": HOSTILE,
        "model": HOSTILE,
        "state": "done",
        "observations": [],
    }
    make_run(
        folder,
        "run-1",
        {"kind": kind, "name": HOSTILE, "created": HOSTILE, "benchmark": HOSTILE, "problems": HOSTILE,
         "architectures": {"1": {"name": HOSTILE}}},
        journal__jsonl=json.dumps(event) + "\n",
    )  # fmt: skip
    for path in ("/", "/runs/run-1"):
        text = browser.get(path).text
        assert "<script>alert" not in text
        assert "<img" not in text
        assert "\u202e" not in text
        assert text.count("<script") == 1


def test_a_name_of_a_folder_is_inert(browser: TestClient, folder: Path):
    name = "a\"b'c<i>&d e\u00e9"
    make_run(folder, name)
    page = browser.get("/").text
    assert "<i>" not in page
    (link,) = re.findall(r'href="(/runs/[^"]+)"', page)
    assert browser.get(link).status_code == 200


OBSERVED = '{"event":"trial","at":"2026","trial":0,"point":1,"observations":[{"outcome":{"value":1}}]}\n'
BROKEN: dict[str, Any] = {
    "no manifest data": "",
    "a list": "[]",
    "a number": "7",
    "not text": "\udcff",
    "deep": "[" * 100_000,
    "deep object": '{"a":' * 50_000,
    "no kind": "{}",
    "kind is a list": '{"kind": ["search"], "name": {"a": 1}, "created": 5}',
    "unknown kind": '{"kind": "lab"}',
    "architectures is a list": '{"kind": "evaluation", "architectures": [1]}',
    "architecture outside": '{"kind": "evaluation", "architectures": {"../../etc": {"name": "x"}}}',
    "caps is text": '{"kind": "evaluation", "architectures": {"1": {"name": "x"}}, "caps": "none", "ledger": 1, '
    '"arguments": {}}',
}


@pytest.mark.parametrize("manifest", BROKEN.values(), ids=BROKEN)
def test_a_damaged_manifest_breaks_nothing(browser: TestClient, folder: Path, manifest: str):
    place = make_run(folder, "damaged", "{}")
    (place / "manifest.json").write_bytes(manifest.encode("utf-8", "surrogateescape"))
    make_run(folder, "sound", {"kind": "search"})
    page = browser.get("/")
    assert page.status_code == 200
    assert "/runs/sound" in page.text
    assert browser.get("/runs/damaged").status_code == 200
    assert press(browser, "/runs/damaged/resume").status_code == 409
    assert press(browser, "/runs/damaged/stop").status_code == 409


JOURNALS = {
    "noise": "\x00\x01\n",
    "a list": "[]\n",
    "no event": "{}\n",
    "wrong types": '{"event":"trial","at":1,"point":"x","observations":7}\n',
    "no outcome": '{"event":"trial","at":"2026","point":1,"observations":[{}]}\n',
    "choices are a list": '{"event":"recommendation","choices":[],"mean":"x","sd":null}\n',
    "cut": '{"event":"stu',
    "good": OBSERVED,
}


@pytest.mark.parametrize("journal", JOURNALS.values(), ids=JOURNALS)
@pytest.mark.parametrize("outcome", [None, "{}", "[]", "\x00"])
def test_a_damaged_search_breaks_nothing(
    browser: TestClient, folder: Path, journal: str, outcome: str | None
):
    files = {"journal__jsonl": journal, **({} if outcome is None else {"outcome__json": outcome})}
    make_run(folder, "damaged", **files)
    assert browser.get("/").status_code == 200
    found = browser.get("/runs/damaged")
    assert found.status_code == 200
    assert browser.get("/runs/damaged/reports/search").status_code == 404
    assert press(browser, "/runs/damaged/resume").status_code == 409
    if journal not in (JOURNALS["good"], JOURNALS["cut"]) or outcome is not None:
        assert "cannot be read" in found.text


def test_results_that_were_damaged_later_are_said_to_be(
    browser: TestClient, evaluated: Callable[..., str], folder: Path
):
    place = folder / evaluated()
    with (place / "1" / "results.jsonl").open("a") as file:
        file.write("noise\n")
    for path in ("/", f"/runs/{place.name}"):
        page = browser.get(path)
        assert page.status_code == 200
        assert "cannot be read" in page.text
    assert browser.get(f"/runs/{place.name}/reports/evaluation").status_code in (404, 409)


def test_pipes_and_links_in_a_folder_do_not_hold_the_view_up(browser: TestClient, folder: Path):
    place = make_run(folder, "piped")
    for name in ("journal.jsonl", "outcome.json", "study.json", "running.lock"):
        os.mkfifo(place / name)
    other = make_run(folder, "linked", {"kind": "evaluation", "architectures": {"1": {"name": "x"}}})
    (other / "1").symlink_to("/")
    (other / "running.lock").symlink_to("/etc/passwd")
    (folder / "elsewhere").symlink_to(folder / "piped")
    (folder / "only-a-pipe").mkdir()
    os.mkfifo(folder / "only-a-pipe" / "manifest.json")
    page = browser.get("/")
    assert page.status_code == 200
    assert page.text.count("data-run=") == 2
    assert browser.get("/runs/piped").status_code == 200
    assert browser.get("/runs/linked").status_code == 200


@pytest.mark.parametrize("id", ["..", "%2e%2e", "..%2fruns", "latest", "x" * 5000, "%00", "%ff"])
def test_only_runs_of_the_folder_can_be_opened(browser: TestClient, folder: Path, id: str):
    (folder.parent / "manifest.json").write_text("{}")
    assert browser.get(f"/runs/{id}/reports/search").status_code == 404
    assert press(browser, f"/runs/{id}/resume").status_code == 404


def study(**about: Any) -> str:
    spec = {
        "name": "s",
        "space": {"name": "one", "layers": [{"type": "generator", "model": {"best": "generators"}}]},
    }
    return json.dumps({
        "study": spec | {"models": about.pop("models", ["openai/gpt-4o-mini"])},
        **{"on": "itas/word-problems"},
        **about,
    })  # fmt: skip


@pytest.mark.parametrize(
    "about, may, said",
    [
        ({}, False, "It has no cap"),
        ({"budget": {"max_trials": 5}}, False, "It has no cap"),
        ({"budget": {"max_cost_usd": 2.5}}, True, "at most $2.50"),
        ({"budget": {"max_samples": 300}}, True, "at most 300 samples"),
        ({"models": ["simulated/atlas-large"]}, True, "costs nothing"),
        ({"models": ["simulated/atlas-large", "openai/gpt-4o-mini"]}, False, "It has no cap"),
    ],
    ids=str,
)
def test_resuming_needs_a_cap_and_states_it(
    browser: TestClient, folder: Path, about: dict[str, Any], may: bool, said: str
):
    make_run(folder, "halted", study__json=study(**about))
    page = browser.get("/runs/halted").text
    assert said in page
    shown = re.search(r'action="/runs/halted/resume"[^>]*?(hidden)?>', page)
    assert shown is not None
    assert (shown[1] is None) == may
    if not may:
        found = press(browser, "/runs/halted/resume")
        assert found.status_code == 409
        assert not (folder / "halted" / "resume.log").exists()


@pytest.mark.parametrize(
    "about",
    [
        {"on": "inspect:evil.py@task"},
        {"on": "lm-eval:task"},
        {"scorer": "python:evil.py:score"},
        {"on": "data.jsonl"},
        {"on": "beside.csv"},
        {"on": "noise.jsonl"},
    ],
    ids=str,
)
def test_a_button_never_runs_code_that_a_run_names(browser: TestClient, folder: Path, about: dict[str, Any]):
    (folder.parent / "data.jsonl").write_text('{"scorer": {"type": "\\u0070ython:evil.py:score"}}\n')
    (folder.parent / "beside.scorer.json").write_text('"python:evil.py:score"')
    (folder.parent / "beside.csv").write_text("input,target\n")
    (folder.parent / "noise.jsonl").write_text("\x00\n")
    make_run(folder, "halted", study__json=study(models=["simulated/atlas-large"], **about))
    assert "runs Python code" in browser.get("/runs/halted").text
    assert press(browser, "/runs/halted/resume").status_code == 409


def test_nobody_to_stop_is_said(browser: TestClient, evaluated: Callable[..., str]):
    found = press(browser, f"/runs/{evaluated()}/stop")
    assert found.status_code == 409
    assert "nobody works on it" in found.text
