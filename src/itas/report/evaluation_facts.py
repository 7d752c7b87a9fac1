"""What an evaluation report shows, gathered from the records of one or more architectures on the same problems."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import JsonValue

from itas.core.architecture import Architecture
from itas.core.judging import Judgment
from itas.core.problem import Score
from itas.evaluation.comparison import Comparison
from itas.evaluation.records import ProblemResult, Summary
from itas.evaluation.statistics import MeanEstimate, estimate_mean
from itas.report.words import shorten

MOST_GROUPS = 24
"""A tag with more values is no grouping."""
_ANSWER_BUDGET = 1_200_000
_MOST_ANSWER = 400
_JUDGMENT_BUDGET = 600_000
_MOST_JUDGMENT = 400


@dataclass(frozen=True, slots=True)
class Evaluated:
    """One architecture on the benchmark.

    Attributes:
        name: As it is shown; distinct.
        summary: In numbers.
        results: One per problem that was asked.
        architecture: What was run; None where only the numbers are known.
    """

    name: str
    summary: Summary
    results: tuple[ProblemResult, ...]
    architecture: Architecture | None = None


@dataclass(frozen=True, slots=True)
class Flips:
    """On how many problems one is right and the other is not."""

    name_a: str
    name_b: str
    both: int
    only_a: int
    only_b: int
    neither: int
    missing: int


@dataclass(frozen=True, slots=True)
class Group:
    """Scores of every architecture on the problems with one value of a tag."""

    tag: str
    value: str
    n: int
    scores: tuple[MeanEstimate | None, ...]


@dataclass(frozen=True, slots=True)
class EvaluationFacts:
    """Everything on the page that is not in the records as they stand."""

    contestants: tuple[Evaluated, ...]
    comparisons: tuple[Comparison, ...]
    flips: tuple[Flips, ...]
    groups: tuple[Group, ...]
    grid: Mapping[str, Any]
    n_problems: int

    @property
    def is_simulated(self) -> bool:
        """A simulated model took part."""
        return any(each.summary.is_simulated for each in self.contestants)

    @property
    def is_complete(self) -> bool:
        """Every architecture was asked every problem."""
        return all(each.summary.is_complete for each in self.contestants)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why problems have no score, over all architectures."""
        return tuple(dict.fromkeys(reason for each in self.contestants for reason in each.summary.unscored))

    @property
    def events(self) -> tuple[str, ...]:
        """What did not go as described, over all architectures."""
        return tuple(dict.fromkeys(kind for each in self.contestants for kind in each.summary.events))

    @property
    def figures(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """What the benchmark's official tools would say: name, and a text per architecture."""
        names = dict.fromkeys(name for each in self.contestants for name in each.summary.figures)
        rows = [
            (name.replace("_", " "), tuple(_say(each.summary.figures.get(name)) for each in self.contestants))
            for name in names
        ]
        return tuple((name, said) for name, said in rows if any(said))


def gather_evaluation(
    contestants: Sequence[Evaluated], comparisons: Sequence[Comparison] = ()
) -> EvaluationFacts:
    """Read the records of one or more architectures on the same problems."""
    ids = list(dict.fromkeys(result.problem_id for each in contestants for result in each.results))
    return EvaluationFacts(
        contestants=tuple(contestants),
        comparisons=tuple(comparisons),
        flips=tuple(count_flips(contestants[0], other) for other in contestants[1:]),
        groups=_groups(contestants),
        grid=_grid(contestants, ids),
        n_problems=max([len(ids), *(each.summary.n_problems for each in contestants)]),
    )


def count_flips(a: Evaluated, b: Evaluated) -> Flips:
    """How often only one of two is right; right is the higher score where scores are no yes or no."""
    first, second = _scores(a), _scores(b)
    counts: Counter[str] = Counter()
    for problem in first.keys() | second.keys():
        x, y = first.get(problem), second.get(problem)
        counts[_flip(x, y)] += 1
    asked = {result.problem_id for each in (a, b) for result in each.results}
    return Flips(
        a.name,
        b.name,
        counts["both"],
        counts["a"],
        counts["b"],
        counts["neither"],
        counts["missing"] + len(asked - (first.keys() | second.keys())),
    )


def _flip(x: float | None, y: float | None) -> str:
    if x is None or y is None:
        return "missing"
    if x == y:
        return "both" if x >= 0.5 else "neither"
    return "a" if x > y else "b"


def _scores(entry: Evaluated) -> dict[str, float]:
    return {
        result.problem_id: result.outcome.value
        for result in entry.results
        if isinstance(result.outcome, Score)
    }


def _groups(contestants: Sequence[Evaluated]) -> tuple[Group, ...]:
    tags: dict[str, dict[str, list[dict[str, float]]]] = {}
    for place, entry in enumerate(contestants):
        for result in entry.results:
            for tag, value in result.tags.items():
                if isinstance(value, str | int | bool):
                    found = tags.setdefault(tag, {}).setdefault(str(value), [{} for _ in contestants])
                    if isinstance(result.outcome, Score):
                        found[place][result.problem_id] = result.outcome.value
    return tuple(
        Group(
            tag,
            value,
            len(dict.fromkeys(problem for scores in found for problem in scores)),
            tuple(estimate_mean(list(scores.values())) if scores else None for scores in found),
        )
        for tag, values in tags.items()
        if 1 < len(values) <= MOST_GROUPS
        for value, found in sorted(values.items())
    )


def _grid(contestants: Sequence[Evaluated], ids: Sequence[str]) -> Mapping[str, Any]:
    """The problems as rows for the page's own script; short names, because there may be ten thousand rows.

    A row is ``[problem, tags, cells]``, a cell ``[score or null, reason or "", dollars or null, seconds, answer]`` and,
    where judges decided, their decisions as ``[what the answer was worth, verdict, who and on what, reply]``.
    """
    cells = max(len(ids) * len(contestants), 1)
    most = min(_MOST_ANSWER, _ANSWER_BUDGET // cells)
    decisions = sum(len(result.judgments) for each in contestants for result in each.results)
    most_judged = min(_MOST_JUDGMENT, _JUDGMENT_BUDGET // max(decisions, 1))
    found = [{result.problem_id: result for result in each.results} for each in contestants]
    rows: list[Any] = []
    for problem in ids:
        results = [each.get(problem) for each in found]
        tags = next((each.tags for each in results if each is not None), dict[str, JsonValue]())
        said = ", ".join(
            f"{name} {value}" for name, value in tags.items() if isinstance(value, str | int | float)
        )
        rows.append(
            [shorten(problem, 120), shorten(said, 120), [_cell(each, most, most_judged) for each in results]]
        )
    return {"names": [shorten(each.name, 80) for each in contestants], "rows": rows}


def _cell(result: ProblemResult | None, most: int, most_judged: int) -> list[Any]:
    if result is None:
        return [None, "not asked", None, None, ""]
    outcome = result.outcome
    is_scored = isinstance(outcome, Score)
    text = shorten(result.text or "", most) if most > 1 else ""
    price = result.cost_micro_usd
    return [
        round(outcome.value, 4) if is_scored else None,
        "" if is_scored else shorten(f"{outcome.reason}: {outcome.detail}".rstrip(": "), 160),
        None if price is None else price / 1e6,
        round(result.latency_s, 3),
        text,
        *([[_decision(each, most_judged) for each in result.judgments]] if result.judgments else []),
    ]


def _decision(judgment: Judgment, most: int) -> list[Any]:
    place = {"alone": "", "first": "standing first", "second": "standing second"}.get(judgment.place, "")
    turn = f"turn {judgment.turn}" if judgment.turn > 1 else ""
    tried = f"asked {judgment.attempts} times" if judgment.attempts > 1 else ""
    where = ", ".join(part for part in (shorten(judgment.judge, 60), place, turn, tried) if part)
    return [
        None if judgment.value is None else round(judgment.value, 4),
        "unreadable" if judgment.verdict is None else shorten(judgment.verdict, 40),
        where,
        shorten(judgment.text, most) if most > 1 else "",
    ]


def _say(value: JsonValue) -> str:
    if isinstance(value, bool | str):
        return shorten(str(value), 200)
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list):
        said = [_say(each) for each in value if not isinstance(each, dict | list)]
        is_interval = len(said) == 2 and all(isinstance(each, float) for each in value)
        return shorten((" to " if is_interval else ", ").join(said), 300)
    if isinstance(value, dict):
        said = [f"{name} {_say(each)}" for name, each in value.items() if not isinstance(each, dict)]
        return shorten("; ".join(said), 400)
    return ""
