from pathlib import Path

import pytest

import itas.components  # noqa: F401 - registers the component types
from itas.api.taking import COMPONENTS, Taking, load_taken
from itas.core.architecture import Architecture
from itas.core.problem import Score
from itas.engine.answer import ComponentRecord
from itas.errors import DataError
from itas.evaluation.records import Evaluation, ProblemResult

ONE = Architecture.parse(
    {"layers": [{"type": "generator", "model": "fake/a", "samples": 2}, {"type": "vote"}]}
)


def evaluated(architecture: Architecture, *prices: int | None) -> Evaluation:
    results = tuple(
        ProblemResult(
            problem_id=str(number),
            outcome=Score(value=1.0),
            text="x",
            components=(
                ComponentRecord(
                    layer=0,
                    component=0,
                    type="generator",
                    samples_used=2,
                    cost_micro_usd=price,
                    latency_s=number,
                ),
                ComponentRecord(layer=1, component=0, type="vote"),
            ),
        )
        for number, price in enumerate(prices)
    )
    return Evaluation(
        architecture=architecture,
        fingerprint=architecture.fingerprint,
        benchmark="b",
        benchmark_fingerprint="f",
        problem_ids=tuple(result.problem_id for result in results),
        results=results,
    )


def test_means_are_over_all_answers_of_all_evaluations(tmp_path: Path):
    taking = Taking()
    taking.note(evaluated(ONE, 100, 200))
    taking.note(evaluated(ONE, 600))
    taking.write(tmp_path / COMPONENTS, [ONE])
    generator, vote = load_taken(tmp_path / COMPONENTS)[ONE.fingerprint]
    assert (generator.answers, generator.micro_usd, generator.samples) == (3, 300.0, 2.0)
    assert generator.seconds == pytest.approx(1 / 3)
    assert (vote.type, vote.micro_usd) == ("vote", 0.0)


def test_one_unpriced_sample_makes_the_mean_unpriced_not_lower():
    taking = Taking()
    taking.note(evaluated(ONE, 100, None))
    assert taking.of(ONE.fingerprint)[0].micro_usd is None


def test_what_a_run_before_a_kill_measured_stays(tmp_path: Path):
    path = tmp_path / COMPONENTS
    first = Taking()
    first.note(evaluated(ONE, 100))
    first.write(path, [ONE])
    Taking().write(path, [ONE])
    assert load_taken(path)[ONE.fingerprint][0].micro_usd == 100.0


def test_a_damaged_file_is_named(tmp_path: Path):
    (tmp_path / COMPONENTS).write_text("[]")
    with pytest.raises(DataError, match=r"components\.json: damaged"):
        load_taken(tmp_path / COMPONENTS)


def test_nothing_measured_writes_nothing(tmp_path: Path):
    Taking().write(tmp_path / COMPONENTS, [ONE])
    assert not (tmp_path / COMPONENTS).exists()
