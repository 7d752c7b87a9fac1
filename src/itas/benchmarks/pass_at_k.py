"""pass@k: the chance that one of k samples passes, from more samples than k."""

from collections.abc import Sequence
from fractions import Fraction


def pass_at_k(passed: Sequence[Sequence[bool]], k: int) -> float:
    """Chance that at least one of k samples passes, estimated without bias.

    Args:
        passed: Outcomes of the samples of every problem; problems may have different numbers of samples.
        k: Samples a user would draw, 1 <= k <= samples of every problem.

    Returns:
        Mean over problems, in [0, 1], higher is better.

    Raises:
        ValueError: If there is no problem, or one with fewer than k samples; there is no unbiased estimate
        then.

    Source: Chen et al. 2021, arXiv:2107.03374, equation 1; exact fractions instead of their product of floats.
    """
    if k < 1 or not passed or min(map(len, passed)) < k:
        raise ValueError(f"needs at least k={k} samples of every problem, k >= 1")
    return float(
        sum((_of_one(len(each), sum(map(bool, each)), k) for each in passed), Fraction()) / len(passed)
    )


def _of_one(n: int, right: int, k: int) -> Fraction:
    none_passes = Fraction(1)
    for index in range(k):
        none_passes *= Fraction(max(n - right - index, 0), n - index)
    return 1 - none_passes
