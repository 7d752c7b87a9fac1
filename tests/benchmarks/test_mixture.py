"""Several benchmarks as one: as many problems of each, each scored by its own rule."""

from pathlib import Path

import pytest

from itas.api.search_outcome import load_outcome
from itas.benchmarks import open_benchmark
from itas.benchmarks.judge.scorer import Judged, JudgedScorer, Ruling
from itas.benchmarks.mixture import mix, own_id, part_of
from itas.benchmarks.registry import open_benchmarks
from itas.cli.main import main
from itas.core.problem import Score
from itas.core.request import Completion, Request, Usage
from itas.errors import SpecError
from itas.testing.replies import readable_reply

LOGIC, MATHEMATICS = "itas/word-problems:logic", "itas/word-problems:mathematics"


@pytest.fixture
def colours(tmp_path: Path) -> str:
    path = tmp_path / "colours.jsonl"
    lines = [f'{{"id": "{n}", "input": "Colour {n}?", "target": "red"}}' for n in range(12)]
    path.write_text("\n".join(lines))
    return str(path)


def test_there_are_as_many_problems_of_each_and_they_take_turns(colours: str) -> None:
    mixed = open_benchmarks([LOGIC, colours], scorer="exact", limit=30)
    parts = [part_of(problem.id) for problem in mixed.problems]
    assert parts == [LOGIC, "colours"] * 12
    assert mixed.name == f"{LOGIC} + colours"
    assert len({problem.id for problem in mixed.problems}) == 24


async def test_every_problem_is_scored_by_the_rule_of_its_own_benchmark(colours: str) -> None:
    mixed = open_benchmarks([LOGIC, colours], scorer="exact", limit=30)
    own = {problem.id: problem for problem in open_benchmark(LOGIC, limit=30).problems}
    for problem in mixed.problems[:8]:
        right = problem.target
        assert right is not None
        outcome = await mixed.score(problem, f"Answer: {right}")
        assert isinstance(outcome, Score)
        assert outcome.value == 1.0
        wrong = await mixed.score(problem, "Answer: 123456")
        assert isinstance(wrong, Score)
        assert wrong.value == 0.0
        if part_of(problem.id) == LOGIC:
            assert own[own_id(problem.id)].conversation == problem.conversation


def test_topics_have_only_their_kinds_and_an_unknown_one_is_refused() -> None:
    tags = {str(problem.tags["topic"]) for problem in open_benchmark(MATHEMATICS, limit=40).problems}
    assert tags == {"mathematics"}
    with pytest.raises(SpecError, match="Did you mean 'logic'"):
        open_benchmark("itas/word-problems:logik")


def test_a_benchmark_twice_is_refused() -> None:
    with pytest.raises(SpecError, match="on: every benchmark once"):
        open_benchmarks([LOGIC, LOGIC], limit=20)


def test_the_fingerprint_depends_on_every_part() -> None:
    one, two = (
        mix([open_benchmark(name, limit=20) for name in (LOGIC, MATHEMATICS)], seed=s) for s in (0, 0)
    )
    other = mix([open_benchmark(LOGIC, limit=20), open_benchmark(MATHEMATICS, limit=20, seed=1)], seed=0)
    assert one.fingerprint == two.fingerprint != other.fingerprint


def test_ids_of_other_problems_are_of_no_part() -> None:
    assert part_of("gsm8k-12") is None
    assert own_id("gsm8k-12") == "gsm8k-12"


@pytest.fixture
def open_questions(tmp_path: Path) -> str:
    path = tmp_path / "open.jsonl"
    lines = [f'{{"id": "{n}", "input": "Say something about {n}.", "baseline": "Things."}}' for n in range(8)]
    path.write_text("\n".join(lines))
    return str(path)


async def test_a_judged_benchmark_is_judged_beside_one_that_is_scored_by_a_rule(open_questions: str) -> None:
    mixed = open_benchmarks([LOGIC, open_questions], scorer="judge:simulated/euler-large", limit=8)
    scorer = mixed.scorer
    assert isinstance(scorer, JudgedScorer)
    assert scorer.judges == ("simulated/euler-large",)
    asked: list[str] = []

    async def ask(request: Request) -> Completion:
        asked.append(request.messages[-1].content)
        return Completion(text=readable_reply(request.messages[-1].content), usage=Usage())

    for problem in mixed.problems[:4]:
        before = len(asked)
        ruling = await scorer.judge(problem, [f"Answer: {problem.target}"], ask)
        is_judged = part_of(problem.id) == "open"
        assert bool(scorer.planned_judgments(problem)) == is_judged
        assert (len(asked) > before) == is_judged
        if not is_judged:
            assert ruling == Ruling(Score(value=1.0, answer=problem.target))
    figures = scorer.figures([Judged(mixed.problems[1], ("x",), Score(value=0.5))])
    assert list(figures) == ["open"]


def test_a_search_on_a_judged_benchmark_and_another_counts_the_judge(
    open_questions: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    models = ("--model", "simulated/atlas-large", "--model", "simulated/atlas-small")
    on = ("--on", LOGIC, "--on", open_questions, "--scorer", "judge:simulated/euler-large,grading=single")
    Path(open_questions).write_text(
        "\n".join(f'{{"id": "{n}", "input": "Say something about {n}."}}' for n in range(30))
    )
    small = ("--limit", "30", "--max-trials", "2", "--dev", "12", "--held-out", "12", "--quiet")
    assert main(["search", "small", *models, *on, *small]) in (0, 3)
    outcome = load_outcome(tmp_path / "runs" / "latest")
    assert set(outcome.parts) == {LOGIC, "open"}
