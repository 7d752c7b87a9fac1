"""Capitals: a benchmark of five questions. Benchmarks from outside; see docs/extend/benchmark.md."""

from pydantic import JsonValue

from itas.benchmarks.benchmark import Benchmark
from itas.benchmarks.plugged import register_benchmark
from itas.core.messages import user
from itas.core.problem import Outcome, Problem, Score, Unscored

CAPITALS = {"France": "Paris", "Italy": "Rome", "Japan": "Tokyo", "Kenya": "Nairobi", "Peru": "Lima"}


class NamesIt:
    """Right if the last line holds the capital."""

    async def score(self, problem: Problem, answer: str) -> Outcome:
        """1 or 0; whatever keeps an answer from being judged is `Unscored` with a reason, never a 0."""
        if problem.target is None:
            return Unscored(reason="no_target")
        last = answer.strip().rpartition("\n")[2]
        return Score(value=float(problem.target.lower() in last.lower()), answer=last)

    def describe(self) -> dict[str, JsonValue]:
        """For the fingerprint: change it when the rule changes."""
        return {"type": "names_it", "version": 1}


@register_benchmark("capitals")
def load(path: str, seed: int) -> Benchmark:
    """Capitals of five countries."""
    problems = tuple(
        Problem(id=country, conversation=user(f"What is the capital of {country}?"), target=capital)
        for country, capital in CAPITALS.items()
    )
    return Benchmark("capitals", problems, NamesIt(), licence="public domain")
