"""Expected gain over the best point so far, on a log scale so that tiny gains keep their order.

Source: Jones et al. 1998 (expected improvement); Ament et al. 2023, arXiv:2310.20708 (its logarithm). The
gain is that of the *difference* to the best evaluated point, whose own uncertainty and kinship to the other
point are taken into account: a near copy of the best cannot gain much, however uncertain both are.
"""

import math

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_FAR = -8.0
# Numerical Recipes, section 6.2: erfc(x) = t exp(-x^2 + polynomial in t), t = 2 / (2 + x); relative error
# below 1.2e-7.
_ERFC = (-1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587,
         -0.82215223, 0.17087277)  # fmt: skip


def log_expected_gain(mean: Floats, sd: Floats) -> Floats:
    """Log of E[max(d, 0)] for d ~ N(mean, sd^2), elementwise; `sd` above 0."""
    z = mean / sd
    return np.log(sd) + _log_gain(z)


def _log_gain(z: Floats) -> Floats:
    """Log of phi(z) + z Phi(z), with a relative error below 1e-4 for every z."""
    log_density = -0.5 * z * z - 0.5 * math.log(2.0 * math.pi)
    near = np.maximum(z, _FAR)
    gap = np.abs(near) / math.sqrt(2.0)
    t = 2.0 / (2.0 + gap)
    polynomial = np.zeros_like(t)
    for coefficient in reversed(_ERFC):
        polynomial = polynomial * t + coefficient
    scaled = t * np.exp(polynomial)  # exp(x^2) erfc(x)
    # For z < 0 : phi (1 - |z| Mills); for z >= 0 the same at -z, plus z.
    ratio = 1.0 - np.abs(near) * math.sqrt(math.pi / 2.0) * scaled
    below = log_density + np.log(np.maximum(ratio, 1e-300))
    above = np.log(np.maximum(near, 0.0) + np.exp(np.clip(below, -50.0, 0.0)))
    far = np.minimum(z, _FAR)
    series = 1.0 - 3.0 / far**2 + 15.0 / far**4 - 105.0 / far**6 + 945.0 / far**8
    return np.where(
        z < _FAR, log_density - 2.0 * np.log(-far) + np.log(series), np.where(z < 0, below, above)
    )
