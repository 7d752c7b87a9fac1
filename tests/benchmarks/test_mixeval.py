"""MixEval: the rule parsers on cases made by hand, the optional model parser, and the recorded files."""

import json
from typing import Any

import pytest

from itas.benchmarks import open_benchmark as find_benchmark
from itas.benchmarks.judge import Judged, parse_judge_options
from itas.benchmarks.mixeval import find_option, is_named
from itas.benchmarks.mixeval import load_mixeval as read_mixeval
from itas.benchmarks.mixeval.rules import normalise, read_parts
from itas.core.problem import Score, Unscored
from itas.errors import DataError, SpecError
from tests.benchmarks.judge.worlds import ScriptedJudge

OPTIONS = ("a loaf of rye bread", "a slice of white bread", "neither", "both of them")


def load_mixeval(*arguments: Any, **options: Any) -> Any:
    """The benchmark, whose scorer is of a kind of its own."""
    return read_mixeval(*arguments, **options)


def open_benchmark(*arguments: Any, **options: Any) -> Any:
    """The benchmark, whose scorer is of a kind of its own."""
    return find_benchmark(*arguments, **options)


@pytest.mark.parametrize(
    "reply, letter",
    [
        ("B", "B"),
        ("B.", "B"),
        ("(C)", "C"),
        ("**D**", "D"),
        ("**B. a slice of white bread**", "B"),
        ("The answer is B.", "B"),
        ("The answer is\nC\n", "C"),
        ("B. a slice of white bread", "B"),
        ("I would say B or C", "B"),
        ("Surely it must have been a slice of white bread here", "B"),
        ("neither", None),
        ("It is wrong to say more about this.", None),
        ("", None),
        ("E", None),
        ("Both are possible, A and B; but in the end\nAnswer: D", "D"),
        ("A lot speaks for it.\n#### C", "C"),
    ],
)
def test_options_are_found_by_the_official_rules(reply, letter):
    assert find_option(reply, OPTIONS) == letter


def test_a_reply_without_an_option_is_wrong_and_not_a_random_choice():
    assert [find_option("hm", OPTIONS) for _ in range(20)] == [None] * 20


@pytest.mark.parametrize(
    "reply, targets, is_right",
    [
        ("Tagus", ["Tagus", "the Tagus"], True),
        ("It is the Tagus.", ["Tagus"], True),
        ("The river is called the Douro.", ["Tagus"], False),
        ("The answer is 1,000", ["1000"], True),
        ("1/3", ["1/2"], False),
        ("12", ["2"], False),
        ("The result is 42.00 apples", ["42"], True),
        ("So x = 7", ["7"], True),
        ("There are seven of them", ["7"], False),
        ("-5", ["5"], False),
        ("3.14159", ["3.14"], True),
        ("The final answer is B", ["b"], True),
        ("It is abstract", ["b"], False),
        ("", ["x"], False),
        ("the capital is Lisbon\nthe river is the Tagus", ["tagus"], True),
        ("Tagus is not the answer", ["Tagus"], False),
    ],
)
def test_short_answers_are_compared_by_the_official_rules(reply, targets, is_right):
    assert is_named(reply, targets) == is_right


def test_a_single_letter_needs_a_space_beside_it():
    assert normalise("B") == (" b", "b ")
    assert normalise("1,234.567") == (1234.57,)
    assert normalise("Tagus ") == ("tagus",)


def test_key_parts_are_the_tails_behind_the_key_words():
    assert "the tagus" in read_parts("So, the river is the Tagus.")
    assert 12.0 in read_parts("the result is 12 km")


def test_hostile_replies_are_read_in_reasonable_time():
    import time

    for reply in ("is " * 200_000, "1," * 200_000, "A " * 200_000, "\n" * 400_000, "**A" * 100_000):
        started = time.monotonic()
        find_option(reply, OPTIONS)
        is_named(reply, ["x", "1"])
        assert time.monotonic() - started < 2


@pytest.mark.parametrize("name, count", [("mixeval", 120), ("mixeval_hard", 90)])
def test_the_recorded_files_are_read_whole(shared_data, name, count):
    benchmark = open_benchmark(f"{name}:{shared_data / name}")
    assert len(benchmark.problems) == count
    for problem in benchmark.problems:
        if problem.choices:
            assert problem.target in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[: len(problem.choices)]
        else:
            assert benchmark.scorer.targets[problem.id]


@pytest.mark.parametrize("name", ["mixeval", "mixeval_hard"])
async def test_every_recorded_right_answer_is_right_and_a_wrong_one_is_not(shared_data, name):
    benchmark = load_mixeval(shared_data / name)
    rights, wrongs = [], []
    for problem in benchmark.problems:
        if problem.choices:
            other = "A" if problem.target != "A" else "B"
            replies = problem.target, other
        else:
            replies = f"It is {benchmark.scorer.targets[problem.id][-1]}.", "It is quite something else, zzz."
        ask = ScriptedJudge(lambda request, number: "never asked")
        right = await benchmark.scorer.judge(problem, (replies[0],), ask)
        wrong = await benchmark.scorer.judge(problem, (replies[1],), ask)
        rights.append(right.outcome.value)
        wrongs.append(wrong.outcome.value)
        assert not ask.requests
    assert sum(rights) / len(rights) >= 0.98
    assert sum(wrongs) == 0


async def test_the_model_parser_is_asked_only_about_what_the_rules_cannot_settle(shared_data):
    benchmark = load_mixeval(shared_data / "mixeval", parse_judge_options("judge:fake/judge"))
    free = next(problem for problem in benchmark.problems if not problem.choices)
    choice = next(problem for problem in benchmark.problems if problem.choices)
    judge = ScriptedJudge(lambda request, number: "CHOICE: A\nRATING: 1")
    for problem, reply in ((free, benchmark.scorer.targets[free.id][0]), (choice, choice.target)):
        assert (await benchmark.scorer.judge(problem, (reply,), judge)).outcome.value == 1.0
    assert not judge.requests
    ruling = await benchmark.scorer.judge(free, ("something unheard of",), judge)
    assert ruling.outcome == Score(value=1.0, answer="1")
    await benchmark.scorer.judge(choice, ("the former, rather",), judge)
    assert len(judge.requests) == 2
    assert choice.choices[0] in judge.requests[1].messages[-1].content


async def test_an_unreadable_model_parser_is_no_score(shared_data):
    benchmark = load_mixeval(shared_data / "mixeval", parse_judge_options("judge:fake/judge"))
    free = next(problem for problem in benchmark.problems if not problem.choices)
    ruling = await benchmark.scorer.judge(free, ("zzz",), ScriptedJudge(lambda request, number: "well"))
    assert isinstance(ruling.outcome, Unscored)


def test_accuracy_is_over_all_problems_and_by_source(shared_data):
    benchmark = load_mixeval(shared_data / "mixeval")
    judged = [
        Judged(problem, ("x",), Score(value=float(number % 4 == 0)))
        for number, problem in enumerate(benchmark.problems)
    ]
    figures = benchmark.scorer.figures(judged)
    assert figures["accuracy"] == 30 / 120
    by_source = figures["by_source"]
    counts = {source: sum(p.tags["source"] == source for p in benchmark.problems) for source in by_source}
    assert sum(by_source[source] * count for source, count in counts.items()) == pytest.approx(30)
    assert figures["reader"] == "rules"


def test_official_files_hold_the_rows_that_the_official_code_reads(shared_data):
    benchmark = load_mixeval(shared_data / "mixeval")
    source = json.loads((shared_data / "mixeval/multiple-choice.json").read_text())
    judged = [Judged(problem, ("B",), Score(value=1.0)) for problem in benchmark.problems]
    files = benchmark.scorer.official_files("me", judged)
    rows = [json.loads(line) for line in files["close_multichoice.jsonl"].splitlines()]
    assert len(rows) == 60
    for row in rows:
        theirs = source[row["id"]]
        assert {key: row[key] for key in ("prompt", "options", "target", "benchmark_name")} == {
            key: theirs[key] for key in ("prompt", "options", "target", "benchmark_name")
        }
        assert row["response"] == "B"


def test_wrong_files_and_options_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"no free-form\.json"):
        load_mixeval(tmp_path)
    with pytest.raises(SpecError, match="neither grading nor a baseline"):
        load_mixeval(tmp_path, parse_judge_options("judge:a/b,grading=single"))
    path = tmp_path / "multiple-choice.json"
    path.write_text('{"1": {"prompt": "p", "options": ["x", "y"], "target": [2]}}')
    with pytest.raises(DataError, match="the number of one option"):
        load_mixeval(tmp_path)
    path.write_text('{"1": {"prompt": "p"}}')
    with pytest.raises(DataError, match="'1': needs 'prompt' and 'target'"):
        load_mixeval(tmp_path)
