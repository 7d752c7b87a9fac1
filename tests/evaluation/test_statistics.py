"""Statistics against scipy, statsmodels, closed forms, and simulation of what intervals promise."""

import math

import numpy as np
import pytest
import scipy.stats
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from itas.evaluation.statistics import (
    detectable_difference,
    estimate_mean,
    holm,
    mcnemar_exact,
    paired_difference,
    pass_at_k,
    problems_needed,
    standard_error,
    wilson_interval,
)
from itas.evaluation.student_t import normal_quantile, t_cdf, t_quantile

scores_01 = st.lists(st.sampled_from([0.0, 1.0]), min_size=1, max_size=40)
scores_any = st.lists(st.floats(0, 1), min_size=1, max_size=40)


@pytest.mark.parametrize("df", [1, 2, 3, 4.5, 10, 29, 199, 5000])
@pytest.mark.parametrize("probability", [0.001, 0.025, 0.3, 0.5, 0.9, 0.975, 0.9995])
def test_t_quantiles_are_those_of_scipy(probability, df):
    assert t_quantile(probability, df) == pytest.approx(
        scipy.stats.t.ppf(probability, df), abs=1e-12, rel=1e-8
    )


@pytest.mark.parametrize("df", [1, 3, 30, 1000])
def test_the_t_distribution_is_that_of_scipy(df):
    for value in (-30.0, -2.0, -0.001, 0.0, 0.7, 4.0):
        assert t_cdf(value, df) == pytest.approx(scipy.stats.t.cdf(value, df), rel=1e-9)


def test_a_quantile_outside_its_range_is_refused():
    for probability, df in ((0.0, 3), (1.0, 3), (0.5, 0)):
        with pytest.raises(ValueError, match="probability"):
            t_quantile(probability, df)


@pytest.mark.parametrize("right, n", [(0, 7), (7, 7), (3, 10), (81, 100), (499, 500)])
def test_wilsons_interval_is_that_of_statsmodels(right, n):
    expected = proportion_confint(right, n, method="wilson")
    assert wilson_interval(right / n, n) == pytest.approx(expected, abs=1e-12)


def test_right_and_wrong_scores_get_wilsons_interval_and_the_usual_standard_error():
    estimate = estimate_mean([1, 0, 1, 1])
    assert estimate.method == "wilson"
    assert estimate.se == pytest.approx(scipy.stats.sem([1, 0, 1, 1]))
    assert (estimate.low, estimate.high) == pytest.approx(proportion_confint(3, 4, method="wilson"))


def test_graded_scores_get_the_t_interval():
    scores = [0.2, 0.9, 0.4, 0.55, 0.7]
    estimate = estimate_mean(scores, confidence=0.9)
    expected = scipy.stats.t.interval(0.9, 4, np.mean(scores), scipy.stats.sem(scores))
    assert estimate.method == "t"
    assert (estimate.low, estimate.high) == pytest.approx(expected)


def test_equal_graded_scores_do_not_get_an_empty_interval():
    estimate = estimate_mean([0.5] * 12)
    assert estimate.se == 0.0
    assert estimate.low < 0.3
    assert estimate.high > 0.7


def test_one_score_has_an_interval_but_no_standard_error():
    estimate = estimate_mean([0.3])
    assert estimate.se is None
    assert 0.0 < estimate.low < 0.3 < estimate.high < 1.0


def test_no_scores_are_refused():
    with pytest.raises(ValueError, match="at least one"):
        estimate_mean([])


def test_the_clustered_standard_error_is_that_of_statsmodels():
    rng = np.random.default_rng(3)
    clusters = rng.integers(0, 12, 60)
    scores = np.clip(rng.normal(0.5, 0.1, 12)[clusters] + rng.normal(0, 0.1, 60), 0, 1)
    fit = sm.OLS(scores, np.ones(60)).fit(cov_type="cluster", cov_kwds={"groups": clusters})
    assert standard_error(scores, clusters=clusters.tolist()) == pytest.approx(fit.bse[0])


def test_clusters_of_one_change_nothing():
    scores = [0.0, 1.0, 1.0, 0.5, 0.25]
    assert standard_error(scores, clusters="abcde") == pytest.approx(standard_error(scores))
    alone = paired_difference(scores, [0.5] * 5, clusters="abcde")
    assert alone == paired_difference(scores, [0.5] * 5)


def test_problems_that_belong_together_make_the_interval_longer():
    scores = [1.0] * 10 + [0.0] * 10
    together = estimate_mean(scores, clusters=[index // 5 for index in range(20)])
    alone = estimate_mean(scores)
    assert together.high - together.low > 1.4 * (alone.high - alone.low)
    a, b = [1.0] * 15 + [0.0] * 5, [0.0] * 5 + [1.0] * 15
    grouped = paired_difference(a, b, clusters=[index // 5 for index in range(20)])
    assert grouped.se > 1.5 * paired_difference(a, b).se


def test_one_cluster_is_one_observation():
    estimate = estimate_mean([1.0, 0.0, 1.0], clusters="aaa")
    assert estimate.se is None
    assert estimate.high - estimate.low > 0.7


def test_the_interval_of_right_and_wrong_is_that_of_bonett_and_price():
    a = [1.0] * 6 + [0.0] * 2 + [1.0] * 12
    b = [0.0] * 6 + [1.0] * 2 + [1.0] * 12
    p12, p21 = 7 / 22, 3 / 22
    half = t_quantile(0.975, 19) * math.sqrt((p12 + p21 - (p12 - p21) ** 2) / 22)
    found = paired_difference(a, b)
    assert found.difference == pytest.approx(0.2)
    assert (found.low, found.high) == pytest.approx((p12 - p21 - half, p12 - p21 + half))


def test_an_interval_is_not_empty_when_both_agree_everywhere():
    narrow = [paired_difference([1.0] * n, [1.0] * n) for n in (10, 100, 1000)]
    assert [found.p_value for found in narrow] == [1.0, 1.0, 1.0]
    lengths = [found.high - found.low for found in narrow]
    assert lengths[0] > lengths[1] > lengths[2] > 0.005


def test_with_many_problems_the_interval_is_the_plain_t_interval():
    rng = np.random.default_rng(5)
    a, b = rng.beta(4, 2, 4000), rng.beta(3, 2, 4000)
    found = paired_difference(a, b)
    plain = scipy.stats.ttest_rel(a, b).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((plain.low, plain.high), abs=2e-4)


@given(scores_any, st.randoms())
def test_the_interval_holds_the_difference_and_turns_with_the_sides(a, rng):
    b = [rng.random() for _ in a]
    one, other = paired_difference(a, b), paired_difference(b, a)
    assert one.low <= one.difference + 1e-12
    assert one.difference - 1e-12 <= one.high
    assert (one.low, one.high) == pytest.approx((-other.high, -other.low))
    assert one.p_value == pytest.approx(other.p_value)


@given(scores_01, st.randoms(), st.sampled_from([0.8, 0.95, 0.99]))
def test_the_p_value_and_the_interval_say_the_same(a, rng, confidence):
    b = [float(rng.random() < 0.3) for _ in a]
    found = paired_difference(a, b, confidence=confidence)
    leaves_out_zero = found.low > 1e-9 or found.high < -1e-9
    assert leaves_out_zero == (found.p_value < 1 - confidence)


def test_different_lengths_are_refused():
    with pytest.raises(ValueError, match="one length"):
        paired_difference([1.0], [1.0, 0.0])


def _right_wrong(rng, n, only_a, only_b):
    draw = rng.random(n)
    return (draw < only_a) * 1.0, ((draw >= only_a) & (draw < only_a + only_b)) * 1.0


def _worlds():
    """Ways in which two architectures may differ: draws (a, b) of n scores, and the true difference."""
    for only_a, only_b in ((0.1, 0.05), (0.02, 0.01), (0.3, 0.1), (0.05, 0.0), (0.4, 0.4), (0.0, 0.0)):
        yield (
            f"right/wrong {only_a} {only_b}",
            lambda rng, n, p=only_a, q=only_b: _right_wrong(rng, n, p, q),
            only_a - only_b,
        )
    yield "graded", lambda rng, n: (rng.beta(4, 2, n), rng.beta(3, 2, n)), 4 / 6 - 3 / 5
    yield (
        "shared difficulty",
        lambda rng, n: np.clip(rng.beta(2, 2, n) * 0.9 + rng.normal(0.03, 0.02, (2, n)), 0, 1),
        0.0,
    )
    yield (
        "rarely different",
        lambda rng, n: (np.where(rng.random(n) < 0.1, rng.beta(2, 2, n), 0.0), np.zeros(n)),
        0.05,
    )
    yield (
        "half points",
        lambda rng, n: (
            rng.choice([0, 0.5, 1], n, p=[0.1, 0.2, 0.7]),
            rng.choice([0, 0.5, 1], n, p=[0.2, 0.3, 0.5]),
        ),
        0.15,
    )


@pytest.mark.parametrize("n", [20, 100, 500])
def test_the_interval_of_a_difference_covers_the_truth_as_often_as_it_says(n):
    runs, rng = 1000, np.random.default_rng(n)
    for name, draw, truth in _worlds():
        intervals = [paired_difference(*draw(rng, n)) for _ in range(runs)]
        covered = sum(found.low - 1e-12 <= truth <= found.high + 1e-12 for found in intervals) / runs
        # 1,000 runs know a rate of 95 % within 2.1 points (three standard errors).
        assert covered >= 0.929, f"{name}: {covered:.3f}"


@pytest.mark.parametrize("n", [20, 100])
def test_two_equal_architectures_are_told_apart_no_more_often_than_the_level(n):
    runs, rng = 2000, np.random.default_rng(n)
    wrong = sum(paired_difference(*_right_wrong(rng, n, 0.15, 0.15)).p_value < 0.05 for _ in range(runs))
    assert wrong / runs <= 0.06


def test_the_detectable_difference_is_found_in_four_of_five_cases():
    n, runs, rng = 300, 1500, np.random.default_rng(8)
    reach = detectable_difference(math.sqrt(0.2 / n))
    only_b = (0.2 - reach) / 2
    found = [paired_difference(*_right_wrong(rng, n, only_b + reach, only_b)) for _ in range(runs)]
    assert 0.76 <= sum(each.p_value < 0.05 for each in found) / runs <= 0.87
    assert found[0].detectable == pytest.approx(reach, rel=0.25)


def test_the_number_of_problems_needed_undoes_the_detectable_difference():
    n = problems_needed(0.05, sd=math.sqrt(0.2))
    assert n == 628
    assert detectable_difference(math.sqrt(0.2 / n)) == pytest.approx(0.05, rel=1e-3)
    with pytest.raises(ValueError, match="above 0"):
        problems_needed(0.0, sd=0.4)


@pytest.mark.parametrize("only_a, only_b", [(0, 0), (1, 0), (5, 0), (3, 9), (40, 61), (500, 520)])
def test_mcnemars_test_is_that_of_statsmodels(only_a, only_b):
    expected = mcnemar([[3, only_a], [only_b, 4]], exact=True).pvalue  # pyright: ignore[reportAttributeAccessIssue]
    assert mcnemar_exact(only_a, only_b) == pytest.approx(expected)
    assert mcnemar_exact(only_b, only_a) == pytest.approx(expected)


def test_mcnemars_test_survives_large_counts():
    assert 0.0 < mcnemar_exact(10_000, 10_400) < 0.01
    assert mcnemar_exact(0, 5000) == 0.0  # 2 ** -4999 is smaller than any float


@pytest.mark.parametrize("count", [1, 2, 5, 12])
def test_holms_correction_is_that_of_statsmodels(count):
    p_values = np.random.default_rng(count).beta(0.3, 2, count)
    assert holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1])


def test_nothing_to_correct_is_no_error():
    assert holm([]) == ()


def test_pass_at_k_is_the_share_of_subsets_with_a_pass():
    passed = np.array([[True, False, False, False], [True, True, False, True]])
    expected = (2 / 4 + 1.0) / 2  # of 6 pairs, 3 hold the one pass; every pair of the second holds one
    assert pass_at_k(passed, 2) == pytest.approx(expected)
    assert pass_at_k(passed, 1) == pytest.approx(0.5)
    assert pass_at_k(passed, 4) == 1.0


def test_pass_at_k_does_not_overflow_with_thousands_of_samples():
    passed = np.zeros((1, 5000), dtype=bool)
    passed[0, :1] = True
    assert pass_at_k(passed, 1000) == pytest.approx(0.2)


def test_pass_at_more_samples_than_there_are_is_refused():
    for shape, k in (((2, 3), 4), ((2, 3), 0), ((0, 3), 1)):
        with pytest.raises(ValueError, match="must"):
            pass_at_k(np.zeros(shape, dtype=bool), k)


def test_the_normal_quantile_is_the_well_known_one():
    assert normal_quantile(0.975) == pytest.approx(1.959964, abs=1e-6)
