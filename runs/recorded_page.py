"""The page of `recorded_searches.py`: what many searches on the same recordings came to."""

import platform
import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from recorded_panels import Panel


@dataclass(frozen=True)
class Split:
    """One search. Scores are of everything that was not used for development.

    Attributes:
        seed: Of the split, the draws and the search.
        problems: To search on, fresh ones for the finalists, held out.
        points: Architectures in the space.
        winner: Score of the architecture that the search named.
        choices: Which it is.
        samples: That it takes for a question.
        is_single: It is one call of the model ranked first.
        first: Score of one call of the model ranked first on development problems.
        best_single: Score of the model that is best on the held-out problems: nobody can know it beforehand.
        best_point: The same for the architectures of the space.
        mean_point: Mean over all architectures of the space.
        voted: The model ranked first, sampled as often as the winner and voted; None where not recorded.
        recommended: What the verdict recommends.
        recommends: In which role.
        relation: Of the winner to one call, over every single model in the verdict.
        against_first: Of the winner to one call of the model ranked first; None if it is that call.
        believed: Posterior mean of the winner before the verdict.
        sd: Likewise.
        observed: Mean score of the winner on the problems of the search.
        paid: Samples bought, verdict included.
        trials: Made.
        ended: Why the search ended.
        verdict: In words.
    """

    seed: int
    problems: list[int]
    points: int
    winner: float
    choices: dict[str, Any]
    samples: int
    is_single: bool
    first: float
    best_single: float
    best_point: float
    mean_point: float
    voted: float | None
    recommended: float
    recommends: str
    relation: str
    against_first: str | None
    believed: float
    sd: float
    observed: float
    paid: int
    trials: int
    ended: str
    verdict: str

    @property
    def gain(self) -> float:
        """Of the winner over one call of the model ranked first."""
        return self.winner - self.first


def write_page(
    path: Path,
    sections: Sequence[tuple[Panel, int, list[Split]]],
    others: Mapping[str, Mapping[str, Sequence[Split]]],
) -> None:
    """Write the page; `others` are searches of a panel by other searchers."""
    count = max(len(splits) for _, _, splits in sections)
    lines = [
        "# Searches on recorded answers of real models",
        "",
        "Made by `runs/recorded_searches.sh`; nothing here was typed by hand. Real models, real answers, no model "
        "called. Each search ranks the models on development problems, searches, has its finalists on fresh ones, "
        "names a winner by the posterior mean, and is judged once on held-out problems against one call of single "
        "models. "
        "The model ranked first on development problems is *the* single model: what a user would have taken who has "
        "only those problems. A seed decides split, order of draws and search.",
        "",
        f"itas {version('itas')}, numpy {version('numpy')}, Python {platform.python_version()}; {count} random splits, "
        "the default searcher (racing), at most 80 trials.",
        "",
        "Points are hundredths of the score on all problems that were not used for development. *Better* and *worse* "
        "without a verdict are the sign of the difference; *proven* are those whose 95 % interval by problem excludes "
        "zero, as the study's own verdict says. The splits of one panel share its problems, so they are no independent "
        "runs: the spread is that of the choice of problems, not of a new set of problems.",
        "",
        *_summary(sections),
        "",
        *_reading(sections),
        "",
        "*Best in hindsight* is the model, or the architecture of the space, that is best on the held-out problems "
        "themselves: nobody can know it beforehand, and it is partly luck. *Believed* is the posterior mean of the "
        "winner minus what it scores; *observed* is its mean score on the problems it was chosen on, minus the same.",
        "",
    ]
    for panel, checked, splits in sections:
        lines += _section(panel, checked, splits)
        if found := others.get(panel.name):
            lines += _searchers({"racing (the usual one)": splits, **found})
    path.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")


def _summary(sections: Sequence[tuple[Panel, int, list[Split]]]) -> list[str]:
    lines = [
        "| panel | winner - single model: mean (sd over splits) | better / same / worse | proven better / worse | "
        "recommended - single model | winner - best model in hindsight | winner - best of the space in hindsight | "
        "believed | observed |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for panel, _, splits in sections:
        gains = [each.gain for each in splits]
        cells = [
            panel.title,
            f"{_signed(gains)} ({_points(_sd(gains))})",
            f"{sum(g > 1e-9 for g in gains)} / {sum(abs(g) <= 1e-9 for g in gains)} / {sum(g < -1e-9 for g in gains)}",
            f"{_count(splits, 'better')} / {_count(splits, 'worse')}",
            _signed(each.recommended - each.first for each in splits),
            _signed(each.winner - each.best_single for each in splits),
            _signed(each.winner - each.best_point for each in splits),
            _signed(each.believed - each.winner for each in splits),
            _signed(each.observed - each.winner for each in splits),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _reading(sections: Sequence[tuple[Panel, int, list[Split]]]) -> list[str]:
    """Whether the winner is not worse than the single model beyond noise, in a sentence."""
    total = sum(len(splits) for _, _, splits in sections)
    better = sum(_count(splits, "better") for _, _, splits in sections)
    worse = {panel.title: found for panel, _, splits in sections if (found := _count(splits, "worse"))}
    where = "; ".join(f"{title}: {count}" for title, count in worse.items())
    behind = sum(each.recommended < each.first - 1e-9 for _, _, splits in sections for each in splits)
    return [
        f"Of {total} searches, the winner is proven better than the single model in {better} and proven worse in "
        f"{sum(worse.values())}{f' ({where})' if where else ''}. With 95 % intervals, about one in forty would be "
        "called worse by luck alone where nothing differs. The verdict does not recommend a winner that is not proven "
        "better than every single model: what it recommends scores below the model ranked first, by however little, in "
        f"{behind} of {total}.",
    ]


def _section(panel: Panel, checked: int, splits: Sequence[Split]) -> list[str]:
    first = splits[0]
    gains = [each.gain for each in splits]
    search, fresh, held_out = first.problems
    recommended = [each.recommended - each.first for each in splits]
    roles = Counter(each.recommends for each in splits)
    covered = sum(
        abs(each.believed - each.winner) <= 1.96 * (each.sd**2 + _error(each) ** 2) ** 0.5 for each in splits
    )
    voted = [each.winner - each.voted for each in splits if each.voted is not None]
    lines = [
        f"## {panel.title}",
        "",
        panel.about,
        f"{search} problems to search on, {fresh} fresh ones for the finalists, {held_out:,} held out; {first.points} "
        "architectures in the space.",
        "",
        f"- Winner minus one call of the model ranked first: {_signed(gains)} points on average, from "
        f"{_points(min(gains), signed=True)} to {_points(max(gains), signed=True)}; the winner is that call itself in "
        f"{sum(each.is_single for each in splits)} of {len(splits)} splits.",
        f"- The study's verdict against one call of *every* single model in it: "
        f"{_words(Counter(each.relation for each in splits))}. Recommended: {_words(roles)}; what is recommended "
        f"scores {_signed(recommended)} points over one call of the model ranked first.",
        f"- Over that call, an architecture of the space taken at random scores "
        f"{_signed(each.mean_point - each.first for each in splits)} points, the best in hindsight "
        f"{_signed(each.best_point - each.first for each in splits)}.",
        f"- 95 % intervals (posterior, with the error of the held-out mean) contain the winner's held-out score in "
        f"{covered} of {len(splits)} splits.",
        f"- Median of {statistics.median(each.samples for each in splits):.0f} samples a question for the winner, "
        f"{statistics.median(each.trials for each in splits):.0f} trials, "
        f"{statistics.median(each.paid for each in splits):,.0f} samples bought in all; ended by: "
        f"{_words(Counter(each.ended for each in splits))}.",
    ]
    if voted:
        lines.append(
            f"- Winner minus the model ranked first, sampled as often and voted (recorded often enough in {len(voted)} "
            f"splits): {_signed(voted)} points."
        )
    if checked:
        lines.append(
            f"- The engine with replayed models gave the same score in all {checked:,} answers checked."
        )
    return [*lines, "", f"Seed 0: {first.verdict}", ""]


def _searchers(found: Mapping[str, Sequence[Split]]) -> list[str]:
    lines = [
        "The same with other searchers, 80 trials each (racing begins a trial on 20 problems, the others on all):",
        "",
        "| searcher | winner - single model | winner - best of the space in hindsight | observed - winner | "
        "samples bought |",
        "|---|---|---|---|---|",
    ]
    for name, splits in found.items():
        cells = [
            name,
            f"{_signed(each.gain for each in splits)} ({_points(_sd([each.gain for each in splits]))})",
            _signed(each.winner - each.best_point for each in splits),
            _signed(each.observed - each.winner for each in splits),
            f"{statistics.median(each.paid for each in splits):,.0f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return [*lines, ""]


def _error(split: Split) -> float:
    """Standard error of the held-out mean, of scores that are right or wrong."""
    return (split.winner * (1.0 - split.winner) / split.problems[2]) ** 0.5


def _count(splits: Sequence[Split], verdict: str) -> int:
    return sum(each.against_first == verdict for each in splits)


def _words(counts: Counter[str]) -> str:
    return ", ".join(f"{word} {count}" for word, count in counts.most_common())


def _sd(values: Sequence[float]) -> float:
    return statistics.stdev(values) if len(values) > 1 else 0.0


def _signed(values: Iterable[float]) -> str:
    return _points(statistics.fmean(values), signed=True)


def _points(value: float, *, signed: bool = False) -> str:
    return f"{100 * value:+.1f}" if signed else f"{100 * value:.1f}"
