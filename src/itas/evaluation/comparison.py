"""Two architectures on the same problems: which is better, by how much, how sure, and at what price."""

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from typing import Literal

from pydantic import NonNegativeFloat, NonNegativeInt, PositiveInt

from itas.core.observation import Observation
from itas.core.problem import Score
from itas.core.spec import Spec
from itas.errors import DataError
from itas.evaluation.statistics import holm, mcnemar_exact, paired_difference

Verdict = Literal["better", "worse", "tied"]


class Comparison(Spec):
    """What a is worth against b, on the problems that both have a score for.

    Attributes:
        name_a: The one in question.
        name_b: What it is held against.
        n: Problems scored by both.
        n_only_a: Problems that only a has a score for; they count for nothing here.
        n_only_b: Likewise for b.
        n_neither: Problems that neither has a score for.
        mean_a: Mean score of a on the n problems, in [0, 1].
        mean_b: Mean score of b.
        difference: mean_a - mean_b, in [-1, 1].
        low: Lower end of the interval of the difference.
        high: Upper end.
        confidence: Of the interval; 1 - confidence is the level of every verdict.
        se: Standard error behind the interval.
        p_value: Two-sided, of the same test as the interval.
        p_mcnemar: Exact McNemar test; None unless all scores are right/wrong and problems are independent.
        p_holm: `p_value` corrected for the other comparisons made with it; None for a comparison alone.
        n_compared: Comparisons that `p_holm` is corrected for.
        a_right_b_wrong: Problems on which a has the higher score.
        b_right_a_wrong: Problems on which b has the higher score.
        detectable: Smallest true difference that these problems would have shown with a chance of 80 %.
        cost_a_micro_usd: Mean price of a problem with a, in millionths of a dollar; None if unpriced.
        cost_b_micro_usd: Likewise for b.
        price_ratio: Price of a over price of b; None if either is unpriced or b is free.
        verdict: On a: ``better``, ``worse`` or ``tied``, which means the problems cannot tell.
    """

    name_a: str
    name_b: str
    n: PositiveInt
    n_only_a: NonNegativeInt
    n_only_b: NonNegativeInt
    n_neither: NonNegativeInt
    mean_a: float
    mean_b: float
    difference: float
    low: float
    high: float
    confidence: float
    se: float
    p_value: float
    p_mcnemar: float | None
    p_holm: float | None = None
    n_compared: PositiveInt = 1
    a_right_b_wrong: NonNegativeInt
    b_right_a_wrong: NonNegativeInt
    detectable: float
    cost_a_micro_usd: NonNegativeFloat | None
    cost_b_micro_usd: NonNegativeFloat | None
    price_ratio: NonNegativeFloat | None
    verdict: Verdict

    @property
    def figures(self) -> str:
        """``+3.1 points, 95 % interval 0.4 to 5.8, at 2.3 x the price``."""
        interval = f"{_points(self.low)} to {_points(self.high)}"
        return (
            f"{_points(self.difference, sign='+')} points, {100 * self.confidence:g} % interval {interval}, "
            f"{self.price_words}"
        )

    @property
    def sentence(self) -> str:
        """The verdict with its figures, for people. Where a is worse, the interval is that of how much."""
        names = f"{self.name_a} is {self.verdict} than {self.name_b} by"
        if self.verdict == "better":
            text = f"{names} {self.figures.removeprefix('+')}"
        elif self.verdict == "worse":
            turned = {"difference": -self.difference, "low": -self.high, "high": -self.low}
            text = f"{names} {self.model_copy(update=turned).figures.removeprefix('+')}"
        elif self.low > 0 or self.high < 0:
            text = (
                f"{self.name_a} and {self.name_b} are tied once {self.n_compared} comparisons are allowed for: "
                f"{self.figures}"
            )
        else:
            text = (
                f"{self.name_a} and {self.name_b} are tied: {self.figures}; "
                f"a difference of {_points(self.detectable)} points could have been detected"
            )
        return f"{text} ({self._counts})."

    @property
    def _counts(self) -> str:
        text = f"n = {self.n}"
        left_out = self.n_only_a + self.n_only_b + self.n_neither
        if left_out:
            text += f", {left_out} left out because a score is missing"
        if self.p_holm is not None:
            text += f", Holm-corrected p = {self.p_holm:.2g} over {self.n_compared} comparisons"
        return text

    @property
    def price_words(self) -> str:
        """``at 2.3 x the price``, or why that cannot be said."""
        if self.cost_a_micro_usd is None or self.cost_b_micro_usd is None:
            return "price unknown"
        if self.price_ratio is None:
            return "both free" if self.cost_a_micro_usd == 0 else "against a free one"
        if self.price_ratio == 0:
            return "for free"
        if 0.995 <= self.price_ratio < 1.005:
            return "at the same price"
        digits = 2 if self.price_ratio < 1 else 1 if self.price_ratio < 100 else 0
        return f"at {self.price_ratio:.{digits}f} x the price"


def compare(
    a: Sequence[Observation],
    b: Sequence[Observation],
    *,
    name_a: str = "a",
    name_b: str = "b",
    clusters: Mapping[str, Hashable] | None = None,
    confidence: float = 0.95,
) -> Comparison:
    """Compare by problem. Several observations of one problem count as their mean.

    Args:
        a: Observations of the architecture in question.
        b: Observations of what it is held against; need not be of the same problems.
        clusters: What each problem id belongs with, where problems are not independent.
        confidence: In (0, 1).

    Raises:
        DataError: If no problem has a score from both: then there is nothing to say.
    """
    scores_a, scores_b = mean_scores(a), mean_scores(b)
    shared = [problem for problem in scores_a if problem in scores_b]
    everything = {observation.problem_id for observation in (*a, *b)}
    if not shared:
        raise DataError(
            f"{name_a} and {name_b} cannot be compared: of {len(everything)} problems none has a score from "
            f"both ({len(scores_a)} from {name_a}, {len(scores_b)} from {name_b}). Evaluate both on the same "
            "problems."
        )
    first = [scores_a[problem] for problem in shared]
    second = [scores_b[problem] for problem in shared]
    found = paired_difference(
        first,
        second,
        clusters=None if clusters is None else [clusters[problem] for problem in shared],
        confidence=confidence,
    )
    only_a = sum(x > y for x, y in zip(first, second, strict=True))
    only_b = sum(x < y for x, y in zip(first, second, strict=True))
    is_binary = clusters is None and all(score in (0.0, 1.0) for score in (*first, *second))
    cost_a, cost_b = mean_cost(a, shared), mean_cost(b, shared)
    return Comparison(
        name_a=name_a,
        name_b=name_b,
        n=len(shared),
        n_only_a=len(scores_a) - len(shared),
        n_only_b=len(scores_b) - len(shared),
        n_neither=len(everything) - len(scores_a.keys() | scores_b.keys()),
        mean_a=found.mean_a,
        mean_b=found.mean_b,
        difference=found.difference,
        low=found.low,
        high=found.high,
        confidence=confidence,
        se=found.se,
        p_value=found.p_value,
        p_mcnemar=mcnemar_exact(only_a, only_b) if is_binary else None,
        a_right_b_wrong=only_a,
        b_right_a_wrong=only_b,
        detectable=found.detectable,
        cost_a_micro_usd=cost_a,
        cost_b_micro_usd=cost_b,
        price_ratio=None if cost_a is None or not cost_b else cost_a / cost_b,
        verdict=_verdict(found.difference, found.p_value, confidence),
    )


def compare_each(
    others: Mapping[str, Sequence[Observation]],
    reference: Sequence[Observation],
    *,
    name_b: str = "reference",
    clusters: Mapping[str, Hashable] | None = None,
    confidence: float = 0.95,
) -> tuple[Comparison, ...]:
    """Compare several architectures with one, with verdicts that hold together (Holm's correction).

    Args:
        others: Observations by name.
        reference: Observations of what each is held against.

    Raises:
        DataError: See `compare`.
    """
    return correct_for_many(
        [
            compare(a, reference, name_a=name, name_b=name_b, clusters=clusters, confidence=confidence)
            for name, a in others.items()
        ]
    )


def correct_for_many(comparisons: Sequence[Comparison]) -> tuple[Comparison, ...]:
    """The same comparisons with `p_holm` and the verdicts that it allows. The intervals stay as they are."""
    corrected = holm([comparison.p_value for comparison in comparisons])
    return tuple(
        comparison.model_copy(
            update={
                "p_holm": p_holm,
                "n_compared": len(comparisons),
                "verdict": _verdict(comparison.difference, p_holm, comparison.confidence),
            }
        )
        for comparison, p_holm in zip(comparisons, corrected, strict=True)
    )


def mean_scores(observations: Sequence[Observation]) -> dict[str, float]:
    """Mean score by problem id, in order of first appearance; problems without any score are left out."""
    found: defaultdict[str, list[float]] = defaultdict(list)
    for observation in observations:
        if isinstance(observation.outcome, Score):
            found[observation.problem_id].append(observation.outcome.value)
    return {problem: sum(scores) / len(scores) for problem, scores in found.items()}


def mean_cost(observations: Sequence[Observation], problems: Sequence[str]) -> float | None:
    """Mean price of one scored answer to these problems, in micro-dollars; None if any is unpriced."""
    wanted = set(problems)
    costs = [
        observation.cost_micro_usd
        for observation in observations
        if observation.problem_id in wanted and isinstance(observation.outcome, Score)
    ]
    known = [cost for cost in costs if cost is not None]
    return sum(known) / len(known) if known and len(known) == len(costs) else None


def _verdict(difference: float, p_value: float, confidence: float) -> Verdict:
    if p_value >= 1.0 - confidence:
        return "tied"
    return "better" if difference > 0 else "worse"


def _points(value: float, *, sign: Literal["", "+"] = "") -> str:
    text = f"{100 * value:{sign}.1f}"
    return text.replace("-", "").replace("+", "") if float(text) == 0 else text
