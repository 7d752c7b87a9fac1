"""Verdicts in words, and what is left out of them."""

import numpy as np
import pytest

from itas.core.observation import Observation
from itas.core.problem import Score, Unscored
from itas.errors import DataError
from itas.evaluation.comparison import Comparison, compare, compare_each, mean_scores


def observed(scores, *, cost: int | None = 100, start=0):
    """Observations of problems p0, p1, ...; None stands for a problem without a score."""
    return [
        Observation(
            problem_id=f"p{index}",
            outcome=Unscored(reason="model_error") if score is None else Score(value=score),
            cost_micro_usd=cost,
        )
        for index, score in enumerate(scores, start=start)
    ]


RIGHT_MORE = observed([1.0] * 80 + [0.0] * 20, cost=230)
RIGHT_LESS = observed([1.0] * 60 + [0.0] * 40, cost=100)


def test_a_better_one_is_said_to_be_better_by_how_much_and_at_which_price():
    found = compare(RIGHT_MORE, RIGHT_LESS, name_a="ensemble", name_b="single")
    assert found.verdict == "better"
    assert (found.a_right_b_wrong, found.b_right_a_wrong) == (20, 0)
    assert found.p_mcnemar == pytest.approx(2 / 2**20)
    assert found.price_ratio == pytest.approx(2.3)
    assert found.sentence == (
        "ensemble is better than single by 20.0 points, 95 % interval 11.3 to 27.9, "
        "at 2.3 x the price (n = 100)."
    )
    assert found.figures.startswith("+20.0 points, 95 % interval 11.3 to 27.9, at 2.3 x")


def test_a_worse_one_is_said_to_be_worse_with_the_interval_turned():
    found = compare(RIGHT_LESS, RIGHT_MORE, name_a="single", name_b="ensemble")
    assert found.verdict == "worse"
    assert found.figures.startswith("-20.0 points, 95 % interval -27.9 to -11.3, at 0.43 x the price")
    assert "worse than ensemble by 20.0 points, 95 % interval 11.3 to 27.9" in found.sentence


def test_a_tie_says_what_could_have_been_detected():
    found = compare(observed([1.0, 0.0] * 20), observed([0.0, 1.0] * 20))
    assert found.verdict == "tied"
    assert found.difference == 0.0
    assert found.detectable > 0.3
    assert "are tied: +0.0" not in found.sentence
    assert "are tied: 0.0 points" in found.sentence
    assert "points could have been detected" in found.sentence


def test_problems_without_a_score_are_left_out_and_counted():
    a = observed([1.0, 1.0, None, None, 0.0])
    b = observed([1.0, None, 1.0, None, 0.0, 1.0])
    found = compare(a, b)
    assert (found.n, found.n_only_a, found.n_only_b, found.n_neither) == (2, 1, 2, 1)
    assert (found.mean_a, found.mean_b) == (0.5, 0.5)
    assert "4 left out because a score is missing" in found.sentence


def test_without_a_common_problem_there_is_nothing_to_say():
    with pytest.raises(DataError, match="none has a score from both"):
        compare(observed([1.0]), observed([1.0], start=5))


def test_pairs_are_made_by_problem_not_by_place():
    a, b = observed([1.0, 0.0, 1.0]), observed([1.0, 0.0, 1.0])
    assert compare(a, list(reversed(b))).a_right_b_wrong == 0


def test_several_observations_of_one_problem_count_as_their_mean():
    twice = [*observed([1.0, 0.0]), *observed([0.0, 0.0])]
    assert mean_scores(twice) == {"p0": 0.5, "p1": 0.0}
    found = compare(twice, observed([1.0, 0.0]))
    assert found.n == 2
    assert found.p_mcnemar is None


def test_graded_scores_have_no_mcnemar_test_but_counts_of_better_and_worse():
    found = compare(observed([0.5, 0.75, 0.1]), observed([0.4, 0.8, 0.05]))
    assert found.p_mcnemar is None
    assert (found.a_right_b_wrong, found.b_right_a_wrong) == (2, 1)


@pytest.mark.parametrize(
    "cost_a, cost_b, words",
    [
        (None, 10, "price unknown"),
        (10, None, "price unknown"),
        (0, 0, "both free"),
        (10, 0, "against a free one"),
        (0, 10, "for free"),
        (10, 10, "at the same price"),
        (5, 10, "at 0.50 x the price"),
        (3000, 10, "at 300 x the price"),
    ],
)
def test_the_price_is_told_as_a_ratio_or_why_not(cost_a, cost_b, words):
    found = compare(observed([1.0, 0.0], cost=cost_a), observed([1.0, 0.0], cost=cost_b))
    assert found.price_words == words


def test_one_unpriced_problem_leaves_the_price_unknown():
    a = [*observed([1.0]), *observed([1.0], cost=None, start=1)]
    assert compare(a, observed([1.0, 1.0])).price_words == "price unknown"


def test_many_comparisons_are_corrected_together():
    rng = np.random.default_rng(0)
    reference = observed((rng.random(100) < 0.5) * 1.0)
    others = {f"c{index}": observed((rng.random(100) < 0.5) * 1.0) for index in range(8)}
    others["good"] = observed((rng.random(100) < 0.9) * 1.0)
    found = {each.name_a: each for each in compare_each(others, reference, name_b="single")}
    assert found["good"].verdict == "better"
    assert "over 9 comparisons" in found["good"].sentence
    assert {each.verdict for name, each in found.items() if name != "good"} == {"tied"}
    assert all((each.p_holm or 0) >= each.p_value for each in found.values())


def test_a_difference_that_is_only_significant_alone_is_tied_among_many():
    a, b = observed([1.0] * 26 + [0.0] * 74), observed([1.0] * 20 + [0.0] * 80)
    assert compare(a, b).verdict == "better"
    many = compare_each({"a": a, "x": b, "y": b, "z": b}, b)
    assert many[0].verdict == "tied"


def test_clusters_are_honoured_and_switch_mcnemar_off():
    clusters = {f"p{index}": index // 10 for index in range(100)}
    found = compare(RIGHT_MORE, RIGHT_LESS, clusters=clusters)
    assert found.p_mcnemar is None
    assert found.se > 2 * compare(RIGHT_MORE, RIGHT_LESS).se


def test_a_comparison_survives_a_file():
    found = compare(RIGHT_MORE, RIGHT_LESS)
    assert Comparison.model_validate_json(found.model_dump_json()) == found
