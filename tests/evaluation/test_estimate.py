"""Prices said beforehand: bounds that hold, and unknown prices that stay unknown."""

from dataclasses import dataclass

import pytest

from itas.core.architecture import Architecture
from itas.core.messages import user
from itas.core.problem import Problem
from itas.evaluation import Lengths, estimate_cost, evaluate
from itas.evaluation.estimate import Estimator, count_tokens
from itas.models.prices import find_price
from itas.search.ranking import Rankings
from itas.search.shipped import load_space
from tests.evaluation.worlds import ONE, VOTE, Fake, benchmark, said, serving, sums


def priced(micro_usd):
    assert micro_usd is not None
    return micro_usd


@dataclass
class PerToken:
    """Micro-dollars per token, which is dollars per million tokens."""

    tokens_in: int
    tokens_out: int

    def cost(self, usage):
        return self.tokens_in * usage.tokens_in + self.tokens_out * usage.tokens_out


def test_one_model_costs_question_and_answer():
    problem = Problem(id="p", conversation=user("x" * 400), target="1")
    found = estimate_cost(
        ONE, [problem] * 10, price=lambda model: PerToken(1, 10), lengths=Lengths(answer=50)
    )
    assert count_tokens(problem) == 104
    assert (found.planned_samples, found.most_samples) == (10, 10)
    assert found.planned_micro_usd == 10 * (104 + 50 * 10)
    assert found.most_micro_usd == 10 * (104 + 2048 * 10)
    assert found.sentence == (
        "10 problems, 10 samples (at most 10), about 2 k tokens: about $0.0060, at most $0.21."
    )


def test_a_judge_reads_every_answer_and_may_be_asked_again():
    architecture = Architecture.parse(
        {
            "layers": [
                {"type": "generator", "model": "fake/a", "samples": 5},
                {"type": "ranker", "model": "fake/j"},
            ]
        }
    )
    problems = sums(4)
    found = estimate_cost(
        architecture, problems, price=lambda model: PerToken(1, 1), lengths=Lengths(answer=100)
    )
    judge = found.components[1]
    assert judge.planned_samples == 4 * architecture.layers[1].planned_samples(5)
    assert judge.most_samples == 4 * architecture.layers[1].max_samples(5)
    assert found.planned_samples == 4 * architecture.planned_samples()
    assert found.most_samples == 4 * architecture.max_samples()
    assert judge.planned_tokens > 4 * 5 * 100
    assert priced(found.most_micro_usd) > 5 * priced(found.planned_micro_usd)


def test_critiques_make_prompts_longer():
    layers = [
        {"type": "generator", "model": "fake/a", "samples": 3},
        {"type": "critic", "model": "fake/a"},
        {"type": "ranker", "model": "fake/a"},
    ]
    price = lambda model: PerToken(1, 0)  # noqa: E731
    ranker = estimate_cost(Architecture.parse({"layers": layers}), sums(1), price=price).components[2]
    alone = estimate_cost(
        Architecture.parse({"layers": [layers[0], layers[2]]}), sums(1), price=price
    ).components[1]
    assert priced(ranker.planned_micro_usd) == priced(alone.planned_micro_usd) + 3 * Lengths().critique
    assert priced(ranker.most_micro_usd) > priced(alone.most_micro_usd)


def test_an_unknown_price_leaves_the_whole_price_open():
    found = estimate_cost(VOTE, sums(2), price=lambda model: PerToken(1, 1) if model == "fake/a" else None)
    assert found.unpriced == ("fake/b",)
    assert found.planned_micro_usd is None
    assert found.most_micro_usd is None
    assert [part.planned_micro_usd is None for part in found.components] == [False, True, False]
    assert "price unknown, because there is none for fake/b" in found.sentence


def test_a_free_model_costs_nothing_and_says_so():
    found = estimate_cost(ONE, sums(2), price=lambda model: PerToken(0, 0))
    assert found.sentence.endswith("about $0, at most $0.")


def test_the_real_price_table_fits():
    architecture = Architecture.parse({"layers": [{"type": "generator", "model": "openai/gpt-4o-mini"}]})
    found = estimate_cost(architecture, sums(100), price=find_price)
    assert found.unpriced == ()
    assert 0 < priced(found.planned_micro_usd) < priced(found.most_micro_usd) < 1_000_000


@pytest.mark.parametrize("architecture", [ONE, VOTE])
async def test_the_estimate_bounds_what_an_evaluation_takes(architecture):
    def reply(request, number):
        return said("Answer: 2 " + "blah " * 300)

    found = await evaluate(architecture, benchmark(5), models=serving(Fake(reply)))
    expected = estimate_cost(architecture, sums(5), price=lambda model: PerToken(1, 1))
    assert found.samples_used == expected.planned_samples <= expected.most_samples


def test_a_whole_space_is_priced_by_working_out_once_what_its_architectures_share():
    asked: list[str] = []

    def price(model: str) -> PerToken:
        asked.append(model)
        return PerToken(1, 10 if model.endswith("a") else 3)

    models = [f"fake/{letter}" for letter in "abcdefgh"]
    space = load_space("paper-3192").bind(Rankings.provisional(models))
    problems = sums(50)
    estimator = Estimator(problems, price=price)
    found = [estimator.planned(point.architecture) for point in space.points]
    assert len(found) > 2_000
    assert len(asked) < len(found)
    for number in range(0, len(found), 211):
        alone = estimate_cost(space.points[number].architecture, problems, price=price)
        usage = alone.planned_usage
        assert found[number] == (alone.planned_micro_usd, usage.tokens_in + usage.tokens_out)
        assert estimator.estimate(space.points[number].architecture) == alone
