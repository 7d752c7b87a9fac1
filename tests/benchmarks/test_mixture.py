"""Several benchmarks as one: as many problems of each, each scored by its own rule."""

from pathlib import Path

import pytest

from itas.benchmarks import open_benchmark
from itas.benchmarks.mixture import mix, own_id, part_of
from itas.benchmarks.registry import open_benchmarks
from itas.core.problem import Score
from itas.errors import SpecError

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
