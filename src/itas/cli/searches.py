"""How a search looks in the terminal: the estimate, the line, the verdict."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from itas.api.search_outcome import Outcome
from itas.api.search_spec import SearchSpec
from itas.api.searching import Finished
from itas.cli.evaluations import ask_to_pay
from itas.cli.fronts import describe_goal, print_front, print_parts
from itas.cli.progress import ProgressLine, spent_words
from itas.cli.tables import print_table
from itas.cli.terminal import clean, out
from itas.core.money import format_usd, to_micro_usd
from itas.core.observation import event_rates
from itas.core.problem import Unscored
from itas.evaluation.statistics import detectable_difference
from itas.report.facts import price_of
from itas.report.verdict import describe_alternatives, describe_choice, describe_verdict, name_contestant
from itas.report.words import describe_architecture

if TYPE_CHECKING:
    from itas.search import Contestant, Description, Progress, StudyEstimate, StudyResult

FEW_PROBLEMS = 100
DISAGREEMENT = 0.3
"""Share of problems on which two architectures differ, for the warning about few problems."""


class SearchProgress:
    """Asks before money is spent and shows how far a search is; an `api.searching.SearchWatch`.

    Args:
        search: What is searched.
        quiet: Show nothing.
        ask: Whether to ask before money is spent.
    """

    def __init__(self, search: SearchSpec, *, quiet: bool, ask: bool) -> None:
        self.folder: Path | None = None
        self._line = ProgressLine(quiet=quiet)
        self._budget = search.budget
        self._ask = ask
        self._stage = ""

    def confirm(self, estimate: "StudyEstimate", search: SearchSpec, *, unpriced: Sequence[str]) -> bool:
        costs = bool(unpriced) or (estimate.least_micro_usd or 0) > 0
        has_cap = self._budget.max_cost_usd is not None or self._budget.max_samples is not None
        must_ask = costs and not search.is_all_simulated and self._ask and not has_cap
        for line in estimate_lines(estimate, search, unpriced=unpriced):
            self._line.say(line, always=must_ask)
        return not must_ask or ask_to_pay()

    def begin(self, folder: Path) -> None:
        self.folder = folder
        self._line.say(f"run folder: {folder}")
        self._line.restart()

    def progress(self, progress: "Progress") -> None:
        if progress.stage != self._stage:
            self._stage = progress.stage
            self._line.restart()
        cap = self._budget.max_cost_usd
        best = ""
        if progress.best_mean is not None and progress.best_sd is not None:
            best = (
                f"best {100 * progress.best_mean:.1f} +- {100 * progress.best_sd:.1f} ({progress.best_label})"
            )
        total = "" if progress.total is None else f"/{progress.total}"
        parts = [
            f"{progress.stage}: {progress.done}{total}",
            best,
            spent_words(
                progress.paid_samples,
                progress.paid_micro_usd,
                max_samples=self._budget.max_samples,
                max_micro_usd=None if cap is None else to_micro_usd(cap),
            ),
            self._line.time_left(progress.done, progress.total or 0),
        ]
        is_last = progress.total is not None and progress.done >= progress.total
        self._line.show("  ".join(part for part in parts if part), is_last=is_last)

    def say(self, text: str) -> None:
        self._line.say(text)


def estimate_lines(estimate: "StudyEstimate", search: SearchSpec, *, unpriced: Sequence[str]) -> list[str]:
    """What a search will take, for people."""
    least, most = estimate.trial_samples
    lines = [
        *describe_space(estimate.space),
        f"problems: {estimate.search_problems} to search on, {estimate.fresh_problems} fresh ones for the "
        f"finalists, about {estimate.held_out_problems} held out for the verdict (at least "
        f"{estimate.least_held_out_problems})",
        f"samples: {estimate.ranking_samples:,} to rank the models, {least:,} to {most:,} for the first problems "
        f"of a trial, about {estimate.reserved_samples:,} for finalists and verdict (up to "
        f"{estimate.worst_reserved_samples:,})",
        f"samples in all: about {estimate.typical_samples:,} if every trial is a middling one and no call is shared "
        f"(at least {estimate.least_samples:,}, at most {estimate.worst_samples:,})",
    ]
    if estimate.held_out_problems < FEW_PROBLEMS:
        least_difference = detectable_difference(DISAGREEMENT**0.5 / estimate.held_out_problems**0.5)
        lines.append(
            f"warning: {estimate.held_out_problems} held-out problems show only differences of about "
            f"{100 * least_difference:.0f} points and more; smaller ones will be called tied"
        )
    if unpriced:
        lines.append(f"price unknown for {', '.join(unpriced)}: set it in the settings, or cap samples")
    elif estimate.least_micro_usd is not None:
        simulated = " (simulated prices, nobody pays them)" if search.is_simulated else ""
        lines.append(
            f"price in all: about {format_usd(estimate.typical_micro_usd)} (at least "
            f"{format_usd(estimate.least_micro_usd)}, at most {format_usd(estimate.worst_micro_usd)}){simulated}"
        )
        if estimate.basis:
            lines.append(f"reckoned with {estimate.basis}")
    return lines


def describe_space(space: "Description") -> list[str]:
    """How many points, and why others were left out."""
    least, middle, most = space.planned_samples
    removed = "; ".join(f"{count:,} {reason}" for reason, count in space.removed.items())
    first = f"space '{space.name}': {space.points:,} architectures"
    if removed:
        first += f" of {space.raw:,} ({removed})"
    return [
        first,
        f"samples a question: {least} to {most}, median {middle:g}",
    ]


def print_finished(finished: Finished) -> None:
    """The verdict, and what to do next."""
    print_outcome(finished.outcome)
    folder = clean(str(finished.folder))
    out().print()
    if finished.report is not None:
        out().print(f"report   {folder}/{finished.report.name}")
    out().print(f"file     {folder}/winner.yaml")
    out().print(f"use it   itas answer {folder}/winner.yaml 'your question'")
    if not finished.outcome.result.verdict.is_complete:
        out().print(
            f"go on    itas resume {folder} --max-samples MORE (or --max-cost MORE): the verdict is not complete"
        )


def print_outcome(outcome: Outcome) -> None:
    """Verdict sentence, contestants, comparisons, and the simulated truth where there is one."""

    result = outcome.result
    marks = " (simulated models)" if outcome.search.is_simulated else ""
    out().print()
    out().print(clean(describe_verdict(result)), style="bold")
    for sentence in describe_alternatives(result):
        out().print(clean(sentence))
    recommended = result.contestant(result.verdict.recommended) or result.winner
    out().print(clean(f"Use: {describe_architecture(recommended.architecture)} ({describe_choice(result)})"))
    if (given_up := describe_goal(result)) is not None:
        out().print(clean(given_up))
    out().print()
    truth = outcome.truth
    heads = ["on held-out problems", "architecture", "samples", "price", "score", "95 % interval"]
    rows = [_contestant_row(outcome, entry) for entry in result.contestants]
    if truth is not None:
        heads.append("simulated truth")
        for row, entry in zip(rows, result.contestants, strict=True):
            found = truth.quality.get(entry.architecture.fingerprint)
            row.append("" if found is None else f"{100 * found.mean:.1f} +- {100 * (found.se or 0.0):.1f}")
    print_table(
        heads,
        rows,
        numbers=(2, 3, 4, 6),
        title=f"{outcome.benchmark}, {result.split[2]} held-out problems{marks}",
        wide=(0, 1),
    )
    print_parts(outcome)
    out().print()
    winner = name_contestant(result.winner)
    for comparison in outcome.comparisons:
        if comparison.name_a == winner:
            out().print(clean(comparison.sentence))
    out().print(
        f"\nsearch ended after {sum(trial.number >= 0 for trial in result.trials)} trials: "
        f"{clean(result.ended_reason)}; {result.paid_samples:,} samples paid, "
        f"{format_usd(result.paid_micro_usd)}{marks}{_saved(result)}"
    )
    if (told := _estimated(outcome)) is not None:
        out().print(told)
    for role, reason in result.skipped.items():
        out().print(clean(f"left out: {role} ({reason})"))
    for entry in result.contestants:
        rates = ", ".join(
            f"{kind} in {100 * rate:.1f} %" for kind, rate in event_rates(entry.observations).items()
        )
        if rates:
            out().print(clean(f"{name_contestant(entry)}: {rates} of the answers"))
    best = result.finalists[0]
    text = f"the search believed {100 * best.mean:.1f} +- {100 * best.sd:.1f} of the winner"
    if result.winner.mean is not None:
        text += f"; held-out problems say {100 * result.winner.mean:.1f}"
    out().print(text)
    print_front(result)


def _estimated(outcome: Outcome) -> str | None:
    """What was expected beside what it came to, where something was paid."""
    found, result = outcome.estimate, outcome.result
    if found is None or not result.paid_samples:
        return None
    text = (
        f"estimated {found.typical_samples:,} samples (at most {found.worst_samples:,}), "
        f"paid {result.paid_samples:,}"
    )
    if found.typical_micro_usd is not None and found.worst_micro_usd is not None:
        text += (
            f"; {format_usd(found.typical_micro_usd)} (at most {format_usd(found.worst_micro_usd)}), "
            f"paid {format_usd(result.paid_micro_usd)}"
        )
    return text


def _saved(result: "StudyResult") -> str:
    """What the same evaluations would have bought without a call store."""
    if result.used_samples <= result.paid_samples:
        return ""
    money = "" if result.used_micro_usd is None else f", {format_usd(result.used_micro_usd)}"
    return f"; without the call store {result.used_samples:,}{money}"


def _contestant_row(outcome: Outcome, entry: "Contestant") -> list[str]:
    quality = outcome.quality.get(entry.architecture.fingerprint)
    unscored = sum(isinstance(each.outcome, Unscored) for each in entry.observations)
    mean_price = price_of(entry.observations)
    price = format_usd(None if mean_price is None else round(mean_price))
    score = "" if quality is None else f"{100 * quality.mean:.1f}"
    return [
        name_contestant(entry) + (f" ({unscored} unscored)" if unscored else ""),
        describe_architecture(entry.architecture),
        str(entry.planned_samples),
        price,
        score,
        "" if quality is None else f"{100 * quality.low:.1f} to {100 * quality.high:.1f}",
    ]
