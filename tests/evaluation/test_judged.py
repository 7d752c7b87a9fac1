"""Judged benchmarks in an evaluation: turns, calls that are counted, caps, resuming, relatives, official files."""

import json

import pytest

from itas.api.opening import open_models
from itas.api.settings import Settings
from itas.benchmarks.benchmark import Benchmark
from itas.benchmarks.judge import JudgeOptions
from itas.benchmarks.mt_bench import MTBench
from itas.core.messages import user
from itas.core.problem import Problem, Score, Unscored
from itas.errors import BudgetExceeded, MissingKey, ModelError
from itas.evaluation.estimate import JudgePlan, estimate_cost
from itas.evaluation.evaluate import evaluate
from itas.evaluation.judging import family_of, find_family_overlap
from itas.evaluation.official import write_official_files
from itas.evaluation.records import ProblemResult
from tests.evaluation.worlds import ONE, Fake, said


def two_turns(count=3):
    problems = tuple(
        Problem(
            id=str(n), conversation=user(f"Say {n}."), turns=("And again?",), tags={"category": "writing"}
        )
        for n in range(count)
    )
    scorer = MTBench(JudgeOptions(judge="fake/judge", max_tokens=100))
    return Benchmark("talk", problems, scorer, metric="score", total=count)


def world(*, judge=None):
    """Contestant and judge, told apart by the task."""
    asked = []

    def reply(request, number):
        is_judge = request.messages[-1].content.startswith("Task: rate")
        asked.append(("judge" if is_judge else "contestant", request, number))
        if is_judge:
            return judge(request, number) if judge else said("Fine.\nRATING: 8", cost=100)
        return said(f"answer {len(request.messages)}", cost=10)

    fake = Fake(reply)
    return asked, lambda model: fake


async def test_the_second_turn_is_asked_with_the_first_answer_in_the_conversation():
    asked, models = world()
    found = await evaluate(ONE, two_turns(1), models=models)
    contestant = [request for who, request, _ in asked if who == "contestant"]
    assert [[m.role for m in request.messages] for request in contestant] == [
        ["user"],
        ["user", "assistant", "user"],
    ]
    assert [m.content for m in contestant[1].messages] == ["Say 0.", "answer 1", "And again?"]
    (result,) = found.results
    assert result.answers == result.turns == ("answer 1", "answer 3")
    assert result.text == "answer 3"
    assert result.outcome == Score(value=0.8)
    assert [judgment.turn for judgment in result.judgments] == [1, 2]
    assert result.latency_s == 4.0, "the turns come one after the other, the judge does not count"


async def test_judging_is_counted_and_shown_apart_and_a_search_sees_the_price_of_answering_only():
    _, models = world()
    found = await evaluate(ONE, two_turns(3), models=models)
    assert found.samples_used == found.samples_paid == 12
    assert found.cost_micro_usd == found.paid_micro_usd == 3 * (2 * 10 + 2 * 100)
    summary = found.summarise()
    answering, judging = summary.components
    assert (answering.type, answering.layer, answering.samples_used, answering.cost_micro_usd) == (
        "generator",
        0,
        6,
        60,
    )
    assert (judging.type, judging.layer, judging.samples_used, judging.cost_micro_usd) == ("judge", 1, 6, 600)
    observation = found.results[0].to_observation()
    assert (observation.samples_used, observation.cost_micro_usd) == (2, 20)
    assert (observation.samples_paid, observation.paid_micro_usd) == (4, 220)
    assert summary.figures["score"] == 8.0
    assert summary.figures["wording"] == "own"
    assert found.judges == ("fake/judge",)


async def test_unreadable_replies_of_the_judge_are_counted_and_asked_again():
    _, models = world(judge=lambda request, number: "RATING: 6" if number else "Hm.")
    found = await evaluate(ONE, two_turns(1), models=models)
    (result,) = found.results
    assert result.outcome == Score(value=0.6)
    assert result.judging is not None
    assert result.judging.samples_used == 4
    assert result.judging.events == {"unreadable": 2}
    assert result.events == {}, "what goes wrong in judging is no event of the architecture"


async def test_a_judge_that_fails_leaves_no_score_but_its_costs_and_the_answers():
    def fails_on_the_second(request, number):
        if "earlier request" in request.messages[-1].content:
            raise ModelError("down", provider="fake")
        return said("RATING: 8", cost=100)

    _, models = world(judge=fails_on_the_second)
    found = await evaluate(ONE, two_turns(1), models=models)
    (result,) = found.results
    assert isinstance(result.outcome, Unscored)
    assert result.outcome.reason == "scorer_error"
    assert not result.is_final
    assert result.answers == ("answer 1", "answer 3")
    assert result.paid_micro_usd == 120


async def test_a_judge_that_always_fails_ends_the_evaluation():
    def fails(request, number):
        raise ModelError("down", provider="fake")

    _, models = world(judge=fails)
    found = await evaluate(ONE, two_turns(60), models=models, concurrency=1)
    assert found.stopped_by == "failures"
    assert len(found.results) == 20


async def test_a_cap_that_is_reached_while_judging_stops_the_evaluation():
    seen = []

    def capped(request, number):
        seen.append(request)
        if len(seen) > 2:
            raise BudgetExceeded("no more")
        return "RATING: 8"

    _, models = world(judge=capped)
    found = await evaluate(ONE, two_turns(5), models=models, concurrency=1)
    assert found.stopped_by == "budget"
    assert len(found.results) == 1


async def test_judges_are_looked_up_before_anything_is_paid():
    def source(model):
        if model == "fake/judge":
            raise MissingKey("no key", provider="fake")
        return Fake(lambda request, number: pytest.fail("something was asked"))

    with pytest.raises(MissingKey):
        await evaluate(ONE, two_turns(1), models=source)


async def test_results_with_judgments_are_read_again_as_they_were_written():
    _, models = world()
    found = await evaluate(ONE, two_turns(2), models=models)
    again = [ProblemResult.model_validate_json(each.model_dump_json()) for each in found.results]
    assert tuple(again) == found.results
    asked, models = world()
    resumed = await evaluate(ONE, two_turns(2), models=models, known=again)
    assert not asked
    assert resumed.figures == found.figures


def test_a_problem_of_one_turn_is_written_as_before():
    problem = Problem(id="x", conversation=user("?"), target="1")
    assert "turns" not in problem.model_dump(mode="json")
    assert Problem.model_validate(problem.model_dump(mode="json")) == problem


@pytest.mark.parametrize(
    "judge, contestants, overlap",
    [
        ("openai/gpt-4o", ["openai/gpt-4-turbo", "anthropic/claude-3"], ("openai/gpt-4-turbo",)),
        ("openai/o3-mini", ["openai/gpt-4o"], ("openai/gpt-4o",)),
        ("openai/gpt-4o", ["together/Qwen/Qwen2-72B-Instruct"], ()),
        (
            "anthropic/claude-3-opus",
            ["openrouter/anthropic/claude-3.5-sonnet"],
            ("openrouter/anthropic/claude-3.5-sonnet",),
        ),
        (
            "mistral/mistral-large",
            ["together/mistralai/Mixtral-8x22B"],
            ("together/mistralai/Mixtral-8x22B",),
        ),
        (
            "simulated/atlas-large",
            ["simulated/atlas-small", "simulated/euler-large"],
            ("simulated/atlas-small",),
        ),
        ("vllm/own", ["vllm/own", "vllm/other"], ("vllm/own",)),
    ],
)
def test_relatives_of_the_judge_are_pointed_out(judge, contestants, overlap):
    assert find_family_overlap((judge,), contestants) == overlap


def test_a_family_is_told_by_the_models_name_not_the_providers():
    assert family_of("openai/gpt-4o") == family_of("replay/openai/gpt-4") == "gpt"
    assert family_of("together/meta-llama/Llama-3-70b") == "llama"
    assert family_of("groq/llama3-8b") == "llama"


async def test_official_files_are_written_inside_the_folder(tmp_path):
    _, models = world()
    strange = ONE.model_copy(update={"name": "../../etc/x"})
    found = await evaluate(strange, two_turns(2), models=models)
    written = write_official_files(tmp_path, two_turns(2), found)
    assert sorted(str(path.relative_to(tmp_path)) for path in written) == [
        "model_answer/etc_x.jsonl",
        "model_judgment/fake_judge_single.jsonl",
    ]
    answers = [json.loads(line) for line in (tmp_path / "model_answer/etc_x.jsonl").read_text().splitlines()]
    assert answers[0]["choices"] == [{"index": 0, "turns": ["answer 1", "answer 3"]}]
    judgments = [
        json.loads(line)
        for line in (tmp_path / "model_judgment/fake_judge_single.jsonl").read_text().splitlines()
    ]
    assert [row["score"] for row in judgments] == [8, 8, 8, 8]
    assert all(row["turn"] in (1, 2) and row["model"] == "../../etc/x" for row in judgments)


class _PerToken:
    def cost(self, usage):
        return usage.tokens_in + 2 * usage.tokens_out


def test_the_estimate_counts_every_turn_and_the_judge():
    problems = two_turns(4).problems
    plain = estimate_cost(ONE, problems, price=lambda model: _PerToken())
    assert plain.planned_samples == 8
    plan = JudgePlan(("fake/judge",), (2,) * 4, attempts=2, max_tokens=100)
    judged = estimate_cost(ONE, problems, price=lambda model: _PerToken(), judge=plan)
    assert (judged.planned_samples, judged.most_samples) == (16, plain.most_samples + 16)
    assert (judged.planned_micro_usd or 0) > (plain.planned_micro_usd or 0) > 0
    assert judged.components[-1].type == "judge"
    unpriced = estimate_cost(
        ONE, problems, price=lambda model: None if "judge" in model else _PerToken(), judge=plan
    )
    assert unpriced.planned_micro_usd is None
    assert unpriced.unpriced == ("fake/judge",)


@pytest.mark.parametrize(
    "name, scorer, planned",
    [
        ("mt_bench:mt_bench", "judge:simulated/euler-large", 2),
        ("mt_bench:mt_bench", "judge:simulated/euler-large,wording=own", 2),
        ("mt_bench:mt_bench", "judge:simulated/euler-large,grading=pairwise,baseline=Qwen2-72B-Instruct", 4),
        ("alpaca_eval:alpaca_eval", "judge:simulated/euler-large", 2),
        ("arena_hard:arena_hard/question_v0.1.jsonl", "judge:simulated/euler-large", 2),
        (
            "arena_hard:arena_hard/question_v2.0.jsonl",
            "judge:simulated/euler-large,baseline=o3-mini-2025-01-31",
            2,
        ),
    ],
)
async def test_simulated_models_are_judged_by_simulated_models_from_end_to_end(
    shared_data, name, scorer, planned
):
    from itas.benchmarks import open_benchmark

    kind, _, place = name.partition(":")
    benchmark = open_benchmark(f"{kind}:{shared_data / place}", scorer=scorer, limit=8, seed=3)
    one = ONE.parse({"name": "one", "layers": [{"type": "generator", "model": "simulated/atlas-large"}]})
    async with open_models(Settings(store="memory"), problems=benchmark.problems) as models:
        found = await evaluate(one, benchmark, models=models)
    assert found.is_simulated
    assert len(found.scores) >= 7
    assert all(len(result.judgments) == planned for result in found.results if result.judgments)
    unreadable = found.figures["unreadable"]
    assert isinstance(unreadable, float)
    assert unreadable <= 0.1
