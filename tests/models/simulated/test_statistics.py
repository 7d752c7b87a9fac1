"""The pool behaves as measured on real models; each claim with a fixed seed. Figures: docs/simulated.md."""

from collections import Counter
from itertools import combinations, pairwise
from typing import Any

import numpy as np
import pytest

import itas.components  # noqa: F401  (makes the component types known)
from itas.benchmarks.word_problems import word_problems
from itas.core.answers import find_answer
from itas.core.architecture import Architecture
from itas.core.problem import Problem
from itas.core.request import Request
from itas.engine.run import answer
from itas.errors import ParseError
from itas.models.simulated import PROFILES, SimulatedPool

PROBLEMS = word_problems(41, 1300)
POOL = SimulatedPool(PROBLEMS, seed=5)
LARGE = [profile.name for profile in PROFILES if "large" in profile.name or "medium" in profile.name]
SMALL = [profile.name for profile in PROFILES if profile.name not in LARGE]
FEW = PROBLEMS[:325]
MEASURED: dict[str, float] = {}


def chances(name: str, temperature: float) -> np.ndarray:
    """Chance of a right sample for every problem, in closed form."""
    return np.array([POOL.probability_right(name, problem, temperature) for problem in PROBLEMS])


def correlation_within(p: np.ndarray) -> float:
    """Correlation of the correctness of two samples of one model, from the chances on every problem."""
    return float(p.var() / (p.mean() * (1 - p.mean())))


def correlation_between(p: np.ndarray, q: np.ndarray) -> float:
    """The same for one sample each of two models."""
    spread = p.mean() * (1 - p.mean()) * q.mean() * (1 - q.mean())
    return float(np.cov(p, q, bias=True)[0, 1] / spread**0.5)


def read(problem: Problem, text: str) -> str | None:
    return find_answer(text, "choice" if problem.choices else "number")


def draws(name: str, problem: Problem, n: int, temperature: float = 1.0) -> list[str | None]:
    request = Request(model=f"simulated/{name}", messages=problem.conversation, temperature=temperature)
    return [read(problem, completion.text) for completion in POOL.model(name).draw(request, n=n)]


async def accuracy(layers: list[Any]) -> float:
    """Share of the few problems that an architecture answers right; no answer is a wrong one here."""
    architecture = Architecture.model_validate({"layers": layers})
    if architecture.fingerprint in MEASURED:
        return MEASURED[architecture.fingerprint]
    right = 0
    for problem in FEW:
        try:
            result = await answer(architecture, problem.conversation, models=POOL.model)
        except ParseError:
            continue
        right += read(problem, result.text) == problem.target
    MEASURED[architecture.fingerprint] = right / len(FEW)
    return right / len(FEW)


def best_single(names: list[str]) -> float:
    """The best of the models alone, in closed form."""
    return max(alone(name) for name in names)


def alone(name: str) -> float:
    """A model alone, in closed form."""
    return float(np.mean([POOL.probability_right(name, problem) for problem in FEW]))


def generators(names: list[str], samples: int = 1) -> dict[str, Any]:
    return {"type": "generator", "models": [f"simulated/{name}" for name in names], "samples": samples}


def one(type: str, name: str, **fields: Any) -> dict[str, Any]:
    return {"type": type, "model": f"simulated/{name}", **fields}


def test_two_samples_of_a_small_model_correlate_between_04_and_06_at_temperature_1():
    for name in SMALL:
        assert 0.38 < correlation_within(chances(name, 1.0)) < 0.6, name


def test_two_samples_of_a_large_model_correlate_between_06_and_09_at_temperature_1():
    for name in LARGE:
        assert 0.6 < correlation_within(chances(name, 1.0)) < 0.9, name


def test_different_models_correlate_between_03_and_05():
    found = [
        correlation_between(chances(one, 0.7), chances(two, 0.7))
        for one, two in combinations(
            ["atlas-large", "euler-large", "quarry-large", "scribe-small", "harbor-small"], 2
        )
    ]
    assert min(found) > 0.3
    assert max(found) < 0.5


def test_models_of_one_family_are_more_alike():
    families = ["atlas", "scribe", "euler", "turing", "quarry", "harbor", "lantern"]
    large = [chances(f"{family}-large", 0.7) for family in families]
    small = [chances(f"{family}-small", 0.7) for family in families]
    same = np.mean([correlation_between(p, q) for p, q in zip(large, small, strict=True)])
    other = np.mean([correlation_between(large[i], small[j]) for i in range(7) for j in range(7) if i != j])
    assert same > other + 0.01


def test_temperature_0_nearly_removes_the_spread():
    for name in ("atlas-large", "lantern-small"):
        p = chances(name, 0.0)
        assert correlation_within(p) > 0.92
        undecided = np.mean((p > 0.1) & (p < 0.9))
        assert undecided < 0.06
    for problem in PROBLEMS[:50]:
        given = Counter(draws("atlas-large", problem, 10, 0.0))
        assert given.most_common(1)[0][1] >= 7


def test_wrong_answers_of_two_models_coincide_in_03_to_05_of_cases():
    same, both = 0, 0
    for problem in PROBLEMS[:300]:
        given = [draws(name, problem, 1)[0] for name in (*LARGE[:4], *SMALL[:4])]
        for one_answer, other in combinations(given, 2):
            if problem.target not in (one_answer, other):
                both += 1
                same += one_answer == other
    assert 0.3 < same / both < 0.5


def test_wrong_answers_of_one_model_coincide_more_often():
    same, both = 0, 0
    for problem in PROBLEMS[:300]:
        for one_answer, other in combinations(draws("atlas-small", problem, 4), 2):
            if problem.target not in (one_answer, other):
                both += 1
                same += one_answer == other
    assert 0.5 < same / both < 0.8


def test_pass_at_k_rises_and_saturates():
    for name in ("atlas-large", "atlas-small"):
        p = chances(name, 0.7)
        passed = [float(np.mean(1 - (1 - p) ** k)) for k in (1, 4, 16, 64, 256)]
        gains = np.diff(passed)
        assert all(gain > 0 for gain in gains)
        assert all(later < earlier for earlier, later in pairwise(gains))
        assert passed[-1] < 0.95


def test_an_unweighted_vote_of_unequal_models_loses_to_the_best_member():
    voters = [
        "euler-large",
        "scribe-small",
        "harbor-small",
        "lantern-small",
        "pebble-tiny",
        "quarry-small",
        "turing-small",
    ]
    voted = 0
    for problem in FEW:
        ballots = Counter(draws(name, problem, 1, 0.7)[0] for name in voters)
        voted += ballots.most_common(1)[0][0] == problem.target
    assert voted / len(FEW) < alone("euler-large") - 0.03


async def test_a_strong_fuser_gains_over_the_best_single_model_and_a_weak_one_loses():
    best = best_single(LARGE)
    strong = await accuracy([generators(LARGE), one("fuser", "scribe-large")])
    weak = await accuracy([generators(LARGE), one("fuser", "pebble-tiny")])
    assert strong > best
    assert weak < best - 0.05


async def test_fusing_by_small_models_loses_where_ranking_does_not():
    best = best_single(SMALL)
    fused = await accuracy([generators(SMALL), one("fuser", "atlas-small")])
    ranked = await accuracy([generators(SMALL), one("ranker", "atlas-small", top_k=1)])
    assert fused < best
    assert ranked > fused + 0.02


async def test_critics_help_rankers_and_fusers_somewhat():
    critic = one("critic", "scribe-large")
    ranker, fuser = one("ranker", "harbor-large", top_k=1), one("fuser", "scribe-large")
    ranked, ranked_after = (
        await accuracy([generators(LARGE), ranker]),
        await accuracy([generators(LARGE), critic, ranker]),
    )
    fused, fused_after = (
        await accuracy([generators(LARGE), fuser]),
        await accuracy([generators(LARGE), critic, fuser]),
    )
    assert 0 < ranked_after - ranked < 0.12
    assert 0 < fused_after - fused < 0.12


async def test_a_ranker_alone_hardly_beats_the_best_model_and_critic_ranker_fuser_does():
    best = best_single(LARGE)
    alone = await accuracy([generators(LARGE), one("ranker", "harbor-large", top_k=1)])
    full = await accuracy(
        [
            generators(LARGE),
            one("critic", "scribe-large"),
            one("ranker", "atlas-large"),
            one("fuser", "scribe-large"),
        ]
    )
    assert alone < best + 0.05
    assert best + 0.02 < full < best + 0.15


async def test_generating_and_fusing_rank_the_models_differently():
    fusing = {
        name: await accuracy([generators(LARGE), one("fuser", name)])
        for name in ("scribe-large", "quarry-large")
    }
    assert alone("quarry-large") > alone("scribe-large")
    assert fusing["scribe-large"] > fusing["quarry-large"] + 0.03


@pytest.mark.parametrize("first, second", [("euler-large", "scribe-large")])
def test_models_are_good_at_their_own_topic(first: str, second: str):
    by_topic = {
        topic: [
            np.mean([POOL.probability_right(name, p) for p in PROBLEMS if p.tags["topic"] == topic])
            for name in (first, second)
        ]
        for topic in ("mathematics", "logic")
    }
    assert by_topic["mathematics"][0] > by_topic["mathematics"][1] + 0.1
    assert by_topic["logic"][0] < by_topic["logic"][1] + 0.02
