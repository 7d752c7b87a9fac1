"""Every component type, with each parameter that changes how it works."""

from itas.components import (
    AdaptiveGenerator,
    Cascade,
    Consensus,
    Critic,
    Debater,
    Fuser,
    GenerativeVerifier,
    Generator,
    PermutationRanker,
    Ranker,
    Reflector,
    Reviser,
    RewardRanker,
    Tournament,
    UnitTestEvaluator,
    UnitTestGenerator,
    UniversalSelfConsistency,
    Verifier,
    Vote,
)
from itas.core.component import Component

MODEL = "fake/a"

CASES: dict[str, Component] = {
    "generator": Generator(model=MODEL),
    "generator of 5 samples": Generator(model=MODEL, samples=5, temperature=None, max_tokens=None),
    "fuser": Fuser(model=MODEL),
    "fuser of 3 samples": Fuser(model=MODEL, samples=3, length_control=True),
    "ranker": Ranker(model=MODEL),
    "ranker that keeps 1": Ranker(model=MODEL, top_k=1, use_critiques=False, attempts=1),
    "ranker that raises": Ranker(model=MODEL, fallback="error", attempts=3),
    "critic": Critic(model=MODEL),
    "critic that raises": Critic(model=MODEL, fallback="error", attempts=1),
    "verifier": Verifier(model=MODEL),
    "verifier of the first 2": Verifier(model=MODEL, first_k=2, attempts=1),
    "verifier that keeps the first": Verifier(model=MODEL, first_k=3, fallback="keep_first"),
    "unit test generator": UnitTestGenerator(model=MODEL),
    "unit test generator of 7": UnitTestGenerator(model=MODEL, count=7, show_tests=True, fallback="error"),
    "unit test evaluator": UnitTestEvaluator(model=MODEL),
    "unit test evaluator that keeps 2": UnitTestEvaluator(model=MODEL, top_k=2, first_k=3, attempts=1),
    "unit test generator of tests to be run": UnitTestGenerator(model=MODEL, execute=True),
    "unit test generator of 7 to be run": UnitTestGenerator(
        model=MODEL, execute=True, count=7, show_tests=True, fallback="error"
    ),
    "unit test evaluator that runs them": UnitTestEvaluator(execute=True),
    "unit test evaluator that runs and counts": UnitTestEvaluator(execute=True, scoring="count", top_k=2),
    "unit test evaluator that runs as the authors do": UnitTestEvaluator(
        execute=True, scoring="agreement_sqrt", top_k=1
    ),
    "vote": Vote(),
    "vote with weights": Vote(answer_kind="number", weights={"fake/1": 3.0, "fake/2": 0.5}, top_k=3),
    "vote that raises": Vote(answer_kind="number", fallback="error"),
    "tournament": Tournament(model=MODEL),
    "tournament of neighbours": Tournament(model=MODEL, rivals=2, top_k=3, use_critiques=False, attempts=1),
    "permutation ranker": PermutationRanker(model=MODEL),
    "permutation ranker of 5": PermutationRanker(model=MODEL, rankings=5, top_k=1, attempts=1),
    "permutation ranker that raises": PermutationRanker(model=MODEL, use_critiques=False, fallback="error"),
    "generative verifier": GenerativeVerifier(model=MODEL),
    "generative verifier of 7 votes": GenerativeVerifier(model=MODEL, votes=7, top_k=3, temperature=None),
    "universal self-consistency": UniversalSelfConsistency(model=MODEL),
    "universal self-consistency that raises": UniversalSelfConsistency(
        model=MODEL, attempts=3, fallback="error"
    ),
    "consensus": Consensus(),
    "consensus that keeps 3": Consensus(top_k=3),
    "reward ranker": RewardRanker(model="local/a/b"),
    "reward ranker that keeps 3": RewardRanker(model="local/a/b", top_k=3),
    "reviser": Reviser(model=MODEL),
    "reviser of the first 2": Reviser(model=MODEL, first_k=2, keep_faultless=True),
    "reflector": Reflector(model=MODEL),
    "reflector of 3 samples": Reflector(model=MODEL, samples=3, max_tokens=None),
    "debater": Debater(model=MODEL),
    "debater with an answer": Debater(model="fake/1", answers=3),
    "adaptive generator": AdaptiveGenerator(model=MODEL),
    "adaptive generator that wants certainty": AdaptiveGenerator(
        model=MODEL, samples=7, round_size=3, confidence=None, answer_kind="number"
    ),
    "cascade": Cascade(model=MODEL),
    "cascade by verdicts": Cascade(model=MODEL, accept="verified", threshold=0.5, samples=3),
    "cascade of a half": Cascade(model=MODEL, threshold=0.5, answer_kind="number"),
}
