"""The Gaussian process against closed forms and slow, obvious calculations."""

import math

import numpy as np
import pytest

from itas.search.acquisition import log_expected_gain
from itas.search.gaussian import LEVEL_SD, OWN_SHARE, Hyperparameters, Surrogate, fit, weigh
from itas.search.gaussian import _misfit as misfit
from itas.search.optimise import minimise


def observations(seed: int, n: int = 7, m: int = 9) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    features = rng.uniform(size=(20, 3))
    points = rng.permutation(20)[:n]
    table = (rng.uniform(size=(n, m)) < 0.6).astype(float)
    table[rng.uniform(size=(n, m)) < 0.3] = np.nan
    table[:, 0] = 1.0
    return features, points, table


def slow_posterior(features, evidence, table, hyper):
    """The same model written out over every single score."""
    rows, columns = np.nonzero(~np.isnan(table))
    scaled = features / np.asarray(hyper.lengths)
    distance = math.sqrt(5) * np.linalg.norm(scaled[:, None] - scaled[None], axis=2)
    prior = hyper.scale**2 * (1 + distance + distance**2 / 3) * np.exp(-distance)
    prior += LEVEL_SD**2 + (OWN_SHARE * hyper.scale) ** 2 * np.eye(len(features))
    where = evidence.points[rows]
    noise = np.diag(evidence.noise[rows]) + evidence.problem_variance * (columns[:, None] == columns[None])
    total = prior[np.ix_(where, where)] + noise
    across = prior[:, where]
    mean = evidence.center + across @ np.linalg.solve(total, table[rows, columns] - evidence.center)
    covariance = prior - across @ np.linalg.solve(total, across.T)
    residual = table[rows, columns] - evidence.center
    fit_term = 0.5 * residual @ np.linalg.solve(total, residual) + 0.5 * np.linalg.slogdet(total)[1]
    constant = 0.5 * residual @ np.linalg.solve(noise, residual) + 0.5 * np.linalg.slogdet(noise)[1]
    return mean, covariance, fit_term - constant


@pytest.mark.parametrize("seed", range(3))
def test_the_posterior_is_that_of_the_model_written_out_over_every_score(seed: int):
    features, points, table = observations(seed)
    evidence = weigh(points, table)
    hyper = Hyperparameters(0.1, (0.5, 0.8, 1.1))
    mean, covariance, loss = slow_posterior(features, evidence, table, hyper)
    surrogate = Surrogate(features, evidence, hyper)
    cross = surrogate.cross()
    np.testing.assert_allclose(surrogate.mean(cross), mean, atol=1e-8)
    np.testing.assert_allclose(surrogate.variance(cross), np.diagonal(covariance), atol=1e-8)
    everywhere = np.arange(20)
    prior = surrogate.prior_covariance(everywhere, 4)
    np.testing.assert_allclose(prior - surrogate.explained(cross, cross)[:, 4], covariance[:, 4], atol=1e-8)
    squares = (features[points][:, None] - features[points][None]) ** 2
    value, _ = misfit(np.log([0.1, 0.5, 0.8, 1.1]), squares, evidence)
    assert value == pytest.approx(loss, abs=1e-6)


def test_the_slope_of_the_evidence_is_right():
    features, points, table = observations(5)
    evidence = weigh(points, table)
    squares = (features[points][:, None] - features[points][None]) ** 2
    position = np.log([0.1, 0.5, 0.8, 1.1])
    _, slope = misfit(position, squares, evidence)
    for axis in range(4):
        step = 1e-5 * np.eye(4)[axis]
        above, below = (
            misfit(position + step, squares, evidence)[0],
            misfit(position - step, squares, evidence)[0],
        )
        assert slope[axis] == pytest.approx((above - below) / 2e-5, rel=1e-4, abs=1e-6)


def test_a_point_that_met_hard_problems_is_not_taken_for_a_bad_one():
    rng = np.random.default_rng(1)
    table = np.full((6, 80), np.nan)
    table[:5, :40] = rng.uniform(size=(5, 40)) < 0.9  # easy problems
    table[4:, 40:] = rng.uniform(size=(2, 40)) < 0.3  # hard ones, met by two points only
    evidence = weigh(np.arange(6), table)
    surrogate = Surrogate(np.linspace(0, 1, 6)[:, None], evidence, Hyperparameters(0.1, (0.3,)))
    mean, _ = surrogate.evaluated()
    observed = np.nanmean(table[0]) - np.nanmean(table[5])
    assert observed > 0.35
    assert mean[0] - mean[5] < 0.6 * observed


def test_a_feature_that_does_nothing_gets_a_long_scale():
    rng = np.random.default_rng(2)
    features = rng.uniform(size=(60, 2))
    chance = 0.5 + 0.35 * np.sin(6 * features[:, 0])
    table = (rng.uniform(size=(60, 200)) < chance[:, None]).astype(float)
    lengths = fit(features, weigh(np.arange(60), table)).lengths
    assert lengths[1] > 2 * lengths[0]


@pytest.mark.parametrize("z", [-40.0, -12.0, -6.001, -5.999, -3.0, -0.5, 0.0, 0.5, 3.0, 20.0])
def test_the_logarithm_of_the_expected_gain_is_exact_far_out_too(z: float):
    from scipy import integrate

    def scaled(t: float) -> float:  # E[max(d, 0)] = phi(z) times this, for d ~ N(z, 1)
        return t * math.exp(-0.5 * t * t + z * t)

    high = max(z, 0) + 40
    value, _ = integrate.quad(scaled, 0, high, points=[max(z, 0.1 / max(-z, 0.1))], limit=500)
    exact = math.log(value) - 0.5 * z * z - 0.5 * math.log(2 * math.pi)
    found = log_expected_gain(np.array([0.01 * z]), np.array([0.01]))[0]
    assert found == pytest.approx(exact + math.log(0.01), abs=2e-4)


def test_the_minimiser_finds_the_bottom_of_a_bent_valley():
    def valley(x: np.ndarray) -> tuple[float, np.ndarray]:
        a, b = 1.0 - x[0], x[1] - x[0] ** 2
        return float(a**2 + 10 * b**2), np.array([-2 * a - 40 * x[0] * b, 20 * b])

    found = minimise(valley, np.array([-1.0, 1.0]), rounds=200, most_step=1.0, tolerance=1e-12)
    np.testing.assert_allclose(found, [1.0, 1.0], atol=1e-3)
