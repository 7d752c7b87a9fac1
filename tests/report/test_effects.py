"""What matters, on a search whose truth is known: the quality that each choice adds is put in by hand."""

import pytest

import itas.components  # noqa: F401 - registers the component types
from itas.core.seeds import random_for
from itas.report.charts.effects import draw_effects
from itas.report.effects import Effect, find_effects
from itas.search import Space
from itas.search.bound import BoundSpace
from itas.search.history import History, Trial
from itas.search.ranking import Ranked, Rankings
from tests.report.worlds import SPACE

PROBLEMS = 60


@pytest.fixture(scope="module")
def space() -> BoundSpace:
    ranked = tuple(Ranked(model=f"fake/{name}", skill=0.5, se=0.1, n=20) for name in ("alpha", "beta"))
    return Space.parse(SPACE).bind(Rankings(generators=ranked, fusers=ranked))


def history(space: BoundSpace, *, gain: float) -> History:
    """Every point on all problems; fusing adds `gain`, samples add nothing."""
    trials: list[Trial] = []
    for number, point in enumerate(space.points):
        chance = 0.4 + gain * (point.choices["ending"] == "fuse")
        scores = tuple(
            (problem, float(random_for("effects", problem, number).random() < chance))
            for problem in range(PROBLEMS)
        )
        trials.append(Trial(number, point.index, (), scores))
    return History(PROBLEMS, tuple(trials))


def by_choice(effects: tuple[Effect, ...]) -> dict[str, Effect]:
    return {f"{each.choice} {each.option}": each for each in effects}


def test_a_choice_that_matters_is_found_and_stands_first(space: BoundSpace):
    effects = find_effects(history(space, gain=0.3), space)
    first = effects[0]
    assert (first.choice, first.option, first.instead_of) in {
        ("ending", "fuse", "vote"), ("ending", "vote", "fuse"),
    }  # fmt: skip
    assert abs(first.difference) == pytest.approx(0.3, abs=0.08)
    assert first.is_sure
    assert first.low < first.difference < first.high


def test_a_choice_that_does_not_matter_is_not_sure(space: BoundSpace):
    effects = by_choice(find_effects(history(space, gain=0.3), space))
    for name in ("N 2", "N 4", "K 2"):
        assert not effects[name].is_sure
        assert effects[name].low < 0 < effects[name].high


def test_without_a_score_there_is_no_effect(space: BoundSpace):
    assert find_effects(History(PROBLEMS, ()), space) == ()
    assert draw_effects(()) is None


def test_fewer_trials_give_wider_intervals(space: BoundSpace):
    whole = history(space, gain=0.3)
    few = History(PROBLEMS, tuple(Trial(t.number, t.point, (), t.scores[:8]) for t in whole.trials))
    wide, narrow = by_choice(find_effects(few, space)), by_choice(find_effects(whole, space))
    for name, effect in narrow.items():
        assert wide[name].high - wide[name].low > effect.high - effect.low
