"""Evaluating: states instead of failures, caps, cancelling, resuming, and what everything took."""

import asyncio

import pytest
from pydantic import JsonValue

from itas.benchmarks.benchmark import Benchmark
from itas.core.architecture import Architecture
from itas.core.problem import Outcome, Score, Unscored
from itas.errors import (
    BudgetExceeded,
    ContractError,
    MissingKey,
    ModelError,
    ParseError,
    SandboxError,
    SpecError,
)
from itas.evaluation import compare, evaluate, to_observations
from tests.evaluation.worlds import ONE, VOTE, Fake, benchmark, number_of, said, serving, solve, sums


async def test_every_problem_gets_its_score_and_its_costs():
    fake = Fake(solve)
    found = await evaluate(VOTE, benchmark(3), models=serving(fake))
    assert found.is_complete
    assert found.stopped_by is None
    assert found.fingerprint == VOTE.fingerprint
    assert [result.problem_id for result in found.results] == ["sum-1", "sum-2", "sum-3"]
    assert found.scores == (1.0, 1.0, 1.0)
    assert found.score is not None
    assert found.score.mean == found.score.high == 1.0
    assert 0.3 < found.score.low < 0.6
    assert (found.samples_used, found.samples_paid, fake.samples) == (12, 12, 12)
    assert (found.usage.tokens_in, found.usage.tokens_out) == (240, 60)
    assert (found.cost_micro_usd, found.paid_micro_usd) == (120, 120)
    assert found.latency_median_s == found.latency_p95_s == 2.0
    assert found.results[0].text == "Answer: 2"


async def test_the_table_of_costs_has_a_row_per_component():
    found = await evaluate(VOTE, benchmark(3), models=serving(Fake(solve)))
    table = found.component_costs
    assert [(row.layer, row.component, row.type) for row in table] == [
        (0, 0, "generator"),
        (0, 1, "generator"),
        (1, 0, "vote"),
    ]
    assert [row.models for row in table] == [("fake/a",), ("fake/b",), ()]
    assert [(row.answers, row.samples_used, row.cost_micro_usd) for row in table] == [
        (3, 6, 60),
        (3, 6, 60),
        (3, 0, 0),
    ]


async def test_stored_samples_are_used_but_not_paid():
    fake = Fake(lambda request, number: said("Answer: 2", is_stored=number == 0))
    found = await evaluate(VOTE, benchmark(1), models=serving(fake))
    assert (found.samples_used, found.samples_paid) == (4, 2)
    assert (found.cost_micro_usd, found.paid_micro_usd) == (40, 20)


async def test_an_unpriced_model_leaves_the_price_open_not_zero():
    found = await evaluate(ONE, benchmark(2), models=serving(Fake(lambda r, n: said("Answer: 2", cost=None))))
    assert found.cost_micro_usd is None
    assert found.summarise().cost_micro_usd is None
    assert found.component_costs[0].cost_micro_usd is None


async def test_a_problem_whose_model_fails_is_unscored_and_the_others_go_on():
    def reply(request, number):
        if number_of(request) == 2:
            raise ModelError("no luck", provider="fake")
        if number_of(request) == 3:
            raise ParseError("unreadable", "gibberish")
        return solve(request, number)

    found = await evaluate(ONE, benchmark(4), models=serving(Fake(reply)))
    assert found.is_complete
    assert found.unscored == {"model_error": 1, "parse_error": 1}
    assert found.scores == (1.0, 1.0)
    failed = found.results[1]
    assert failed.outcome == Unscored(reason="model_error", detail="fake: no luck")
    assert failed.text is None
    assert len(to_observations(found)) == 4


async def test_an_empty_answer_is_a_wrong_one_and_a_failing_provider_is_not():
    def reply(request, number):
        if number_of(request) == 2:
            return " \n"
        if number_of(request) == 3:
            raise ModelError("no luck", provider="fake")
        return solve(request, number)

    found = await evaluate(VOTE, benchmark(3), models=serving(Fake(reply)))
    assert found.scores == (1.0, 0.0)
    assert found.results[1].outcome == Score(value=0.0, answer=None)
    assert found.results[1].is_final
    assert found.unscored == {"model_error": 1}


async def test_an_answer_that_is_lost_in_the_last_layer_keeps_what_came_before():
    architecture = Architecture.parse({
        "layers": [
            {"type": "generator", "model": "fake/a", "samples": 3},
            {"type": "fuser", "model": "fake/f"},
        ]
    })  # fmt: skip
    drafts = Fake(lambda r, n: "" if n == 1 else f"draft {n}")
    fakes = {"fake/a": drafts, "fake/f": Fake(lambda r, n: "")}
    found = await evaluate(architecture, benchmark(1), models=fakes.__getitem__)
    assert found.scores == (0.0,)
    assert found.results[0].components[0].samples_used == 3
    assert found.results[0].events["empty"] >= 1


async def test_what_finished_layers_took_is_counted_for_a_failed_answer_too():
    def judge(request, number):
        raise ModelError("down", provider="fake")

    architecture = Architecture.parse({
        "layers": [
            {"type": "generator", "model": "fake/a", "samples": 3},
            {"type": "ranker", "model": "fake/j"},
        ]
    })  # fmt: skip
    fakes = {"fake/a": Fake(lambda r, n: f"draft {n}"), "fake/j": Fake(judge)}
    found = await evaluate(architecture, benchmark(1), models=fakes.__getitem__)
    assert found.unscored == {"model_error": 1}
    assert found.samples_used == 3
    assert found.latency_median_s is None


@pytest.mark.parametrize(
    "failure", [ModelError("x", provider="judge"), ParseError("x", "y"), SandboxError("x")]
)
async def test_a_scorer_that_fails_gives_no_score_and_no_zero(failure):
    class Failing:
        async def score(self, problem, answer) -> Outcome:
            raise failure

        def describe(self) -> dict[str, JsonValue]:
            return {"type": "failing"}

    world = benchmark(2)
    broken = Benchmark("broken", world.problems, Failing())
    found = await evaluate(ONE, broken, models=serving(Fake(solve)))
    assert found.unscored == {"scorer_error": 2}
    assert found.score is None
    assert found.results[0].text == "Answer: 2"
    assert type(failure).__name__ in str(found.results[0].outcome)


@pytest.mark.parametrize("failure", [MissingKey("no key", provider="fake"), ContractError("bug")])
async def test_what_is_wrong_for_all_problems_is_raised(failure):
    def reply(request, number):
        raise failure

    with pytest.raises(type(failure)):
        await evaluate(ONE, benchmark(3), models=serving(Fake(reply)))


async def test_an_unknown_model_is_refused_before_anything_is_asked():
    fake = Fake(solve)

    def models(model):
        if model == "fake/b":
            raise SpecError("unknown provider")
        return fake

    with pytest.raises(SpecError, match="unknown provider"):
        await evaluate(VOTE, benchmark(3), models=models)
    assert fake.samples == 0


async def test_a_cap_stops_new_problems_and_gives_back_what_there_is():
    seen = []

    def reply(request, number):
        if len(seen) == 5:
            raise BudgetExceeded("cap")
        seen.append(number_of(request))
        return solve(request, number)

    handed_on = []
    found = await evaluate(
        ONE, benchmark(50), models=serving(Fake(reply)), concurrency=2, on_result=handed_on.append
    )
    assert found.stopped_by == "budget"
    assert not found.is_complete
    assert len(found.results) == len(handed_on) == 5
    assert found.unscored == {}
    summary = found.summarise()
    assert (summary.n_problems, summary.n_scored, summary.stopped_by) == (50, 5, "budget")


async def test_no_more_problems_run_at_once_than_allowed():
    running = most = 0

    async def reply(request, number):
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        return solve(request, number)

    await evaluate(ONE, benchmark(30), models=serving(Fake(reply)), concurrency=4)
    assert most == 4


async def test_the_order_in_which_calls_finish_changes_nothing():
    async def slow(request, number):
        await asyncio.sleep(0.001 * (7 - number_of(request) % 7))
        return solve(request, number)

    fast = await evaluate(ONE, benchmark(20), models=serving(Fake(solve)), concurrency=1)
    mixed = await evaluate(ONE, benchmark(20), models=serving(Fake(slow)), concurrency=20)
    assert to_observations(fast) == to_observations(mixed)


async def test_cancelling_is_passed_on_and_finished_results_are_kept():
    finished, first_done = [], asyncio.Event()

    async def reply(request, number):
        if number_of(request) > 3:
            await asyncio.Event().wait()
        return solve(request, number)

    def note(result):
        finished.append(result.problem_id)
        if len(finished) == 3:
            first_done.set()

    task = asyncio.create_task(evaluate(ONE, benchmark(10), models=serving(Fake(reply)), on_result=note))
    await first_done.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert finished == ["sum-1", "sum-2", "sum-3"]


async def test_resuming_asks_only_what_is_missing_or_failed_for_a_passing_reason():
    def flaky(request, number):
        if number_of(request) == 2:
            raise ModelError("down", provider="fake")
        if number_of(request) == 3:
            raise ParseError("never readable", "x")
        return solve(request, number)

    first = await evaluate(ONE, benchmark(4), models=serving(Fake(flaky)))
    fake = Fake(solve)
    second = await evaluate(ONE, benchmark(5), models=serving(fake), known=first.results)
    assert fake.samples == 2  # sum-2, which failed, and sum-5, which is new
    assert second.unscored == {"parse_error": 1}
    assert [result.problem_id for result in second.results] == [f"sum-{number}" for number in range(1, 6)]
    third = await evaluate(ONE, benchmark(5), models=serving(Fake(flaky)), known=second.results)
    assert third == second


async def test_a_part_of_the_problems_can_be_asked():
    found = await evaluate(ONE, benchmark(9), models=serving(Fake(solve)), problems=sums(9)[6:8])
    assert found.problem_ids == ("sum-7", "sum-8")
    assert len(found.results) == 2
    with pytest.raises(SpecError, match="ids repeat"):
        await evaluate(ONE, benchmark(9), models=serving(Fake(solve)), problems=sums(2) * 2)
    with pytest.raises(SpecError, match="concurrency"):
        await evaluate(ONE, benchmark(9), models=serving(Fake(solve)), concurrency=0)


async def test_no_problems_is_an_empty_evaluation_not_an_error():
    found = await evaluate(ONE, benchmark(0), models=serving(Fake(solve)))
    assert found.is_complete
    assert found.score is None
    summary = found.summarise()
    assert (summary.n_problems, summary.latency_p95_s, summary.components) == (0, None, ())


async def test_another_first_draw_means_fresh_samples():
    fake = Fake(lambda request, number: f"Answer: {number}")
    found = await evaluate(ONE, benchmark(1), models=serving(fake), first_draw=5)
    assert found.results[0].outcome == Score(value=0.0, answer="5")


async def test_what_did_not_go_as_described_is_shown_as_a_rate():
    def reply(request, number):
        return "no\nnumber" if number_of(request) == 1 else solve(request, number)

    found = await evaluate(VOTE, benchmark(4), models=serving(Fake(reply)))
    assert found.event_rates["unreadable"] == 0.25
    assert found.event_rates["fallback"] == 0.25
    assert sum(row.events.get("fallback", 0) for row in found.component_costs) == 1


async def test_scores_can_be_seen_by_tag():
    def reply(request, number):
        return solve(request, number) if number_of(request) % 2 else "Answer: 0"

    found = await evaluate(ONE, benchmark(10), models=serving(Fake(reply)))
    by_parity = found.scores_by("parity")
    assert {value: estimate.mean for value, estimate in by_parity.items()} == {"even": 0.0, "odd": 1.0}
    assert found.scores_by("nothing") == {}


async def test_simulated_models_are_called_simulated():
    architecture = Architecture.parse({"layers": [{"type": "generator", "model": "simulated/a"}]})
    simulated = await evaluate(architecture, benchmark(1), models=serving(Fake(solve)))
    real = await evaluate(ONE, benchmark(1), models=serving(Fake(solve)))
    assert simulated.summarise().is_simulated
    assert not real.summarise().is_simulated


async def test_two_evaluations_can_be_compared():
    good = await evaluate(ONE, benchmark(40), models=serving(Fake(solve)))
    bad = await evaluate(VOTE, benchmark(40), models=serving(Fake(lambda r, n: "Answer: 5")))
    found = compare(to_observations(good), to_observations(bad), name_a="one", name_b="vote")
    assert found.verdict == "better"
    assert found.price_words == "at 0.25 x the price"
