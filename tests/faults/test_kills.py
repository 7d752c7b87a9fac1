"""Buyers killed at random points lose nothing, pay twice at most for what was in flight, and keep the books."""

from pathlib import Path

import pytest

from tests.faults.kills import Figures, kill_at_random


def _check(figures: Figures) -> None:
    assert (figures.lost, figures.changed, figures.below, figures.locked) == (0, 0, 0, False)
    assert figures.repaid <= figures.may_be_repaid
    assert figures.spent_micro_usd <= figures.true_micro_usd
    assert figures.true_micro_usd <= figures.spent_micro_usd + figures.uncertain_micro_usd


async def test_ten_kills_lose_nothing_and_the_ledger_is_never_below_the_truth(tmp_path: Path):
    _check(await kill_at_random(tmp_path, calls=400, kills=10, seed=1, processes=2))


@pytest.mark.slow
@pytest.mark.timeout(1800)
async def test_two_hundred_kills_over_five_thousand_calls_lose_nothing(tmp_path: Path):
    figures = await kill_at_random(tmp_path, calls=5000, kills=200, seed=0, processes=2)
    _check(figures)
    assert figures.kills == 200
