"""The simulated world: what is shared is shared, and effects have the signs that were published."""

import numpy as np
import pytest

from itas.core.architecture import Architecture
from itas.errors import SpecError
from itas.lab import LANDSCAPES, Landscape, find_landscape, make_table
from itas.lab.table import chances_of
from itas.lab.world import World
from itas.search.shipped import load_space

MODELS = find_landscape("reasoning").models
BEST = MODELS[0]
FUSER = find_landscape("reasoning").rankings().fusers[0].model
ENSEMBLE = {"type": "generator", "models": list(MODELS[:8])}
CRITIC = {"type": "critic", "model": FUSER}
RANKER = {"type": "ranker", "model": FUSER, "top_k": 5}
FUSE = {"type": "fuser", "model": FUSER}
TESTS = [
    {"type": "unit_test_generator", "model": FUSER},
    {"type": "unit_test_evaluator", "model": FUSER, "top_k": 1},
]


def build(*layers: object) -> Architecture:
    return Architecture.parse({"layers": list(layers)})


def make_world(name: str, *, problems: int = 1000, draws: int = 2, seed: int = 0) -> World:
    return World(find_landscape(name), seed=seed, problems=problems, draws=draws)


def mean(world: World, *layers: object) -> float:
    """Points."""
    return 100 * float(chances_of(world, build(*layers)).mean())


def test_the_first_samples_of_many_are_the_few() -> None:
    world = make_world("reasoning", problems=20)
    few = world.run(build({"type": "generator", "model": BEST, "samples": 3}).layers)
    many = world.run(build({"type": "generator", "model": BEST, "samples": 10}).layers)
    assert np.array_equal(few.quality, many.quality[:, :3])
    assert np.array_equal(few.label, many.label[:, :3])


def test_a_fuser_gives_the_same_beside_others_as_alone() -> None:
    world = make_world("reasoning", problems=20)
    alone = world.run(build(ENSEMBLE, {"type": "fuser", "models": list(MODELS[:1])}).layers)
    beside = world.run(build(ENSEMBLE, {"type": "fuser", "models": list(MODELS[:4])}).layers)
    assert np.array_equal(alone.quality[:, 0], beside.quality[:, 0])


def test_a_fuser_draws_anew_when_what_stands_before_it_differs() -> None:
    world = make_world("reasoning", problems=20)
    some = world.run(build(ENSEMBLE, FUSE).layers)
    other = world.run(build(ENSEMBLE, CRITIC, FUSE).layers)
    assert not np.array_equal(some.quality, other.quality)


def test_a_table_holds_what_each_architecture_gives_by_itself() -> None:
    landscape = find_landscape("mathematics")
    space = load_space("small").bind(landscape.rankings())
    table = make_table(landscape, space, problems=30, draws=2)
    for index in range(0, len(space), max(len(space) // 12, 1)):
        alone = chances_of(table.world, space.points[index].architecture)
        assert np.allclose(table.chances[index], alone, atol=1e-3)


def test_votes_decide_what_is_right_and_weights_move_them() -> None:
    world = make_world("mathematics")
    sampled = {"type": "generator", "model": BEST, "samples": 15}
    assert mean(world, sampled, {"type": "vote"}) > mean(world, {"type": "generator", "model": BEST}) + 3
    ensemble = {"type": "generator", "models": list(MODELS)}
    heavy = {"type": "vote", "weights": {BEST: 50.0}}
    assert mean(world, ensemble, heavy) == pytest.approx(
        mean(world, {"type": "generator", "model": BEST}, {"type": "vote"}), abs=0.5
    )


def test_a_verifier_that_passes_nobody_keeps_all() -> None:
    strict = find_landscape("reasoning").model_copy(update={"threshold": 1e6})
    world = World(strict, seed=0, problems=50, draws=1)
    kept = world.run(build(ENSEMBLE, {"type": "verifier", "model": FUSER}).layers)
    before = world.run(build(ENSEMBLE).layers)
    assert np.array_equal(kept.quality, before.quality)


def test_what_the_lab_cannot_simulate_is_refused_by_name() -> None:
    world = make_world("reasoning", problems=5)
    with pytest.raises(SpecError, match="cannot simulate 'consensus'"):
        world.run(build(ENSEMBLE, {"type": "consensus"}).layers)


# --- signs published in arXiv:2409.15254, tables 5, 37, 38 --------------------------------------------------


def test_preference_gains_by_fusing_more_by_criticising_and_ranking_first_and_most_in_layers() -> None:
    world = make_world("instruction")
    single = mean(world, {"type": "generator", "model": BEST})
    fused = mean(world, ENSEMBLE, FUSE)
    chosen = mean(world, ENSEMBLE, CRITIC, RANKER, FUSE)
    widths = [
        {"type": "fuser", "models": [entry.model for entry in world.landscape.rankings().fusers[:width]]}
        for width in (8, 6)
    ]
    layered = mean(
        world, ENSEMBLE, CRITIC, RANKER, widths[0], CRITIC, RANKER, widths[1], CRITIC, RANKER, FUSE
    )
    assert single + 5 < fused < chosen < layered - 3


def test_code_loses_by_fusing_and_wins_by_samples_and_tests() -> None:
    world = make_world("code")
    single = mean(world, {"type": "generator", "model": BEST})
    many = {"type": "generator", "model": BEST, "samples": 24}
    assert mean(world, ENSEMBLE, FUSE) < single
    assert mean(world, many, *TESTS) > single + 10


def test_small_models_win_by_ranking_and_lose_by_fusing() -> None:
    world = make_world("small-models")
    fuser = world.landscape.rankings().fusers[0].model
    single = mean(world, {"type": "generator", "model": BEST})
    ranked = mean(world, ENSEMBLE, {"type": "ranker", "model": fuser, "top_k": 1})
    assert ranked > single + 3
    assert mean(world, ENSEMBLE, {"type": "fuser", "model": fuser}) < single


def test_on_the_flat_landscape_no_point_of_the_space_is_much_better_than_one_call() -> None:
    landscape = find_landscape("flat")
    space = load_space("small").bind(landscape.rankings())
    table = make_table(landscape, space, problems=300, draws=2)
    single = float(chances_of(table.world, load_space("small").single(BEST)).mean())
    assert table.best - single < 0.02


def test_where_judges_are_deceived_ranking_does_harm() -> None:
    world = make_world("deceptive")
    ranked = mean(world, ENSEMBLE, {"type": "ranker", "model": FUSER, "top_k": 1})
    assert ranked < mean(world, {"type": "generator", "model": BEST}) - 5


@pytest.mark.parametrize("landscape", LANDSCAPES.values(), ids=str)
def test_every_landscape_has_a_true_order_of_models(landscape: Landscape) -> None:
    rankings = landscape.rankings()
    assert sorted(rankings.models("generators")) == sorted(landscape.models)
    skills = [entry.skill for entry in rankings.fusers]
    assert skills == sorted(skills, reverse=True)
