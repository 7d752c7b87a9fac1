"""Traces of evaluations and searches: every call while it happens, and the page of one problem."""

import json
from pathlib import Path

import pytest

from itas.api.tracing import TRACE, find_traced, list_traced, load_traced
from itas.cli.main import main
from itas.errors import SpecError

MODELS = ("--model", "simulated/atlas-large", "--model", "simulated/euler-large")
WORDS = ("--on", "itas/word-problems", "--quiet")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def lines(run: Path) -> list[dict]:
    return [json.loads(line) for line in (run / TRACE).read_text(encoding="utf-8").splitlines()]


def latest(here: Path) -> Path:
    return (here / "runs" / "latest").resolve()


def test_an_evaluation_keeps_every_call_with_its_problem_prompt_and_replies(here: Path):
    assert main(["evaluate", "preset:moa", *MODELS, *WORDS, "--limit", "4", "--trace"]) == 0
    run = latest(here)
    found = lines(run)
    begun = [line for line in found if line["kind"] == "begin"]
    assert len({line["problem"] for line in begun}) == 4
    assert [line["answer"] for line in begun] == [1, 2, 3, 4]
    calls = [line for line in found if line["kind"] == "call"]
    results = [json.loads(line) for line in (run / "1" / "results.jsonl").read_text().splitlines()]
    used = sum(record["samples_used"] for result in results for record in result["components"])
    assert sum(len(call["draws"]) for call in calls) == used
    assert all(call["request"]["messages"] and call["draws"][0]["text"] for call in calls)
    answer = find_traced(run, begun[2]["problem"])
    own = load_traced(run, answer.number)
    assert {line["answer"] for line in own} == {answer.number}
    texts = {result["problem_id"]: result["text"] for result in results}
    assert own[-1]["text"] == texts[begun[2]["problem"]]


def test_nothing_is_kept_unless_it_is_asked_for(here: Path):
    assert main(["evaluate", "simulated/atlas-large", *WORDS, "--limit", "2"]) == 0
    run = latest(here)
    assert not (run / TRACE).exists()
    with pytest.raises(SpecError, match="has no trace"):
        list_traced(run, "wp-0-00000")


def test_a_traced_run_that_is_resumed_goes_on_behind_a_torn_line(here: Path):
    models = ["simulated/atlas-large", "simulated/euler-large"]
    arguments = ["--limit", "6", "--trace", "--max-samples", "4", "--yes"]
    assert main(["evaluate", *models, *WORDS, *arguments]) == 3
    run = latest(here)
    before = lines(run)
    with (run / TRACE).open("ab") as file:
        file.write(b'{"kind":"call","answer":4,"lay')
    assert main(["resume", str(run), "--max-samples", "100", "--quiet"]) == 0
    after = lines(run)
    assert after[: len(before)] == before
    numbers = [line["answer"] for line in after if line["kind"] == "begin"]
    assert len(numbers) == len(set(numbers))
    answered = {
        (line["fingerprint"], line["problem"])
        for line in after
        if line["kind"] == "begin"
        and any(each["kind"] == "answer" and each["answer"] == line["answer"] for each in after)
    }
    assert len(answered) == 12


def test_a_judge_is_in_the_trace_and_is_not_taken_for_an_answer(here: Path):
    rows = [{"input": f"Say something about {n}.", "baseline": "Something."} for n in range(3)]
    (here / "open.jsonl").write_text("\n".join(map(json.dumps, rows)))
    scorer = ("--scorer", "judge:simulated/euler-large")
    assert main(
        ["evaluate", "simulated/atlas-large", "--on", "open.jsonl", *scorer, "--trace", "--quiet"]
    ) in (0, 3)
    run = latest(here)
    judging = [line["answer"] for line in lines(run) if line.get("is_judging")]
    asked = [line for line in lines(run) if line["kind"] == "call" and line["answer"] in judging]
    assert len(judging) == 3
    assert {call["request"]["model"] for call in asked} == {"simulated/euler-large"}
    problem = lines(run)[0]["problem"]
    assert len(list_traced(run, problem)) == 1


def test_a_search_keeps_every_call_and_shows_the_answer_of_what_it_recommends(here: Path):
    small = ("--max-trials", "2", "--dev", "6", "--held-out", "6", "--limit", "40", "--trace")
    assert main(["search", "small", *MODELS, *WORDS, *small]) in (0, 3)
    run = latest(here)
    outcome = json.loads((run / "outcome.json").read_text())
    contestants = outcome["result"]["contestants"]
    problem = contestants[0]["observations"][0]["problem_id"]
    prints = {each.fingerprint for each in list_traced(run, problem)}
    assert len(prints) > 1
    one = sorted(prints)[0]
    assert find_traced(run, problem, preferred=one).fingerprint == one
    assert main(["report", str(run), "--problem", problem]) == 0
    (page,) = run.glob("answer-*.html")
    assert problem in page.read_text(encoding="utf-8")


def test_a_problem_that_is_not_there_is_said_with_some_that_are(
    here: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["evaluate", "simulated/atlas-large", *WORDS, "--limit", "2", "--trace"]) == 0
    capsys.readouterr()
    assert main(["report", str(latest(here)), "--problem", "nope"]) == 2
    assert "no answer to 'nope' is in the trace. It has: wp-" in " ".join(capsys.readouterr().err.split())


def test_a_trace_of_what_other_machines_do_is_refused(here: Path, capsys: pytest.CaptureFixture[str]):
    where = ("--where", "ray", "--trace")
    assert main(["evaluate", "simulated/atlas-large", *WORDS, "--limit", "2", *where]) == 2
    assert "Leave out --where" in capsys.readouterr().err
