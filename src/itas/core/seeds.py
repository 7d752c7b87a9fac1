"""Randomness that depends on where it is used, never on when.

Every random choice takes a generator seeded from the run's seed and its place, so the order in which
calls finish changes nothing.
"""

import hashlib
from random import Random


def derive_seed(*parts: object) -> int:
    """A 64-bit seed from any values, stable across machines, versions and processes.

    Args:
        parts: Values with a stable ``str``, for instance ``(run_seed, problem_id, "ranker")``.
    """
    digest = hashlib.blake2b(digest_size=8)
    for part in parts:
        data = str(part).encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return int.from_bytes(digest.digest(), "big")


def random_for(*parts: object) -> Random:
    """A generator seeded by `derive_seed`."""
    return Random(derive_seed(*parts))
