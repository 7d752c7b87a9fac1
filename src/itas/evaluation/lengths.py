"""How long answers to a benchmark are: as stored ones were, else as recorded ones to such problems.

The assumed ones are means over recorded real answers (bytes / 4, mean of the models' means): 130 of 9 models on GSM8K,
97 of 6 on MMLU-Pro and 164 of 5 on an exam in steps, 425 of 9 on MATH level 5, 419 of 17 on AlpacaEval, 366 of 6 on a
turn of MT-Bench. Reasoning that a provider bills without showing it is not in them.
"""

from collections.abc import Mapping, Sequence

from itas.benchmarks.benchmark import Benchmark
from itas.benchmarks.judge.scorer import JudgedScorer
from itas.benchmarks.mixture import JudgedMixture, MixtureScorer
from itas.core.model import is_simulated
from itas.evaluation.estimate import Lengths

_ANSWERS = {"number": 150, "choice": 150, "number_or_choice": 150, "math": 400, "code": 400, "judge": 400}
_SIMULATED = 35
_OTHERS = 250
"""Of benchmarks whose rule says nothing about the form of an answer."""


def assumed_lengths(benchmark: Benchmark, models: Sequence[str] = ()) -> Lengths:
    """What answers of these models to problems of this kind are taken to be."""
    if models and all(map(is_simulated, models)):
        return Lengths(
            answer=_SIMULATED, basis=f"answers of {_SIMULATED} tokens, as simulated models write them"
        )
    answer = _assumed(benchmark)
    return Lengths(answer=answer, basis=f"answers of {answer} tokens, as is usual for such problems")


def seen_lengths(assumed: Lengths, seen: Mapping[str, Sequence[int]]) -> Lengths:
    """The same with what stored answers took, by model; models without any are taken to be like those with some."""
    known = {model: round(sum(tokens) / len(tokens)) for model, tokens in seen.items() if tokens}
    if not known:
        return assumed
    count = sum(map(len, seen.values()))
    mean = max(round(sum(known.values()) / len(known)), 1)
    few = f"{len(known)} models" if len(known) > 1 else next(iter(known))
    basis = f"answers of {mean} tokens on average, as {count:,} stored ones of {few} to these problems had"
    return assumed.model_copy(
        update={
            "answer": mean,
            "answers": {model: max(tokens, 1) for model, tokens in known.items()},
            "basis": basis,
        }
    )


def _assumed(benchmark: Benchmark) -> int:
    scorer = benchmark.scorer
    if isinstance(scorer, JudgedMixture):
        scorer = scorer.mixture
    if isinstance(scorer, MixtureScorer):
        parts = [_assumed(each) for each in scorer.benchmarks.values()]
        return round(sum(parts) / len(parts))
    kind = "judge" if isinstance(scorer, JudgedScorer) else str(getattr(scorer, "type", ""))
    return _ANSWERS.get(kind, _OTHERS)
