"""Quality against cost: fronts, areas under them, and a searcher that looks for all trade-offs at once."""

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from itas.errors import SpecError
from itas.search.bound import BoundSpace
from itas.search.front import (
    MARGIN,
    expected_area_gain,
    find_front,
    hypervolume,
    pick_cheapest_within,
    scale_costs,
)
from itas.search.searchers.front import Front
from itas.search.shipped import load_space
from tests.search.landscape import Landscape
from tests.search.test_searchers import search

COSTS = np.array([1.0, 3.0, 2.0, 5.0, 5.0])
QUALITY = np.array([0.2, 0.5, 0.4, 0.45, 0.6])


def test_a_front_has_what_nothing_cheaper_is_as_good_as() -> None:
    assert find_front(COSTS, QUALITY).tolist() == [0, 2, 1, 4]
    assert find_front(np.array([2.0, 1.0]), np.array([0.5, 0.5])).tolist() == [1]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=30))
def test_nobody_outside_a_front_beats_it_and_nobody_inside_is_beaten(points: list[tuple[int, int]]) -> None:
    costs, quality = np.array(points, dtype=float).T
    front = find_front(costs, quality).tolist()
    for i in range(len(points)):
        beaten = any(
            costs[j] <= costs[i]
            and quality[j] >= quality[i]
            and (costs[j], quality[j]) != (costs[i], quality[i])
            for j in front
        )
        assert (i in front) <= (not beaten)
        assert beaten or any((costs[j], quality[j]) == (costs[i], quality[i]) for j in front)


def test_the_area_is_the_sum_of_its_steps() -> None:
    area = hypervolume(np.array([0.0, 0.5]), np.array([0.2, 0.6]), floor=0.1)
    assert area == pytest.approx(0.5 * 0.1 + (0.5 + MARGIN) * 0.5)


def test_the_expected_growth_is_that_of_many_draws() -> None:
    rng = np.random.default_rng(0)
    scaled = np.array([0.0, 0.3, 0.7, 0.5])
    mean = np.array([0.4, 0.5, 0.7, 0.55])
    sd = np.array([1e-9, 1e-9, 1e-9, 0.2])
    front = find_front(scaled[:3], mean[:3])
    gain = expected_area_gain(scaled, mean, sd, front, 0.2)[3]
    before = hypervolume(scaled[:3], mean[:3], 0.2)
    grown = [
        hypervolume(scaled, np.append(mean[:3], draw), 0.2) - before
        for draw in rng.normal(mean[3], sd[3], 20_000)
    ]
    assert gain == pytest.approx(float(np.mean(grown)), rel=0.03)


def test_the_cheapest_within_a_distance_of_the_best() -> None:
    assert pick_cheapest_within(COSTS, QUALITY, range(5), within=0.0) == 4
    assert pick_cheapest_within(COSTS, QUALITY, range(5), within=0.1) == 1
    assert pick_cheapest_within(COSTS, QUALITY, range(5), within=1.0) == 0


def test_costs_are_scaled_and_equal_ones_are_zero() -> None:
    assert scale_costs(np.array([4.0, 2.0, 3.0])).tolist() == [1.0, 0.0, 0.5]
    assert scale_costs(np.array([4.0, 4.0])).tolist() == [0.0, 0.0]


def test_dollars_need_prices(small_space: BoundSpace) -> None:
    with pytest.raises(SpecError, match="need a price for every model"):
        small_space.costs("usd")
    priced = load_space("small").bind(small_space.rankings, price=lambda each: 1000 * each.planned_samples())
    assert priced.costs("usd") == pytest.approx(0.001 * priced.planned_samples)


def test_the_front_is_found_with_fewer_evaluations_than_at_random(paper_space: BoundSpace) -> None:
    from itas.search.posterior import posterior_of
    from itas.search.searchers import Searcher, parse_searcher

    scaled = scale_costs(paper_space.costs("samples"))

    def share(searcher: Searcher, seed: int) -> float:
        land = Landscape(paper_space, seed, n_problems=60)
        truth = land.truth
        history = search(searcher, land, paper_space, seed=seed, evaluations=24)
        posterior = posterior_of(history, paper_space)
        assert posterior is not None
        believed = posterior.points[find_front(scaled[posterior.points], posterior.mean)]
        floor = float(truth.min())
        return hypervolume(scaled[believed], truth[believed], floor) / hypervolume(scaled, truth, floor)

    found = np.mean([share(Front(), seed) for seed in range(6)])
    assert found > np.mean([share(parse_searcher("random"), seed) for seed in range(6)]) + 0.02


def test_the_front_searcher_asks_for_the_same_again(small_space: BoundSpace) -> None:
    land = Landscape(small_space, 1, n_problems=40)
    history = search(Front(), land, small_space, seed=3, evaluations=8)
    again = [Front().ask(history, Random(1), space=small_space, batch=4) for _ in range(2)]
    assert again[0] == again[1]
