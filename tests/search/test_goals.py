"""Goals and costs of a study: cheapest within, limits in tokens and seconds, several benchmarks, time, the store."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from itas.core.architecture import Architecture
from itas.core.observation import Observation
from itas.core.seeds import random_for
from itas.errors import SpecError
from itas.search.bound import BoundSpace
from itas.search.journal import Journal, read_journal
from itas.search.ledger import Ledger
from itas.search.ranking import Ranked, Rankings
from itas.search.records import Budget, Goal, StudyResult, StudySpec
from itas.search.shipped import load_space
from itas.search.space import Measures, Space
from itas.search.split import split_problems
from itas.search.stages.ranking import rank_models
from tests.search.test_study import PROBLEMS, spec, study, without_payments
from tests.search.world import Killed, World, types_of


def tokens(architecture: Architecture, rankings: Rankings) -> float:
    return 100.0 * architecture.planned_samples()


def seconds(architecture: Architecture, rankings: Rankings) -> float:
    return sum(max(rankings.seconds().get(m, 9.0) for m in architecture.models) for _ in architecture.layers)


MEASURES: Measures = {"tokens": tokens, "seconds": seconds}


# --- costs and limits ---------------------------------------------------------------------------------------


def test_a_limit_in_tokens_or_seconds_removes_points_beforehand_and_counts_them(ten_models: Rankings) -> None:
    whole = load_space("small")
    fields = whole.model_dump(mode="json")
    few = Space.parse({**fields, "max_tokens": 1000}).bind(ten_models, measures=MEASURES)
    assert few.planned_samples.max() <= 10
    assert few.removed["over 1000 tokens a question"] == len(whole.bind(ten_models)) - len(few)
    fast = Space.parse({**fields, "max_seconds": 9}).bind(ten_models, measures=MEASURES)
    assert {len(point.architecture.layers) for point in fast.points} == {1}
    assert fast.removed["over 9 seconds a question"] > 0


def test_limits_and_costs_that_nobody_knows_are_refused_not_ignored(ten_models: Rankings) -> None:
    limited = Space.parse({**load_space("small").model_dump(mode="json"), "max_seconds": 5})
    with pytest.raises(SpecError, match="max_seconds: a limit in seconds needs estimates"):
        limited.bind(ten_models)
    with pytest.raises(SpecError, match="cost: costs in tokens need somebody who knows them"):
        load_space("small").bind(ten_models).costs("tokens")


def test_costs_in_tokens_and_seconds_are_those_of_the_measures(small_space: BoundSpace) -> None:
    bound = small_space.space.bind(small_space.rankings, measures=MEASURES)
    assert np.array_equal(bound.costs("tokens"), 100.0 * bound.planned_samples)
    assert bound.costs("seconds")[0] == 9.0


def test_unused_limits_change_no_fingerprint() -> None:
    space = load_space("small")
    assert "max_tokens" not in space.model_dump(mode="json")
    assert "max_seconds" not in space.model_dump(mode="json")
    assert "max_seconds" not in Budget(max_trials=3).model_dump(mode="json")
    usual = spec()
    assert spec(aggregate="worst").fingerprint != usual.fingerprint
    assert spec(aggregate="mean", goal=Goal()).fingerprint == usual.fingerprint
    old = {name: value for name, value in usual.model_dump(mode="json").items() if name != "aggregate"}
    assert StudySpec.parse(old).fingerprint == usual.fingerprint


async def test_the_ranking_says_how_fast_the_models_were() -> None:
    async def evaluate(architecture: Architecture, problems: Sequence[str]) -> list[Observation]:
        found = await World().evaluate(architecture, problems)
        speed = 1.0 + int(architecture.models[0][-1])
        return [each.model_copy(update={"latency_s": speed}) for each in found]

    rankings, _ = await rank_models(Ledger(Journal(None), evaluate, None), spec(), PROBLEMS[:10])
    assert rankings.seconds() == {f"simulated/m{number}": 1.0 + number for number in range(3)}


async def test_a_goal_in_costs_that_are_not_known_is_refused_before_anything_is_asked() -> None:
    world = World()
    with pytest.raises(SpecError, match="costs in dollars need a price for every model"):
        await study(world, spec=spec(goal={"within": 0.05, "cost": "usd"})).run()
    with pytest.raises(SpecError, match="costs in seconds"):
        await study(world, spec=spec(searcher={"type": "front", "cost": "seconds"})).run()
    assert world.calls == 0


async def test_a_goal_names_something_cheaper_and_the_front_has_it_ready_to_run() -> None:
    best = await study(World()).run()
    frugal = await study(World(), spec=spec(goal={"within": 0.3, "cost": "tokens"}), measures=MEASURES).run()
    assert frugal.winner.planned_samples < best.winner.planned_samples
    costs = [point.cost for point in frugal.front]
    assert costs == sorted(costs, key=lambda cost: cost or 0.0)
    assert [point.mean for point in frugal.front] == sorted(point.mean for point in frugal.front)
    for point in frugal.front:
        assert point.architecture is not None
        assert point.architecture.planned_samples() == point.planned_samples
        assert point.cost == 100.0 * point.planned_samples
    assert frugal.finalists[0].point in {point.point for point in frugal.front}
    assert StudyResult.parse(frugal.model_dump(mode="json")) == frugal


# --- several benchmarks -------------------------------------------------------------------------------------

PARTS = {problem: ("easy" if number % 2 else "hard") for number, problem in enumerate(PROBLEMS)}


def test_every_side_of_the_split_has_as_much_of_each_benchmark_and_takes_turns() -> None:
    split = split_problems(PROBLEMS, seed=3, dev=40, parts=PARTS)
    assert (len(split.search), len(split.fresh), len(split.held_out)) == (30, 10, 80)
    for side in (split.search, split.fresh, split.held_out):
        assert sum(PARTS[problem] == "easy" for problem in side) == len(side) / 2
        assert [PARTS[problem] for problem in side[:4]] == ["hard", "easy", "hard", "easy"]
    assert sorted((*split.search, *split.fresh, *split.held_out)) == sorted(PROBLEMS)
    assert split == split_problems(PROBLEMS[::-1], seed=3, dev=40, parts=PARTS)


def test_a_question_that_two_benchmarks_have_is_not_held_out_if_it_was_searched_on() -> None:
    groups = {problem: f"question {(number + 1) // 2}" for number, problem in enumerate(PROBLEMS)}
    split = split_problems(PROBLEMS, seed=3, dev=40, parts=PARTS, groups=groups)
    seen = {groups[problem] for problem in (*split.search, *split.fresh)}
    assert len(split.held_out) < 80
    assert not seen & {groups[problem] for problem in split.held_out}


def only_fusing_is_good_at_both(architecture: Architecture, part: str) -> float:
    """Votes are brilliant on easy problems and fail on hard ones; fusing is decent on both."""
    types = types_of(architecture)
    if "vote" in types:
        return 0.98 if part == "easy" else 0.12
    return {"easy": 0.55, "hard": 0.5}[part] if "fuser" in types else 0.3


def world_of(chances: Mapping[str, str]) -> World:
    """A world in which an architecture is not equally good on all benchmarks."""

    class Divided(World):
        async def evaluate(self, architecture: Architecture, problems: Sequence[str]) -> list[Observation]:
            found = await super().evaluate(architecture, problems)
            return [self._again(architecture, each) for each in found]

        def _again(self, architecture: Architecture, observation: Observation) -> Observation:
            coin = random_for("coin", architecture.fingerprint, observation.problem_id).random()
            chance = only_fusing_is_good_at_both(architecture, chances[observation.problem_id])
            outcome: dict[str, Any] = {"kind": "score", "value": float(coin < chance)}
            return Observation.parse({**observation.model_dump(mode="json"), "outcome": outcome})

    return Divided()


async def test_worst_names_what_is_nowhere_bad_and_mean_what_is_best_on_the_whole() -> None:
    budget = Budget(max_trials=24)
    searcher = {"type": "bayesian", "first_points": 12}
    changes: dict[str, Any] = {"parts": PARTS, "budget": budget}
    mean = await study(world_of(PARTS), spec=spec(searcher=searcher), **changes).run()
    worst = await study(world_of(PARTS), spec=spec(searcher=searcher, aggregate="worst"), **changes).run()
    assert "vote" in types_of(mean.winner.architecture)
    assert "fuser" in types_of(worst.winner.architecture)


async def test_standardised_scores_weigh_a_benchmark_by_the_spread_of_the_best_single_model() -> None:
    result = await study(world_of(PARTS), spec=spec(aggregate="standardised"), parts=PARTS).run()
    plain = await study(world_of(PARTS), parts=PARTS).run()
    assert result.front[0].mean != plain.front[0].mean
    held_out = {each.outcome.value for each in result.winner.observations if each.outcome.kind == "score"}
    assert held_out <= {0.0, 1.0}  # what is stored and shown stays as it was scored


def test_worst_has_no_points_to_give_up() -> None:
    with pytest.raises(SpecError, match="with aggregate: worst there is none"):
        spec(aggregate="worst", goal={"within": 0.1})


# --- time ---------------------------------------------------------------------------------------------------


async def timed(max_seconds: float, *, a_problem: float = 0.0, **changes: Any) -> tuple[StudyResult, float]:
    """A study in which an evaluation takes so long, with how long all of it took."""
    now = [0.0]

    async def evaluate(architecture: Architecture, problems: Sequence[str]) -> list[Observation]:
        now[0] += a_problem * len(problems) if a_problem else 1.0
        return await world.evaluate(architecture, problems)

    world = World()
    made = study(
        world, evaluate=evaluate, budget=Budget(max_seconds=max_seconds), clock=lambda: now[0], **changes
    )
    return await made.run(), now[0]


async def test_time_ends_the_search_before_a_batch_that_would_not_fit_and_the_verdict_is_made() -> None:
    result, _ = await timed(20)
    assert result.ended == "time"
    # Six rankings; a batch of four: 10 s; one more would leave less than half of the 14 s for the rest.
    assert sum(trial.number >= 0 for trial in result.trials) == 4
    assert result.verdict.is_complete
    assert "20 s" in result.ended_reason


@pytest.mark.parametrize("max_seconds", [100.0, 130.0, 160.0])
async def test_finalists_and_verdict_end_in_time(max_seconds: float) -> None:
    result, took = await timed(max_seconds, a_problem=0.1)
    assert took <= max_seconds
    assert result.verdict.is_complete
    assert result.split[2] >= 30
    assert result.ended == "time"


async def test_more_time_is_for_more_trials_and_more_held_out_problems() -> None:
    short, _ = await timed(90, a_problem=0.1)
    long, _ = await timed(160, a_problem=0.1)
    assert len(short.trials) < len(long.trials)
    assert short.split[2] < long.split[2]


async def test_the_least_verdict_is_made_whatever_the_time_and_without_what_it_has_none_for() -> None:
    result, _ = await timed(40, a_problem=0.1)
    assert result.split[2] == 30
    assert "time" in result.skipped["best of n"]
    assert result.verdict.is_complete


async def test_however_little_time_there_is_one_batch_is_tried_if_nothing_is_known() -> None:
    result = await study(World(), budget=Budget(max_seconds=0.001), clock=iter(range(10**6)).__next__).run()
    assert result.ended == "time"
    assert result.verdict.is_complete


# --- with and without the store -----------------------------------------------------------------------------


class Forgetful(World):
    """Has no store: every evaluation buys all its draws, which are the same ones."""

    async def evaluate(self, architecture: Architecture, problems: Sequence[str]) -> list[Observation]:
        self.store.clear()
        return await super().evaluate(architecture, problems)


async def test_results_are_the_same_to_the_byte_with_and_without_a_store() -> None:
    kept, forgotten = World(), Forgetful()
    with_store = await study(kept).run()
    without_store = await study(forgotten).run()
    first, second = (
        json.dumps(without_payments(result), sort_keys=True) for result in (with_store, without_store)
    )
    assert first == second
    assert kept.paid < forgotten.paid / 2
    assert with_store.used_samples == without_store.used_samples == without_store.paid_samples
    assert with_store.paid_samples == kept.paid


def test_a_model_that_was_not_measured_has_no_speed() -> None:
    rankings = Rankings(generators=(Ranked(model="a/b", skill=0.5),))
    assert rankings.seconds() == {}
    assert "latency_s" not in rankings.model_dump(mode="json")["generators"][0]


# --- kills --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kills", [10, pytest.param(100, marks=pytest.mark.slow)])
async def test_a_study_killed_at_every_turn_ends_like_one_that_was_left_alone(
    kills: int, tmp_path: Path
) -> None:
    changes: dict[str, Any] = {
        "spec": spec(searcher={"type": "racing", "problems": 10}, batch=2),
        "budget": Budget(max_trials=kills),
    }
    expected = await study(World(), **changes).run()
    journal = tmp_path / "journal.jsonl"
    world, count = World(), 0
    while True:
        world.dies_after = 1 if count < kills else None
        try:
            result = await study(world, journal=journal, **changes).run()
            break
        except Killed:
            count += 1
    assert count >= kills * 0.9
    assert without_payments(result) == without_payments(expected)
    events = read_journal(journal)
    proposed = {
        entry["trial"] for event in events if event["event"] == "proposed" for entry in event["trials"]
    }
    ended = [event["trial"] for event in events if event["event"] == "trial"]
    assert sorted(ended) == sorted(proposed) == list(range(kills))  # none is running, none was made twice
    assert not list(tmp_path.glob("*.lock"))
