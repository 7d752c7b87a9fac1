"""Whether mathematical answers are the same: 300 pairs made by hand, and what hostile answers may not do."""

import json
import time
from pathlib import Path

import pytest

from itas.benchmarks.mathematics import Checker, compare, find_expression
from itas.benchmarks.mathematics.expression import Unreadable, read_formula
from itas.benchmarks.scorers import Math
from itas.core.messages import user
from itas.core.problem import Problem, Score, Unscored

PAIRS = [
    (*(part.strip().replace(r"\vert", "|") for part in line.split("|")), source)
    for source, lines in (
        (block.partition("\n")[0], block.partition("\n")[2].splitlines())
        for block in (Path(__file__).parent / "pairs.txt").read_text(encoding="utf-8").split("\n## ")[1:]
    )
    for line in lines
    if line.strip()
]


@pytest.fixture(scope="module")
def checker():
    with Checker(workers=1) as checker:
        yield checker


def test_three_hundred_pairs_made_by_hand_are_told_the_same_or_different(checker):
    assert len(PAIRS) >= 300
    wrong: list[object] = []
    undecided = 0
    for gold, given, expected, source in PAIRS:
        verdict = compare(gold, given)
        undecided += verdict is None
        verdict = checker.check(gold, given) if verdict is None else verdict
        if verdict is not (expected == "same"):
            wrong.append((gold, given, expected, verdict, source))
    assert wrong == []
    assert undecided < len(PAIRS) / 20, "the cheap path decides nearly everything"


def test_every_answer_equals_itself():
    for gold, given, *_ in PAIRS:
        assert compare(gold, gold) is True, gold
        assert not given or compare(given, given) is True, given


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('touch /tmp/itas-was-here')",
        "().__class__.__bases__[0].__subclasses__()",
        "exec(open('/etc/passwd').read())",
        "\\text{__import__('os').system('true')}",
        "lambda: 0",
        "x" * 50_000,
        "(" * 5_000,
        "{" * 300 + "1" + "}" * 300,
        "-" * 500 + "1",
        "9^{9^{9^{9}}}",
        "10^{10^{10}}",
        "(((((2^{1000})^{1000})^{1000})^{1000})^{1000})",
        "500!!",
        "\\frac{1}{0}",
        "\\frac" * 200,
        "1," * 5_000,
        "\\begin{pmatrix}" + "1 & " * 3_000 + "\\end{pmatrix}",
        "\\pm" * 500,
        "\x00\x1b[2J",
        "\ud800",
        "𝟙" * 100,
    ],
)
def test_a_hostile_answer_is_read_at_once_and_never_run_and_never_right(text):
    began = time.perf_counter()
    assert compare("5", text) is not True
    assert compare("\\frac{1}{2}", f"\\frac{{1}}{{{text}}}") is not True
    assert time.perf_counter() - began < 1.0
    assert not Path("/tmp/itas-was-here").exists()


def test_nothing_but_the_small_language_is_a_formula():
    for text in (
        "__import__",
        "x.y",
        "f'1'",
        "a;b",
        "1 2",
        "sin",
        "system(1)",
        "\\foo",
        "(1",
        "1)",
        "{2",
        "",
        "\\log 5",
    ):
        with pytest.raises(Unreadable):
            read_formula(text)


def test_a_comparison_that_hangs_is_killed_and_is_no_verdict():
    with Checker(workers=1, timeout_s=0.5) as checker:
        assert checker.check("1", "1") is True  # the worker is up
        began = time.perf_counter()
        assert checker.check("10", "9^{9^{9^{9}}}") is None
        assert time.perf_counter() - began < 3
        assert checker.check("\\frac{1}{2}", "0.5") is True, "a new worker takes over"


async def test_a_hanging_comparison_is_unscored_not_wrong(monkeypatch):
    monkeypatch.setattr("itas.benchmarks.scorers.mathematics.shared_checker", _Never)
    problem = Problem(id="p", conversation=user("?"), target="\\int_0^1 f")
    outcome = await Math().score(problem, "Answer: $\\boxed{\\int_0^1 g}$")
    assert isinstance(outcome, Unscored)
    assert "within 5 seconds" in outcome.detail


class _Never:
    def check(self, gold: str, given: str) -> None:
        return None


def test_a_worker_runs_no_program_writes_no_file_and_evaluates_no_text(checker, tmp_path):
    mark = tmp_path / "mark"
    for text in (
        f"__import__('os').system('touch {mark}')",
        f"\\text{{__import__('os').system('touch {mark}')}}",
        f"open('{mark}','w')",
        f"Integer(__import__('os').system('touch {mark}'))",
    ):
        assert checker.check("5", text) is not True
    assert not mark.exists()


def test_the_audit_of_a_worker_ends_it_when_text_is_evaluated():
    """Make the mistake on purpose: with the hook in place, evaluating a text ends the process."""
    import subprocess
    import sys

    from itas.benchmarks.mathematics import worker

    for mistake in ("eval('1+1')", "import os; os.system('true')", "open('/tmp/itas-hook', 'w')"):
        program = f"import runpy; w = runpy.run_path({worker.__file__!r}); w['_wall_in'](); {mistake}"
        ended = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
        assert ended.returncode == 70, mistake
    assert not Path("/tmp/itas-hook").exists()


@pytest.mark.parametrize(
    "text, found",
    [
        ("So it is \\boxed{\\frac{1}{2}}.", "\\frac{1}{2}"),
        ("First \\boxed{3}, but then \\boxed{4}.", "4"),
        ("\\boxed{\\text{(A)}}", "\\text{(A)}"),
        ("\\fbox{7}", "7"),
        ("Therefore $x = \\boxed{\\{1, 2\\}}$", "\\{1, 2\\}"),
        ("Work.\nAnswer: $\\frac{3}{4}$", "$\\frac{3}{4}$"),
        ("Answer: The value is $12$ units.", "12"),
        ("**Answer:** 5", "5"),
        ("The final answer is $\\sqrt{2}$.", "$\\sqrt{2}$"),
        ('{"reasoning": "...", "answer": "3/4"}', "3/4"),
        ('{"reasoning": "...", "answer": "\\\\frac{3}{4}"}', "\\frac{3}{4}"),
        ('{"answer": "\\frac{3}{4}"}', "\\frac{3}{4}"),
        ("so in the end\n$$x = 9$$", "9"),
        ("it must be 17", "17"),
        ("<think>\\boxed{1}</think> \\boxed{2}", "2"),
        ("I do not know", None),
        ("\\boxed{}", None),
    ],
)
def test_the_last_mark_gives_the_answer(text, found):
    assert find_expression(text) == found


async def test_a_recorded_solution_scores_right_and_another_problems_wrong(shared_data):
    rows = [
        json.loads(line) for line in (shared_data / "math" / "test_subset.jsonl").read_text().splitlines()
    ]
    from itas.benchmarks import open_benchmark

    benchmark = open_benchmark(f"math:{shared_data / 'math' / 'test_subset.jsonl'}")
    assert len(benchmark.problems) == len(rows) == 105
    others = [*rows[1:], rows[0]]
    n_same = 0
    for problem, row, other in zip(benchmark.problems, rows, others, strict=True):
        assert await benchmark.score(problem, row["solution"]) == Score(value=1, answer=problem.target)
        n_same += (await benchmark.score(problem, other["solution"])) == Score(value=1)
    assert n_same == 0


def test_scoring_mathematics_takes_well_under_five_milliseconds_an_answer(shared_data):
    import gzip

    path = shared_data / "math" / "zeroeval_outputs" / "math-l5__gemma-2-2b-it.jsonl.gz"
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    began = time.process_time()
    undecided = 0
    for row in rows:
        found = find_expression(row["output"])
        undecided += found is not None and compare(row["answer"], found) is None
    assert (time.process_time() - began) / len(rows) < 0.005
    assert undecided < len(rows) / 20
