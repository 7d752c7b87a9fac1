"""Student's t distribution in plain Python, because scipy is 170 MB and this is all we need of it."""

import math
from functools import lru_cache
from statistics import NormalDist

_STEPS = 500
_TINY = 1e-300


def normal_quantile(probability: float) -> float:
    """The point below which a standard normal value falls with that probability, in (0, 1)."""
    return NormalDist().inv_cdf(probability)


def t_cdf(value: float, df: float) -> float:
    """Chance that a t value falls below `value`.

    Args:
        value: Any finite number.
        df: Degrees of freedom, > 0.
    """
    if value == 0.0:
        return 0.5
    tail = 0.5 * _incomplete_beta(df / (df + value * value), 0.5 * df, 0.5)
    return 1.0 - tail if value > 0 else tail


@lru_cache(maxsize=4096)
def t_quantile(probability: float, df: float) -> float:
    """The point below which a t value falls with that probability; error below 1e-8 for df from 1 to 100,000.

    Args:
        probability: In (0, 1).
        df: Degrees of freedom, > 0.
    """
    if not 0.0 < probability < 1.0 or df <= 0.0:
        raise ValueError(f"probability must be in (0, 1) and df > 0, found {probability} and {df}")
    if probability < 0.5:
        return -t_quantile(1.0 - probability, df)
    low, high = 0.0, 1.0
    while t_cdf(high, df) < probability:
        low, high = high, 2.0 * high
    for _ in range(200):
        middle = 0.5 * (low + high)
        if t_cdf(middle, df) < probability:
            low = middle
        else:
            high = middle
        if high - low <= 1e-12 * high:
            break
    return 0.5 * (low + high)


def _incomplete_beta(x: float, a: float, b: float) -> float:
    """Regularised incomplete beta function.

    Source: Press et al., Numerical Recipes, section 6.4: Lentz's method on the continued fraction, on the
    side of the mean where it converges fast.
    """
    if x <= 0.0:
        return 0.0
    if x >= 1.0:
        return 1.0
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    if x < (a + 1.0) / (a + b + 2.0):
        return front * _fraction(x, a, b) / a
    return 1.0 - front * _fraction(1.0 - x, b, a) / b


def _fraction(x: float, a: float, b: float) -> float:
    c, d = 1.0, 1.0 / _away_from_zero(1.0 - (a + b) * x / (a + 1.0))
    result = d
    for m in range(1, _STEPS):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1.0)),
        ):
            d = 1.0 / _away_from_zero(1.0 + term * d)
            c = _away_from_zero(1.0 + term / c)
            result *= c * d
        if abs(c * d - 1.0) < 1e-15:
            return result
    return result


def _away_from_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
