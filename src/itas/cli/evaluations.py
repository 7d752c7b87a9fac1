"""How an evaluation looks in the terminal."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import typer

from itas.api.evaluating import EvaluationReport, running_score
from itas.api.evaluation_estimate import EvaluationEstimate
from itas.cli.figures import print_figures
from itas.cli.progress import ProgressLine, spent_words
from itas.cli.tables import print_json, print_table
from itas.cli.terminal import clean, out, progress
from itas.core.money import format_usd, to_micro_usd
from itas.core.problem import Score, Unscored
from itas.errors import SpecError

if TYPE_CHECKING:
    from itas.core.architecture import Architecture
    from itas.evaluation.comparison import Comparison
    from itas.evaluation.records import ProblemResult, Summary


class EvaluationProgress:
    """Asks before money is spent and shows how far it is; an `api.evaluating.EvaluationWatch`.

    Args:
        quiet: Show nothing.
        max_samples: Cap, for the line.
        max_cost: Cap in dollars.
        ask: Whether to ask before money is spent.
    """

    def __init__(self, *, quiet: bool, max_samples: int | None, max_cost: float | None, ask: bool) -> None:
        self._line = ProgressLine(quiet=quiet)
        self._quiet = quiet
        self._max_samples = max_samples
        self._max_micro_usd = None if max_cost is None else to_micro_usd(max_cost)
        self._ask = ask
        self._total = 0
        self._unscored = 0
        self._told: set[str] = set()
        self._scores: list[float] = []
        self._samples = 0
        self._micro_usd = 0
        self._known = 0
        self._rejections: Callable[[], int] | None = None

    def confirm(self, estimates: Sequence[EvaluationEstimate]) -> bool:
        costs = any(each.max_micro_usd != 0 and not each.is_simulated for each in estimates)
        has_cap = self._max_micro_usd is not None or self._max_samples is not None
        must_ask = costs and self._ask and not has_cap
        for each in estimates:
            self._line.say(f"{each.name}: {each.sentence}", always=must_ask)
        return not must_ask or ask_to_pay()

    def begin(
        self,
        architecture: "Architecture",
        total: int,
        *,
        known: "Sequence[ProblemResult]" = (),
        rejections: Callable[[], int] | None = None,
    ) -> None:
        there = f", {len(known)} of them done before" if known else ""
        self._line.say(f"{architecture.name}: {total} problems{there}")
        self._line.restart()
        self._total, self._known, self._rejections = total, len(known), rejections
        self._scores = [each.outcome.value for each in known if isinstance(each.outcome, Score)]
        self._unscored = len(known) - len(self._scores)

    def result(self, result: "ProblemResult") -> None:
        self._samples += result.samples_paid
        self._micro_usd += result.paid_micro_usd
        if isinstance(result.outcome, Score):
            self._scores.append(result.outcome.value)
        else:
            self._unscored += 1
            self._tell_reason(result.problem_id, result.outcome)
        done = len(self._scores) + self._unscored
        mean, se = running_score(self._scores)
        refused = self._rejections() if self._rejections is not None else 0
        parts = [
            f"{done}/{self._total}",
            f"score {100 * mean:.1f} +- {100 * se:.1f}" if self._scores else "",
            f"{self._unscored} unscored" if self._unscored else "",
            spent_words(
                self._samples,
                self._micro_usd,
                max_samples=self._max_samples,
                max_micro_usd=self._max_micro_usd,
            ),
            f"{refused:,} refused (429)" if refused else "",
            self._line.time_left(done - self._known, self._total - self._known),
        ]
        self._line.show("  ".join(part for part in parts if part), is_last=done == self._total)

    def _tell_reason(self, problem_id: str, outcome: Unscored) -> None:
        """The first failure of a kind in full: the table at the end only counts them."""
        if outcome.detail and outcome.reason not in self._told:
            self._told.add(outcome.reason)
            self._line.say(f"{problem_id} unscored ({outcome.reason}): {outcome.detail}")


def ask_to_pay() -> bool:
    """Ask a person whether to spend money.

    Raises:
        SpecError: Nobody is there to be asked.
    """
    import sys

    if not sys.stdin.isatty():
        raise SpecError(
            "this costs money and nobody is here to confirm it. Set --max-cost or --max-samples, or --yes"
        )
    return typer.confirm("Go on?", default=False, err=True)


def print_evaluations(report: EvaluationReport, *, as_json: bool) -> int:
    """Print the results and give the exit code."""
    is_capped = any(not each.is_complete and each.stopped_by != "failures" for each in report.summaries)
    is_failed = any(each.score is None or each.stopped_by == "failures" for each in report.summaries)
    code = 3 if is_capped else 1 if is_failed else 0
    if as_json:
        print_json(
            {
                "folder": str(report.folder),
                "summaries": [each.model_dump(mode="json") for each in report.summaries],
                "comparisons": [each.model_dump(mode="json") for each in report.comparisons],
                "paid_samples": report.paid_samples,
                "paid_micro_usd": report.paid_micro_usd,
                "uncertain_micro_usd": report.uncertain_micro_usd,
                "overrun_micro_usd": report.overrun_micro_usd,
                "estimated_micro_usd": report.estimated_micro_usd,
            }
        )
        return code
    print_summaries(report.summaries)
    print_comparisons(report.comparisons)
    if report.estimated_micro_usd is not None and report.is_complete:
        estimated, paid = format_usd(report.estimated_micro_usd), format_usd(report.paid_micro_usd)
        out().print(f"\nestimated {estimated}, paid {paid}{_stored_words(report)}")
    folder = clean(str(report.folder))
    out().print(f"\nin {folder}")
    if is_capped:
        progress().print(
            "a cap was reached: what is here is usable, what is missing was not asked\n"
            f"go on with a higher cap: itas resume {folder} --max-samples MORE (or --max-cost MORE)",
            style="yellow",
        )
    elif is_failed:
        progress().print(
            f"nothing but failures came; the reason of each is in {folder}. "
            f"When the cause is gone, go on with: itas resume {folder}",
            style="yellow",
        )
    return code


def _stored_words(report: EvaluationReport) -> str:
    """Why less was paid than answers are worth: some were in the call store."""
    used, paid = (
        sum(each.samples_used for each in report.summaries),
        sum(each.samples_paid for each in report.summaries),
    )
    return f"; {used - paid:,} of {used:,} samples were there already" if paid < used else ""


def print_summaries(summaries: "Sequence[Summary]") -> None:
    """A line per architecture, and whatever did not go as described."""
    simulated = any(each.is_simulated for each in summaries)
    print_table(
        ["architecture", "score", "95 % interval", "scored", "samples", "paid", "price", "latency"],
        [
            [
                each.architecture,
                "" if each.score is None else f"{100 * each.score.mean:.1f}",
                "" if each.score is None else f"{100 * each.score.low:.1f} to {100 * each.score.high:.1f}",
                f"{each.n_scored}/{each.n_problems}",
                f"{each.samples_used:,}",
                f"{each.samples_paid:,}",
                format_usd(each.cost_micro_usd),
                "" if each.latency_median_s is None else f"{each.latency_median_s:.1f} s",
            ]
            for each in summaries
        ],
        numbers=(1, 3, 4, 5, 6, 7),
        title=f"{summaries[0].benchmark} (simulated models)" if simulated else summaries[0].benchmark,
    )
    for each in summaries:
        for reason, count in each.unscored.items():
            out().print(clean(f"{each.architecture}: {count} unscored ({reason})"))
        if each.stopped_by == "failures":
            out().print(clean(f"{each.architecture}: stopped, because nothing but failures came"))
        for part in each.components:
            if part.samples_saved and each.score is not None:
                planned = part.samples_used + part.samples_saved
                share = f"{100 * part.samples_saved / planned:.0f} % of {planned:,} planned samples were not needed"
                out().print(clean(f"{each.architecture}: {part.type} in layer {part.layer + 1}: {share}"))
        for kind, rate in each.events.items():
            out().print(clean(f"{each.architecture}: {kind} in {100 * rate:.1f} % of the answers"))
    print_figures(summaries)


def print_comparisons(comparisons: "Sequence[Comparison]") -> None:
    """One sentence per comparison."""
    for each in comparisons:
        out().print(clean(each.sentence))
