"""Runs of searchers in the lab: what is counted, what is compared, and that it can be done again."""

from pathlib import Path

import numpy as np
import pytest

from itas.lab import Contest, Table, find_landscape, make_table, run_contest, run_course, summarise
from itas.lab.contest import first_below, load_table, read_courses, write_courses
from itas.lab.course import draw_rows
from itas.search.searchers import SEARCHERS, parse_searcher
from itas.search.shipped import load_space


@pytest.fixture(scope="module")
def table() -> Table:
    landscape = find_landscape("reasoning")
    return make_table(landscape, load_space("small").bind(landscape.rankings()), problems=200, draws=2)


@pytest.mark.parametrize("name", SEARCHERS)
def test_a_course_counts_money_and_regret(table: Table, name: str) -> None:
    course = run_course(table, parse_searcher(name), name=name, seed=1, problems=40, max_evaluations=12)
    paid = [each.paid for each in course.checkpoints]
    assert paid == sorted(paid)
    for each in course.checkpoints:
        assert each.regret == pytest.approx(table.best - table.truth[each.point])
        assert each.regret >= 0
        assert each.paid <= each.unshared
        assert 0 <= each.truth <= 1


def test_the_same_seed_is_the_same_course(table: Table) -> None:
    def run(seed: int) -> list[tuple[int, int, float]]:
        course = run_course(
            table, parse_searcher("racing"), name="racing", seed=seed, problems=40, max_evaluations=6
        )
        return [(each.point, each.paid, each.believed) for each in course.checkpoints]

    assert run(3) == run(3)
    assert run(3) != run(4)


def test_samples_are_paid_once_with_a_store(table: Table) -> None:
    course = run_course(
        table, parse_searcher("exhaustive"), name="exhaustive", seed=0, problems=10, max_evaluations=1e9
    )
    end = course.checkpoints[-1]
    planned = table.space.planned_samples
    assert end.unshared == 10 * int(planned.sum())
    sharing = table.space.sharing
    everything = sharing.stock(range(len(table.space)))
    assert end.paid == 10 * int(everything.sum())
    assert end.paid < end.unshared / 2


def test_a_run_ends_before_its_cap_is_passed(table: Table) -> None:
    course = run_course(table, parse_searcher("random"), name="random", seed=0, problems=40, max_paid=5000)
    assert course.checkpoints
    assert course.checkpoints[-1].paid <= 5000


def test_development_problems_are_different_ones(table: Table) -> None:
    rows = draw_rows(table, 100, seed=5)
    assert len(set((rows // table.world.draws).tolist())) == 100


def test_scores_have_the_chances_of_the_table(table: Table) -> None:
    rows = np.arange(table.world.rows)
    scores = np.mean([table.scores(7, rows, seed=seed) for seed in range(30)])
    assert scores == pytest.approx(float(table.truth[7]), abs=0.02)


def test_processes_give_what_one_process_gives(tmp_path: Path) -> None:
    def run(workers: int) -> object:
        contest = Contest(
            landscapes=("flat", "code"),
            searchers={"random": "random", "few": {"type": "racing", "problems": 10}},
            space=load_space("small"),
            tables=tmp_path / str(workers),
            runs=2,
            problems=20,
            max_evaluations=3,
            population=50,
            draws=1,
        )
        courses = run_contest(contest, workers=workers)
        return [(each.searcher, each.landscape, each.seed, each.checkpoints) for each in courses]

    assert run(1) == run(2)


def test_tables_are_kept_and_read_again(tmp_path: Path) -> None:
    landscape, space = find_landscape("code"), load_space("small")
    made = load_table(landscape, space, tmp_path, problems=30, draws=1)
    (file,) = tmp_path.iterdir()
    load_table.__globals__["_load_table"].cache_clear()
    read = load_table(landscape, space, tmp_path, problems=30, draws=1)
    assert np.array_equal(made.chances, read.chances)
    assert [each.name for each in tmp_path.iterdir()] == [file.name]


def test_a_summary_adds_up(table: Table, tmp_path: Path) -> None:
    courses = [
        run_course(table, parse_searcher("random"), name="random", seed=seed, problems=40, max_evaluations=24)
        for seed in range(4)
    ]
    summary = summarise(courses, evaluations=(8, 24, 999), paid=(3000,))
    assert sorted(summary.regret_at) == [8, 24]
    expected = np.mean([100 * course.checkpoints[-1].regret for course in courses])
    assert summary.regret_at[24].mean == pytest.approx(float(expected))
    assert summary.saved > 1
    write_courses(courses, tmp_path / "courses.jsonl")
    assert read_courses(tmp_path / "courses.jsonl") == tuple(courses)
    assert first_below(courses, 100.0) == 500
    assert first_below(courses, -1.0) is None
