"""Studies on a world with known truth: stages, budgets, kills, held-out problems, verdicts."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from itas.core.architecture import Architecture
from itas.core.observation import Observation
from itas.errors import BudgetExceeded, DataError, Error, MissingKey, ModelError, SpecError
from itas.search.amounts import Amount
from itas.search.journal import read_journal
from itas.search.records import Budget, Progress, StudyResult, StudySpec, paired_margin
from itas.search.shipped import load_space
from itas.search.split import split_problems
from itas.search.study import Study, load_study
from tests.search.world import Killed, World, nothing_helps, types_of, unscored

MODELS = tuple(f"simulated/m{number}" for number in range(3))
PROBLEMS = tuple(f"p{number:03d}" for number in range(120))


def spec(**changes: Any) -> StudySpec:
    return StudySpec.parse(
        {
            "space": load_space("small"),
            "models": MODELS,
            "searcher": {"type": "racing", "problems": 10, "first_points": 8},
            "dev": 40,
            "batch": 4,
            "finalists": 3,
            "stop_gap": None,
            "seed": 5,
            **changes,
        }
    )


def study(world: World, **changes: Any) -> Study:
    fields: dict[str, Any] = {"spec": spec(), "problems": PROBLEMS, "budget": Budget(max_trials=16)}
    return Study(**{**fields, "evaluate": world.evaluate, **changes})


def without_payments(result: StudyResult) -> dict[str, Any]:
    data = result.model_dump(mode="json", exclude={"paid_samples", "paid_micro_usd"})
    for contestant in data["contestants"]:
        for observation in contestant["observations"]:
            observation.pop("samples_paid")
    return data


# --- the whole way ------------------------------------------------------------------------------------------


async def test_a_study_finds_what_is_better_and_says_by_how_much(tmp_path: Path):
    told: list[Progress] = []
    result = await study(World(), journal=tmp_path / "journal.jsonl", progress=told.append).run()
    assert result.rankings.generators[0].model in MODELS[:2]
    assert len(result.rankings.fusers) == 3
    assert "fuser" in types_of(result.winner.architecture)
    assert result.verdict.relation == "better"
    assert result.verdict.recommended == "winner"
    assert result.recommended == result.winner.architecture
    assert result.verdict.is_complete
    single = result.contestant("best single model")
    assert single is not None
    assert single.planned_samples == 1
    assert single.against_winner is not None
    assert single.against_winner.low > 0
    sampled = result.contestant("sampled and voted")
    assert sampled is not None
    assert sampled.planned_samples == result.winner.planned_samples
    assert result.split == (30, 10, 80)
    assert all(len(entry.observations) == 80 for entry in result.contestants)
    assert StudyResult.parse(result.model_dump(mode="json")) == result
    stages = list(dict.fromkeys(entry.stage for entry in told))
    assert stages == ["ranking models", "ranking fusers", "search", "finalists", "verdict"]
    paid = [entry.paid_samples for entry in told]
    assert paid == sorted(paid)
    assert paid[-1] == result.paid_samples


async def test_one_call_is_as_good_is_a_possible_verdict():
    result = await study(World(nothing_helps)).run()
    assert result.verdict.relation == "tied"
    assert result.verdict.one_call_is_as_good
    assert result.verdict.recommended in ("best single model", "other single model")
    assert result.single is not None
    assert result.recommended == result.single.architecture
    assert result.recommended.planned_samples() == 1


async def test_held_out_problems_are_not_touched_before_the_winner_is_named(tmp_path: Path):
    world, path = World(), tmp_path / "journal.jsonl"
    held_out = set(split_problems(PROBLEMS, seed=5, dev=40).held_out)
    seen: list[bool] = []

    async def evaluate(architecture: Architecture, problems: Sequence[str]) -> list[Observation]:
        named = any(event["event"] == "winner" for event in read_journal(path))
        seen.append(named)
        assert set(problems) <= held_out if named else not set(problems) & held_out
        return await world.evaluate(architecture, problems)

    await study(world, evaluate=evaluate, journal=path).run()
    assert True in seen
    assert False in seen


async def test_every_pair_of_architecture_and_problem_is_evaluated_once():
    world = World()
    await study(world).run()
    # Only the best single model may be a point that the ranking has seen; nothing else meets a problem twice.
    assert len(world.log) - len(set(world.log)) <= 40


async def test_the_order_of_the_problems_does_not_matter():
    first = await study(World()).run()
    second = await study(World(), problems=tuple(reversed(PROBLEMS))).run()
    assert without_payments(first) == without_payments(second)


# --- kills --------------------------------------------------------------------------------------------------


async def test_a_study_killed_at_any_line_goes_on_to_the_same_result(tmp_path: Path):
    world, path = World(), tmp_path / "whole.jsonl"
    whole = without_payments(await study(world, journal=path).run())
    lines = path.read_bytes().splitlines(keepends=True)
    assert len(lines) > 30
    for count in range(len(lines) + 1):
        cut = tmp_path / f"cut{count}.jsonl"
        torn = lines[count][: len(lines[count]) // 2] if count < len(lines) else b""
        cut.write_bytes(b"".join(lines[:count]) + torn)
        assert without_payments(await study(world, journal=cut).run()) == whole


async def test_a_study_killed_during_any_evaluation_pays_for_nothing_twice(tmp_path: Path):
    untroubled = World()
    whole = await study(untroubled).run()
    for count in range(1, untroubled.calls, 3):
        world, path = World(dies_after=count), tmp_path / f"{count}.jsonl"
        with pytest.raises(Killed):
            await study(world, journal=path).run()
        world.dies_after = None
        result = await study(world, journal=path).run()
        assert without_payments(result) == without_payments(whole)
        assert world.paid == whole.paid_samples


async def test_a_finished_study_is_read_from_its_journal_without_evaluating(tmp_path: Path):
    path = tmp_path / "journal.jsonl"
    first = await study(World(), journal=path).run()
    assert await study(World(dies_after=0), journal=path).run() == first
    assert load_study(path) == (spec(), Budget(max_trials=16))


async def test_the_journal_of_another_study_is_refused(tmp_path: Path):
    path = tmp_path / "journal.jsonl"
    await study(World(), journal=path).run()
    with pytest.raises(DataError, match="is the journal of another study"):
        await study(World(), journal=path, spec=spec(seed=6)).run()
    with pytest.raises(DataError, match="begun on other problems"):
        await study(World(), journal=path, problems=PROBLEMS[:-1]).run()
    path.write_text('{"event": "trial"}\n', encoding="utf-8")
    with pytest.raises(DataError, match="not the journal of a study"):
        load_study(path)


# --- budgets ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cap", [12_000, 16_000, 30_000])
@pytest.mark.parametrize("searcher", ["racing", "random"])
async def test_a_cap_on_samples_is_never_passed_and_the_verdict_is_complete(cap: int, searcher: str):
    world = World()
    made = study(world, budget=Budget(max_samples=cap), spec=spec(searcher=searcher))
    estimate = made.estimate()
    result = await made.run()
    assert world.paid == result.paid_samples <= cap
    assert result.verdict.is_complete
    assert result.ended in ("budget", "exhausted")
    assert result.split[2] == estimate.held_out_problems == 80
    assert not result.skipped


@pytest.mark.parametrize("cap", [340, 380, 450, 900, 2200, 5000])
@pytest.mark.parametrize("searcher", ["racing", "exhaustive"])
async def test_whatever_cap_is_accepted_is_kept_and_reaches_a_complete_verdict(cap: int, searcher: str):
    world = World(cap=cap)
    made = study(
        world,
        budget=Budget(max_samples=cap),
        spec=spec(searcher={"type": searcher, "problems": 10}),
        problems=PROBLEMS,
    )
    estimate = made.estimate()
    assert estimate.least_samples == 340
    result = await made.run()
    assert world.paid == result.paid_samples <= cap
    assert result.verdict.is_complete
    assert all(trial.state == "done" for trial in result.trials)
    assert any(trial.number >= 0 for trial in result.trials)
    assert 30 <= result.split[2] <= 80
    assert all(len(entry.observations) == result.split[2] for entry in result.contestants)
    roles = {role for entry in result.contestants for role in entry.roles}
    assert {"winner", "best single model"} <= roles
    assert roles - {"other single model"} | set(result.skipped) == {
        "winner",
        "best single model",
        *spec().baselines,
    }


@pytest.mark.parametrize("cap", [360, 1000])
async def test_a_capped_study_killed_after_any_line_goes_on_to_the_same_result(tmp_path: Path, cap: int):
    path = tmp_path / "whole.jsonl"
    world = World(cap=cap, watched=path)
    budget = Budget(max_samples=cap)
    whole = without_payments(await study(world, journal=path, budget=budget).run())
    lines = path.read_bytes().splitlines(keepends=True)
    for count in range(len(lines)):
        left = world.as_of(count)
        cut = tmp_path / f"cut{count}.jsonl"
        cut.write_bytes(b"".join(lines[:count]))
        resumed = study(left, journal=cut, budget=budget, paid_before=Amount(samples=left.paid))
        assert without_payments(await resumed.run()) == whole, count
        assert left.paid == world.paid <= cap


async def test_a_tight_budget_leaves_out_baselines_and_says_which():
    left_out: list[set[str]] = []
    for cap in (3500, 600):
        result = await study(World(cap=cap), budget=Budget(max_samples=cap)).run()
        found = {role for role, why in result.skipped.items() if "does not pay for it" in why}
        assert all(why[0].islower() and why[-1] != "." for why in result.skipped.values())
        left_out.append(found)
    assert left_out[0] == set()
    assert left_out[-1]


async def test_the_verdict_uses_all_held_out_problems_that_what_is_left_pays_for():
    used = [
        (await study(World(cap=cap), budget=Budget(max_samples=cap)).run()).split[2]
        for cap in (400, 900, 5000)
    ]
    assert all(30 <= n < 80 for n in used[:-1])
    assert used[-1] == 80
    few = await study(World(), spec=spec(held_out=33)).run()
    assert few.split[2] == 33


async def test_the_number_of_held_out_problems_is_in_the_journal_before_the_first_is_asked(tmp_path: Path):
    world, path = World(cap=900), tmp_path / "journal.jsonl"
    held_out = set(split_problems(PROBLEMS, seed=5, dev=40).held_out)

    async def evaluate(architecture: Architecture, problems: Sequence[str]) -> list[Observation]:
        if set(problems) & held_out:
            (begun,) = [event for event in read_journal(path) if event["event"] == "held_out"]
            assert begun["problems"] == len(problems)
            assert architecture.fingerprint in {line["fingerprint"] for line in begun["contestants"]}
        return await world.evaluate(architecture, problems)

    result = await study(world, evaluate=evaluate, journal=path, budget=Budget(max_samples=900)).run()
    assert result.split[2] < 80


async def test_questions_that_take_more_than_planned_are_reckoned_with():
    for cap in (1200, 3000):
        world = World(cap=cap, again=0.3)
        result = await study(world, budget=Budget(max_samples=cap)).run()
        assert world.paid <= cap
        assert result.verdict.is_complete, cap


def test_an_estimate_says_what_is_least_what_is_typical_and_what_is_worst():
    estimate = study(World(), budget=Budget(), price=lambda a: 1000 * a.planned_samples()).estimate()
    assert (estimate.ranking_samples, estimate.least_held_out_problems) == (180, 30)
    assert estimate.least_samples == 180 + 10 + 3 * 10 + 30 * (1 + 3)
    assert estimate.held_out_problems == 80
    assert estimate.least_samples < estimate.reserved_samples < estimate.worst_reserved_samples
    assert estimate.reserved_samples < estimate.typical_samples < estimate.worst_samples
    assert estimate.least_micro_usd == 1000 * estimate.least_samples
    assert estimate.reserved_micro_usd is not None
    assert estimate.reserved_micro_usd < (estimate.worst_reserved_micro_usd or 0)
    assert (estimate.typical_micro_usd or 0) < (estimate.worst_micro_usd or 0)
    capped = study(World(), budget=Budget(max_samples=1000)).estimate()
    assert capped.typical_samples <= capped.worst_samples == 1000
    assert capped.reserved_samples <= 1000 - 180
    assert 30 <= capped.held_out_problems < 80
    assert capped.least_micro_usd is None


async def test_a_cap_that_reaches_no_verdict_is_refused_with_the_numbers_before_anything_is_paid():
    world = World()
    with pytest.raises(SpecError, match=r"max_samples: 250 samples do not reach .*: ranking takes 180"):
        await study(world, budget=Budget(max_samples=250)).run()
    assert world.log == []
    assert study(world, budget=Budget(max_samples=250), spec=spec(held_out=5, baselines=[])).estimate()


async def test_a_cap_in_dollars_needs_prices_for_all_models():
    with pytest.raises(SpecError, match="max_cost_usd: a cap in dollars needs prices"):
        await study(World(), budget=Budget(max_cost_usd=5)).run()
    with pytest.raises(SpecError, match=r"one of simulated/m\d.* has none"):
        await study(World(), budget=Budget(max_cost_usd=5), price=lambda architecture: None).run()
    with pytest.raises(
        SpecError, match=r"0\.1 dollars do not reach a verdict: ranking takes about \$0\.1800, "
    ):
        await study(
            World(), budget=Budget(max_cost_usd=0.1), price=lambda a: 1000 * a.planned_samples()
        ).run()


async def test_a_cap_in_dollars_is_kept():
    world = World()

    async def evaluate(architecture: Architecture, problems: Sequence[str]) -> list[Observation]:
        found = await world.evaluate(architecture, problems)
        return [o.model_copy(update={"paid_micro_usd": 1000 * o.samples_paid}) for o in found]

    def price(architecture: Architecture) -> int:
        return 1000 * architecture.planned_samples()

    result = await study(world, evaluate=evaluate, price=price, budget=Budget(max_cost_usd=2.5)).run()
    assert result.ended == "budget"
    assert 0 < result.paid_micro_usd <= 2_500_000
    assert result.verdict.is_complete


async def test_a_hard_cap_in_the_middle_is_a_state_and_can_be_raised_later(tmp_path: Path):
    world, path = World(cap=700), tmp_path / "journal.jsonl"
    result = await study(world, journal=path).run()
    assert result.ended == "budget"
    assert any(trial.state == "over_budget" for trial in result.trials)
    assert not result.verdict.is_complete
    assert result.verdict.relation == "unknown"
    world.cap = None
    resumed = await study(world, journal=path, budget=Budget(max_trials=20)).run()
    # The verdict had begun, so the winner stays; what was cut short is completed.
    assert resumed.winner.architecture == result.winner.architecture
    assert resumed.verdict.is_complete
    assert len(resumed.trials) == len(result.trials)


async def test_a_search_that_ended_by_its_budget_goes_on_when_the_budget_is_raised(tmp_path: Path):
    path, world = tmp_path / "journal.jsonl", World()
    await study(world, journal=path).run()
    lines = path.read_bytes().splitlines(keepends=True)
    before = next(i for i, line in enumerate(lines) if b'"event": "held_out"' in line)
    path.write_bytes(b"".join(lines[:before]))
    resumed = await study(world, journal=path, budget=Budget(max_trials=24)).run()
    assert len([trial for trial in resumed.trials if trial.number >= 0]) == 24
    whole = await study(World(), budget=Budget(max_trials=24)).run()
    assert without_payments(resumed) == without_payments(whole)


async def test_a_cap_hit_while_ranking_leaves_nothing_to_recommend():
    with pytest.raises(BudgetExceeded, match=r"while simulated/m\d was being ranked"):
        await study(World(cap=50)).run()


# --- failures -----------------------------------------------------------------------------------------------


async def test_what_cannot_be_run_is_a_state_and_never_a_number():
    world = World()

    async def evaluate(architecture: Architecture, problems: Sequence[str]) -> list[Observation]:
        if "critic" in types_of(architecture):
            raise ModelError("no answer", provider="simulated")
        if "ranker" in types_of(architecture):
            return [unscored(problem) for problem in problems]
        return await world.evaluate(architecture, problems)

    result = await study(world, evaluate=evaluate, budget=Budget(max_trials=30)).run()
    failed = [trial for trial in result.trials if trial.state == "failed"]
    assert failed
    assert all(trial.mean is None and trial.n == 0 and trial.reason for trial in failed)
    assert len({trial.point for trial in failed}) == len(failed)
    assert any("problems have no score: model_error (timeout)" in trial.reason for trial in failed)
    assert not {"critic", "ranker"} & set(types_of(result.winner.architecture))
    best_of_n = result.contestant("best of n")
    assert best_of_n is not None
    assert best_of_n.mean is None
    assert best_of_n.against_winner is None


async def test_a_model_that_does_not_answer_is_dropped_and_said():
    world = World()

    async def evaluate(architecture: Architecture, problems: Sequence[str]) -> list[Observation]:
        if "simulated/m1" in architecture.models:
            raise ModelError("no such model", provider="simulated")
        return await world.evaluate(architecture, problems)

    result = await study(world, evaluate=evaluate, spec=spec(searcher="random")).run()
    assert [entry.model for entry in result.dropped["generators"]] == ["simulated/m1"]
    assert "no such model" in result.dropped["generators"][0].reason
    assert "simulated/m1" not in {model for c in result.contestants for model in c.architecture.models}


async def test_without_any_model_there_is_one_clear_error():
    async def evaluate(architecture: Architecture, problems: Sequence[str]) -> list[Observation]:
        raise ModelError("down", provider="simulated")

    with pytest.raises(Error, match=r"none of the generators could be ranked.*m0: simulated: down"):
        await study(World(), evaluate=evaluate).run()

    async def no_key(architecture: Architecture, problems: Sequence[str]) -> list[Observation]:
        raise MissingKey("no key", provider="simulated")

    with pytest.raises(MissingKey):
        await study(World(), evaluate=no_key).run()


async def test_trials_that_all_fail_end_the_search():
    world = World()

    async def evaluate(architecture: Architecture, problems: Sequence[str]) -> list[Observation]:
        if len(architecture.layers) > 1 and not architecture.name.endswith(" fuses"):
            raise ModelError("down", provider="simulated")
        return await world.evaluate(architecture, problems)

    result = await study(world, evaluate=evaluate).run()
    assert result.ended == "failures"
    assert result.winner.architecture.planned_samples() == 1


async def test_an_evaluation_in_the_wrong_order_is_an_error_not_a_mix_up():
    world = World()

    async def evaluate(architecture: Architecture, problems: Sequence[str]) -> list[Observation]:
        return list(reversed(await world.evaluate(architecture, problems)))

    with pytest.raises(DataError, match="one observation per problem, in their order; at place 0"):
        await study(world, evaluate=evaluate).run()


# --- ends and parts -----------------------------------------------------------------------------------------


async def test_a_search_ends_when_nothing_better_is_expected():
    made = study(World(nothing_helps), spec=spec(stop_gap=0.5, min_evaluations=3), budget=Budget())
    result = await made.run()
    assert result.ended == "gap"
    assert result.expected_gap is not None
    assert result.expected_gap < 0.5


async def test_a_small_space_is_exhausted():
    space = {"layers": [{"type": "generator", "model": MODELS[0], "samples": {"choice": [1, 2]}}]}
    result = await study(World(), spec=spec(space=space, searcher="exhaustive"), budget=Budget()).run()
    assert result.ended == "exhausted"
    assert result.rankings.fusers == ()


def test_problems_are_split_by_the_seed_into_parts_that_share_nothing():
    split = split_problems(PROBLEMS, seed=1)
    assert (len(split.search), len(split.fresh), len(split.held_out)) == (30, 10, 80)
    assert set(split.search) | set(split.fresh) | set(split.held_out) == set(PROBLEMS)
    assert split_problems(PROBLEMS[::-1], seed=1) == split
    assert split_problems(PROBLEMS, seed=2) != split
    large = split_problems([str(number) for number in range(5000)], seed=1)
    assert len(large.search) + len(large.fresh) == 400
    small = split_problems([str(number) for number in range(12)], seed=1)
    assert len(small.held_out) == 6


@pytest.mark.parametrize(
    "problems, dev, message",
    [
        (PROBLEMS[:9], None, "at least 10 problems"),
        ((*PROBLEMS, "p000"), None, "'p000' is there twice"),
        (PROBLEMS, 119, r"dev: of 120 problems, between 5 and 115"),
        (PROBLEMS, 2, r"dev: of 120 problems"),
    ],
)
def test_a_split_that_proves_nothing_is_refused(problems: Sequence[str], dev: int | None, message: str):
    with pytest.raises(SpecError, match=message):
        split_problems(problems, seed=1, dev=dev)


def test_problems_of_one_group_stand_on_one_side():
    alone = {problem: f"group of {problem}" for problem in PROBLEMS}
    assert split_problems(PROBLEMS, seed=1, groups=alone) == split_problems(PROBLEMS, seed=1)
    pairs = {problem: problem[:-1] + str(int(problem[-1]) // 2) for problem in PROBLEMS}
    for seed in range(20):
        split = split_problems(PROBLEMS, seed=seed, groups=pairs)
        parts = [{pairs[problem] for problem in part} for part in (split.search, split.fresh, split.held_out)]
        assert sum(map(len, parts)) == len(set.union(*parts))
        assert sorted((*split.search, *split.fresh, *split.held_out)) == sorted(PROBLEMS)
    with pytest.raises(SpecError, match="stay on one side"):
        split_problems(PROBLEMS, seed=1, groups=dict.fromkeys(PROBLEMS, "all"))


def test_a_model_named_twice_is_refused():
    with pytest.raises(SpecError, match="models: every model once, 'simulated/m0' is there twice"):
        spec(models=["simulated/m0", "simulated/m0"])


def test_ties_are_called_tied():
    def observed(values: str) -> list[Observation]:
        return [
            Observation.model_validate({"problem_id": str(i), "outcome": {"value": float(value)}})
            for i, value in enumerate(values)
        ]

    assert paired_margin(observed("1" * 50), observed("1" * 50)).verdict == "tied"
    assert paired_margin(observed("10" * 20), observed("01" * 20)).verdict == "tied"
    assert paired_margin(observed("1" * 40), observed("10" * 20)).verdict == "better"
    assert paired_margin(observed("10" * 20), observed("1" * 40)).verdict == "worse"


async def test_a_little_quality_can_be_given_up_for_a_lower_cost():
    best = await study(World()).run()
    cheap = await study(World(), spec=spec(goal={"within": 0.15})).run()
    assert cheap.winner.planned_samples < best.winner.planned_samples
    means = {entry.point: entry.mean for entry in cheap.finalists}
    assert means[cheap.finalists[0].point] >= max(means.values()) - 0.15


async def test_the_front_says_what_each_step_in_quality_costs():
    result = await study(World()).run()
    costs = [point.planned_samples for point in result.front]
    means = [point.mean for point in result.front]
    assert costs == sorted(set(costs))
    assert means == sorted(set(means))
    assert result.front[-1].mean == max(entry.mean for entry in (*result.finalists, *result.front))
    assert {point.micro_usd for point in result.front} == {None}


def test_the_usual_goal_leaves_the_fingerprint_as_it_was():
    assert spec().fingerprint == spec(goal={"within": 0.0}).fingerprint
    assert spec().fingerprint != spec(goal={"within": 0.1}).fingerprint
