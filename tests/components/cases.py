"""Every component type, with each parameter that changes how it works."""

from itas.components import (
    Critic,
    Fuser,
    Generator,
    Ranker,
    UnitTestEvaluator,
    UnitTestGenerator,
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
    "vote": Vote(),
    "vote with weights": Vote(answer_kind="number", weights={"fake/1": 3.0, "fake/2": 0.5}, top_k=3),
    "vote that raises": Vote(answer_kind="number", fallback="error"),
}
